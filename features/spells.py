"""Spells: the stretches of knowledge time during which something counted as true.

An event counts from when it was known until its reversal was known; a thing that events make true (an order is
defective, a buyer is a customer) counts while any of them does. Moments are whole days; a spell is half-open,
[start, end), and `FOREVER` ends one that was never taken back. Keys are integers from 0; keys and moments (but
for `FOREVER`) stay below 2**30 in size, so that a pair of them fits one int64.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = [
    "FOREVER", "NO_SPELLS", "Moves", "Spells", "heights", "highest", "intersect", "joined", "match",
    "minus", "peaks", "union",
]  # fmt: skip

Ints = npt.NDArray[np.int64]

#: Later than any moment that can be written down.
FOREVER = np.int64(2**62)


def _pairs(key: Ints, moment: Ints) -> Ints:
    """Key and moment as one number that sorts like the pair."""
    return (key << 32) + moment + 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class Spells:
    """Spells of many keys: three (n,) arrays. Of one key there may be several; empty ones are never kept."""

    key: Ints
    start: Ints
    end: Ints

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Spells":
        """Only the spells chosen by a mask."""
        return Spells(key=self.key[chosen], start=self.start[chosen], end=self.end[chosen])

    def since(self, moment: Ints) -> "Spells":
        """What is left of each from a moment (n,) on."""
        return _kept(self.key, np.maximum(self.start, moment), self.end)


_NOTHING = np.zeros(0, dtype=np.int64)
#: None at all.
NO_SPELLS = Spells(key=_NOTHING, start=_NOTHING, end=_NOTHING)


def _kept(key: Ints, start: Ints, end: Ints) -> Spells:
    lasting = start < end
    if lasting.all():
        return Spells(key=key, start=start, end=end)
    return Spells(key=key[lasting], start=start[lasting], end=end[lasting])


def joined(parts: Sequence[Spells]) -> Spells:
    """All spells of several, one after the other."""
    # Most parts of a few events have nothing in them, and a dozen calls on nothing take as long as on a thousand.
    parts = [part for part in parts if len(part.key)]
    if len(parts) <= 1:
        return parts[0] if parts else NO_SPELLS
    return Spells(
        key=np.concatenate([part.key for part in parts]),
        start=np.concatenate([part.start for part in parts]),
        end=np.concatenate([part.end for part in parts]),
    )


def union(spells: Spells) -> Spells:
    """For each key, the stretches during which at least one of its spells runs, sorted by key and start.

    >>> both = union(Spells(key=np.array([1, 1, 1]), start=np.array([5, 0, 9]), end=np.array([7, 6, 10])))
    >>> both.start.tolist(), both.end.tolist()
    ([0, 9], [7, 10])
    """
    if not len(spells.key):
        return spells
    ended = spells.end < FOREVER
    if not ended.any():
        return _since_first(spells)
    # Few keys have anything taken back; only those need the general way.
    mixed = np.zeros(spells.key.max() + 1, dtype=np.bool_)
    mixed[spells.key[ended]] = True
    parts = joined([_since_first(spells.where(~mixed[spells.key])), _stretches(spells.where(mixed[spells.key]))])
    # Both parts are in order already, and a stable sort merges such runs.
    order = np.argsort(_pairs(parts.key, parts.start), kind="stable")
    return Spells(key=parts.key[order], start=parts.start[order], end=parts.end[order])


def _stretches(spells: Spells) -> Spells:
    """`union` of any spells, at least one."""
    order = np.argsort(_pairs(spells.key, spells.start))
    key, start, end = spells.key[order], spells.start[order], spells.end[order]
    first = np.append(True, key[1:] != key[:-1])
    reach = _running_most(end, np.cumsum(first) - 1)
    opens = first.copy()
    opens[1:] |= start[1:] > reach[:-1]
    return Spells(key=key[opens], start=start[opens], end=reach[np.append(opens[1:], True)])


def _since_first(spells: Spells) -> Spells:
    """`union` where nothing is ever taken back: from the first start on."""
    since = np.full(int(spells.key.max(initial=-1)) + 1, FOREVER)
    np.minimum.at(since, spells.key, spells.start)
    key = np.flatnonzero(since < FOREVER)
    return Spells(key=key, start=since[key], end=np.full(len(key), FOREVER))


def _running_most(values: Ints, group: Ints) -> Ints:
    """The running maximum of `values`, begun anew in each group; groups are numbered upwards."""
    levels, rank = np.unique(values, return_inverse=True)
    # Ranks of one group lie above all ranks of the group before, so one running maximum serves them all.
    lifted = np.maximum.accumulate(group * len(levels) + rank)
    return np.asarray(levels[lifted - group * len(levels)])


def match(left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """All pairs (i, j) with left[i] == right[j], by i, and by j where `right` is sorted; keys should be dense.

    Keys below 0 match nothing.

    >>> [pair.tolist() for pair in match(np.array([7, 8, -1]), np.array([8, 7, -1]))]
    [[0, 1], [1, 0]]
    """
    if not len(left) or not len(right):
        return _NOTHING, _NOTHING
    of_key = np.bincount(right[right >= 0], minlength=int(left.max(initial=0)) + 1)
    if of_key.max(initial=0) <= 1:
        return _matched_once(left, right, len(of_key))
    begin_of_key = np.cumsum(of_key) - of_key + np.count_nonzero(right < 0)
    ascending = bool((right[1:] >= right[:-1]).all())
    order = np.arange(len(right)) if ascending else np.argsort(right)
    count = np.where(left < 0, 0, of_key[left])
    rows = np.repeat(np.arange(len(left)), count)
    # Within one i, the places in `order` run on from where its key begins.
    shift = begin_of_key[left] - (np.cumsum(count) - count)
    return rows, order[np.repeat(shift, count) + np.arange(len(rows))]


def _matched_once(left: Ints, right: Ints, keys: int) -> tuple[Ints, Ints]:
    """`match` where no key is twice in `right`: a look-up, no sort."""
    # The last place, which keys below 0 look at, is nobody's.
    place, named = np.full(keys + 1, -1), np.flatnonzero(right >= 0)
    place[right[named]] = named
    found = place[np.maximum(left, -1)]
    rows = np.flatnonzero(found >= 0)
    return rows, found[rows]


def intersect(left: Spells, right: Spells) -> Spells:
    """The stretches during which a spell of `left` and one of `right` with the same key both run."""
    if not len(left.key) or not len(right.key):
        return NO_SPELLS
    rows, others = match(left.key, right.key)
    start = np.maximum(left.start[rows], right.start[others])
    return _kept(left.key[rows], start, np.minimum(left.end[rows], right.end[others]))


def minus(left: Spells, right: Spells) -> Spells:
    """The stretches of `left` during which no spell of `right` with the same key runs.

    >>> rest = minus(Spells(key=np.array([1]), start=np.array([0]), end=np.array([9])),
    ...              Spells(key=np.array([1]), start=np.array([3]), end=np.array([4])))
    >>> rest.start.tolist(), rest.end.tolist()
    ([0, 4], [3, 9])
    """
    if not len(left.key) or not len(right.key):
        return left
    taken = union(right)
    rows, others = match(left.key, taken.key)
    touched = np.zeros(len(left.key), dtype=np.bool_)
    touched[rows] = True
    untouched = np.flatnonzero(~touched)
    # What is left of a spell: before its first taken stretch, and after each of them until the next.
    opening = np.append(True, rows[1:] != rows[:-1])[: len(rows)]
    closing = np.append(opening[1:], True)[: len(rows)]
    ends_at = np.where(closing, FOREVER, np.append(taken.start[others][1:], FOREVER)[: len(rows)])
    row = np.concatenate([untouched, rows[opening], rows])
    start = np.concatenate([left.start[untouched], left.start[rows[opening]], taken.end[others]])
    end = np.concatenate([left.end[untouched], taken.start[others][opening], ends_at])
    return _kept(left.key[row], np.maximum(start, left.start[row]), np.minimum(end, left.end[row]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """Where a key's token stands: at `height` from `start` until `end`; neighbouring spells differ in height."""

    key: Ints
    start: Ints
    end: Ints
    height: Ints


