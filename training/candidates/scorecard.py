"""A scorecard that people can read: a few bins for each of a few inputs, and the points of each bin.

Bins come from `optbinning` (Navas-Palencia 2020): those of the greatest information value whose risk rises the way the
catalogue says. A table's words fall into groups of like risk; each word is an input, which adds its group's points.
Each bin's weight of evidence enters a logistic regression that may turn none of them round.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from scoring.linear import Bins, Linear
from training.candidates.bounded import bounded_logistic
from training.dataset import Dataset
from training.recipe import Scorecard as Settings

__all__ = ["Scorecard"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_TREND = {"higher": "ascending", "lower": "descending", "neither": "auto"}

#: An input that tells less (information value) is left out, as is one that says what a better one has said (own
#: proposals; 0.02 is the field's customary floor, Siddiqi 2006).
_LEAST_VALUE, _MOST_ALIKE = 0.02, 0.85
#: A bin's share of bad rows is drawn to everybody's as by so many rows more.
_PRIOR_ROWS = 20.0
#: Weights of evidence are log-odds already: the regression only says how much of each is not told by another.
_L2 = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Binned:
    """An input's bins: edges, each bin's weight of evidence towards bad, the rows' bins (n,), information value.

    Of words, `columns` are one input for each and the evidence is theirs, without edges.
    """

    columns: tuple[int, ...]
    edges: Floats
    evidence: Floats
    bins: Ints
    value: float

    @property
    def seen(self) -> Floats:
        """The weight of evidence of each row, (n,)."""
        return np.asarray(self.evidence[self.bins])

    def terms(self, names: Sequence[str], share: float) -> Iterator[Bins]:
        """What a bundle holds for such a share of the evidence; a word that was never seen adds nothing."""
        points = (share * self.evidence).tolist()
        if len(self.edges):
            yield Bins(feature=names[self.columns[0]], edges=tuple(self.edges.tolist()), values=tuple(points))
            return
        for column, value in zip(self.columns, points, strict=True):
            yield Bins(feature=names[column], edges=(0.5,), values=(0.0, value))


class Scorecard:
    """Log-odds of bad as a sum of the points of the bins that the inputs lie in."""

    kind: Literal["points"] = "points"

    def __init__(
        self,
        settings: Settings,
        *,
        names: Sequence[str],
        riskier: Sequence[str],
        words: Sequence[tuple[int, ...]] = (),
    ) -> None:
        self.settings = settings
        self.names = names
        self.riskier = riskier
        self.words = words

    def fit(self, rows: Dataset) -> Self:
        """Learn from rows whose inputs are in the order of `names`."""
        chosen = self._chosen(rows)
        seen = np.column_stack([one.seen for one in chosen]) if chosen else np.zeros((len(rows), 0))
        signs = np.ones(len(chosen), dtype=np.int64)
        self.intercept_, shares = bounded_logistic(seen, rows.y, rows.weight, l2=_L2, signs=signs)
        self.columns_ = [column for one in chosen for column in one.columns]
        self.terms_ = tuple(
            term for one, share in zip(chosen, shares.tolist(), strict=True) for term in one.terms(self.names, share)
        )
        return self

    def log_odds(self, X: Floats) -> Floats:
        """Raw log-odds (n,) of being bad for inputs (n, k)."""
        total = np.full(len(X), self.intercept_)
        for column, term in zip(self.columns_, self.terms_, strict=True):
            total += np.array(term.values)[np.searchsorted(term.edges, X[:, column], side="right")]
        return total

    @property
    def files_(self) -> dict[str, bytes]:
        """The bins and their points as the file of a bundle."""
        return {"points.json": Linear(intercept=self.intercept_, terms=self.terms_).pack()}

    def _chosen(self, rows: Dataset) -> list[_Binned]:
        """The inputs that tell most, none of which says again what a better one says."""
        worded = {column for columns in self.words for column in columns}
        binned = [self._binned(rows, column) for column in range(len(self.names)) if column not in worded]
        binned += [self._grouped(rows, columns) for columns in self.words]
        chosen: list[_Binned] = []
        for one in sorted(filter(None, binned), key=lambda one: (-one.value, one.columns)):
            alike = (abs(np.corrcoef(one.seen, other.seen)[0, 1]) for other in chosen)
            if one.value >= _LEAST_VALUE and all(share < _MOST_ALIKE for share in alike):
                chosen.append(one)
            if len(chosen) == self.settings.inputs:
                break
        return chosen

    def _binned(self, rows: Dataset, column: int) -> _Binned | None:
        """An input's bins; None where it has but one."""
        values, riskier = rows.X[:, column], self.riskier[column]
        edges = self._edges(values, rows, riskier)
        if not len(edges):
            return None
        bins = np.searchsorted(edges, values, side="right")
        evidence, told = _evidence(rows, bins, len(edges) + 1)
        evidence = _rising(evidence, riskier)
        if np.ptp(evidence) == 0:
            return None
        return _Binned(columns=(column,), edges=edges, evidence=evidence, bins=bins, value=float(told @ evidence))

    def _grouped(self, rows: Dataset, columns: tuple[int, ...]) -> _Binned | None:
        """The groups of a column's words; None where it has but one. Of `columns` each row has a 1 in one."""
        words = np.argmax(rows.X[:, columns], axis=1)
        group = self._groups(words, rows, len(columns))
        evidence, told = _evidence(rows, group[words], int(group.max()) + 1)
        if np.ptp(evidence) == 0:
            return None
        return _Binned(
            columns=columns, edges=np.zeros(0), evidence=evidence[group], bins=words, value=float(told @ evidence)
        )

    def _groups(self, words: Ints, rows: Dataset, count: int) -> Ints:
        """The group of each of so many words, (count,)."""
        binning = self._binning(rows, words, dtype="categorical")
        group = np.zeros(count, dtype=np.int64)
        for number, some in enumerate(binning.splits):
            group[np.asarray(some, dtype=np.int64)] = number
        return group

    def _edges(self, values: Floats, rows: Dataset, riskier: str) -> Floats:
        different, counts = np.unique(values, return_counts=True)
        if len(different) < 3:
            # Between two values there is one edge to look for.
            enough = len(different) == 2 and counts.min() >= self.settings.least_share * len(values)
            return np.array([different.mean()]) if enough else np.zeros(0)
        binning = self._binning(rows, values, dtype="numerical", monotonic_trend=_TREND[riskier])
        return np.asarray(binning.splits, dtype=np.float64)

    def _binning(self, rows: Dataset, values: Floats | Ints, **asked: str) -> Any:
        """The best bins of values (n,)."""
        # It takes seconds to import, and only who trains needs it.
        from optbinning import OptimalBinning

        binning = OptimalBinning(max_n_bins=self.settings.bins, min_bin_size=self.settings.least_share, **asked)
        return binning.fit(values, rows.y, sample_weight=rows.weight)


def _evidence(rows: Dataset, bins: Ints, count: int) -> tuple[Floats, Floats]:
    """The weight of evidence of each of so many bins, and by how much more of the bad ones lie in it, (count,) each."""
    bad = np.bincount(bins, weights=rows.weight * rows.y, minlength=count)
    good = np.bincount(bins, weights=rows.weight * (1 - rows.y), minlength=count)
    share = bad.sum() / (bad.sum() + good.sum())
    drawn = (bad + _PRIOR_ROWS * share) / (good + _PRIOR_ROWS * (1 - share))
    return np.log(drawn) - np.log(share / (1 - share)), bad / bad.sum() - good / good.sum()


def _rising(evidence: Floats, riskier: str) -> Floats:
    """The same, held where drawing small bins to the mean has turned two of them round."""
    if riskier == "neither":
        return evidence
    return np.maximum.accumulate(evidence) if riskier == "higher" else np.maximum.accumulate(evidence[::-1])[::-1]
