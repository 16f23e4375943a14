"""Resolve: a merchant's events become signed additive facts (design: docs/decisions/0002).

A fact is an amount on a clock day, known from a day on. What is taken back books the negative of what was
booked, on the same clock day, known when the taking back is; what must be counted once is a token, and when
what is known moves it, its old place gets -1 and its new place +1. So everything is a sum, and facts may be
split and added in any way. All numbers are integers; days count from 1970 in UTC.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.events import COLUMNS, Kind
from features.faults import own_faults
from features.following import followed, following
from features.known import NO_TIME, Known, Rows, days, once, ranks
from features.measures import (
    Amount,
    Asked,
    Capped,
    Changed,
    Column,
    Crossed,
    Days,
    Dealt,
    Distinct,
    Events,
    Flag,
    Following,
    Happenings,
    Late,
    Latest,
    Measure,
    One,
    Open,
    Orders,
    OwnFaults,
    Reaches,
    Soonest,
    Source,
    Standing,
    Uncovered,
)
from features.real import of_strangers, real
from features.selection import clocked, day_of, holds, numbered, presence, select, while_known
from features.spells import FOREVER, Spells, highest, intersect, joined, minus, peaks, union
from features.standing import covered, keyed, order_of_events, soonest, standing

__all__ = ["Facts", "Lexicon", "changes", "latest_rows", "resolve"]

Ints = npt.NDArray[np.int64]

#: Microseconds.
_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Facts of one source: merchant, clock and known day (n,), and one row of `amounts` (k, n) per measure."""

    merchant: Ints
    clock: Ints
    known: Ints
    amounts: Ints
    measures: tuple[Measure, ...]


