"""A table of somebody's own: read, checked, and told apart into label, time, group and columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from training.calibration import merchant_folds
from training.columns import is_number
from training.errors import OneSided, RecipeBroken, TableBroken, TooLittleToLearnFrom
from training.recipe import Recipe, Split
from training.segments import grouped
from training.splits import Parts, cut

__all__ = ["About", "Asked", "Table", "parts_of", "read_columns", "read_table"]

#: With fewer labelled rows, or fewer of either kind, no figure would say anything (own proposal).
_LEAST_ROWS, _LEAST_OF_A_KIND = 100, 20
#: Of which values of a column that should hold others an error tells.
_TOLD = 5
#: A column of numbers with no more different ones tells groups by each of them (own proposal).
_FEW = 6
#: Whole numbers within these count as years.
_YEARS = (1900, 2200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person says of a table: the columns of the label, of the time and of what rows belong to; which way a
    column is known to be riskier (`higher` or `lower`); and by which columns all have to be treated alike.
    """

    label: str
    time: str | None = None
    group: str | None = None
    riskier: Mapping[str, str] = field(default_factory=dict)
    fair: tuple[str, ...] = ()

    @property
    def named(self) -> tuple[str, ...]:
        """The columns that are no inputs."""
        return tuple(dict.fromkeys(name for name in (self.label, self.time, self.group, *self.fair) if name))


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a report tells of a table: `left_out` names each column that became no input, and why; `notes` are what a
    reader should know before the figures.
    """

    name: str
    label: str
    time: str | None
    group: str | None
    fair: tuple[str, ...]
    unlabelled: int
    columns: int
    baseline: str
    left_out: Mapping[str, str]
    notes: tuple[str, ...]

    @property
    def many(self) -> str:
        """What is judged, as people say it."""
        return "groups" if self.group else "rows"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Labelled rows in order of time, or of the file where none is known.

    `columns` may become inputs; `y` (n,) int8 are the labels, 1 = bad, `as_of` (n,) datetime64[us] in UTC, NaT without
    a time, `merchants` (n,) what rows belong to, each to itself without a group. `kinds` are the groups of each
    dimension by which all have to be treated alike, (n,) each. `unlabelled` rows were left out.
    """

    name: str
    asked: Asked
    columns: pa.Table
    y: npt.NDArray[np.int8]
    as_of: npt.NDArray[np.datetime64]
    merchants: npt.NDArray[np.object_]
    kinds: Mapping[str, npt.NDArray[np.object_]]
    unlabelled: int

    def __len__(self) -> int:
        return len(self.y)


def read_table(path: Path, asked: Asked) -> Table:
    """Read a Parquet or CSV file.

    Raises TableBroken where it cannot be read or a column is not what it has to be, TooLittleToLearnFrom where there
    are too few rows, OneSided where too few of them are of one kind.
    """
    rows = read_columns(path)
    for name in (*asked.named, *asked.riskier):
        if name not in rows.column_names:
            raise TableBroken(path.name, f"has no column {name!r}; it has {', '.join(map(repr, rows.column_names))}")
    known = rows.filter(pc.is_valid(_label(path.name, rows, asked.label)))
    y = _label(path.name, known, asked.label).to_numpy().astype(np.int8)
    _check_size(path.name, y)
    as_of = _moments(path.name, known, asked.time)
    order = np.argsort(as_of, kind="stable")
    return Table(
        name=path.name,
        asked=asked,
        columns=known.drop_columns(list(asked.named)).take(order),
        y=y[order],
        as_of=as_of[order],
        merchants=_groups(path.name, known, asked.group)[order],
        kinds={name: _kinds(known[name])[order] for name in asked.fair},
        unlabelled=rows.num_rows - known.num_rows,
    )


def parts_of(table: Table, split: Split, recipe: Recipe) -> Parts:
    """The rows to learn from and those to be tested on: by time, or else by lot, groups whole."""
    if table.asked.time:
        parts = cut(split, as_of=table.as_of, merchants=table.merchants, gap=recipe.label.gap)
        masks = {"train": parts.train, "test": parts.test, "unseen": parts.unseen}
        return Parts(name=split.name, overlap=parts.overlap, kin=bool(table.asked.group), **masks)
    if split.test_share is None:
        raise RecipeBroken("split.test_from", "needs a column of time (`--time`); `test_share` does not")
    # A fifth or a quarter, say: groups are dealt into so many hands that the test takes whole ones.
    hands = max(2, round(1 / min(split.test_share, 1 - split.test_share)))
    few = merchant_folds(table.merchants, table.y, folds=hands) == recipe.seed % hands
    test = few if split.test_share <= 0.5 else ~few
    return Parts(name=split.name, train=~test, test=test, unseen=test, kin=False)


