"""Fitting one part of a split: every candidate on the same rows, each calibrated without seeing the test."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any, Literal, Protocol, cast

import numpy as np
import numpy.typing as npt

from scoring.bundle import Bundle, Calibration, Golden, Input, Kind, Target
from scoring.model import Model, with_golden_rows
from scoring.scorecard import STANDARD
from training.calibration import Learner, Line, cross_fitted_logits, merchant_folds, platt, probability
from training.candidates.blend import Blend
from training.candidates.logistic import Logistic
from training.candidates.scorecard import Scorecard
from training.candidates.shrunk_rate import ShrunkRate
from training.candidates.trees import BoostedTrees
from training.columns import words_of
from training.dataset import Dataset, Declared
from training.errors import OneSided
from training.population import Population
from training.recipe import Recipe, Trees
from training.recipe_inputs import Constraints
from training.registry import NAMES

__all__ = ["Fitted", "bundle_of", "fit", "maker", "moment_text"]

Floats = npt.NDArray[np.float64]

#: Rows that `promote` and serving replay to see that the model still gives what it gave.
_GOLDEN_ROWS = 100


class _Candidate(Learner, Protocol):
    """A learner that can be written down."""

    @property
    def kind(self) -> Kind:
        """Its kind of bundle."""
        ...

    @property
    def files_(self) -> dict[str, bytes]:
        """The learned model as the files of its kind of bundle."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """A candidate that has learned, and its calibration."""

    name: str
    learner: _Candidate
    line: Line

    def p(self, X: Floats) -> Floats:
        """Calibrated probabilities (n,) for inputs (n, k)."""
        return probability(self.line(self.learner.log_odds(X)))


def fit(name: str, rows: Dataset, recipe: Recipe, *, trees: Trees | None = None) -> Fitted:
    """One of the recipe's candidates, learned and calibrated; `trees` are other settings than the recipe's.

    Raises OneSided for rows with a single kind of label.
    """
    if rows.bad in (0, len(rows)):
        raise OneSided("the training part", rows=len(rows), bad=rows.bad)
    make = maker(name, rows, recipe, trees=trees)
    fold = merchant_folds(rows.merchants, rows.y, folds=recipe.folds)
    logits = cross_fitted_logits(make, rows, fold)
    seen = ~np.isnan(logits)
    line = platt(logits[seen], rows.y[seen], rows.weight[seen]) if seen.any() else Line(slope=1.0, intercept=0.0)
    learner = make()
    learner.fit(rows)
    return Fitted(name=name, learner=learner, line=line)


def maker(name: str, rows: Dataset, recipe: Recipe, *, trees: Trees | None = None) -> Callable[[], _Candidate]:
    """What makes a candidate that has learned nothing yet, for rows with these inputs."""
    names = [one.name for one in rows.inputs]
    riskier = [recipe.constraints.way(one.name, one.riskier) for one in rows.inputs]

    def shrunk_rate() -> ShrunkRate:
        column = rows.column(recipe.baseline)
        feature = rows.inputs[column]
        return ShrunkRate(feature.name, column=column, riskier=feature.riskier, unit=feature.unit)

    def scorecard() -> Scorecard:
        words = [places for _, places in words_of(rows.inputs)]
        return Scorecard(recipe.scorecard, names=names, riskier=riskier, words=words)

    def logistic() -> Logistic:
        return Logistic(recipe.logistic, names=names, riskier=riskier, units=[one.unit for one in rows.inputs])

    def boosted() -> BoostedTrees:
        settings = trees or recipe.model
        return BoostedTrees(settings, names=names, riskier=riskier, lead=shrunk_rate(), seed=recipe.seed)

    makers: dict[str, Callable[[], _Candidate]] = {
        "shrunk_rate": shrunk_rate,
        "scorecard": scorecard,
        "logistic": logistic,
        "trees": boosted,
        "blend": lambda: Blend(boosted(), scorecard()),
    }
    return makers[name]


def bundle_of(fitted: Fitted, rows: Dataset, recipe: Recipe) -> Bundle:
    """What travels to serving: the model learned from these rows, with words, golden rows and where it came from.

    The same rows, recipe and version of the code give the same bytes: no clock is read and no number drawn.
    """
    bundle = Bundle(
        kind=fitted.learner.kind,
        target=cast(Target, recipe.target),
        name=NAMES[recipe.target],
        features=tuple(_input(one, recipe.constraints) for one in rows.inputs),
        calibration=Calibration(slope=fitted.line.slope, intercept=fitted.line.intercept),
        scaling=STANDARD,
        training=_origin(rows, recipe),
        golden=Golden(),
        files=fitted.learner.files_,
    )
    reference = Population.of(rows, Model(bundle, num_threads=2)).plain()
    bundle = replace(bundle, training={**bundle.training, "reference": reference})
    picked = np.unique(np.linspace(0, len(rows) - 1, _GOLDEN_ROWS).astype(int))
    return with_golden_rows(bundle, rows.X[picked])


def _origin(rows: Dataset, recipe: Recipe) -> dict[str, Any]:
    last_known = rows.as_of.max() + np.timedelta64(recipe.learned_after)
    return {
        "from": moment_text(rows.as_of.min()),
        "until": moment_text(last_known),
        "rows": len(rows),
        "bad": rows.bad,
        "recipe": recipe.name,
        "recipe_digest": recipe.digest,
        "data": rows.digest,
        "code": version("goodfaith"),
    }


def moment_text(moment: np.datetime64) -> str | None:
    """A moment in UTC as JSON holds it; None where no time is known.

    >>> moment_text(np.datetime64("2026-01-01T00:00:00.000000")), moment_text(np.datetime64("NaT"))
    ('2026-01-01T00:00:00.000000Z', None)
    """
    return None if np.isnat(moment) else f"{moment}Z"


def _input(feature: Declared, constraints: Constraints) -> Input:
    return Input(
        name=feature.name,
        declaration=feature.declaration(),
        riskier=cast(Literal["higher", "lower", "neither"], constraints.way(feature.name, feature.riskier)),
        reason=feature.reason,
        shows=feature.shows,
        unit=feature.unit,
        days=feature.days,
        text=feature.text,
        text_zh=feature.text_zh,
        text_none=feature.text_none,
        text_none_zh=feature.text_none_zh,
    )
