"""Row-by-row validation of events, done column by column.

A row is kept or rejected as a whole, with the first thing found wrong. Columns that the row's own type does
not use are not looked at.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.columns import BAD_VALUE, NAIVE_TIME, Coerced
from features.events import COLUMNS, COMMON, EVENT_TYPES, REQUIRED_COMMON, Column, EventType

__all__ = ["REJECTIONS", "Checked", "Rejection", "check"]

#: Why a row may be rejected: code -> sentence for people.
REJECTIONS = MappingProxyType(
    {
        "bad_json": "The line is not a JSON object.",
        "unknown_column": "The row has a column that no event uses.",
        "missing_column": "A column that every event of this type must fill is empty.",
        "unknown_type": "There is no such event type.",
        "bad_value": "A value is of the wrong type, outside its range, or not one of the words allowed.",
        "naive_time": "A time has no offset from UTC.",
        "known_before_event": "The event would have been known before it happened.",
        "known_in_future": "The event would be known later than the server's clock.",
        "currency_mismatch": "The amount is in another currency than the store's.",
        "event_id_conflict": "Another event with this id and other content stands already.",
    }
)
_CODES = tuple(REJECTIONS)


#: Answers what a row (by its place in the batch) said in a column, as it came.
Sent = Callable[[int, str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """One row that was not accepted; `index` counts the rows of its file or request from 0."""

    index: int
    code: str
    detail: str
    event_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A batch after validation: `good` (k,) row positions, their canonical `rows`, and what was rejected."""

    good: npt.NDArray[np.int64]
    rows: pa.Table
    rejected: tuple[Rejection, ...]


class _Findings:
    """The first thing wrong with each row."""

    def __init__(self, count: int) -> None:
        self.codes = np.zeros(count, dtype=np.uint8)
        self.columns: dict[int, str] = {}

    def mark(self, rows: npt.NDArray[np.int64], code: str, column: str) -> None:
        """Note that `rows` are wrong in `column`, unless something was found wrong with them before."""
        fresh = rows[self.codes[rows] == 0]
        self.codes[fresh] = _CODES.index(code) + 1
        self.columns.update(dict.fromkeys(fresh.tolist(), column))


def _valid(values: pa.Array) -> npt.NDArray[np.bool_]:
    return np.asarray(values.is_valid().to_numpy(zero_copy_only=False))


def _integers(values: pa.Array) -> npt.NDArray[np.int64]:
    """Integers, or microseconds since 1970; 0 where null."""
    numbers = values.cast(pa.int64())
    return np.asarray((numbers.fill_null(0) if numbers.null_count else numbers).to_numpy())


