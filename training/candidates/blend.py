"""Trees and scorecard together: what the one sees and the other does not."""

from collections.abc import Callable
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from scoring.blend import Weights
from training.calibration import cross_fitted_logits, merchant_folds
from training.candidates.bounded import bounded_logistic
from training.candidates.scorecard import Scorecard
from training.candidates.trees import BoostedTrees
from training.dataset import Dataset

__all__ = ["Blend"]

Floats = npt.NDArray[np.float64]

#: Weights are learned on rows that neither part has seen, dealt by merchant into so many folds.
_FOLDS = 3
#: A touch of it shares the weight out where both parts say the same.
_L2 = 1.0


class Blend:
    """A weighed sum of the log-odds of both; no weight is negative, so riskier stays riskier."""

    kind: Literal["blend"] = "blend"

    def __init__(self, trees: Callable[[], BoostedTrees], points: Callable[[], Scorecard]) -> None:
        self._make_trees, self._make_points = trees, points

    def fit(self, rows: Dataset) -> Self:
        """Learn both parts from all rows, and their weights from what each says of merchants it has not seen."""
        fold = merchant_folds(rows.merchants, rows.y, folds=_FOLDS)
        both = np.column_stack(
            [cross_fitted_logits(make, rows, fold) for make in (self._make_trees, self._make_points)]
        )
        seen = ~np.isnan(both).any(axis=1)
        shares = np.array([0.5, 0.5])
        if 0 < rows.y[seen].sum() < seen.sum():
            signs = np.ones(2, dtype=np.int64)
            _, found = bounded_logistic(both[seen], rows.y[seen], rows.weight[seen], l2=_L2, signs=signs)
            shares = found if found.sum() > 0 else shares
        self.weights_ = Weights(trees=float(shares[0]), points=float(shares[1]))
        self.trees_, self.points_ = self._make_trees().fit(rows), self._make_points().fit(rows)
        return self

    def log_odds(self, X: Floats) -> Floats:
        """Raw log-odds (n,) of being bad for inputs (n, k)."""
        return self.weights_.trees * self.trees_.log_odds(X) + self.weights_.points * self.points_.log_odds(X)

    @property
    def files_(self) -> dict[str, bytes]:
        """Both parts and their weights as the files of a bundle."""
        return {**self.trees_.files_, **self.points_.files_, "blend.json": self.weights_.pack()}
