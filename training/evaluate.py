"""Evaluation: how well probabilities rank and mean what they say, with intervals by merchant.

Every metric takes labels (n,), 1 = bad, probabilities (n,), higher = riskier, and weights (n,), which the
bootstrap uses to count a merchant several times. Ties are treated as one threshold, never broken by row order.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

__all__ = [
    "METRICS",
    "MOST_OFF",
    "Evaluation",
    "Figure",
    "auc",
    "average_precision",
    "brier",
    "curves",
    "difference",
    "ece",
    "ece_by_chance",
    "evaluate",
    "figure_of",
    "gini",
    "ks",
    "log_loss",
    "recall_at_1_fpr",
    "recall_at_5_fpr",
    "resampled",
    "verdict",
]

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]
Metric = Callable[[Labels, Floats, Floats], float]
#: Recall, false-positive rate and precision, (t,) each.
Curves = tuple[Floats, Floats, Floats]

#: Beyond what chance shows on so many rows (`ece_by_chance`), probabilities may be off by so much (design 6-goals).
MOST_OFF = 0.03

#: Two-sided intervals hold this share of the bootstrap's figures.
COVERAGE = 0.95


def curves(y: Labels, p: Floats, weight: Floats) -> Curves:
    """Recall, false-positive rate and precision at each threshold, from the riskiest down, with (0, 0, 1) before."""
    order = np.argsort(-p, kind="stable")
    return _curves(y[order], weight[order], np.append(np.diff(p[order]) != 0, True))


def _curves(y: Labels, weight: Floats, last: npt.NDArray[np.bool_]) -> Curves:
    """The same of rows that are in order, riskiest first; `last` (n,) tells the last of equal ones."""
    caught, wrong = np.cumsum(y * weight)[last], np.cumsum((1 - y) * weight)[last]
    with np.errstate(invalid="ignore", divide="ignore"):
        recall, fpr = caught / caught[-1], wrong / wrong[-1]
        precision = np.where(caught + wrong > 0, caught / (caught + wrong), 1.0)
    return np.append(0.0, recall), np.append(0.0, fpr), np.append(1.0, precision)


def auc(y: Labels, p: Floats, weight: Floats) -> float:
    """Area under the ROC curve: how often a bad row is rated riskier than a good one, ties half (Hanley 1982).

    >>> y, p = np.array([1, 0, 1, 0], dtype=np.int8), np.array([0.9, 0.8, 0.7, 0.1])
    >>> auc(y, p, np.ones(4))
    0.75
    """
    return _area(curves(y, p, weight))


def ks(y: Labels, p: Floats, weight: Floats) -> float:
    """Kolmogorov-Smirnov: the greatest distance between recall and false-positive rate.

    >>> y, p = np.array([1, 0, 1, 0], dtype=np.int8), np.array([0.9, 0.8, 0.7, 0.1])
    >>> ks(y, p, np.ones(4))
    0.5
    """
    return _gap(curves(y, p, weight))


def average_precision(y: Labels, p: Floats, weight: Floats) -> float:
    """Precision averaged over the recall gained at each threshold; chance is the share of bad rows.

    >>> y, p = np.array([1, 0, 1, 0], dtype=np.int8), np.array([0.9, 0.8, 0.7, 0.1])
    >>> round(average_precision(y, p, np.ones(4)), 4)  # (1/1 + 2/3) / 2
    0.8333
    """
    return _mean_precision(curves(y, p, weight))


def gini(y: Labels, p: Floats, weight: Floats) -> float:
    """Gini coefficient, 2 AUC - 1: 0 = chance.

    >>> y, p = np.array([1, 0, 1, 0], dtype=np.int8), np.array([0.9, 0.8, 0.7, 0.1])
    >>> gini(y, p, np.ones(4))
    0.5
    """
    return 2 * _area(curves(y, p, weight)) - 1


def recall_at_1_fpr(y: Labels, p: Floats, weight: Floats) -> float:
    """Share of bad rows caught at the last threshold that wrongs at most 1 % of the good ones.

    >>> recall_at_1_fpr(np.array([1, 0], dtype=np.int8), np.array([0.9, 0.8]), np.ones(2))
    1.0
    """
    return _recall_at(0.01, curves(y, p, weight))


def recall_at_5_fpr(y: Labels, p: Floats, weight: Floats) -> float:
    """Share of bad rows caught at the last threshold that wrongs at most 5 % of the good ones.

    >>> y = np.array([1, 1, 0, 1] + [0] * 19, dtype=np.int8)
    >>> p = np.append([0.9, 0.8, 0.7, 0.6], np.full(19, 0.1))
    >>> round(recall_at_5_fpr(y, p, np.ones(23)), 4)  # one of 20 good rows wronged, all three bad ones caught
    1.0
    """
    return _recall_at(0.05, curves(y, p, weight))


def _area(drawn: Curves) -> float:
    recall, fpr, _ = drawn
    return float(np.trapezoid(recall, fpr))


def _gap(drawn: Curves) -> float:
    recall, fpr, _ = drawn
    return float(np.max(recall - fpr))


def _mean_precision(drawn: Curves) -> float:
    recall, _, precision = drawn
    return float(np.sum(np.diff(recall) * precision[1:]))


def _recall_at(share: float, drawn: Curves) -> float:
    recall, fpr, _ = drawn
    # The tolerance keeps 1 of 20 inside 5 % although neither number is exact in binary.
    allowed = recall[fpr <= share + 1e-9]
    return float(allowed.max()) if len(allowed) and not np.isnan(recall[-1]) else float("nan")


def brier(y: Labels, p: Floats, weight: Floats) -> float:
    """Mean squared distance between probability and what happened (Brier 1950); 0 = perfect.

    >>> brier(np.array([1, 0], dtype=np.int8), np.array([0.5, 0.5]), np.ones(2))
    0.25
    """
    return float(np.average((p - y) ** 2, weights=weight))


def log_loss(y: Labels, p: Floats, weight: Floats) -> float:
    """Mean negative log-likelihood; a sure answer that is wrong costs as much as one held 1e-15 off.

    >>> round(log_loss(np.array([1, 0], dtype=np.int8), np.array([0.5, 0.5]), np.ones(2)), 4)
    0.6931
    """
    held = np.clip(p, 1e-15, 1 - 1e-15)
    return float(np.average(-np.where(y == 1, np.log(held), np.log1p(-held)), weights=weight))


def ece(y: Labels, p: Floats, weight: Floats) -> float:
    """Expected calibration error over ten bins of equal count, equal probabilities kept together; 0 = perfect.

    Equal counts are the harder test when bad rows are rare: with equal widths nearly all rows share one bin.
    Read it beside `ece_by_chance`: few rows show an error even when nothing is wrong.

    >>> y = np.array([1, 0, 0, 0, 1, 1, 1, 0], dtype=np.int8)
    >>> p = np.array([0.2] * 4 + [0.7] * 4)
    >>> round(ece(y, p, np.ones(8)), 4)  # both bins are 0.05 off
    0.05
    """
    return _off(y, p, weight, _bins(p))


def _off(y: Labels, p: Floats, weight: Floats, bins: npt.NDArray[np.int64]) -> float:
    total = np.bincount(bins, weights=weight)
    off = np.abs(np.bincount(bins, weights=(p - y) * weight))
    return float(off.sum() / total.sum())


def _bins(p: Floats, count: int = 10) -> npt.NDArray[np.int64]:
    """The bin of every row by the middle rank of its probability."""
    _, index, rows = np.unique(p, return_inverse=True, return_counts=True)
    middle = np.cumsum(rows) - rows / 2
    return np.minimum((middle / len(p) * count).astype(np.int64), count - 1)[index]


def ece_by_chance(p: Floats, *, seed: int = 0, times: int = 200) -> float:
    """The mean calibration error that perfectly calibrated probabilities (n,) show by chance on so many rows.

    A measured error near this one is no evidence of miscalibration.

    >>> round(ece_by_chance(np.full(400, 0.5)), 2)  # sqrt(0.25 / 400) * sqrt(2 / pi), all rows being one bin
    0.02
    """
    random, ones = np.random.default_rng(seed), np.ones(len(p))
    return float(np.mean([ece((random.random(len(p)) < p).astype(np.int8), p, ones) for _ in range(times)]))


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "auc": auc,
        "gini": gini,
        "ks": ks,
        "ap": average_precision,
        "log_loss": log_loss,
        "brier": brier,
        "ece": ece,
        "recall_at_1_fpr": recall_at_1_fpr,
        "recall_at_5_fpr": recall_at_5_fpr,
    }
)

#: What bootstrap samples of the same rows have in common is worked out once: the curves give these.
_OF_CURVES: Mapping[Metric, Callable[[Curves], float]] = MappingProxyType(
    {
        auc: _area,
        gini: lambda drawn: 2 * _area(drawn) - 1,
        ks: _gap,
        average_precision: _mean_precision,
        recall_at_1_fpr: lambda drawn: _recall_at(0.01, drawn),
        recall_at_5_fpr: lambda drawn: _recall_at(0.05, drawn),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A value with its bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """All metrics of one set of probabilities on one set of rows."""

    rows: int
    bad: int
    merchants: int
    figures: Mapping[str, Figure]


def resampled(merchants: npt.NDArray[np.object_], *, times: int, seed: int) -> Iterator[Floats]:
    """Row weights (n,) of bootstrap samples that draw whole merchants, since a merchant's months are kin."""
    ids, index = np.unique(merchants.astype(str), return_inverse=True)
    random = np.random.default_rng(seed)
    for _ in range(times):
        drawn = np.bincount(random.integers(0, len(ids), len(ids)), minlength=len(ids))
        yield drawn[index].astype(np.float64)


