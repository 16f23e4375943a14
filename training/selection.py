"""Selective labels: merchants who were removed have no label, and those who were let in by lot stand for more than one.

A removed merchant is censored, not good. Rows like it that do have a label count for more: each weighs the inverse of
how likely its label was to be seen, by its inputs (inverse-probability-of-censoring weighting, Robins 1994) and by the
propensity with which it was let in, where that is on record. What no weight can tell is bounded: what figures would be
if all censored rows were bad, and if none were (Manski 1990).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from training.calibration import cross_fitted_logits, merchant_folds, platt, probability
from training.candidates.logistic import Logistic
from training.dataset import Dataset
from training.errors import PropensitiesBroken
from training.evaluate import auc
from training.recipe import Recipe

__all__ = ["Bounds", "Propensities", "bounds", "read_propensities", "weighed"]

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]

#: How likely a merchant was to be let in at a moment, where it was decided by lot.
Propensities = Mapping[tuple[str, datetime], float]

#: Of fewer censored rows no model can tell what they have in common (own proposal).
_LEAST_HIDDEN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What the share of bad rows and a model's AUC would be if none of the `hidden` rows were bad, and if all were."""

    hidden: int
    bad_low: float
    bad_high: float
    auc_none: float
    auc_all: float

    def plain(self) -> dict[str, float]:
        """As JSON shows it."""
        return asdict(self)


def bounds(y: Labels, p: Floats, hidden: Floats) -> Bounds:
    """For labels y (n,) and probabilities p (n,), and the probabilities of rows without a label (h,)."""
    every, ones = np.append(p, hidden), np.ones(len(p) + len(hidden))
    none = np.append(y, np.zeros(len(hidden), dtype=np.int8))
    all_bad = np.append(y, np.ones(len(hidden), dtype=np.int8))
    return Bounds(
        hidden=len(hidden),
        bad_low=float(none.mean()),
        bad_high=float(all_bad.mean()),
        auc_none=auc(none, every, ones),
        auc_all=auc(all_bad, every, ones),
    )


def weighed(rows: Dataset, recipe: Recipe, *, propensities: Propensities | None = None) -> Dataset:
    """The rows, each weighing the inverse of how likely it was to be there; the mean weight is one.

    No row weighs more than `recipe.selection.most` times another that was sure to be there. Rows stay as they are where
    the recipe does not ask for weights.
    """
    if not recipe.selection.weigh:
        return rows
    seen = _seen(rows, recipe) if len(rows.hidden.X) >= _LEAST_HIDDEN else np.ones(len(rows))
    let_in = _let_in(rows, propensities or {})
    weight = np.minimum(1.0 / (seen * let_in), recipe.selection.most)
    return replace(rows, weight=weight / weight.mean())


def _seen(rows: Dataset, recipe: Recipe) -> Floats:
    """How likely each row's label was to be seen, (n,), by a regression that has not seen its merchant."""
    hidden = rows.hidden
    both = Dataset(
        inputs=rows.inputs,
        X=np.concatenate([rows.X, hidden.X]),
        y=np.append(np.ones(len(rows), dtype=np.int8), np.zeros(len(hidden.X), dtype=np.int8)),
        merchants=np.append(rows.merchants, hidden.merchants),
        as_of=np.append(rows.as_of, hidden.as_of),
    )
    names, units = [one.name for one in rows.inputs], [one.unit for one in rows.inputs]

    def make() -> Logistic:
        return Logistic(recipe.logistic, names=names, riskier=["neither"] * len(names), units=units)

    fold = merchant_folds(both.merchants, (1 - both.y).astype(np.int8), folds=recipe.folds)
    logits = cross_fitted_logits(make, both, fold)
    known = ~np.isnan(logits)
    p = probability(platt(logits[known], both.y[known])(logits))[: len(rows)]
    return np.where(np.isnan(p), both.y.mean(), p)


def _let_in(rows: Dataset, propensities: Propensities) -> Floats:
    pairs = zip(rows.merchants.tolist(), rows.as_of.tolist(), strict=True)
    return np.array([propensities.get(pair, 1.0) for pair in pairs], dtype=np.float64)


def read_propensities(path: Path) -> dict[tuple[str, datetime], float]:
    """Propensities from a Parquet file with `merchant_id`, `as_of` and `propensity` in (0, 1].

    Raises PropensitiesBroken.
    """
    try:
        table = pq.read_table(path, columns=["merchant_id", "as_of", "propensity"])
        moments: list[Any] = table["as_of"].cast(pa.timestamp("us")).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise PropensitiesBroken(f"{path} cannot be read as propensities: {error}") from error
    shares = table["propensity"].to_pylist()
    for row, share in enumerate(shares):
        if share is None or not 0 < share <= 1:
            raise PropensitiesBroken(
                f"{path}: row {row} has the propensity {share}, and it has to lie above 0, up to 1"
            )
    return dict(zip(zip(table["merchant_id"].to_pylist(), moments, strict=True), shares, strict=True))
