"""The baseline that every model has to beat: one past rate of the merchant, shrunk to its category's."""

from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from scoring.linear import LEAST_SHARE, Linear, Term
from training.calibration import platt
from training.dataset import Dataset

__all__ = ["ShrunkRate"]

Floats = npt.NDArray[np.float64]


class ShrunkRate:
    """Log-odds of bad as a straight line in one input; it ranks merchants exactly as that input does.

    A share enters by its log-odds, anything else (a count, where there is no rate) as it is.
    """

    kind: Literal["points"] = "points"

    def __init__(self, feature: str, *, column: int, riskier: str, unit: str = "share") -> None:
        self.feature = feature
        self.column = column
        self.riskier = riskier
        self.unit = unit

    def fit(self, rows: Dataset) -> Self:
        """Learn slope and intercept from rows whose `column` holds the rate."""
        seen = self._signed(rows.X)
        self.center_ = float(seen.mean())
        line = platt(seen - self.center_, rows.y, rows.weight)
        self.slope_, self.intercept_ = line.slope, line.intercept
        return self

    def log_odds(self, X: Floats) -> Floats:
        """Raw log-odds (n,) of being bad for inputs (n, k)."""
        return self.slope_ * (self._signed(X) - self.center_) + self.intercept_

    @property
    def files_(self) -> dict[str, bytes]:
        """The line as the file of a bundle."""
        term = Term(
            feature=self.feature,
            coefficient=self._sign * self.slope_,
            transform=self._transform,
            center=self._sign * self.center_,
        )
        return {"points.json": Linear(intercept=self.intercept_, terms=(term,)).pack()}

    @property
    def _transform(self) -> Literal["log_odds", "identity"]:
        return "log_odds" if self.unit == "share" else "identity"

    @property
    def _sign(self) -> float:
        return -1.0 if self.riskier == "lower" else 1.0

    def _signed(self, X: Floats) -> Floats:
        seen = X[:, self.column]
        if self._transform == "log_odds":
            held = np.clip(seen, LEAST_SHARE, 1 - LEAST_SHARE)
            seen = np.log(held / (1 - held))
        return np.asarray(self._sign * seen, dtype=np.float64)
