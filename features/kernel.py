"""The kernel: what was counted within a window, for many merchants and moments at once.

A fact enters a window of n days when it is both past and known, at `max(clock, known)`, and leaves it when its
clock is n days old. A fact known only after that never enters. So a window's sum at a moment is the sum of
what has entered by then less the sum of what has left, and both are prefix sums over the moments: no join, no
window is ever walked through. Facts and moments are in whole days; at a midnight that is exact.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.facts import Facts
from features.measures import Days, Measure, Number
from features.tiles import by_day

__all__ = ["Moments", "Windows", "window_sums", "windows_of"]

Ints = npt.NDArray[np.int64]

#: Measures with the windows in which they are asked for (days; None = since ever).
Windows = Mapping[Measure, Sequence[int | None]]

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

    def lookup(self, merchant: Ints) -> Callable[[Ints], Ints]:
        """For days of these merchants (n,): how many moments are no later than each, in the order of the pairs.

        A merchant without moments may get any one place, whatever the day: its facts cancel out there.
        """
        if self._table is None:
            pairs = _pairs(self.merchant, self.day)
            return lambda day: np.asarray(np.searchsorted(pairs, _pairs(merchant, day), side="right"))
        table = self._table
        row = self._row_of[np.minimum(merchant, len(self._row_of) - 1)] * self._span
        return lambda day: np.asarray(table[row + np.clip(day - (self._first - 1), 0, self._span - 1)])

    def _tabulate(self) -> None:
        """Every answer of `lookup` within the moments' days: a look-up is several times faster than a search."""
        own, row = np.unique(self.merchant, return_inverse=True)
        cells = row * self._span + self.day - (self._first - 1)
        counts = np.bincount(cells, minlength=(len(own) + 1) * self._span)
        self._table = np.cumsum(counts).astype(np.int32)
        # The row after the last, where every place is the same, is that of merchants without moments.
        self._row_of = np.full(int(own.max(initial=-1)) + 2, len(own))
        self._row_of[own] = np.arange(len(own))


def windows_of(numbers: Iterable[Number]) -> Windows:
    """In which windows each measure is asked for."""
    windows: dict[Measure, list[int | None]] = {}
    for measure, days in dict.fromkeys(numbers):
        windows.setdefault(measure, []).append(days)
    return windows


def window_sums(facts: Facts, moments: Moments, windows: Windows, *, more: int = 0) -> dict[Number, Ints]:
    """The numbers that are of the facts' measures, at all moments: (q,) int64 each.

    With `more`, every window is so many days longer than it says.
    """
    own = {measure: windows[measure] for measure in facts.measures if measure in windows}
    plain = {measure: days for measure, days in own.items() if not isinstance(measure.amount, Days)}
    sums = _sums(facts, moments, plain, more)
    for measure in (one for one in own if one not in plain):
        sums |= _sums(by_day(facts, measure), moments, {measure: own[measure]}, more)
    return sums


def _sums(facts: Facts, moments: Moments, windows: Windows, more: int) -> dict[Number, Ints]:
    """Sums of facts as they stand."""
    # Most rows of amounts are mostly zeros; what enters is the same for every window.
    rows = {name: _Row.of(own) for name, own in zip(facts.measures, facts.amounts, strict=True) if name in windows}
    place, entered = moments.lookup(facts.merchant), np.maximum(facts.clock, facts.known)
    enter, leave = place(entered), dict[int | None, Ints]()
    for days in dict.fromkeys(days for measure in rows for days in windows[measure]):
        left = np.full_like(entered, _SHIFT) if days is None else np.maximum(facts.clock + days + more, entered)
        leave[days] = place(left)
    sums: dict[Number, Ints] = {}
    for measure, row in rows.items():
        inside = row.booked(enter, len(moments))
        for days in windows[measure]:
            sums[measure, days] = np.cumsum(inside - row.booked(leave[days], len(moments)))[:-1]
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
