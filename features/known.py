"""The events of some merchants as arrays: what each says, and from when until when it counted as known.

All of a merchant's events must be here together. Times are int64 microseconds since 1970 in UTC.
"""

import zlib
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.events import COLUMNS, COMMON, EVENT_TYPES, Kind
from features.spells import FOREVER, Spells, match

__all__ = [
    "NO_TIME", "OPENED_BY", "OPENERS", "REPEATED", "TYPE_CODES", "Known", "Rows", "begins", "days", "known_in",
    "known_of", "once", "ranks", "type_codes", "uses",
]  # fmt: skip

Ints = npt.NDArray[np.int64]
_Asked = ParamSpec("_Asked")
_Found = TypeVar("_Found")

#: How an event type is written in a partition.
TYPE_CODES = {name: code for code, name in enumerate(EVENT_TYPES)}

#: Microseconds.
_DAY = 86_400_000_000

#: Stands for a time that is null; earlier than any moment that can be written down.
NO_TIME = np.int64(-(2**62))

#: What a later event repeats, and of which event by which id: its order's promise, or when its opening event was.
_ORDER = ("order_placed", "order_id")
_REPEATED = {"placed_at": "event_time", "ship_by": "ship_by", "deliver_by": "deliver_by", "opened_at": "event_time"}
OPENED_BY = {
    "return_answered": ("return_requested", "return_id"),
    "dispute_resolved": ("dispute_opened", "dispute_id"),
    "complaint_closed": ("complaint_received", "complaint_id"),
}

#: Columns that may be repeated, and the types of the events that they are repeated from.
REPEATED = frozenset(_REPEATED)
OPENERS = frozenset(event_type for event_type, _ in (_ORDER, *OPENED_BY.values()))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """The events of one type: positions (n,) among all of it, merchants, clocks and spells of being known.

    Two are equal only if they are the same, so that what was found out about some rows can be kept (`once`).
    """

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
        if not len(self):
            return self
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


def once(find: "Callable[Concatenate[Known, _Asked], _Found]") -> "Callable[Concatenate[Known, _Asked], _Found]":
    """Work the same question about a partition out once only; what is asked must be hashable."""

    @wraps(find)
    def kept(known: "Known", /, *asked: _Asked.args, **named: _Asked.kwargs) -> _Found:
        question = (find, asked, tuple(named.items()))
        if question not in known.found:
            known.found[question] = find(known, *asked, **named)
        answer: _Found = known.found[question]
        return answer

    return kept


