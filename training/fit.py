"""Fitting one part of a split: the candidate and the baseline, each calibrated without seeing the test."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Literal, Protocol, cast

import numpy as np
import numpy.typing as npt

from features.catalogue.feature import Feature
from scoring.bundle import Bundle, Calibration, Golden, Input, Target
from scoring.model import with_golden_rows
from scoring.scorecard import STANDARD
from training.calibration import Learner, Line, cross_fitted_logits, merchant_folds, platt, probability
from training.candidates.shrunk_rate import ShrunkRate
from training.candidates.trees import BoostedTrees
from training.dataset import Dataset
from training.errors import OneSided
from training.recipe import Recipe
from training.registry import NAMES

__all__ = ["Fitted", "bundle_of", "fit_baseline", "fit_trees"]

Floats = npt.NDArray[np.float64]

#: Rows that `promote` and serving replay to see that the model still gives what it gave.
_GOLDEN_ROWS = 100


class _Candidate(Learner, Protocol):
    """A learner that can be written down."""

    @property
    def text_(self) -> bytes:
        """The learned model as the one model file of its kind of bundle."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """A candidate that has learned, and its calibration."""

    kind: Literal["trees", "points"]
    learner: _Candidate
    line: Line

    def p(self, X: Floats) -> Floats:
        """Calibrated probabilities (n,) for inputs (n, k)."""
        return probability(self.line(self.learner.log_odds(X)))


def fit_trees(rows: Dataset, recipe: Recipe) -> Fitted:
    """The recipe's boosted trees; raises OneSided for rows with a single kind of label."""

    def make() -> BoostedTrees:
        return BoostedTrees(
            recipe.model,
            names=[one.name for one in rows.inputs],
            riskier=[one.riskier for one in rows.inputs],
            lead=_shrunk_rate(rows, recipe),
            seed=recipe.seed,
        )

    return _fit("trees", make, rows, folds=recipe.folds)


def fit_baseline(rows: Dataset, recipe: Recipe) -> Fitted:
    """The one shrunk past rate that the recipe names; raises OneSided as above."""
    return _fit("points", lambda: _shrunk_rate(rows, recipe), rows, folds=recipe.folds)


def _shrunk_rate(rows: Dataset, recipe: Recipe) -> ShrunkRate:
    column = rows.column(recipe.baseline)
    feature = rows.inputs[column]
    return ShrunkRate(feature.name, column=column, riskier=feature.riskier, unit=feature.unit)


def _fit(kind: Literal["trees", "points"], make: Callable[[], _Candidate], rows: Dataset, *, folds: int) -> Fitted:
    if rows.bad in (0, len(rows)):
        raise OneSided("the training part", rows=len(rows), bad=rows.bad)
    fold = merchant_folds(rows.merchants, rows.y, folds=folds)
    logits = cross_fitted_logits(make, rows.X, rows.y, fold)
    seen = ~np.isnan(logits)
    line = platt(logits[seen], rows.y[seen]) if seen.any() else Line(slope=1.0, intercept=0.0)
    learner = make()
    learner.fit(rows.X, rows.y)
    return Fitted(kind=kind, learner=learner, line=line)


def bundle_of(fitted: Fitted, rows: Dataset, recipe: Recipe) -> Bundle:
    """What travels to serving: the model learned from these rows, with words, golden rows and where it came from.

    The same rows, recipe and version of the code give the same bytes: no clock is read and no number drawn.
    """
    bundle = Bundle(
        kind=fitted.kind,
        target=cast(Target, recipe.target),
        name=NAMES[recipe.target],
        features=tuple(_input(one) for one in rows.inputs),
        calibration=Calibration(slope=fitted.line.slope, intercept=fitted.line.intercept),
        scaling=STANDARD,
        training=_origin(rows, recipe),
        golden=Golden(),
        files={"model.txt" if fitted.kind == "trees" else "points.json": fitted.learner.text_},
    )
    picked = np.unique(np.linspace(0, len(rows) - 1, _GOLDEN_ROWS).astype(int))
    return with_golden_rows(bundle, rows.X[picked])


def _origin(rows: Dataset, recipe: Recipe) -> dict[str, Any]:
    last_known = rows.as_of.max() + np.timedelta64(recipe.label.gap)
    return {
        "from": f"{rows.as_of.min()}Z",
        "until": f"{last_known}Z",
        "rows": len(rows),
        "bad": rows.bad,
        "recipe": recipe.name,
        "recipe_digest": recipe.digest,
        "data": rows.digest,
        "code": version("goodfaith"),
    }


def _input(feature: Feature) -> Input:
    return Input(
        name=feature.name,
        declaration=feature.declaration(),
        riskier=cast(Literal["higher", "lower", "neither"], feature.riskier),
        reason=feature.reason,
        shows=feature.shows,
        unit=feature.unit,
        days=feature.days,
        text=feature.text,
        text_zh=feature.text_zh,
        text_none=feature.text_none,
        text_none_zh=feature.text_none_zh,
    )
