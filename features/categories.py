"""What crosses merchants by category: the sums of all merchants of one, and how far these differ from each other.

A fact belongs to the category that its merchant was known by when the fact entered; facts of merchants without
one belong to everybody only. Sums are whole numbers, so parts may be added in any order.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from features.catalogue.merchant import CATEGORY
from features.facts import Facts
from features.kernel import Moments, Windows, window_sums, windows_of
from features.measures import Number
from features.strength import Spread, month_of, spread_of, strengths

__all__ = ["CategorySums", "Rate", "RateSpreads"]

Ints = npt.NDArray[np.int64]

#: What a rate counts, and by what it divides, within the window in which merchants are compared.
Rate = tuple[Number, Number]

_LATEST, _NAMED = (measure for measure, _ in CATEGORY.numbers(None))


class CategorySums:
    """Numbers by category at some days (d,): filled part by part, then asked for rows."""

    def __init__(self, days: Ints) -> None:
        self.days = days
        self._sums: dict[Number, Ints] = {}

    def add(self, resolved: Iterable[Facts], numbers: Iterable[Number]) -> None:
        """Take in the facts of a part's merchants."""
        every = list(resolved)
        categories = next(facts for facts in every if _LATEST in facts.measures)
        windows = windows_of(numbers)
        for facts in every:
            if not windows.keys().isdisjoint(facts.measures):
                self._add(_by_category(facts, categories), windows)

    def tables(self, numbers: Iterable[Number]) -> list[Ints]:
        """Some numbers as they were added up, (categories, d) each: one that was not has no rows."""
        return [self._sums.get(number, np.zeros((0, len(self.days)), dtype=np.int64)) for number in numbers]

    def plus(self, numbers: Iterable[Number], tables: Iterable[Ints]) -> None:
        """Take in such tables, which were added up elsewhere at the same days and under the same lexicon."""
        for number, sums in zip(numbers, tables, strict=True):
            self._sums[number] = _added(self._sums.get(number), sums)

    def of(self, number: Number, category: Ints, day: Ints) -> Ints:
        """A number of each row's category (by its lexicon number; -1 = none, which answers 0)."""
        sums = self._sums[number]
        known = (category >= 0) & (category + 1 < len(sums))
        at = np.where(known, category + 1, 0)
        return np.where(known, sums[at, np.searchsorted(self.days, day)], 0)

    def of_everybody(self, number: Number, day: Ints) -> Ints:
        """A number of all merchants together."""
        return np.asarray(self._sums[number].sum(axis=0)[np.searchsorted(self.days, day)])

    def _add(self, facts: Facts, windows: Windows) -> None:
        count = int(facts.merchant.max(initial=0)) + 1
        merchant = np.repeat(np.arange(count), len(self.days))
        moments = Moments(merchant=merchant, day=np.tile(self.days, count))
        for number, sums in window_sums(facts, moments, windows).items():
            self._sums[number] = _added(self._sums.get(number), sums.reshape(count, len(self.days)))


def _by_category(facts: Facts, categories: Facts) -> Facts:
    """The same facts under their category's number + 1, or 0 where there is none."""
    order = np.argsort(_pairs(categories.merchant, categories.known))
    steps = _pairs(categories.merchant, categories.known)[order]
    amounts = categories.amounts[:, order]
    so_far = np.concatenate([np.zeros((len(amounts), 1), dtype=np.int64), np.cumsum(amounts, axis=1)], axis=1)
    # What merchants before it were told adds up to nothing of its own: only its steps up to the fact's entry count.
    until = np.searchsorted(steps, _pairs(facts.merchant, np.maximum(facts.clock, facts.known)), side="right")
    begin = np.searchsorted(steps, _pairs(facts.merchant, np.full_like(facts.clock, -_FAR)))
    said, named = (so_far[row, until] - so_far[row, begin] for row in map(categories.measures.index, (_LATEST, _NAMED)))
    return Facts(
        merchant=np.where(named > 0, said + 1, 0),
        clock=facts.clock, known=facts.known, amounts=facts.amounts, measures=facts.measures,
    )  # fmt: skip


#: Further from 1970, in days, than any day that can be written.
_FAR = 2**22


def _pairs(merchant: Ints, day: Ints) -> Ints:
    return (merchant << 24) + day + _FAR


def _added(before: Ints | None, more: Ints) -> Ints:
    if before is None:
        return more
    count = max(len(before), len(more))
    total = np.zeros((count, more.shape[1]), dtype=np.int64)
    total[: len(before)] += before
    total[: len(more)] += more
    return total


class RateSpreads:
    """How far merchants' rates differ, as of the months that some days are in: filled part by part, then asked."""

    def __init__(self, days: Ints) -> None:
        self.months = np.unique(month_of(days))
        self._spreads: dict[Rate, Spread] = {}

    def add(self, resolved: Iterable[Facts], rates: Sequence[Rate]) -> None:
        """Take in the facts of a part's merchants."""
        every = list(resolved)
        merchants = np.unique(np.concatenate([facts.merchant for facts in every]))
        windows = windows_of([*(number for rate in rates for number in rate), (_LATEST, None), (_NAMED, None)])
        sums = {number: found for facts in every for number, found in self._sums(facts, merchants, windows)}
        group = np.where(sums[_NAMED, None] > 0, sums[_LATEST, None] + 1, 0)
        for of, per in rates:
            self._add((of, per), spread_of(sums[of], sums[per], group))

    def tables(self, rates: Iterable[Rate]) -> list[Ints]:
        """The spreads of some rates as they were added up, (categories, months) each, one after the other."""
        nothing = np.zeros((0, len(self.months)), dtype=np.int64)
        none = Spread(**dict.fromkeys(Spread.COLUMNS, nothing))
        return [getattr(self._spreads.get(rate, none), name) for rate in rates for name in Spread.COLUMNS]

    def plus(self, rates: Iterable[Rate], tables: Iterable[Ints]) -> None:
        """Take in such tables, which were added up elsewhere for the same days and under the same lexicon."""
        every = iter(tables)
        for rate in rates:
            self._add(rate, Spread(**{name: next(every) for name in Spread.COLUMNS}))

    def of(self, rate: Rate, day: Ints, *, default: float) -> npt.NDArray[np.float64]:
        """How many things of evidence the category's rate weighs, on each day (n,)."""
        found = strengths(self._spreads[rate], default=default)
        return found[np.searchsorted(self.months, month_of(day))]

    def _add(self, rate: Rate, spread: Spread) -> None:
        before = self._spreads.get(rate)
        self._spreads[rate] = spread if before is None else before.plus(spread)

    def _sums(self, facts: Facts, merchants: Ints, windows: Windows) -> Iterable[tuple[Number, Ints]]:
        shape = (len(merchants), len(self.months))
        moments = Moments(merchant=np.repeat(merchants, shape[1]), day=np.tile(self.months, shape[0]))
        return [(number, sums.reshape(shape)) for number, sums in window_sums(facts, moments, windows).items()]
