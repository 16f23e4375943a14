"""Choosing events by what they say, and telling while which of them are known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.events import COLUMNS, EVENT_TYPES, Kind
from features.known import NO_TIME, Known, Rows, begins, days, once
from features.measures import After, Asked, AtLeast, AtMost, Carries, Condition, Events, Is, IsNot, Lists, Ticked
from features.spells import Spells, intersect, joined, match, minus, union

__all__ = ["Until", "clocked", "day_of", "holds", "numbered", "presence", "select", "speaks", "while_known"]

Ints = npt.NDArray[np.int64]


@once
def select(known: Known, events: Events | Asked) -> Rows:
    """The events of a type for which all conditions hold; or what was asked, at its clock, while it counts."""
    if isinstance(events, Asked):
        return _standing(known, events)
    rows = known.of(events.event_type)
    return rows.where(holds(known, rows, events.where)) if events.where else rows


def holds(known: Known, rows: Rows, where: Sequence[Condition]) -> npt.NDArray[np.bool_]:
    """For each event, whether all conditions hold."""
    every = np.ones(len(rows), dtype=np.bool_)
    for condition in where if len(rows) else ():
        match condition:
            case Is(column=column, words=words):
                found = pc.is_in(known.texts(rows, column), value_set=pa.array(words))
                every &= found.to_numpy(zero_copy_only=False)
            case IsNot(column=column, words=words):
                found = pc.is_in(known.texts(rows, column), value_set=pa.array(words))
                every &= ~found.to_numpy(zero_copy_only=False)
            case AtMost(column=column, most=most):
                every &= known.numbers(rows, column) <= most
            case AtLeast(column=column, least=least):
                every &= known.numbers(rows, column) >= least
            case Ticked(column=column, yes=yes, untold=untold):
                said = (known.numbers(rows, column) == 1) == yes
                every &= np.where(known.filled(rows, column), said, untold)
            case Lists(column=column, word=word):
                every &= known.lists(rows, column, word)
            case Carries(column=column) if COLUMNS[column].kind is Kind.TIME:
                every &= known.times(rows, column) != NO_TIME
            case Carries(column=column):
                every &= known.filled(rows, column)
            case After(column=column):
                deadline = known.times(rows, column)
                every &= (deadline != NO_TIME) & (rows.time > deadline)
    return every


def numbered(rows: Rows) -> Spells:
    """The spells of events, keyed by their places (0..n-1)."""
    return rows.spells(np.arange(len(rows)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """A moment of each of some rows: so many seconds after a time that it carries, or before it where below 0."""

    clock: str
    later: int = 0


def presence(
    known: Known, rows: Rows, others: Iterable[Events | Asked], *, by: str, until: Until | None = None,
    own: bool = False,
) -> Spells:  # fmt: skip
    """While which of `rows` (by position) some event of `others` with the same id is known.

    With `until`, only events no later than that are looked at; with `own`, none that names another buyer.
    """
    return _presence(known, rows, tuple(others), by, until, own)


@once
def _presence(
    known: Known, rows: Rows, others: tuple[Events | Asked, ...], by: str, until: Until | None, own: bool
) -> Spells:
    latest = None if until is None else known.times(rows, until.clock) + until.later * 1_000_000
    found: list[Spells] = []
    for events in others:
        candidates = select(known, events)
        if not len(candidates):
            continue
        row, other = _alike(known, rows, events, by)
        if own:
            said = speaks(known, rows, row, candidates, other)
            row, other = row[said], other[said]
        if latest is not None:
            soon = candidates.time[other] <= latest[row]
            row, other = row[soon], other[soon]
        start, end = days(candidates.start)[other], days(candidates.end)[other]
        found.append(Spells(key=row, start=start, end=end).where(start < end))
    return union(joined(found))


@once
def _alike(known: Known, rows: Rows, events: Events | Asked, by: str) -> tuple[Ints, Ints]:
    """Which of `rows` and which of the chosen events have the same id: all pairs."""
    return match(known.keys(rows, by), known.keys(select(known, events), by))


def speaks(known: Known, orders: Rows, row: Ints, events: Rows, other: Ints) -> npt.NDArray[np.bool_]:
    """Whether `events[other]` may speak of `orders[row]`: not where the two name different buyers."""
    if "buyer_id" not in EVENT_TYPES[events.event_type].columns:
        return np.ones(len(row), dtype=np.bool_)
    buyer, named = known.keys(orders, "buyer_id")[row], known.keys(events, "buyer_id")[other]
    return np.asarray((buyer == named) | (buyer < 0) | (named < 0))


@once
def clocked(known: Known, asked: Asked) -> tuple[Rows, Ints]:
    """The events of which something was asked, and the clock of each (microseconds); none without a clock."""
    rows = _telling(known, asked.of, asked.clock)
    return rows, known.times(rows, asked.clock) + asked.later * 1_000_000


@once
def _telling(known: Known, events: Events | Asked, column: str) -> Rows:
    """Chosen events that carry a time."""
    rows = select(known, events)
    told = known.times(rows, column) != NO_TIME
    return rows if told.all() else rows.where(told)


def day_of(known: Known, asked: Asked, clock: Ints) -> Ints:
    """The day of each clock, which is that on which it counts as due where it is a deadline."""
    return known.due(clock) if asked.deadline else days(clock)


@once
def while_known(known: Known, rows: Rows, asked: Asked, *, own: bool = False) -> Spells:
    """While what is asked is known of each of `rows` (by place); with `own`, as far as its own buyer says so."""
    until = Until(clock=asked.clock, later=asked.later - asked.ahead) if asked.in_time else None
    spells = numbered(rows)
    if asked.having:
        spells = intersect(spells, presence(known, rows, asked.having, by=asked.by, until=until, own=own))
    if asked.lacking:
        spells = minus(spells, presence(known, rows, asked.lacking, by=asked.by, until=until, own=own))
    return spells


def _standing(known: Known, asked: Asked) -> Rows:
    """What was asked, known while it counts, and where its clock is a deadline from when that has passed."""
    rows, clock = clocked(known, asked)
    spells = while_known(known, rows, asked)
    if asked.deadline:
        spells = spells.since(known.due(clock)[spells.key])
    at = spells.key
    return Rows(
        event_type=rows.event_type, position=rows.position[at], merchant=rows.merchant[at], time=clock[at],
        start=begins(spells.start), end=begins(spells.end),
    )  # fmt: skip
