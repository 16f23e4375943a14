"""What stands: of events that replace each other, the latest; and while each is it, as far as was known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.known import TYPE_CODES, Known, Rows, begins, days, ranks
from features.measures import Standing
from features.selection import select
from features.spells import FOREVER, Spells, joined, match, peaks

__all__ = ["Stands", "covered", "keyed", "order_of_events", "soonest", "standing"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """What stands (n,): of which merchant, by which of all events looked at, on which days, until which date.

    `until` is `FOREVER` where the event names none.
    """

    merchant: Ints
    event: Ints
    start: Ints
    end: Ints
    until: Ints

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Stands":
        """Only what a mask chooses."""
        parts = (self.merchant, self.event, self.start, self.end, self.until)
        merchant, event, start, end, until = (part[chosen] for part in parts)
        return Stands(merchant=merchant, event=event, start=start, end=end, until=until)


def keyed(parts: Sequence[Rows], keys: Ints) -> tuple[Spells, Ints]:
    """The spells of all events under their keys, and the place of each among all events."""
    offsets = np.cumsum([0] + [len(rows) for rows in parts])
    spells = joined(
        [
            rows.spells(np.where(keys[offset : offset + len(rows)] < 0, -1, np.arange(len(rows)) + offset))
            for rows, offset in zip(parts, offsets, strict=False)
        ]
    )
    return Spells(key=keys[spells.key], start=spells.start, end=spells.end), spells.key


def order_of_events(known: Known, parts: Sequence[Rows]) -> Ints:
    """The place of each event by event_time, then known_at, then event_id."""
    time = np.concatenate([rows.time for rows in parts])
    start = np.concatenate([rows.start for rows in parts])
    ids = ranks(pa.concat_arrays([known.texts(rows, "event_id") for rows in parts]))
    places = np.empty(len(time), dtype=np.int64)
    places[np.lexsort((ids, start, time))] = np.arange(len(time))
    return places


def standing(known: Known, source: Standing) -> Stands:
    """What stands of each merchant, and while it is what the source asks for."""
    parts = [select(known, events) for events in source.of]
    merchant = np.concatenate([rows.merchant for rows in parts])
    number = np.concatenate([_numbers(rows) for rows in parts])
    height = order_of_events(known, parts)
    spells, event = keyed(parts, _subjects(known, parts, merchant, source.by))
    moves = peaks(spells, height[event])
    at = np.argsort(height)[moves.height]
    until = np.concatenate([_last_day(known, rows, source.until) for rows in parts])[at]
    asked = np.concatenate([_numbers(select(known, events)) for events in source.being])
    # A date's own day still counts: it has passed when a deadline within that day would have.
    end = np.minimum(moves.end, np.where(until == FOREVER, FOREVER, known.due(begins(until))))
    chosen = np.isin(number[at], asked) & (moves.start < end)
    return Stands(merchant=merchant[at], event=at, start=moves.start, end=end, until=until).where(chosen)


def covered(known: Known, rows: Rows, papers: Standing) -> npt.NDArray[np.bool_]:
    """Whether each event was covered by a paper, as known before the day on which it became known: (n,)."""
    stands, checks = standing(known, papers), [select(known, events) for events in papers.of]
    first, *others = papers.by
    said = {by: np.concatenate([known.keys(one, by) for one in checks])[stands.event] for by in papers.by}
    event, paper = match(known.keys(rows, first), said[first])
    day = days(rows.start)[event]
    # What ends by its date is told apart from what was replaced, which holds as long as that is not known.
    holds = (stands.start[paper] < day) & (day <= stands.end[paper]) & (day <= stands.until[paper])
    for column in others:
        theirs = said[column][paper]
        holds &= (theirs < 0) | (theirs == known.keys(rows, column)[event])
    found = np.zeros(len(rows), dtype=np.bool_)
    found[event[holds]] = True
    return found


def soonest(stands: Stands) -> tuple[Spells, Ints]:
    """While which date is the earliest up to which anything of a merchant stands: spells by merchant, and the dates."""
    dated = stands.where(stands.until < FOREVER)
    top = dated.until.max(initial=0)
    moves = peaks(Spells(key=dated.merchant, start=dated.start, end=dated.end), top - dated.until)
    return Spells(key=moves.key, start=moves.start, end=moves.end), top - moves.height


def _numbers(rows: Rows) -> Ints:
    """A number of each event that no other has, of whatever type."""
    return (TYPE_CODES[rows.event_type] << 40) + rows.position


def _subjects(known: Known, parts: Sequence[Rows], merchant: Ints, by: Sequence[str]) -> Ints:
    """What each event is about: numbers that are equal where merchant and all the columns are, null being a value."""
    columns = [np.concatenate([known.keys(rows, column) for rows in parts]) for column in by]
    return np.unique(np.stack([merchant, *columns]), axis=1, return_inverse=True)[1].reshape(-1)


def _last_day(known: Known, rows: Rows, column: str | None) -> Ints:
    """The date up to which each event says that it holds."""
    if column is None:
        return np.full(len(rows), FOREVER)
    return np.where(known.filled(rows, column), known.numbers(rows, column), FOREVER)
