"""The baseline that every model has to beat: one past rate of the merchant, shrunk to its category's."""

from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from scoring.linear import LEAST_SHARE, Linear, Term
from training.calibration import platt
from training.dataset import Dataset
from training.evaluate import auc

__all__ = ["ShrunkRate"]

Floats = npt.NDArray[np.float64]

_SIGN = {"higher": 1.0, "lower": -1.0, "neither": 0.0}


class ShrunkRate:
    """Log-odds of bad as a straight line in one input; it ranks merchants exactly as that input does.

    A share enters by its log-odds, an amount by its logarithm, anything else (a count, where there is no rate) as it
    is. An input that is riskier neither way is turned the way that the rows say.
    """

    kind: Literal["points"] = "points"

    def __init__(self, feature: str, *, column: int, riskier: str, unit: str = "share") -> None:
        self.feature = feature
        self.column = column
        self.riskier = riskier
        self.unit = unit

    def fit(self, rows: Dataset) -> Self:
        """Learn slope and intercept from rows whose `column` holds the rate."""
        self.sign_ = _SIGN[self.riskier] or self._told_by(rows)
        seen = self._signed(rows.X)
        self.center_ = float(seen.mean())
        # Millions would make the search for the line blow up; log-odds are of the scale that it is made for.
        scale = 1.0 if self._transform == "log_odds" else float(seen.std()) or 1.0
        line = platt((seen - self.center_) / scale, rows.y, rows.weight)
        self.slope_, self.intercept_ = line.slope / scale, line.intercept
        return self

    def log_odds(self, X: Floats) -> Floats:
        """Raw log-odds (n,) of being bad for inputs (n, k)."""
        return self.slope_ * (self._signed(X) - self.center_) + self.intercept_

    @property
    def files_(self) -> dict[str, bytes]:
        """The line as the file of a bundle."""
        term = Term(
            feature=self.feature,
            coefficient=self.sign_ * self.slope_,
            transform=self._transform,
            center=self.sign_ * self.center_,
        )
        return {"points.json": Linear(intercept=self.intercept_, terms=(term,)).pack()}

    @property
    def _transform(self) -> Literal["log_odds", "log1p", "identity"]:
        if self.unit == "share":
            return "log_odds"
        return "log1p" if self.unit == "amount" else "identity"

    def _told_by(self, rows: Dataset) -> float:
        """Which way bad rows lie, by rank."""
        return 1.0 if auc(rows.y, rows.X[:, self.column], rows.weight) >= 0.5 else -1.0

    def _signed(self, X: Floats) -> Floats:
        seen = X[:, self.column]
        if self._transform == "log_odds":
            held = np.clip(seen, LEAST_SHARE, 1 - LEAST_SHARE)
            seen = np.log(held / (1 - held))
        if self._transform == "log1p":
            seen = np.copysign(np.log1p(np.abs(seen)), seen)
        return np.asarray(self.sign_ * seen, dtype=np.float64)
