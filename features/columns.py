"""One column's values in whatever form they come, turned into the form the log keeps.

`coerce` takes Arrow arrays. Where Arrow can convert without loss it does; every other value goes through
`parse`, the same function that reads values from JSON, so that a Parquet file and a JSON file that say the
same thing mean the same thing.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.events import Column, Kind

__all__ = ["BAD_VALUE", "FINE", "NAIVE_TIME", "Coerced", "coerce", "coerce_values", "parse"]

#: What became of one value.
FINE, BAD_VALUE, NAIVE_TIME = 0, 1, 2

_EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
_LATEST = datetime(9999, 12, 30, tzinfo=UTC)
_EARLIEST_MICROSECOND, _LATEST_MICROSECOND = (int(moment.timestamp()) * 1_000_000 for moment in (_EARLIEST, _LATEST))


@dataclass(frozen=True, slots=True, kw_only=True)
class Coerced:
    """A column in its canonical Arrow type; `faults` (n,) tells which values could not be kept, None = all could."""

    values: pa.Array
    faults: npt.NDArray[np.uint8] | None = None


class _Bad(Exception):
    """A value that its column cannot hold; `fault` says which kind."""

    def __init__(self, fault: int = BAD_VALUE) -> None:
        self.fault = fault


def _text(value: Any) -> str | None:
    # A NUL is in nobody's id or sentence, and not every store can keep one.
    if not isinstance(value, str) or "\x00" in value:
        raise _Bad
    try:
        value.encode()
    except UnicodeEncodeError:
        # A lone surrogate is no character; JSON can carry one as an escape.
        raise _Bad from None
    # An empty text says nothing, so it is kept as nothing.
    return value or None


def _time(value: Any) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(moment, datetime):
        raise _Bad
    if moment.tzinfo is None:
        raise _Bad(NAIVE_TIME)
    moment = moment.astimezone(UTC)
    if not _EARLIEST <= moment <= _LATEST:
        raise _Bad
    return moment


def _date(value: Any) -> date:
    day = date.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(day, date) or isinstance(day, datetime):
        raise _Bad
    return day


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or int(value) != value:
        raise _Bad
    if not -(2**63) <= value < 2**63:
        raise _Bad
    return int(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Bad
    return value


def _texts(value: Any) -> list[str] | None:
    if not isinstance(value, list | tuple) or not all(value):
        raise _Bad
    # Neither does an empty list say anything.
    return [text for item in value if (text := _text(item))] or None


_PARSERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: _text,
    Kind.TIME: _time,
    Kind.DATE: _date,
    Kind.INTEGER: _integer,
    Kind.FLAG: _flag,
    Kind.TEXTS: _texts,
}


def parse(value: Any, kind: Kind) -> tuple[Any, int]:
    """One value as its column keeps it, and what became of it.

    >>> parse("2026-01-01T08:00:00+08:00", Kind.TIME)[0].isoformat()
    '2026-01-01T00:00:00+00:00'
    >>> parse("2026-01-01T08:00:00", Kind.TIME) == (None, NAIVE_TIME)
    True
    >>> parse(12.5, Kind.INTEGER) == (None, BAD_VALUE)
    True
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None, FINE
    try:
        return _PARSERS[kind](value), FINE
    except _Bad as bad:
        return None, bad.fault
    except (ValueError, OverflowError, TypeError):
        return None, BAD_VALUE


def coerce_values(values: Sequence[Any], kind: Kind) -> Coerced:
    """Python values: all together where each is as its column is usually told, else one by one."""
    return _plainly(values, kind) or _one_by_one(values, kind)


#: How times are usually told. What else is a time `parse` says.
_USUAL_TIME = r"^[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?(Z|[+-][01]\d:\d\d)$"


def _plainly(values: Sequence[Any], kind: Kind) -> Coerced | None:
    """What `parse` makes of values, without asking it; None where any of them may be at fault."""
    try:
        match kind:
            case Kind.TEXT if _all_of(values, str):
                texts = pa.array(values, pa.string())
                return None if _holds_nul(texts) else _from_texts(texts)
            case Kind.TIME if _all_of(values, str):
                texts = pa.array(values, pa.string())
                usual = pc.match_substring_regex(texts, _USUAL_TIME)
                return Coerced(values=texts.cast(kind.arrow)) if pc.all(usual).as_py() else None
            case Kind.INTEGER if _all_of(values, int):
                return Coerced(values=pa.array(values, pa.int64()))
    except (pa.ArrowException, ValueError, OverflowError):
        return None
    return None


def _all_of(values: Sequence[Any], told: type) -> bool:
    return all(value is None or type(value) is told for value in values)


