"""Small boosted trees that start from the shrunk past rate and may only bend the way the catalogue says is riskier."""

from collections.abc import Sequence
from typing import Any, Literal, Self

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from training.calibration import probability
from training.candidates.shrunk_rate import ShrunkRate
from training.dataset import Dataset
from training.recipe import Trees

__all__ = ["BoostedTrees"]

Floats = npt.NDArray[np.float64]

_SIGN = {"higher": 1, "lower": -1, "neither": 0}

#: Fewer rows than this are learned from sooner by one thread: two spend their time waiting for each other.
_MANY = 20_000

#: Settings under which trees draw a smooth line through one input, bin by bin, instead of learning from noise.
_DRAWING = {
    "objective": "cross_entropy",
    "learning_rate": 0.1,
    "min_data_in_leaf": 1,
    "min_sum_hessian_in_leaf": 1e-6,
    "min_data_in_bin": 1,
    "max_bin": 1000,
    "lambda_l2": 0.0,
    "bagging_freq": 0,
    "bagging_fraction": 1.0,
}


class BoostedTrees:
    """LightGBM with monotone constraints; equal data, settings and seed give equal bytes on any number of cores.

    The first `lead_rounds` trees draw the baseline's line (`lead`, a shrunk past rate) and nothing else; the trees
    after them add what the inputs say beyond it. Such a start is what an initial score would be, but it lies in the
    trees, so the model file is whole. Without it many inputs crowd the one good one out on few rows, which is how
    a careless LightGBM loses to a single rate: on Olist's months before the test it did so by 0.05 AUC, and trees that
    learn the lead from labels, not from its line, by 0.005.
    """

    kind: Literal["trees"] = "trees"

    def __init__(
        self, settings: Trees, *, names: Sequence[str], riskier: Sequence[str], lead: ShrunkRate, seed: int
    ) -> None:
        self.settings = settings
        self.names = names
        self.riskier = riskier
        self.lead = lead
        self.seed = seed

    def fit(self, rows: Dataset) -> Self:
        """Learn from rows whose inputs are in the order of `names`."""
        leader = self._drawn(rows) if self.settings.lead_rounds else None
        data = self._data(rows.X, rows.y, rows.weight)
        self.booster_ = lgb.train(
            self._parameters(len(rows)), data, num_boost_round=self.settings.rounds, init_model=leader
        )
        return self

    def log_odds(self, X: Floats) -> Floats:
        """Raw log-odds (n,) of being bad for inputs (n, k)."""
        return np.asarray(self.booster_.predict(X, raw_score=True, num_threads=1), dtype=np.float64)

    @property
    def files_(self) -> dict[str, bytes]:
        """LightGBM's own text form of the learned trees, as the file of a bundle."""
        return {"model.txt": str(self.booster_.model_to_string()).encode()}

    def _drawn(self, rows: Dataset) -> lgb.Booster:
        """Trees that repeat the baseline's line, whatever the other inputs are."""
        line = probability(self.lead.fit(rows).log_odds(rows.X))
        alone = np.zeros_like(rows.X)
        alone[:, self.lead.column] = rows.X[:, self.lead.column]
        data = self._data(alone, line, rows.weight, **_DRAWING)
        return lgb.train(self._parameters(len(rows)) | _DRAWING, data, num_boost_round=self.settings.lead_rounds)

    def _data(self, X: Floats, y: npt.NDArray[Any], weight: Floats, **parameters: Any) -> lgb.Dataset:
        parameters["verbosity"] = -1
        # Where no row counts otherwise, none is weighed: the trees are those of the same rows without weights.
        weighed = None if (weight == 1.0).all() else weight
        names = list(self.names)
        return lgb.Dataset(X, label=y, weight=weighed, feature_name=names, free_raw_data=False, params=parameters)

    def _parameters(self, rows: int) -> dict[str, Any]:
        return {
            "objective": "binary",
            "num_leaves": self.settings.leaves,
            "max_depth": self.settings.depth,
            "learning_rate": self.settings.learning_rate,
            "min_data_in_leaf": self.settings.min_rows,
            "lambda_l2": self.settings.l2,
            "feature_fraction": self.settings.input_share,
            "bagging_fraction": self.settings.row_share,
            "bagging_freq": 1 if self.settings.row_share < 1.0 else 0,
            "monotone_constraints": [_SIGN[way] for way in self.riskier],
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 2 if rows >= _MANY else 1,
            "verbosity": -1,
        }