def read_columns(path: Path) -> pa.Table:
    """A Parquet or CSV file as it is; raises TableBroken."""
    readers = {".csv": pyarrow.csv.read_csv, ".parquet": pq.read_table}
    if path.suffix.lower() not in readers:
        raise TableBroken(path.name, "is neither .csv nor .parquet")
    try:
        rows = readers[path.suffix.lower()](path)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise TableBroken(path.name, f"cannot be read: {error}") from error
    names = rows.column_names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise TableBroken(path.name, f"has two columns named {twice[0]!r}")
    return rows


def _label(table: str, rows: pa.Table, name: str) -> pa.ChunkedArray:
    """The label as whole numbers; null where there is none."""
    column = rows[name]
    if pa.types.is_boolean(column.type):
        return column.cast(pa.int8())
    number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    column = pc.if_else(pc.is_nan(column), None, column) if pa.types.is_floating(column.type) else column
    values = [one for one in pc.unique(column).to_pylist() if one is not None]
    if not values:
        raise TableBroken(table, f"column {name!r} is the label, and it is null everywhere")
    if not number or any(one not in (0, 1) for one in values):
        told = ", ".join(repr(one) for one in values[:_TOLD]) + (", ..." if len(values) > _TOLD else "")
        raise TableBroken(table, f"column {name!r} is the label and holds {told}; it has to be 0 or 1 (1 = bad)")
    return column.cast(pa.int8())


def _check_size(table: str, y: npt.NDArray[np.int8]) -> None:
    rows, bad = len(y), int(y.sum())
    if rows < _LEAST_ROWS:
        raise TooLittleToLearnFrom(f"{table}: {rows} labelled rows, and {_LEAST_ROWS} are the least")
    if min(bad, rows - bad) < _LEAST_OF_A_KIND:
        raise OneSided(f"{table} (at least {_LEAST_OF_A_KIND} of each)", rows=rows, bad=bad)


def _moments(table: str, rows: pa.Table, name: str | None) -> npt.NDArray[np.datetime64]:
    """The time of each row; a date is its first moment, a whole number a year, and what has no zone is in UTC."""
    if name is None:
        return np.full(rows.num_rows, np.datetime64("NaT"), dtype="datetime64[us]")
    column = rows[name]
    if column.null_count:
        raise TableBroken(table, f"column {name!r} is the time, and it is null in {column.null_count:,} rows")
    if pa.types.is_integer(column.type):
        column = _years(table, column, name)
    try:
        zoned = pa.types.is_timestamp(column.type) and column.type.tz is not None
        moments = column.cast(pa.timestamp("us", tz="UTC") if zoned else pa.timestamp("us"), safe=False)
    except pa.ArrowException as error:
        raise TableBroken(table, f"column {name!r} is the time, and it is no date: {error}") from error
    return np.asarray(moments.cast(pa.timestamp("us")).to_numpy(), dtype="datetime64[us]")


def _years(table: str, column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    least, most = pc.min_max(column).as_py().values()
    if least < _YEARS[0] or most > _YEARS[1]:
        raise TableBroken(table, f"column {name!r} is the time; its numbers, {least} to {most}, are no years")
    return pc.binary_join_element_wise(column.cast(pa.string()), "01", "01", "-")


def _groups(table: str, rows: pa.Table, name: str | None) -> npt.NDArray[np.object_]:
    """What each row belongs to; to itself without a group."""
    if name is None:
        return np.arange(rows.num_rows).astype(str).astype(object)
    if rows[name].null_count:
        raise TableBroken(table, f"column {name!r} is the group, and it is null in {rows[name].null_count:,} rows")
    return np.array([str(one) for one in rows[name].to_pylist()], dtype=object)


def _kinds(column: pa.ChunkedArray) -> npt.NDArray[np.object_]:
    """The group of each row (n,): its word, or which quarter of all rows its number lies in."""
    if not is_number(column.type) or len(pc.unique(column)) <= _FEW:
        return np.array(["not known" if one is None else str(one) for one in column.to_pylist()], dtype=object)
    values = [None if one is None or one != one else one for one in column.to_pylist()]
    edges = np.unique(np.quantile([float(one) for one in values if one is not None], [0.25, 0.5, 0.75]))
    names = [f"under {edges[0]:g}", *(f"{low:g} to under {high:g}" for low, high in pairwise(edges))]
    return grouped(values, list(zip([-np.inf, *edges], [*names, f"{edges[-1]:g} and more"], strict=True)))
