"""What follows what: while something is known that happened a short while before, and what comes right after what."""

from bisect import bisect_left
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from features.known import Known, Rows, days
from features.measures import Following
from features.selection import select
from features.spells import FOREVER, Spells, union

__all__ = ["followed", "following"]

Ints = npt.NDArray[np.int64]

#: Microseconds.
_DAY = 86_400_000_000


def followed(known: Known, merchant: Ints, time: Ints, source: Following) -> Spells:
    """While anything that each of some things (merchant and time, (n,)) follows is known, under their places."""
    after = select(known, source.after)
    thing, event = _shortly_before(merchant, time, after, source.days * _DAY)
    start, end = days(after.start)[event], days(after.end)[event]
    return union(Spells(key=thing, start=start, end=end).where(start < end))


def _shortly_before(merchant: Ints, time: Ints, events: Rows, length: int) -> tuple[Ints, Ints]:
    """Pairs of a thing and an event of its merchant, no later than it and less than a length before it."""
    # Few merchants have any such event, so that few things are looked at.
    things = np.flatnonzero(np.isin(merchant, events.merchant))
    order = np.lexsort((events.time, events.merchant))
    moments = np.unique(np.concatenate([events.time, time[things], time[things] - length]))

    def place(owner: Ints, moment: Ints) -> Ints:
        return owner * (len(moments) + 1) + np.searchsorted(moments, moment)

    places = place(events.merchant, events.time)[order]
    first = np.searchsorted(places, place(merchant[things], time[things] - length), side="right")
    count = np.searchsorted(places, place(merchant[things], time[things]), side="right") - first
    shift = np.repeat(first - (np.cumsum(count) - count), count)
    return np.repeat(things, count), order[shift + np.arange(len(shift))]


def following(spells: Spells, place: Ints) -> tuple[Ints, Ints, Spells]:
    """Of each key, which spell comes right after which of those that run, by `place` (n,), and while that is so.

    Answers the earlier one of each pair and the later one (by position), and spells under the pairs' numbers.

    >>> both = Spells(key=np.array([1, 1, 1]), start=np.array([0, 4, 2]), end=np.array([9, 9, 9]))
    >>> earlier, later, pairs = following(both, np.array([0, 1, 2]))
    >>> sorted(zip(earlier.tolist(), later.tolist(), pairs.start.tolist(), pairs.end.tolist()))
    [(0, 1, 4, 9), (0, 2, 2, 4), (1, 2, 4, 9)]
    """
    order = np.lexsort((place, spells.key))
    key, start = spells.key[order], spells.start[order]
    same = key[1:] == key[:-1]
    # Few keys have anything taken back or told out of turn; only those need the general way.
    odd = np.zeros(int(key.max(initial=-1)) + 1, dtype=np.bool_)
    odd[key[spells.end[order] < FOREVER]] = True
    odd[key[1:][same & (start[1:] < start[:-1])]] = True
    plain = np.flatnonzero(same & ~odd[key[1:]])
    found = np.array([*_neighbours(spells, order[odd[key]])], dtype=np.int64).reshape(-1, 4).T
    earlier, later = np.concatenate([order[plain], found[0]]), np.concatenate([order[plain + 1], found[1]])
    since = np.concatenate([start[plain + 1], found[2]])
    until = np.concatenate([np.full(len(plain), FOREVER), found[3]])
    return earlier, later, Spells(key=np.arange(len(earlier)), start=since, end=until)


def _neighbours(spells: Spells, order: Ints) -> Iterator[tuple[int, int, int, int]]:
    """`following` in full, key by key: earlier, later, start and end of each pair."""
    for rows in np.split(order, np.flatnonzero(np.diff(spells.key[order])) + 1):
        runs = zip(spells.start[rows].tolist(), spells.end[rows].tolist(), strict=True)
        for earlier, later, start, end in _side_by_side(list(runs)):
            yield int(rows[earlier]), int(rows[later]), start, end


def _side_by_side(runs: list[tuple[int, int]]) -> Iterator[tuple[int, int, int, int]]:
    """Which of `runs` (start, end) stand next to each other, with none running between them, from when until when."""
    begins = [(start, place) for place, (start, _) in enumerate(runs)]
    # What ends is told from what begins by its complement, which is negative.
    moves = sorted(begins + [(end, ~place) for place, (_, end) in enumerate(runs) if end < FOREVER])
    running: list[int] = []
    since: dict[tuple[int, int], int] = {}
    for moment, move in moves:
        place = max(move, ~move)
        at = bisect_left(running, place)
        left, right = running[:at][-1:], running[at + (move < 0) :][:1]
        across = [(one, other) for one in left for other in right]
        beside = [(one, place) for one in left] + [(place, other) for other in right]
        running[at : at + (move < 0)] = [place] if move >= 0 else []
        for pair in across if move >= 0 else beside:
            begun = since.pop(pair)
            if begun < moment:
                yield *pair, begun, moment
        since |= dict.fromkeys(beside if move >= 0 else across, moment)
    yield from ((*pair, begun, int(FOREVER)) for pair, begun in since.items())
