"""The events of some merchants as arrays: what each says, and from when until when it counted as known.

All of a merchant's events must be here together. Times are int64 microseconds since 1970 in UTC.
"""

import zlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.events import COLUMNS, EVENT_TYPES, Kind
from features.spells import FOREVER, Spells, match

__all__ = [
    "NO_TIME", "OPENERS", "REPEATED", "TYPE_CODES", "Known", "Rows", "begins", "days", "known_of", "ranks",
    "type_codes",
]  # fmt: skip

Ints = npt.NDArray[np.int64]

#: How an event type is written in a partition.
TYPE_CODES = {name: code for code, name in enumerate(EVENT_TYPES)}

#: Microseconds.
_DAY = 86_400_000_000

#: Stands for a time that is null; earlier than any moment that can be written down.
NO_TIME = np.int64(-(2**62))

#: What a later event repeats, and of which event by which id: its order's promise, or when its opening event was.
_ORDER = ("order_placed", "order_id")
_REPEATED = {"placed_at": "event_time", "ship_by": "ship_by", "deliver_by": "deliver_by", "opened_at": "event_time"}
_OPENED_BY = {
    "return_answered": ("return_requested", "return_id"),
    "dispute_resolved": ("dispute_opened", "dispute_id"),
    "complaint_closed": ("complaint_received", "complaint_id"),
}

