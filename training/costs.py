"""What a model's answers cost: three ways to treat a merchant, and a cut-off for each.

A row is let in, refused or looked at by a person, whichever is expected to cost least: `p * missed`, `(1 - p) *
refused` or `review` (a person is taken to find the truth). Source: design note 8, thresholds by cost.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.recipe import Costs

__all__ = ["Cutoffs", "cost_metrics", "cost_per_row", "cutoffs", "precision_at"]

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutoffs:
    """Probabilities: from `review` on a person looks, from `refuse` on the answer is no; equal where nobody looks."""

    review: float
    refuse: float


def cutoffs(costs: Costs) -> Cutoffs:
    """Where the cheapest answer changes.

    >>> cutoffs(Costs(missed=10.0, refused=2.0, review=0.5, capacity=20))
    Cutoffs(review=0.05, refuse=0.75)
    >>> cutoffs(Costs(missed=1.0, refused=1.0, review=0.9, capacity=20))
    Cutoffs(review=0.5, refuse=0.5)
    """
    even = costs.refused / (costs.missed + costs.refused) if costs.missed + costs.refused else 1.0
    low = costs.review / costs.missed if costs.missed else 1.0
    high = 1 - costs.review / costs.refused if costs.refused else 0.0
    return Cutoffs(review=low, refuse=high) if low < high else Cutoffs(review=even, refuse=even)


def cost_per_row(y: Labels, p: Floats, weight: Floats, costs: Costs, at: Cutoffs | None = None) -> float:
    """The mean cost of a row (n,) when each is treated by its probability at these cut-offs (default: the cheapest)."""
    cut = at or cutoffs(costs)
    missed, refused = np.where(y == 1, costs.missed, 0.0), np.where(y == 1, 0.0, costs.refused)
    cost = np.where(p >= cut.refuse, refused, np.where(p >= cut.review, costs.review, missed))
    return float(np.average(cost, weights=weight))


def precision_at(y: Labels, p: Floats, weight: Floats, count: float) -> float:
    """The share of bad rows among the `count` riskiest (weighed rows); ties share what is left.

    >>> y, p = np.array([1, 0, 1, 0], dtype=np.int8), np.array([0.9, 0.8, 0.7, 0.1])
    >>> precision_at(y, p, np.ones(4), 2)
    0.5
    """
    order = np.argsort(-p, kind="stable")
    y, p, weight = y[order], p[order], weight[order]
    last = np.append(np.diff(p) != 0, True)
    rows, bad = np.append(0.0, np.cumsum(weight)[last]), np.append(0.0, np.cumsum(weight * y)[last])
    taken = min(count, float(rows[-1]))
    return float(np.interp(taken, rows, bad) / taken) if taken else float("nan")


def cost_metrics(costs: Costs) -> Mapping[str, Callable[[Labels, Floats, Floats], float]]:
    """The figures that hang on what answers cost, and on how many rows people can look at."""
    looks = min(1.0, _DAYS * costs.capacity / 1000)
    return {
        "cost_per_row": lambda y, p, weight: cost_per_row(y, p, weight, costs),
        "precision_at_capacity": lambda y, p, weight: precision_at(y, p, weight, looks * float(weight.sum())),
    }


#: Of a month; rows are merchants at the beginnings of months.
_DAYS = 30
