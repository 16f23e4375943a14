"""Trees and scorecard together: the mean of their log-odds.

Equal weights are hard to beat where few rows teach them (Clemen 1989), and calibration finds the slope of the sum.
"""

from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from scoring.blend import Weights
from training.candidates.scorecard import Scorecard
from training.candidates.trees import BoostedTrees
from training.dataset import Dataset

__all__ = ["Blend"]

Floats = npt.NDArray[np.float64]

_EQUAL = Weights(trees=0.5, points=0.5)


class Blend:
    """What the one sees and the other does not; both only bend the way that is riskier, and so does their mean."""

    kind: Literal["blend"] = "blend"

    def __init__(self, trees: BoostedTrees, points: Scorecard) -> None:
        self.trees, self.points = trees, points

    def fit(self, rows: Dataset) -> Self:
        """Learn both parts from all rows."""
        self.trees.fit(rows)
        self.points.fit(rows)
        return self

    def log_odds(self, X: Floats) -> Floats:
        """Raw log-odds (n,) of being bad for inputs (n, k)."""
        return _EQUAL.trees * self.trees.log_odds(X) + _EQUAL.points * self.points.log_odds(X)

    @property
    def files_(self) -> dict[str, bytes]:
        """Both parts and their weights as the files of a bundle."""
        return {**self.trees.files_, **self.points.files_, "blend.json": _EQUAL.pack()}
