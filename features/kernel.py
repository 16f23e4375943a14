"""The kernel: what was counted within a window, for many merchants and moments at once.

A fact enters a window of n days when it is both past and known, at `max(clock, known)`, and leaves it when its
clock is n days old. A fact known only after that never enters. So a window's sum at a moment is the sum of
what has entered by then less the sum of what has left, and both are prefix sums over the moments: no join, no
window is ever walked through. Facts and moments are in whole days; at a midnight that is exact.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from features.facts import Facts

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


def window_sums(facts: Facts, moments: Moments, windows: Iterable[int | None]) -> dict[int | None, Ints]:
    """For each window, in days, the sums of all measures of `facts` at all moments: (k, q) int64.

    The window None has no beginning.
    """
    entered = np.maximum(facts.clock, facts.known)
    enter = moments.places(facts.merchant, entered)
    return {days: _sums(facts, moments, enter, entered, days) for days in windows}


def _sums(facts: Facts, moments: Moments, enter: Ints, entered: Ints, days: int | None) -> Ints:
    left = np.full_like(entered, _SHIFT) if days is None else np.maximum(facts.clock + days, entered)
    leave = moments.places(facts.merchant, left)
    sums = np.zeros((len(facts.measures), len(moments) + 1), dtype=np.int64)
    for row, amounts in zip(sums, facts.amounts, strict=True):
        np.add.at(row, enter, amounts)
        np.subtract.at(row, leave, amounts)
    return np.cumsum(sums, axis=1)[:, :-1]


def _pairs(merchant: Ints, day: Ints) -> Ints:
    """Merchant and day as one number that sorts like the pair."""
    return (merchant << _BITS) + (day + _SHIFT)