class Known:
    """A partition: the events of some merchants, by type.

    `load` answers the events of a type, with the integer column `merchant` beside those of the log that are needed,
    once asked for; a type of which there are none may lack any column. With `live` it is looked at while a day runs
    and not from the midnight that ends it (docs/decisions/0003).
    """

    def __init__(self, load: Callable[[str], pa.Table], *, live: bool = False) -> None:
        self._load, self._live = load, live
        self.found: dict[Hashable, Any] = {}

    @once
    def table(self, event_type: str) -> pa.Table:
        """All events of a type, as they are kept."""
        return self._load(event_type).combine_chunks()

    @once
    def of(self, event_type: str) -> Rows:
        """All events of a type."""
        start = self._ints(event_type, "known_at")
        return Rows(
            event_type=event_type,
            position=np.arange(len(start)),
            merchant=self._ints(event_type, "merchant"),
            time=self._ints(event_type, "event_time"),
            start=start,
            end=self._ends(event_type, start),
        )

    def numbers(self, rows: Rows, column: str) -> Ints:
        """An integer column of some events; 0 where null."""
        if column not in self.table(rows.event_type).column_names:
            return np.zeros_like(rows.time)
        return self._ints(rows.event_type, column)[rows.position]

    def filled(self, rows: Rows, column: str) -> npt.NDArray[np.bool_]:
        """Whether some events say anything in a column."""
        table = self.table(rows.event_type)
        if column not in table.column_names:
            return np.zeros(len(rows), dtype=np.bool_)
        return np.asarray(table.column(column).is_valid().to_numpy()[rows.position])

    def texts(self, rows: Rows, column: str) -> pa.Array:
        """A text column of some events."""
        table = self.table(rows.event_type)
        if column not in table.column_names:
            return pa.nulls(len(rows), pa.string())
        texts = table.column(column).combine_chunks()
        return texts if rows is self.of(rows.event_type) else texts.take(pa.array(rows.position))

    def lists(self, rows: Rows, column: str, word: str) -> npt.NDArray[np.bool_]:
        """Whether a column of several texts has a text among them."""
        table = self.table(rows.event_type)
        found = np.zeros(table.num_rows, dtype=np.bool_)
        if column in table.column_names:
            texts = table.column(column).combine_chunks()
            equal = pc.equal(pc.list_flatten(texts), word).fill_null(False).to_numpy(zero_copy_only=False)
            found[pc.list_parent_indices(texts).to_numpy()[equal]] = True
        return found[rows.position]

    @once
    def keys(self, rows: Rows, column: str) -> Ints:
        """Numbers that are equal where merchant and id are equal; -1 where the id is null."""
        codes = self._coded(column).get(rows.event_type)
        return np.full(len(rows), -1) if codes is None else codes[rows.position]

    def dealt(self, rows: Rows, column: str, into: int) -> Ints:
        """Into which of so many groups a text of each event falls, by its CRC-32; -1 where it is null."""
        sum_of = self._check_sums(rows.event_type, column)[rows.position]
        return np.where(sum_of < 0, -1, sum_of % into)

    def due(self, deadlines: Ints) -> Ints:
        """The day on which what was promised by each of these times counts as due.

        From a midnight, that is the day before it; while a day runs, deadlines are compared with its beginning, so
        those of a day are due on the next.
        """
        return days(deadlines) + 1 if self._live else days(deadlines)

    @once
    def times(self, rows: Rows, column: str) -> Ints:
        """A time that events carry, or repeat from what they follow; `NO_TIME` where neither is known."""
        if column == "event_time":
            return rows.time
        return self._carried(rows.event_type, column)[rows.position]

    @once
    def _ints(self, event_type: str, column: str) -> Ints:
        """An integer column or a time of all events of a type, which must have it unless there are none."""
        table = self.table(event_type)
        if not table.num_rows:
            return np.zeros(0, dtype=np.int64)
        values = table.column(column)
        # Arrow has no way from a date to 64 bits but through 32.
        values = (values.cast(pa.int32()) if pa.types.is_date(values.type) else values).cast(pa.int64())
        missing = NO_TIME if column in COLUMNS and COLUMNS[column].kind is Kind.TIME else 0
        return np.asarray((values.fill_null(int(missing)) if values.null_count else values).to_numpy())

    @once
    def _coded(self, column: str) -> dict[str, Ints]:
        """The keys of all events of each type that uses an id."""
        asked = (name for name, event in EVENT_TYPES.items() if column in event.columns)
        using = [name for name in asked if column in self.table(name).column_names]
        if not using:
            return {}
        texts = pa.concat_tables([self.table(name).select([column]) for name in using]).column(column)
        ids = texts.combine_chunks().dictionary_encode()
        codes = np.asarray(ids.indices.fill_null(-1).to_numpy()).astype(np.int64)
        apart = _apart(codes, np.concatenate([self._ints(name, "merchant") for name in using]), len(ids.dictionary))
        cuts = np.cumsum([len(self.table(name)) for name in using])[:-1]
        return dict(zip(using, np.split(apart, cuts), strict=True))

    @once
    def _check_sums(self, event_type: str, column: str) -> Ints:
        """The CRC-32 of a text of all events of a type; -1 where it is null."""
        table = self.table(event_type)
        if column not in table.column_names:
            return np.full(table.num_rows, -1)
        found = table.column(column).combine_chunks().dictionary_encode()
        sums = [zlib.crc32(text.encode()) for text in found.dictionary.to_pylist()]
        # The last place is that of null.
        return np.asarray(np.array([*sums, -1])[found.indices.fill_null(-1).to_numpy()])

    @once
    def _taken_back(self) -> dict[tuple[int, str], int]:
        """When each event of each merchant that a reversal names was first known to be taken back."""
        reversals, first = self.of("event_reversed"), dict[tuple[int, str], int]()
        named = zip(reversals.merchant.tolist(), self.texts(reversals, "reverses").to_pylist(), strict=True)
        for event, known in zip(named, reversals.start.tolist(), strict=True):
            first[event] = min(known, first.get(event, known))
        return first

    def _ends(self, event_type: str, start: Ints) -> Ints:
        """Until when events of a type count as known: a reversal counts once, and is itself never reversed."""
        end = np.full(len(start), FOREVER)
        if event_type == "event_reversed" or not len(start) or not self._taken_back():
            return end
        ids = self.table(event_type).column("event_id").combine_chunks()
        named = pa.array({event_id for _, event_id in self._taken_back()}, pa.string())
        places = np.flatnonzero(pc.is_in(ids, value_set=named).to_numpy(zero_copy_only=False))
        merchant = self._ints(event_type, "merchant")[places].tolist()
        for place, event in zip(places.tolist(), zip(merchant, ids.take(places).to_pylist(), strict=True), strict=True):
            if event in self._taken_back():
                end[place] = max(self._taken_back()[event], start[place])
        return end

    @once
    def _carried(self, event_type: str, column: str) -> Ints:
        rows = self.of(event_type)
        present = column in self.table(event_type).column_names
        carried = self._ints(event_type, column) if present else np.full(len(rows), NO_TIME)
        opening = OPENED_BY.get(event_type) if column == "opened_at" else _ORDER
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


def uses(columns: Iterable[str], event_type: str) -> list[str]:
    """Those of some columns that say anything on events of a type; any that is not the log's own stays."""
    own = {*COMMON, *EVENT_TYPES[event_type].columns}
    return [name for name in columns if name not in COLUMNS or name in own]


def known_in(events: pa.Table, *, live: bool = False) -> Known:
    """A table of events with the integer columns `merchant` and `type` as a partition."""
    codes = events.column("type").to_numpy()

    def load(event_type: str) -> pa.Table:
        own = pa.array(np.flatnonzero(codes == TYPE_CODES[event_type]))
        return events.select(uses(events.column_names, event_type)).take(own)

    return Known(load, live=live)


def known_of(rows: pa.Table, merchant: Ints, *, live: bool = False) -> Known:
    """Events (n,) under the numbers (n,) of their merchants as a partition; all that matter of one must be here."""
    table = rows.append_column("merchant", pa.array(merchant)).append_column("type", type_codes(rows))
    return known_in(table, live=live)


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