def figure_of(value: float, samples: list[float]) -> Figure:
    """A value with the interval of its bootstrap samples, those that could not be computed left out."""
    known = np.array([sample for sample in samples if not np.isnan(sample)])
    if len(known) == 0:
        return Figure(value=value, low=float("nan"), high=float("nan"))
    low, high = np.quantile(known, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return Figure(value=value, low=float(low), high=float(high))


def evaluate(
    y: Labels,
    p: Floats,
    merchants: npt.NDArray[np.object_],
    *,
    metrics: Mapping[str, Metric] = METRICS,
    resamples: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """Every metric of probabilities p (n,) for labels y (n,), with intervals clustered by merchant (n,).

    A metric that needs both kinds of label is NaN where only one is there.
    """
    order = np.argsort(-p, kind="stable")
    y, p, merchants = y[order], p[order], merchants[order]
    measure = _measure(y, p, metrics)
    drawn = [measure(weight) for weight in resampled(merchants, times=resamples, seed=seed)]
    values = measure(np.ones(len(y)))
    figures = {name: figure_of(values[name], [one[name] for one in drawn]) for name in metrics}
    count = len(np.unique(merchants.astype(str)))
    return Evaluation(rows=len(y), bad=int(y.sum()), merchants=count, figures=MappingProxyType(figures))


def _measure(y: Labels, p: Floats, metrics: Mapping[str, Metric]) -> Callable[[Floats], dict[str, float]]:
    """What measures rows that are in order, riskiest first, for one weight (n,) after another."""
    last, bins = np.append(np.diff(p) != 0, True), _bins(p)

    def measured(weight: Floats) -> dict[str, float]:
        drawn = _curves(y, weight, last)
        return {name: one(metric, drawn, weight) for name, metric in metrics.items()}

    def one(metric: Metric, drawn: Curves, weight: Floats) -> float:
        if metric in _OF_CURVES:
            return _OF_CURVES[metric](drawn)
        return _off(y, p, weight, bins) if metric is ece else metric(y, p, weight)

    return measured


def difference(
    y: Labels,
    p: Floats,
    other: Floats,
    merchants: npt.NDArray[np.object_],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Figure:
    """AUC of p minus AUC of other, probabilities (n,) judged on the same rows and the same resamples (paired)."""
    mine, theirs = _areas(y, p), _areas(y, other)
    samples = [mine(weight) - theirs(weight) for weight in resampled(merchants, times=resamples, seed=seed)]
    ones = np.ones(len(y))
    return figure_of(mine(ones) - theirs(ones), samples)


def _areas(y: Labels, p: Floats) -> Callable[[Floats], float]:
    """The AUC of the same rows for one weight (n,) after another."""
    order = np.argsort(-p, kind="stable")
    sorted_y, last = y[order], np.append(np.diff(p[order]) != 0, True)
    return lambda weight: _area(_curves(sorted_y, weight[order], last))


def verdict(gain: Figure, against: str = "the shrunk rate") -> str:
    """What the difference in AUC between a model and its baseline (`against`) means, in words.

    >>> verdict(Figure(value=0.02, low=0.01, high=0.03))
    'beats the shrunk rate'
    """
    if np.isnan(gain.value):
        return "cannot be judged: the test holds one kind of label only"
    if gain.low > 0:
        return f"beats {against}"
    if gain.high < 0:
        return f"loses to {against}: do not use"
    if gain.value >= 0:
        return f"as good as {against}; not shown to be better"
    return f"does not beat {against}: do not use"