class Lexicon:
    """Numbers for texts, given out as they come, those of `texts` first: the same text, the same number."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.texts = list(texts)
        self._number_of = {text: number for number, text in enumerate(self.texts)}

    def numbers(self, texts: pa.Array) -> Ints:
        """The number of each text; texts must not be null."""
        found = texts.dictionary_encode()
        own = [self._number(text) for text in found.dictionary.to_pylist()]
        return np.asarray(np.array(own, dtype=np.int64)[found.indices.to_numpy()])

    def _number(self, text: str) -> int:
        if text not in self._number_of:
            self._number_of[text] = len(self.texts)
            self.texts.append(text)
        return self._number_of[text]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    """Things that count: where on their clock (days), while what is known; `rows[row]` is the event behind each."""

    merchant: Ints
    clock: Ints
    start: Ints
    end: Ints
    rows: Rows | None = None
    row: Ints | None = None
    said: Ints | None = None


def resolve(known: Known, measures: Iterable[Measure], lexicon: Lexicon) -> list[Facts]:
    """The facts of all merchants in `known`, one `Facts` for each source that the measures name.

    What is made of other merchants' events (`Crossed`) is left to `features.crossing`.
    """
    by_source: dict[Source, list[Measure]] = {}
    for measure in measures:
        if not isinstance(measure.source, Crossed):
            by_source.setdefault(measure.source, []).append(measure)
    return [_facts(known, source, tuple(named), lexicon) for source, named in by_source.items()]


def _facts(known: Known, source: Source, measures: tuple[Measure, ...], lexicon: Lexicon) -> Facts:
    placed = _PLACE[type(source)](known, source, lexicon)
    amounts = np.stack([_weigh(known, placed, measure.amount) for measure in measures])
    back = np.flatnonzero(placed.end < FOREVER)
    return Facts(
        merchant=np.concatenate([placed.merchant, placed.merchant[back]]),
        clock=np.concatenate([placed.clock, placed.clock[back]]),
        known=np.concatenate([placed.start, placed.end[back]]),
        amounts=np.concatenate([amounts, -amounts[:, back]], axis=1),
        measures=measures,
    )


def _weigh(known: Known, placed: _Placed, amount: Amount) -> Ints:
    """How much each of the things placed weighs."""
    if isinstance(amount, One | Days):
        return np.ones(len(placed.merchant), dtype=np.int64)
    if isinstance(amount, Reaches) and placed.said is not None:
        return np.asarray(placed.said >= amount.percent, dtype=np.int64)
    if placed.rows is None or placed.row is None:
        return np.zeros(0, dtype=np.int64) if placed.said is None else placed.said
    return _event_weights(known, placed.rows, amount)[placed.row]


def _event_weights(known: Known, rows: Rows, amount: Amount) -> Ints:
    match amount:
        case Column(column=column):
            return known.numbers(rows, column)
        case Flag(where=where):
            return holds(known, rows, where).astype(np.int64)
        case Dealt(column=column, into=into, group=group):
            return np.asarray(known.dealt(rows, column, into) == group, dtype=np.int64)
        case Late(column=column):
            deadline = known.times(rows, column)
            late = np.maximum(rows.time - np.where(deadline == NO_TIME, rows.time, deadline), 0)
            return late // 1_000_000
        case _:
            raise TypeError(f"{amount} is no amount of an event")


def _of_spells(rows: Rows, spells: Spells, clock: Ints) -> _Placed:
    """Place rows, named by the keys of their spells, on their clock (days)."""
    at = spells.key
    return _Placed(merchant=rows.merchant[at], clock=clock[at], start=spells.start, end=spells.end, rows=rows, row=at)


def _happenings(known: Known, source: Happenings, _: Lexicon) -> _Placed:
    rows = select(known, source.of)
    return _of_spells(rows, numbered(rows), days(rows.time))


def _asked(known: Known, source: Asked, _: Lexicon) -> _Placed:
    rows, clock = clocked(known, source)
    return _of_spells(rows, while_known(known, rows, source), day_of(known, source, clock))


def _own_faults(known: Known, source: OwnFaults, _: Lexicon) -> _Placed:
    rows = known.of("order_placed")
    return _of_spells(rows, _while_bad(known, rows, source), days(rows.time))


def _capped(known: Known, source: Capped, _: Lexicon) -> _Placed:
    rows, clock = clocked(known, source.orders)
    day = day_of(known, source.orders, clock)
    bad = [] if source.bad is None else [_while_bad(known, rows, source.bad)]
    shows = real if isinstance(source.orders, Orders) else of_strangers
    good = [] if source.of is None else [shows(known, rows, while_known(known, rows, source.of, own=True))]
    spells = union(joined([*bad, *good]))
    # What is still to come is in no window, and must not stand in the way of what is.
    spells = spells.since(day[spells.key])
    return _of_spells(rows, _at_most(spells, known.keys(rows, "buyer_id"), day, source.most), day)


@once
def _while_bad(known: Known, rows: Rows, source: Asked | OwnFaults) -> Spells:
    if isinstance(source, Asked):
        return while_known(known, rows, source, own=True)
    return union(joined([fault.spells for fault in own_faults(known, rows, source.components)]))


def _at_most(spells: Spells, owner: Ints, day: Ints, most: int) -> Spells:
    """Of the spells of each owner's things, those of the `most` latest at any time; what has none stands alone."""
    alone = np.arange(len(owner)) + owner.max(initial=-1) + 1
    owner = np.where(owner < 0, alone, owner)
    height = day[spells.key] - day.min(initial=0)
    chosen = highest(Spells(key=owner[spells.key], start=spells.start, end=spells.end), height, most)
    return Spells(key=spells.key[chosen.key], start=chosen.start, end=chosen.end)


