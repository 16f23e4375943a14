"""The spine: for which merchants, as of which midnights, features are wanted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from features.columns import coerce
from features.errors import SpineInvalid
from features.events import Column, Kind

__all__ = ["Spine", "everybody_at", "midnight", "read_spine", "spine_of", "together"]

Ints = npt.NDArray[np.int64]

_DAY = 86_400_000_000

#: Ids are texts, also where they look like numbers.
_CSV = pacsv.ConvertOptions(column_types={"merchant_id": pa.string()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Spine:
    """Rows (n,) to answer: merchants by name and midnights as days since 1970."""

    merchant_id: pa.Array
    day: Ints

    def __len__(self) -> int:
        return len(self.day)

    @property
    def as_of(self) -> pa.Array:
        """The midnights, timestamp[us, UTC]."""
        return pa.array(self.day * _DAY).cast(Kind.TIME.arrow)

    def merchants(self, number_of: Mapping[str, int]) -> Ints:
        """The number of each row's merchant, -1 for one that is not known."""
        names = self.merchant_id.dictionary_encode()
        own = np.array([number_of.get(name, -1) for name in names.dictionary.to_pylist()], dtype=np.int64)
        return np.asarray(own[names.indices.to_numpy()])


def everybody_at(names: Iterable[str], as_of: datetime) -> Spine:
    """Some merchants, by name, at one midnight."""
    merchants = pa.array(sorted(names), pa.string())
    return spine_of(pa.table({"merchant_id": merchants, "as_of": pa.array([as_of] * len(merchants), Kind.TIME.arrow)}))


def together(spines: Sequence[Spine]) -> Spine:
    """The rows of several spines, one after the other."""
    return Spine(
        merchant_id=pa.concat_arrays([one.merchant_id for one in spines]),
        day=np.concatenate([one.day for one in spines]),
    )


def midnight(day: date) -> datetime:
    """The moment, in UTC, that begins a day.

    >>> midnight(date(2026, 3, 1)).isoformat()
    '2026-03-01T00:00:00+00:00'
    """
    return datetime.combine(day, time(), tzinfo=UTC)


def read_spine(path: Path) -> Spine:
    """A spine from a Parquet or CSV file with the columns `merchant_id` and `as_of`."""
    try:
        table = pacsv.read_csv(path, convert_options=_CSV) if path.suffix == ".csv" else pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise SpineInvalid(f"{path} cannot be read as a spine: {error}") from error
    return spine_of(table)


def spine_of(table: pa.Table) -> Spine:
    """A spine from a table; moments are midnights UTC with their offset, or plain days."""
    for name in ("merchant_id", "as_of"):
        if name not in table.column_names:
            raise SpineInvalid(f"A spine needs the columns merchant_id and as_of; {name} is missing")
    merchant_id = _column(table, "merchant_id", Kind.TEXT)
    moments = table.column("as_of").combine_chunks()
    if pa.types.is_date32(moments.type):
        moments = moments.cast(pa.timestamp("us")).cast(Kind.TIME.arrow)
    as_of = _column(pa.table({"as_of": moments}), "as_of", Kind.TIME).cast(pa.int64()).to_numpy()
    astray = np.flatnonzero(as_of % _DAY)
    if len(astray):
        row = int(astray[0])
        raise SpineInvalid(f"Row {row} of the spine is no midnight UTC: {moments[row].as_py()}")
    return Spine(merchant_id=merchant_id, day=as_of // _DAY)


def _column(table: pa.Table, name: str, kind: Kind) -> pa.Array:
    values = table.column(name).combine_chunks()
    coerced = coerce(values, Column(name=name, kind=kind))
    wrong = np.flatnonzero(~coerced.values.is_valid().to_numpy(zero_copy_only=False))
    if len(wrong):
        row = int(wrong[0])
        what = "a merchant" if kind is Kind.TEXT else "a time with its offset from UTC"
        raise SpineInvalid(f"Row {row} of the spine has no {name} that is {what}: {values[row].as_py()!r}")
    return coerced.values