def _one_by_one(values: Sequence[Any], kind: Kind) -> Coerced:
    parsed = [parse(value, kind) for value in values]
    faults = np.fromiter((fault for _, fault in parsed), dtype=np.uint8, count=len(parsed))
    return Coerced(
        values=pa.array([value for value, _ in parsed], type=kind.arrow), faults=faults if faults.any() else None
    )


def _from_floats(values: pa.Array) -> Coerced:
    """Whole numbers that pandas kept as floats because some were missing."""
    numbers = values.to_numpy(zero_copy_only=False).astype(np.float64)
    missing = np.isnan(numbers)
    whole = np.where(missing, 0.0, numbers)
    # Beyond 2**53 a float no longer tells neighbouring integers apart.
    faulty = (whole != np.floor(whole)) | (np.abs(whole) > 2**53)
    kept = pa.array(np.where(faulty, 0, whole).astype(np.int64), mask=missing | faulty)
    return Coerced(values=kept, faults=faulty.astype(np.uint8) if faulty.any() else None)


def _from_texts(values: pa.Array) -> Coerced:
    texts = values.cast(pa.string())
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        return coerce_values([_decoded(value) for value in texts.cast(pa.binary()).to_pylist()], Kind.TEXT)
    if _holds_nul(texts):
        return coerce_values(texts.to_pylist(), Kind.TEXT)
    if not _says_nothing(texts):
        return Coerced(values=texts)
    return Coerced(values=pc.if_else(pc.equal(texts, ""), None, texts))


def _says_nothing(texts: pa.Array) -> bool:
    """Whether any of the texts is empty; where they begin and end tells that sooner than to compare them."""
    ends = np.frombuffer(texts.buffers()[1], dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    empty = ends[1:] == ends[:-1]
    if texts.null_count and empty.any():
        empty &= texts.is_valid().to_numpy(zero_copy_only=False)
    return bool(empty.any())


def _holds_nul(texts: pa.Array) -> bool:
    data = texts.buffers()[2]
    # Bytes are looked at all together first, since almost no log has one; they may also be a neighbour's, or padding.
    suspicious = data is not None and not np.frombuffer(data, dtype=np.uint8).all()
    return suspicious and bool(pc.any(pc.match_substring(texts, "\x00")).as_py())


def _decoded(value: bytes | None) -> str | bytes | None:
    """The text; what is no UTF-8 stays bytes, which no column takes."""
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return value


#: How many microseconds a unit is; nanoseconds cannot leave the years that a time may be of.
_MICROSECONDS = {"s": 1_000_000, "ms": 1_000, "us": 1}


def _from_times(values: pa.Array) -> Coerced:
    unit = _MICROSECONDS.get(values.type.unit)
    if unit is None:
        return Coerced(values=values.cast(Kind.TIME.arrow, safe=False))
    numbers = values.cast(pa.int64())
    low, high = -(-_EARLIEST_MICROSECOND // unit), _LATEST_MICROSECOND // unit
    extremes = pc.min_max(numbers)
    if extremes["min"].as_py() >= low and extremes["max"].as_py() <= high:
        return Coerced(values=values.cast(Kind.TIME.arrow))
    beyond = pc.or_(pc.less(numbers, low), pc.greater(numbers, high))
    faulty = beyond.fill_null(False).to_numpy(zero_copy_only=False)
    kept = pc.if_else(pa.array(faulty), None, values)
    return Coerced(values=kept.cast(Kind.TIME.arrow), faults=faulty.astype(np.uint8))


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or (pa.types.is_dictionary(kind) and _is_text(kind.value_type))
    )


def coerce(values: pa.Array, column: Column) -> Coerced:
    """An Arrow array of any lossless encoding, as the log keeps it."""
    kind, given = column.kind, values.type
    if values.null_count == len(values):
        return Coerced(values=pa.nulls(len(values), kind.arrow))
    if kind is Kind.TEXT and _is_text(given):
        return _from_texts(values)
    if kind is Kind.TIME and pa.types.is_timestamp(given) and given.tz is not None:
        return _from_times(values)
    if kind is Kind.INTEGER and pa.types.is_floating(given):
        return _from_floats(values)
    if kind is Kind.TIME and pa.types.is_timestamp(given):
        naive = values.is_valid().to_numpy(zero_copy_only=False).astype(np.uint8) * NAIVE_TIME
        return Coerced(values=pa.nulls(len(values), kind.arrow), faults=naive)
    exact = (
        (kind is Kind.INTEGER and pa.types.is_integer(given) and not pa.types.is_uint64(given))
        or (kind is Kind.FLAG and pa.types.is_boolean(given))
        or (kind is Kind.DATE and pa.types.is_date32(given))
    )
    if exact:
        return Coerced(values=values.cast(kind.arrow))
    return coerce_values(values.to_pylist(), kind)