def _distinct(known: Known, source: Distinct, _: Lexicon) -> _Placed:
    parts = [select(known, events) for events in source.of]
    keys = np.concatenate([known.keys(rows, source.by) for rows in parts])
    time = np.concatenate([rows.time for rows in parts])
    clock = days(time)
    merchant = np.concatenate([rows.merchant for rows in parts])
    if source.alone:
        keys = np.where(keys < 0, np.arange(len(keys)) + keys.max(initial=-1) + 1, keys)
    spells, row = keyed(parts, keys if source.hours is None else _within(keys, time // (source.hours * _HOUR)))
    low, high = clock.min(initial=0), clock.max(initial=0)
    chosen = highest(spells, (high - clock if source.earliest else clock - low)[row], source.most)
    at = row[chosen.key]
    return _Placed(merchant=merchant[at], clock=clock[at], start=chosen.start, end=chosen.end)


def _within(keys: Ints, stretch: Ints) -> Ints:
    """Keys of their own for what lies in different stretches of time; those below 0 stay."""
    order = np.lexsort((stretch, keys))
    moved = (np.diff(keys[order]) != 0) | (np.diff(stretch[order]) != 0)
    apart = np.empty_like(keys)
    apart[order] = np.cumsum(np.append(True, moved)[: len(keys)])
    return np.where(keys < 0, -1, apart)


def _changed(known: Known, source: Changed, _: Lexicon) -> _Placed:
    rows = _saying(known, _saying(known, select(known, source.of), source.by), source.column)
    spells = numbered(rows)
    keyed = Spells(key=known.keys(rows, source.by)[spells.key], start=spells.start, end=spells.end)
    before, after, pairs = following(keyed, order_of_events(known, [rows])[spells.key])
    before, after = spells.key[before], spells.key[after]
    number = COLUMNS[source.column].kind is not Kind.TEXT
    said = known.numbers(rows, source.column) if number else ranks(known.texts(rows, source.column))
    fallen = (said[before] - said[after]) * 100 // np.maximum(said[before], 1)
    moved = (said[before] != said[after]) & ((fallen >= source.fallen) | (source.fallen == 0))
    after, fallen, pairs = after[moved], fallen[moved], pairs.where(moved)
    return _Placed(
        merchant=rows.merchant[after], clock=days(rows.time[after]), start=pairs.start, end=pairs.end,
        rows=rows, row=after, said=fallen,
    )  # fmt: skip


def changes(known: Known, source: Changed) -> tuple[Rows, Spells]:
    """The events of a type, and while which of them (by place) are changes."""
    placed = _changed(known, source, Lexicon())
    if placed.rows is None or placed.row is None:
        raise TypeError(f"{source} is not made of events")
    return placed.rows, Spells(key=placed.row, start=placed.start, end=placed.end)


def _uncovered(known: Known, source: Uncovered, _: Lexicon) -> _Placed:
    rows = select(known, source.of)
    rows = rows.where(known.filled(rows, source.papers.by[0]))
    rows = rows.where(~covered(known, rows, source.papers))
    return _of_spells(rows, numbered(rows), days(rows.time))


def _following(known: Known, source: Following, lexicon: Lexicon) -> _Placed:
    placed = _PLACE[type(source.of)](known, source.of, lexicon)
    if placed.rows is None or placed.row is None:
        raise TypeError(f"{source.of} is not made of events")
    rows, row = placed.rows, placed.row
    spells = Spells(key=np.arange(len(row)), start=placed.start, end=placed.end)
    spells = intersect(spells, followed(known, placed.merchant, rows.time[row], source))
    if source.each:
        spells = _at_most(spells, known.keys(rows, source.each)[row], placed.clock, 1)
    at = spells.key
    return _Placed(
        merchant=placed.merchant[at], clock=placed.clock[at], start=spells.start, end=spells.end, rows=rows,
        row=row[at], said=None if placed.said is None else placed.said[at],
    )  # fmt: skip


def _owners(keys: Ints, merchant: Ints) -> Ints:
    """The merchant of each key; those below 0 share a last place that nobody asks for."""
    owner = np.full(keys.max(initial=-1) + 2, -1)
    owner[keys] = merchant
    return owner


def _open(known: Known, source: Open, _: Lexicon) -> _Placed:
    opened = known.of(source.opened)
    keys, day = known.keys(opened, source.by), days(opened.time)
    top, owner = day.max(initial=0), _owners(keys, opened.merchant)
    spells = minus(numbered(opened), presence(known, opened, [Events(event_type=source.closed)], by=source.by))
    moves = peaks(Spells(key=keys[spells.key], start=spells.start, end=spells.end), top - day[spells.key])
    return _Placed(merchant=owner[moves.key], clock=top - moves.height, start=moves.start, end=moves.end)


def _latest(known: Known, source: Latest, lexicon: Lexicon) -> _Placed:
    parts = [rows for events in source.of if len(rows := _saying(known, select(known, events), source.column))]
    if not parts:
        nothing = np.array([], dtype=np.int64)
        return _Placed(merchant=nothing, clock=nothing, start=nothing, end=nothing, said=nothing)
    height, said = _ranked(known, parts, source.column, lexicon)
    top = len(said) - 1
    spells, row = keyed(parts, np.concatenate([rows.merchant for rows in parts]))
    moves = peaks(spells, top - height[row] if source.earliest else height[row])
    at = top - moves.height if source.earliest else moves.height
    return _Placed(merchant=moves.key, clock=moves.start, start=moves.start, end=moves.end, said=said[at])


def _standing(known: Known, source: Standing, _: Lexicon) -> _Placed:
    stands = standing(known, source)
    # An amount is asked of one type of events only.
    rows = select(known, source.of[0]) if len(source.of) == 1 else None
    return _Placed(
        merchant=stands.merchant, clock=stands.start, start=stands.start, end=stands.end, rows=rows, row=stands.event
    )


def _soonest(known: Known, source: Soonest, _: Lexicon) -> _Placed:
    spells, dates = soonest(standing(known, source.of))
    return _Placed(merchant=spells.key, clock=spells.start, start=spells.start, end=spells.end, said=dates)


def _saying(known: Known, rows: Rows, column: str) -> Rows:
    """The events that say anything in the column."""
    return rows if column == "event_time" else rows.where(known.filled(rows, column))


def _ranked(known: Known, parts: Sequence[Rows], column: str, lexicon: Lexicon) -> tuple[Ints, Ints]:
    """The rank of each event among all, and what an event of each rank says."""
    if column == "event_time":
        day = np.concatenate([days(rows.time) for rows in parts])
        return day - day.min(), np.arange(day.min(), day.max() + 1)
    said = np.concatenate([_said(known, rows, column, lexicon) for rows in parts])
    places = order_of_events(known, parts)
    return places, said[np.argsort(places)]


def _said(known: Known, rows: Rows, column: str, lexicon: Lexicon) -> Ints:
    if COLUMNS[column].kind is Kind.TEXT:
        return lexicon.numbers(known.texts(rows, column))
    return known.numbers(rows, column)


def latest_rows(known: Known, source: Latest, count: int, *, column: str) -> Ints:
    """What the event that stands for each of `count` merchants at the end says in an integer column; 0 for none."""
    standing = np.zeros(count, dtype=np.int64)
    parts = [_saying(known, select(known, events), source.column) for events in source.of]
    merchant = np.concatenate([rows.merchant for rows in parts])
    says = np.concatenate([known.numbers(rows, column) for rows in parts])
    places = order_of_events(known, parts)
    order = np.argsort(-places if source.earliest else places)
    live = order[np.concatenate([rows.end for rows in parts])[order] == FOREVER]
    # Of several assignments to one place the last one stays.
    standing[merchant[live]] = says[live]
    return standing


_PLACE: dict[type, Callable[[Known, Any, Lexicon], _Placed]] = {
    Happenings: _happenings,
    Asked: _asked,
    Orders: _asked,
    OwnFaults: _own_faults,
    Capped: _capped,
    Distinct: _distinct,
    Changed: _changed,
    Following: _following,
    Open: _open,
    Standing: _standing,
    Soonest: _soonest,
    Uncovered: _uncovered,
    Latest: _latest,
}