def heights(spells: Spells) -> Moves:
    """For each key, how many of its spells run, and from when until when it was that many; none is left out.

    >>> moves = heights(Spells(key=np.array([1, 1]), start=np.array([0, 5]), end=np.array([9, 7])))
    >>> moves.start.tolist(), moves.end.tolist(), moves.height.tolist()
    ([0, 5, 7], [5, 7, 9], [1, 2, 1])
    """
    back = spells.end < FOREVER
    key = np.concatenate([spells.key, spells.key[back]])
    moment = np.concatenate([spells.start, spells.end[back]])
    step = np.repeat([1, -1], [len(spells.key), int(back.sum())])
    order = np.lexsort((moment, key))
    key, moment, step = key[order], moment[order], step[order]
    first = np.append(True, key[1:] != key[:-1])[: len(key)]
    counts = np.cumsum(step)
    # What keys before it came to at their ends is taken off again.
    counts -= (counts - step)[np.maximum.accumulate(np.where(first, np.arange(len(key)), 0))]
    until = np.append(np.where(first[1:], FOREVER, moment[1:]), FOREVER)[: len(key)]
    running = (moment < until) & (counts > 0)
    return Moves(key=key[running], start=moment[running], end=until[running], height=counts[running])


def peaks(spells: Spells, height: Ints) -> Moves:
    """For each key, the greatest height among its running spells, and from when until when it was that.

    `height` (n,) must not be negative; heights, keys and starts stay below 2**30.

    >>> moves = peaks(Spells(key=np.array([1, 1]), start=np.array([0, 5]), end=np.array([9, 7])), np.array([3, 4]))
    >>> moves.start.tolist(), moves.end.tolist(), moves.height.tolist()
    ([0, 5, 7], [5, 7, 9], [3, 4, 3])
    """
    alone = np.bincount(spells.key, minlength=1)[spells.key] == 1
    if not alone.any():
        return _highest_of_several(spells, height)
    single, several = spells.where(alone), _highest_of_several(spells.where(~alone), height[~alone])
    own = Moves(key=single.key, start=single.start, end=single.end, height=height[alone])
    return _together(own, several)


