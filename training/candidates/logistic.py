"""A plain logistic regression of all inputs, each of which may only count the way the catalogue says is riskier."""

from collections.abc import Callable, Sequence
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from scoring.linear import LEAST_SHARE, Linear, Term
from training.candidates.bounded import bounded_logistic
from training.dataset import Dataset
from training.recipe import Logistic as Settings

__all__ = ["Logistic"]

Floats = npt.NDArray[np.float64]
Transform = Literal["identity", "log_odds", "log1p"]

_SIGN = {"higher": 1, "lower": -1, "neither": 0}

#: What spreads over orders of magnitude enters by its logarithm.
_LONG_TAILED = frozenset({"count", "cents", "days", "hours", "amount"})


class Logistic:
    """Log-odds of bad as a sum over standardised inputs; shares enter by their log-odds, counts by their logarithm."""

    kind: Literal["points"] = "points"

    def __init__(
        self, settings: Settings, *, names: Sequence[str], riskier: Sequence[str], units: Sequence[str]
    ) -> None:
        self.settings = settings
        self.names = names
        self.signs = np.array([_SIGN[way] for way in riskier])
        self.transforms: tuple[Transform, ...] = tuple(map(_transform, units))

    def fit(self, rows: Dataset) -> Self:
        """Learn from rows whose inputs are in the order of `names`; an input that never changes adds nothing."""
        seen = self._seen(rows.X)
        self.center_ = np.average(seen, axis=0, weights=rows.weight)
        spread = np.sqrt(np.average((seen - self.center_) ** 2, axis=0, weights=rows.weight))
        scale = np.where(spread > 0, spread, np.inf)
        standard = (seen - self.center_) / scale
        found = bounded_logistic(standard, rows.y, rows.weight, l2=self.settings.l2, signs=self.signs)
        self.intercept_, self.coefficients_ = found[0], found[1] / scale
        return self

    def log_odds(self, X: Floats) -> Floats:
        """Raw log-odds (n,) of being bad for inputs (n, k)."""
        return np.asarray((self._seen(X) - self.center_) @ self.coefficients_ + self.intercept_)

    @property
    def files_(self) -> dict[str, bytes]:
        """The sum as the file of a bundle."""
        each = zip(self.names, self.coefficients_.tolist(), self.transforms, self.center_.tolist(), strict=True)
        terms = [
            Term(feature=name, coefficient=coefficient, transform=transform, center=center)
            for name, coefficient, transform, center in each
            if coefficient
        ]
        return {"points.json": Linear(intercept=self.intercept_, terms=tuple(terms)).pack()}

    def _seen(self, X: Floats) -> Floats:
        """The inputs as `scoring.linear.transformed` sees them, (n, k)."""
        return np.column_stack([_SEEN[how](X[:, column]) for column, how in enumerate(self.transforms)])


def _transform(unit: str) -> Transform:
    if unit == "share":
        return "log_odds"
    return "log1p" if unit in _LONG_TAILED else "identity"


def _log_odds(values: Floats) -> Floats:
    held = np.clip(values, LEAST_SHARE, 1 - LEAST_SHARE)
    return np.asarray(np.log(held / (1 - held)))


def _log1p(values: Floats) -> Floats:
    return np.asarray(np.copysign(np.log1p(np.abs(values)), values))


_SEEN: dict[Transform, Callable[[Floats], Floats]] = {
    "identity": lambda values: values,
    "log_odds": _log_odds,
    "log1p": _log1p,
}