#: Columns that may be repeated, and the types of the events that they are repeated from.
REPEATED = frozenset(_REPEATED)
OPENERS = frozenset(event_type for event_type, _ in (_ORDER, *_OPENED_BY.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The events of one type: positions (n,) in their partition, merchants, clocks and spells of being known."""

    event_type: str
    position: Ints
    merchant: Ints
    time: Ints
    start: Ints
    end: Ints

    def __len__(self) -> int:
        return len(self.position)

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Rows":
        """Only the events chosen by a mask."""
        parts = (self.position, self.merchant, self.time, self.start, self.end)
        position, merchant, time, start, end = (part[chosen] for part in parts)
        return Rows(event_type=self.event_type, position=position, merchant=merchant, time=time, start=start, end=end)

    def spells(self, key: Ints) -> Spells:
        """On which days each event counted as known, under keys of the caller's choosing; no key below 0."""
        start, end = days(self.start), days(self.end)
        lasting = (start < end) & (key >= 0)
        return Spells(key=key[lasting], start=start[lasting], end=end[lasting])


def days(times: Ints) -> Ints:
    """The day, counted from 1970 in UTC, that begins last before each time; `FOREVER` stays."""
    return np.where(times == FOREVER, FOREVER, times // _DAY)


def begins(day: Ints) -> Ints:
    """The time at which each day begins; `FOREVER` stays."""
    return np.where(day == FOREVER, FOREVER, day * _DAY)


class Known:
    """A partition: `table` with integer columns `merchant` and `type` beside those of the log that are needed.

    With `live` it is looked at while a day runs and not from the midnight that ends it (docs/decisions/0003).
    """

    def __init__(self, table: pa.Table, *, live: bool = False) -> None:
        self._table = table.combine_chunks()
        self._live = live
        self._integers: dict[str, Ints] = {}
        self._merchant = self._ints("merchant")
        self._type = self._table.column("type").to_numpy()
        self._time, self._start = self._ints("event_time"), self._ints("known_at")
        self._keys: dict[str, Ints] = {}
        self._sums: dict[str, Ints] = {}
        self._times: dict[tuple[str, str], Ints] = {}
        self._rows: dict[str, Rows] = {}
        self._end = np.full(len(self._start), FOREVER)
        self._reverse()

    def of(self, event_type: str) -> Rows:
        """All events of a type."""
        if event_type not in self._rows:
            self._rows[event_type] = self._rows_of(event_type)
        return self._rows[event_type]

    def only(self, event_types: Collection[str]) -> pa.Table:
        """The partition's rows of some types."""
        codes = np.array([TYPE_CODES[name] for name in event_types], dtype=np.int64)
        return self._table.filter(pa.array(np.isin(self._type, codes)))

    def numbers(self, rows: Rows, column: str) -> Ints:
        """An integer column of some events; 0 where null."""
        return self._ints(column)[rows.position] if column in self._table.column_names else np.zeros_like(rows.time)

    def filled(self, rows: Rows, column: str) -> npt.NDArray[np.bool_]:
        """Whether some events say anything in a column."""
        if column not in self._table.column_names:
            return np.zeros(len(rows), dtype=np.bool_)
        valid = self._table.column(column).is_valid().to_numpy()
        return np.asarray(valid[rows.position])

    def texts(self, rows: Rows, column: str) -> pa.Array:
        """A text column of some events."""
        if column not in self._table.column_names:
            return pa.nulls(len(rows), pa.string())
        return self._table.column(column).take(pa.array(rows.position)).combine_chunks()

    def lists(self, rows: Rows, column: str, word: str) -> npt.NDArray[np.bool_]:
        """Whether a column of several texts has a text among them."""
        found = np.zeros(self._table.num_rows, dtype=np.bool_)
        if column in self._table.column_names:
            texts = self._table.column(column).combine_chunks()
            equal = pc.equal(pc.list_flatten(texts), word).fill_null(False).to_numpy(zero_copy_only=False)
            found[pc.list_parent_indices(texts).to_numpy()[equal]] = True
        return found[rows.position]

    def keys(self, rows: Rows, column: str) -> Ints:
        """Numbers that are equal where merchant and id are equal; -1 where the id is null."""
        if column not in self._keys:
            self._keys[column] = self._coded(column)
        return self._keys[column][rows.position]

    def dealt(self, rows: Rows, column: str, into: int) -> Ints:
        """Into which of so many groups a text of each event falls, by its CRC-32; -1 where it is null."""
        if column not in self._table.column_names:
            return np.full(len(rows), -1)
        if column not in self._sums:
            found = self._table.column(column).combine_chunks().dictionary_encode()
            sums = [zlib.crc32(text.encode()) for text in found.dictionary.to_pylist()]
            # The last place is that of null.
            self._sums[column] = np.array([*sums, -1])[found.indices.fill_null(-1).to_numpy()]
        sum_of = self._sums[column][rows.position]
        return np.where(sum_of < 0, -1, sum_of % into)

    def due(self, deadlines: Ints) -> Ints:
        """The day on which what was promised by each of these times counts as due.

        From a midnight, that is the day before it; while a day runs, deadlines are compared with its beginning, so
        those of a day are due on the next.
        """
        return days(deadlines) + 1 if self._live else days(deadlines)

    def times(self, rows: Rows, column: str) -> Ints:
        """A time that events carry, or repeat from what they follow; `NO_TIME` where neither is known."""
        if column == "event_time":
            return rows.time
        if (rows.event_type, column) not in self._times:
            self._times[rows.event_type, column] = self._carried(rows.event_type, column)
        times, whole = self._times[rows.event_type, column], self.of(rows.event_type)
        all_of_them = np.array_equal(rows.position, whole.position)
        return times if all_of_them else times[np.searchsorted(whole.position, rows.position)]

    def _rows_of(self, event_type: str) -> Rows:
        position = np.flatnonzero(self._type == TYPE_CODES[event_type])
        return Rows(
            event_type=event_type,
            position=position,
            merchant=self._merchant[position],
            time=self._time[position],
            start=self._start[position],
            end=self._end[position],
        )

    def _ints(self, column: str) -> Ints:
        if column not in self._integers:
            values = self._table.column(column)
            # Arrow has no way from a date to 64 bits but through 32.
            values = (values.cast(pa.int32()) if pa.types.is_date(values.type) else values).cast(pa.int64())
            missing = NO_TIME if column in COLUMNS and COLUMNS[column].kind is Kind.TIME else 0
            filled = values.fill_null(int(missing)) if values.null_count else values
            self._integers[column] = np.asarray(filled.to_numpy())
        return self._integers[column]

    def _coded(self, column: str) -> Ints:
        if column not in self._table.column_names:
            return np.full(len(self._merchant), -1)
        ids = self._table.column(column).combine_chunks().dictionary_encode()
        codes = np.asarray(ids.indices.fill_null(-1).to_numpy()).astype(np.int64)
        return _apart(codes, self._merchant, len(ids.dictionary))

    def _reverse(self) -> None:
        """End the spells of reversed events. A reversal counts once, and is itself never reversed."""
        reversals = self.of("event_reversed")
        if not len(reversals) or "reverses" not in self._table.column_names:
            return
        targets = self.texts(reversals, "reverses")
        reversible = pc.is_in(self._table.column("event_id"), value_set=pc.unique(targets)).to_numpy()
        places = np.flatnonzero(reversible & (self._type != TYPE_CODES["event_reversed"]))
        ids = self._table.column("event_id").take(pa.array(places)).to_pylist()
        place_of = dict(zip(zip(self._merchant[places].tolist(), ids, strict=True), places.tolist(), strict=True))
        named = zip(reversals.merchant.tolist(), targets.to_pylist(), strict=True)
        for target, known in zip(named, reversals.start, strict=True):
            place = place_of.get(target)
            if place is not None:
                self._end[place] = min(self._end[place], max(known, self._start[place]))
        self._rows.clear()

    def _carried(self, event_type: str, column: str) -> Ints:
        rows = self.of(event_type)
        present = column in self._table.column_names
        carried = self._ints(column)[rows.position] if present else np.full(len(rows), NO_TIME)
        opening = _OPENED_BY.get(event_type) if column == "opened_at" else _ORDER
        missing = carried == NO_TIME
        if event_type == "order_placed" or column not in _REPEATED or opening is None or not missing.any():
            return carried
        filled = carried.copy()
        filled[missing] = self._repeated(rows.where(missing), opening, _REPEATED[column])
        return filled

    def _repeated(self, rows: Rows, opening: tuple[str, str], column: str) -> Ints:
        """What the opening events of `rows`, as known when each row became known, say in `column`."""
        openers = self.of(opening[0])
        later, earlier = match(self.keys(rows, opening[1]), self.keys(openers, opening[1]))
        known = (openers.start[earlier] <= rows.start[later]) & (rows.start[later] < openers.end[earlier])
        later, earlier = later[known], earlier[known]
        latest = self._latest_of(openers, later, earlier)
        said = np.full(len(rows), NO_TIME)
        said[later[latest]] = self.times(openers, column)[earlier[latest]]
        return said

    def _latest_of(self, openers: Rows, later: Ints, earlier: Ints) -> Ints:
        """Of the pairs of one later event, the one with the latest opener: by time, known_at, event_id."""
        _, counts = np.unique(later, return_counts=True)
        ties: Ints = np.zeros(len(earlier), dtype=np.int64)
        if (counts > 1).any():
            ties = ranks(self.texts(openers, "event_id").take(pa.array(earlier)))
        order = np.lexsort((ties, openers.start[earlier], openers.time[earlier], later))
        last = np.append(later[order][1:] != later[order][:-1], True)[: len(order)]
        return np.asarray(order[last])


def type_codes(rows: pa.Table) -> pa.Array:
    """How the types of some events are written in a partition."""
    return pc.index_in(rows.column("event_type"), value_set=pa.array(list(TYPE_CODES))).cast(pa.int8())


def known_of(rows: pa.Table, merchant: Ints, *, live: bool = False) -> Known:
    """Events (n,) under the numbers (n,) of their merchants as a partition; all that matter of one must be here."""
    table = rows.append_column("merchant", pa.array(merchant)).append_column("type", type_codes(rows))
    return Known(table, live=live)


def ranks(texts: pa.Array) -> Ints:
    """The place of each text in sorted order, from 1; equal texts share one."""
    found: Any = pc.rank(texts, tiebreaker="min")
    return np.asarray(found.to_numpy()).astype(np.int64)


def _apart(codes: Ints, merchant: Ints, count: int) -> Ints:
    """Give an id that several merchants use a number for each of them."""
    owner = np.full(count + 1, -1)
    owner[codes] = merchant
    foreign = np.flatnonzero((codes >= 0) & (owner[codes] != merchant))
    if len(foreign):
        codes = codes.copy()
        pairs = np.stack([merchant[foreign], codes[foreign]])
        codes[foreign] = count + np.unique(pairs, axis=1, return_inverse=True)[1].reshape(-1)
    return codes
