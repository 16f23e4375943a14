"""The kernel: what was counted within a window, for many merchants and moments at once.

A fact enters a window of n days when it is both past and known, at `max(clock, known)`, and leaves it when its
clock is n days old. A fact known only after that never enters. So a window's sum at a moment is the sum of
what has entered by then less the sum of what has left, and both are prefix sums over the moments: no join, no
window is ever walked through. Facts and moments are in whole days; at a midnight that is exact.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.facts import Facts
from features.measures import Days, Measure, Number
from features.tiles import by_day

__all__ = ["Moments", "window_sums"]

Ints = npt.NDArray[np.int64]

#: Days are held in 24 bits beside the merchant, counted from long before the first day that can be written.
_BITS, _SHIFT = 24, 2**22

#: A table of places is made where it has at most so many cells (of 4 bytes).
_CELLS = 2**24


class Moments:
    """Pairs of merchant and midnight (days since 1970), (q,) each, sorted and without repeats."""

    def __init__(self, *, merchant: Ints, day: Ints) -> None:
        self.merchant = merchant
        self.day = day
        self._first, self._span = (int(day.min()), int(np.ptp(day)) + 2) if len(day) else (0, 1)
        self._table: npt.NDArray[np.int32] | None = None
        self._row_of: Ints = np.zeros(0, dtype=np.int64)
        if len(np.unique(merchant)) * self._span <= _CELLS:
            self._tabulate()

    def __len__(self) -> int:
        return len(self.day)

    def places(self, merchant: Ints, day: Ints) -> Ints:
        """How many moments are no later than each (merchant, day), in the order of the pairs.

        A merchant without moments may get any one place, whatever the day: its facts cancel out there.
        """
        if self._table is None:
            return np.asarray(np.searchsorted(_pairs(self.merchant, self.day), _pairs(merchant, day), side="right"))
        row = self._row_of[np.minimum(merchant, len(self._row_of) - 1)]
        column = np.clip(day - (self._first - 1), 0, self._span - 1)
        return np.asarray(self._table[row * self._span + column])

    def _tabulate(self) -> None:
        """Every answer of `places` within the moments' days: a look-up is several times faster than a search."""
        own, row = np.unique(self.merchant, return_inverse=True)
        cells = row * self._span + self.day - (self._first - 1)
        counts = np.bincount(cells, minlength=(len(own) + 1) * self._span)
        self._table = np.cumsum(counts).astype(np.int32)
        # The row after the last, where every place is the same, is that of merchants without moments.
        self._row_of = np.full(int(own.max(initial=-1)) + 2, len(own))
        self._row_of[own] = np.arange(len(own))


def window_sums(facts: Facts, moments: Moments, numbers: Iterable[Number]) -> dict[Number, Ints]:
    """Those of some numbers that are of the facts' measures, at all moments: (q,) int64 each."""
    asked = [number for number in dict.fromkeys(numbers) if number[0] in facts.measures]
    sums = _sums(facts, moments, [number for number in asked if not isinstance(number[0].amount, Days)])
    for measure in (one for one in facts.measures if isinstance(one.amount, Days)):
        sums |= _sums(by_day(facts, measure), moments, [number for number in asked if number[0] == measure])
    return sums


def _sums(facts: Facts, moments: Moments, numbers: Iterable[Number]) -> dict[Number, Ints]:
    """Sums of facts as they stand."""
    row_of = {measure: row for row, measure in enumerate(facts.measures)}
    wanted: dict[int | None, list[Measure]] = {}
    for measure, days in numbers:
        wanted.setdefault(days, []).append(measure)
    entered = np.maximum(facts.clock, facts.known)
    enter = moments.places(facts.merchant, entered)
    asked = dict.fromkeys(measure for measures in wanted.values() for measure in measures)
    # Most rows of amounts are mostly zeros; what enters is the same for every window.
    rows = {measure: _Row.of(facts.amounts[row_of[measure]]) for measure in asked}
    inside = {measure: rows[measure].booked(enter, len(moments)) for measure in asked}
    sums: dict[Number, Ints] = {}
    for days, measures in wanted.items():
        left = np.full_like(entered, _SHIFT) if days is None else np.maximum(facts.clock + days, entered)
        leave = moments.places(facts.merchant, left)
        for measure in measures:
            sums[measure, days] = np.cumsum(inside[measure] - rows[measure].booked(leave, len(moments)))[:-1]
    return sums


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """The amounts of one measure that are not zero, and which facts' they are."""

    at: Ints
    amounts: Ints

    @classmethod
    def of(cls, amounts: Ints) -> "_Row":
        at = np.flatnonzero(amounts)
        return cls(at=at, amounts=amounts[at])

    def booked(self, places: Ints, moments: int) -> Ints:
        """The amounts added up by place (one for each moment, and one for never)."""
        sums = np.zeros(moments + 1, dtype=np.int64)
        np.add.at(sums, places[self.at], self.amounts)
        return sums


def _pairs(merchant: Ints, day: Ints) -> Ints:
    """Merchant and day as one number that sorts like the pair."""
    return (merchant << _BITS) + (day + _SHIFT)