def _highest_of_several(spells: Spells, height: Ints) -> Moves:
    """`peaks` where keys have several spells."""
    ended = spells.end < FOREVER
    rising = _rising(spells.where(~ended), height[~ended])
    if not ended.any():
        return rising
    # What is taken back again matters only where it stands above all that stays, and that is rare.
    passing, level = spells.where(ended), height[ended]
    above = level > _height_at(rising, passing.key, passing.start)
    return _merged(rising, _followed(passing.where(above), level[above]))


def highest(spells: Spells, height: Ints, most: int) -> Spells:
    """While which of the spells (by place) is among the `most` highest that run under its key.

    Of equal heights the later place is the higher one. What holds of `height` in `peaks` holds here.

    >>> both = Spells(key=np.array([1, 1]), start=np.array([0, 5]), end=np.array([9, 7]))
    >>> chosen = highest(both, np.array([3, 4]), 1)
    >>> sorted(zip(chosen.key.tolist(), chosen.start.tolist(), chosen.end.tolist()))
    [(0, 0, 5), (0, 7, 9), (1, 5, 7)]
    """
    places = np.arange(len(spells.key))
    crowded = np.bincount(spells.key, minlength=1)[spells.key] > most
    # Few keys ever have more than may count; nobody else is in anybody's way.
    every, owner = Spells(key=places, start=spells.start, end=spells.end), spells.key
    if not crowded.any():
        return every
    found, rest = [every.where(~crowded)], every.where(crowded)
    rank = np.empty(len(places), dtype=np.int64)
    by_rank = np.lexsort((places, height))
    rank[by_rank] = places
    for _ in range(most):
        under = Spells(key=owner[rest.key], start=rest.start, end=rest.end)
        moves = peaks(under, rank[rest.key])
        found.append(Spells(key=by_rank[moves.height], start=moves.start, end=moves.end))
        rest = minus(rest, found[-1])
    return joined(found)


