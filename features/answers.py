"""From facts to features: the own numbers of a spine's rows, what other merchants come to, and formulas over both."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.catalogue.feature import Context, Feature, Shrunk
from features.catalogue.merchant import CATEGORY
from features.categories import CategorySums, Rate, RateSpreads
from features.facts import Facts, Lexicon
from features.kernel import Moments, window_sums, windows_of
from features.measures import Measure, Number

__all__ = ["Others", "Own", "measures_of", "rates_of"]

Ints = npt.NDArray[np.int64]


class Others:
    """What the merchants of a category, and all together, come to at the days of a spine: filled part by part."""

    def __init__(self, days: Ints, features: Sequence[Feature]) -> None:
        self.rates = rates_of(features)
        self.numbers = _numbers(feature for feature in features if feature.shrunk)
        self.sums = CategorySums(np.unique(days))
        self.spreads = RateSpreads(days)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What must be resolved for it; nothing where no rate is drawn towards others'."""
        asked = dict.fromkeys([*self.numbers, *CATEGORY.numbers(None)]) if self.numbers else {}
        return tuple(dict.fromkeys(measure for measure, _ in asked))

    def add(self, resolved: Sequence[Facts]) -> None:
        """Take in the facts of a part's merchants."""
        if self.numbers:
            self.sums.add(resolved, self.numbers)
            self.spreads.add(resolved, self.rates)

    @property
    def tables(self) -> list[Ints]:
        """What was added up, (categories, moments) each; how many, and how wide, hangs on what is asked alone."""
        return [*self.sums.tables(self.numbers), *self.spreads.tables(self.rates)]

    def plus(self, tables: Sequence[Ints]) -> None:
        """Take in such tables, which were added up elsewhere for the same spine and under the same lexicon."""
        self.sums.plus(self.numbers, tables[: len(self.numbers)])
        self.spreads.plus(self.rates, tables[len(self.numbers) :])

    def strength(self, formula: Shrunk, days: Ints) -> npt.NDArray[np.float64]:
        """How many things of evidence the category's rate weighs, on each day (n,)."""
        return self.spreads.of(formula.rate, days, default=formula.strength)


class Own:
    """The numbers that features need of a spine's own merchants (n,), below 0 for one that is not known."""

    def __init__(self, days: Ints, merchant: Ints, features: Sequence[Feature]) -> None:
        self._days, self._merchant = days, merchant
        self._wanted = features
        needed = _needed(features)
        self._numbers: dict[Number, Ints] = {number: np.zeros(len(days), dtype=np.int64) for number in needed}
        self._windows = windows_of(needed)

    def add(self, resolved: Iterable[Facts], rows: Ints) -> None:
        """Take in facts of the merchants of some rows: all that there are of each measure."""
        moments, place = _moments(self._merchant[rows], self._days[rows])
        for facts in resolved:
            for number, sums in window_sums(facts, moments, self._windows).items():
                self._numbers[number][rows] = sums[place]

    def features(self, others: Others, lexicon: Lexicon) -> dict[str, pa.Array]:
        """Every feature (n,), once all parts are in."""
        context = self._context(others, lexicon)
        return {feature.name: feature.values(context) for feature in self._wanted}

    def _context(self, others: Others, lexicon: Lexicon) -> Context:
        latest, named = CATEGORY.numbers(None)
        drawn = bool(others.numbers)
        category = np.where(self._numbers[named] > 0, self._numbers[latest], -1) if drawn else self._merchant
        return Context(
            own=self._numbers.__getitem__,
            category=lambda number: others.sums.of(number, category, self._days),
            everybody=lambda number: others.sums.of_everybody(number, self._days),
            strength=lambda formula: others.strength(formula, self._days),
            day=self._days,
            texts=tuple(lexicon.texts),
        )


def measures_of(features: Sequence[Feature]) -> tuple[Measure, ...]:
    """Everything that must be counted for some features."""
    return tuple(dict.fromkeys(measure for measure, _ in _needed(features)))


def rates_of(features: Iterable[Feature]) -> tuple[Rate, ...]:
    """Every rate that some features draw towards others'."""
    return tuple(dict.fromkeys(f.formula.rate for f in features if isinstance(f.formula, Shrunk)))


def _needed(features: Sequence[Feature]) -> dict[Number, None]:
    drawn = any(feature.shrunk for feature in features)
    return _numbers(features) | (dict.fromkeys(CATEGORY.numbers(None)) if drawn else {})


def _numbers(features: Iterable[Feature]) -> dict[Number, None]:
    return dict.fromkeys(number for feature in features for number in feature.numbers)


def _moments(merchant: Ints, day: Ints) -> tuple[Moments, Ints]:
    """The distinct pairs, sorted, and which of them each row is."""
    order = np.lexsort((day, merchant))
    ranked = np.stack([merchant, day])[:, order]
    new = np.append(True, (ranked[:, 1:] != ranked[:, :-1]).any(axis=0))[: len(order)]
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.cumsum(new) - 1
    return Moments(merchant=ranked[0, new], day=ranked[1, new]), place
