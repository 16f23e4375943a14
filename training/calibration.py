"""Calibration: turning raw log-odds into honest ones, without ever seeing the test.

The line is fitted on cross-fitted logits: each training row is judged by a model that never saw its merchant.
Platt keeps the order of merchants, so it costs no rank; isotonic ties rows together and costs average precision.
Source: Platt 1999; design note 8, measured on six public credit sets.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from training.dataset import Dataset

__all__ = ["Learner", "Line", "cross_fitted_logits", "merchant_folds", "platt", "probability"]

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]

#: A model that ranks backwards is kept almost flat instead, so that a report can say how bad it is.
_FLATTEST = 0.05


class Learner(Protocol):
    """What every candidate offers: learn from rows, then give raw log-odds of being bad, (n,)."""

    def fit(self, rows: Dataset) -> "Learner":
        """Learn from rows, each counting what it weighs."""
        ...

    def log_odds(self, X: Floats) -> Floats:
        """Raw log-odds of being bad for inputs (n, k)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Calibrated log-odds = slope * raw + intercept."""

    slope: float
    intercept: float

    def __call__(self, logits: Floats) -> Floats:
        """Calibrated log-odds of raw ones, both (n,)."""
        return self.slope * logits + self.intercept


def probability(log_odds: Floats) -> Floats:
    """Probabilities of log-odds.

    >>> [round(float(p), 3) for p in probability(np.array([0.0, np.log(3)]))]
    [0.5, 0.75]
    """
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * log_odds)), dtype=np.float64)


def platt(logits: Floats, y: Labels, weight: Floats | None = None, *, rounds: int = 50) -> Line:
    """The straight line through log-odds with the greatest likelihood, rows weighed, by Newton's method.

    Labels are softened to (bad + 1) / (bad + 2) and 1 / (good + 2) as Platt does, so the line stays finite when
    the logits separate the classes.

    >>> logits = np.log(np.repeat([0.1 / 0.9, 0.5 / 0.5], 1000))
    >>> y = np.repeat(np.array([1, 0, 1, 0], dtype=np.int8), [100, 900, 500, 500])
    >>> line = platt(logits, y)
    >>> round(line.slope, 2), round(abs(line.intercept), 2)
    (1.0, 0.0)
    """
    weight = np.ones(len(y)) if weight is None else weight
    bad, every = float(weight @ y), float(weight.sum())
    goal = np.where(y == 1, (bad + 1) / (bad + 2), 1 / (every - bad + 2))
    columns = np.column_stack([logits, np.ones_like(logits)])
    beta = np.array([1.0, 0.0])
    for _ in range(rounds):
        p = probability(columns @ beta)
        # A touch of ridge keeps the step defined when all logits are the same.
        curvature = (columns * (weight * p * (1 - p))[:, None]).T @ columns + 1e-6 * np.eye(2)
        step = np.linalg.solve(curvature, columns.T @ (weight * (goal - p)))
        beta = beta + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-10:
            break
    if beta[0] < _FLATTEST:
        return Line(slope=_FLATTEST, intercept=_level(_FLATTEST * logits, goal, weight))
    return Line(slope=float(beta[0]), intercept=float(beta[1]))


def _level(logits: Floats, goal: Floats, weight: Floats) -> float:
    """What has to be added to log-odds to make their mean probability that of the goals."""
    share = np.average(goal, weights=weight)
    low, high = -50.0, 50.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if np.average(probability(logits + middle), weights=weight) < share else (low, middle)
        )
    return (low + high) / 2


def merchant_folds(merchants: npt.NDArray[np.object_], y: Labels, *, folds: int) -> npt.NDArray[np.int64]:
    """A fold number per row (n,): merchants stay whole, and those that were ever bad are dealt out evenly.

    Merchants are dealt by a hash of their id, so neither the order of rows nor the process changes a fold.
    """
    ids, index = np.unique(merchants.astype(str), return_inverse=True)
    ever_bad = np.bincount(index, weights=y, minlength=len(ids)) > 0
    shuffled = sorted(range(len(ids)), key=lambda at: (bool(ever_bad[at]), _hash(str(ids[at]))))
    fold_of = np.empty(len(ids), dtype=np.int64)
    fold_of[shuffled] = np.arange(len(ids)) % folds
    return np.asarray(fold_of[index], dtype=np.int64)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def cross_fitted_logits(make: Callable[[], Learner], rows: Dataset, fold: npt.NDArray[np.int64]) -> Floats:
    """Raw log-odds (n,) of every row from a learner that saw none of the row's fold.

    A fold whose other side holds a single kind of label teaches nothing; its rows stay NaN and calibrate nothing.
    """
    logits = np.full(len(rows), np.nan)
    for number in np.unique(fold):
        away, here = fold != number, fold == number
        if len(np.unique(rows.y[away])) == 2:
            logits[here] = make().fit(rows.where(away)).log_odds(rows.X[here])
    return logits