def _rising(spells: Spells, height: Ints) -> Moves:
    """`peaks` where nothing is ever taken back: a running maximum."""
    order = np.argsort(_pairs(spells.key, spells.start))
    key, start = spells.key[order], spells.start[order]
    same = key[1:] == key[:-1]
    group = np.cumsum(np.append(True, ~same)[: len(key)])
    lifted = np.maximum.accumulate((group << 30) | height[order])
    rises = np.flatnonzero(np.append(True, lifted[1:] != lifted[:-1])[: len(key)])
    return _chained(key[rises], start[rises], lifted[rises] & (2**30 - 1))


def _chained(key: Ints, start: Ints, height: Ints) -> Moves:
    """Moves that each last until the next one of the same key; what lasts no time is left out, and so is -1."""
    end = np.append(np.where(key[1:] == key[:-1], start[1:], FOREVER), FOREVER)[: len(key)]
    lasting = (start < end) & (height >= 0)
    return Moves(key=key[lasting], start=start[lasting], end=end[lasting], height=height[lasting])


def _height_at(moves: Moves, key: Ints, moment: Ints) -> Ints:
    """Where each key's token stands at a moment; -1 where it stands nowhere. `moves` are sorted by key and start."""
    at = np.searchsorted(_pairs(moves.key, moves.start), _pairs(key, moment), side="right") - 1
    if not len(moves.key):
        return np.full(len(key), -1)
    found = (at >= 0) & (moves.key[at] == key) & (moment < moves.end[at])
    return np.where(found, moves.height[at], -1)


def _merged(rising: Moves, passing: Moves) -> Moves:
    """The higher of two tokens of each key: wherever either moves, both are looked at again."""
    touched = np.isin(rising.key, passing.key)
    key = np.concatenate([rising.key[touched], passing.key, passing.key])
    moment = np.concatenate([rising.start[touched], passing.start, passing.end])
    pairs = np.unique(_pairs(key, moment))
    key, moment = pairs >> 32, (pairs & (2**32 - 1)) - 2**31
    height = np.maximum(_height_at(rising, key, moment), _height_at(passing, key, moment))
    moved = np.append(True, (key[1:] != key[:-1]) | (height[1:] != height[:-1]))[: len(key)]
    both = _chained(key[moved], moment[moved], height[moved])
    return _together(Moves(**{name: getattr(rising, name)[~touched] for name in _MOVES}), both)


def _together(one: Moves, other: Moves) -> Moves:
    return Moves(**{name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in _MOVES})


_MOVES = ("key", "start", "end", "height")


def _followed(spells: Spells, height: Ints) -> Moves:
    """`peaks` in full, key by key, with a heap of what runs."""
    order = np.lexsort((spells.start, spells.key))
    cuts = np.flatnonzero(np.diff(spells.key[order])) + 1
    found: list[tuple[int, int, int, int]] = []
    for rows in np.split(order, cuts) if len(order) else ():
        runs = list(zip(spells.start[rows].tolist(), spells.end[rows].tolist(), height[rows].tolist(), strict=True))
        found += [(int(spells.key[rows[0]]), *run) for run in _heights(runs)]
    key, start, end, level = np.array(found, dtype=np.int64).reshape(-1, 4).T
    return Moves(key=key, start=start, end=end, height=level)


def _heights(runs: list[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    """The greatest height over time of `runs` (start, end, height), which are sorted by start and all end."""
    heap: list[tuple[int, int]] = []
    begun, since, stands = 0, 0, -1
    for moment in sorted({start for start, _, _ in runs} | {end for _, end, _ in runs}):
        while begun < len(runs) and runs[begun][0] <= moment:
            heapq.heappush(heap, (-runs[begun][2], runs[begun][1]))
            begun += 1
        while heap and heap[0][1] <= moment:
            heapq.heappop(heap)
        top = -heap[0][0] if heap else -1
        if top != stands:
            if stands >= 0:
                yield since, moment, stands
            since, stands = moment, top