class _Batch:
    """The coerced columns of one batch, and what was found out about them so far."""

    def __init__(self, columns: Mapping[str, Coerced], count: int) -> None:
        self.columns = columns
        self.count = count
        self.findings = _Findings(count)
        self._valid: dict[str, npt.NDArray[np.bool_]] = {}
        self._numbers: dict[str, npt.NDArray[np.int64]] = {}

    def nulls(self, name: str) -> int:
        """How many values of a column are null."""
        return int(self.columns[name].values.null_count)

    def filled(self, name: str, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Those of `rows` that say anything in a column."""
        if not self.nulls(name):
            return rows
        if name not in self._valid:
            self._valid[name] = _valid(self.columns[name].values)
        return rows[self._valid[name][rows]]

    def check_filled(self, name: str, rows: npt.NDArray[np.int64]) -> None:
        filled = self.filled(name, rows) if name in self.columns else rows[:0]
        if len(filled) < len(rows):
            self.findings.mark(np.setdiff1d(rows, filled), "missing_column", name)

    def check_faults(self, name: str, rows: npt.NDArray[np.int64]) -> None:
        faults = self.columns[name].faults
        if faults is not None:
            found = faults[rows]
            self.findings.mark(rows[found == BAD_VALUE], "bad_value", name)
            self.findings.mark(rows[found == NAIVE_TIME], "naive_time", name)

    def check_range(self, column: Column, rows: npt.NDArray[np.int64]) -> None:
        if column.least is None or column.most is None:
            return
        filled = self.filled(column.name, rows)
        if column.name not in self._numbers:
            self._numbers[column.name] = _integers(self.columns[column.name].values)
        numbers = self._numbers[column.name][filled]
        self.findings.mark(filled[(numbers < column.least) | (numbers > column.most)], "bad_value", column.name)

    def check_words(self, name: str, words: tuple[str, ...], rows: npt.NDArray[np.int64]) -> None:
        filled = self.filled(name, rows)
        allowed = pc.is_in(self.columns[name].values.take(pa.array(filled)), value_set=pa.array(words))
        self.findings.mark(filled[~allowed.to_numpy(zero_copy_only=False)], "bad_value", name)

    def rows_by_type(self) -> Iterator[tuple[EventType | None, npt.NDArray[np.int64]]]:
        """Each event type that occurs with its rows; None for types that do not exist."""
        names = self.columns["event_type"].values
        codes = pc.index_in(names, value_set=pa.array(list(EVENT_TYPES))).fill_null(-1).to_numpy()
        for code in np.unique(codes):
            event_type = EVENT_TYPES[list(EVENT_TYPES)[code]] if code >= 0 else None
            yield event_type, np.flatnonzero(codes == code)


def _check_common(batch: _Batch, currency: str) -> None:
    everywhere = np.arange(batch.count)
    for name in COMMON:
        if name in batch.columns:
            batch.check_faults(name, everywhere)
    for name in REQUIRED_COMMON:
        batch.check_filled(name, everywhere)
    if "currency" in batch.columns:
        other = pc.not_equal(batch.columns["currency"].values, currency).fill_null(False)
        batch.findings.mark(np.flatnonzero(other.to_numpy(zero_copy_only=False)), "currency_mismatch", "currency")


def _check_type(batch: _Batch, event_type: EventType, rows: npt.NDArray[np.int64]) -> None:
    for name in event_type.columns:
        if name in batch.columns:
            batch.check_faults(name, rows)
    for name in event_type.required:
        batch.check_filled(name, rows)
    for name in event_type.columns:
        if name in batch.columns and batch.nulls(name) < batch.count:
            batch.check_range(COLUMNS[name], rows)
            if name in event_type.words:
                batch.check_words(name, event_type.words[name], rows)


def _check_times(batch: _Batch, clock: datetime | None) -> pa.Array:
    """Check `known_at` against the event and the server's clock; answer it filled where it was not sent."""
    happened = batch.columns["event_time"].values
    sent = batch.columns["known_at"].values if "known_at" in batch.columns else pa.nulls(batch.count, happened.type)
    known = pc.coalesce(sent, happened)
    late = (_integers(known) < _integers(happened)) & _valid(happened)
    batch.findings.mark(np.flatnonzero(late), "known_before_event", "known_at")
    if clock is not None:
        ahead = _integers(known) > int(clock.astimezone(UTC).timestamp() * 1_000_000)
        batch.findings.mark(np.flatnonzero(ahead), "known_in_future", "known_at")
    return known


def _detail(name: str, code: str, value: Any) -> str:
    if value is None:
        return f"{name}: {REJECTIONS[code]}"
    quoted = str(value)[:100].encode(errors="replace").decode()
    return f"{name}={quoted!r}: {REJECTIONS[code]}"


def _rejections(batch: _Batch, sent: Sent, first: int) -> Iterator[Rejection]:
    for row in np.flatnonzero(batch.findings.codes).tolist():
        code = _CODES[batch.findings.codes[row] - 1]
        event_id = batch.columns["event_id"].values[row].as_py() if "event_id" in batch.columns else None
        name = batch.findings.columns[row]
        detail = _detail(name, code, sent(row, name) if name in batch.columns else None)
        yield Rejection(index=first + row, code=code, detail=detail, event_id=event_id)


def check(
    columns: Mapping[str, Coerced], sent: Sent, *, currency: str, first: int = 0, clock: datetime | None = None
) -> Checked:
    """Validate one batch of events.

    `columns` are its coerced columns, at least one; `sent` tells what a row said in a column before that; `first` is
    the position of the batch's first row in its file; `clock`, where given, the moment that no event may be known
    after.
    """
    batch = _Batch(columns, len(next(iter(columns.values())).values))
    _check_common(batch, currency)
    missing = [name for name in ("event_type", "event_time") if name not in columns]
    known = None if missing else _check_times(batch, clock)
    for event_type, rows in () if missing else batch.rows_by_type():
        if event_type is None:
            batch.findings.mark(rows, "unknown_type", "event_type")
        else:
            _check_type(batch, event_type, rows)
    good = np.flatnonzero(batch.findings.codes == 0)
    arrays = {name: column.values for name, column in columns.items()} | {"known_at": known}
    rows = pa.table({name: values for name, values in arrays.items() if values is not None})
    return Checked(
        good=good,
        rows=rows if len(good) == batch.count else rows.take(pa.array(good)),
        rejected=tuple(_rejections(batch, sent, first)),
    )
