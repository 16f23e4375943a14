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

__all__ = ["Bounds", "Chance", "Propensities", "bounds", "propensities_in", "read_propensities", "weighed"]

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """How likely it was that a merchant was let in by lot, or not, whichever came out."""

    propensity: float
    let_in: bool = True


#: The chance of a merchant at a moment, where it was decided by lot.
Propensities = Mapping[tuple[str, datetime], Chance]

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

    No row weighs more than `recipe.selection.most` times another that was sure to be there. Whoever drew a lot in vain
    is left out, whatever else is known of it: those who drew it in its stead count for both. Rows stay as they are
    where the recipe does not ask for weights.
    """
    if not recipe.selection.weigh:
        return rows
    chances = _chances(rows, propensities or {})
    in_vain = np.array([not one.let_in for one in chances], dtype=np.bool_)
    share = np.array([one.propensity for one in chances], dtype=np.float64)
    rows, share = (rows.where(~in_vain), share[~in_vain]) if in_vain.any() else (rows, share)
    seen = _seen(rows, recipe) if len(rows.hidden.X) >= _LEAST_HIDDEN else np.ones(len(rows))
    weight = rows.weight * np.minimum(1.0 / (seen * share), recipe.selection.most)
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


def _chances(rows: Dataset, propensities: Propensities) -> list[Chance]:
    pairs = zip(rows.merchants.tolist(), rows.as_of.tolist(), strict=True)
    certain = Chance(propensity=1.0)
    return [propensities.get(pair, certain) for pair in pairs]


def read_propensities(path: Path) -> dict[tuple[str, datetime], Chance]:
    """Propensities from a Parquet file with `merchant_id`, `as_of`, `propensity` in (0, 1] and, if it likes, `let_in`.

    Where that is not told, all were let in. Raises PropensitiesBroken.
    """
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise PropensitiesBroken(f"{path} cannot be read as propensities: {error}") from error
    return propensities_in(table, named=str(path))


def propensities_in(table: pa.Table, *, named: str) -> dict[tuple[str, datetime], Chance]:
    """The same from a table, which errors name."""
    try:
        moments: list[Any] = table["as_of"].cast(pa.timestamp("us")).to_pylist()
        merchants, shares = table["merchant_id"].to_pylist(), table["propensity"].to_pylist()
        told = table["let_in"].to_pylist() if "let_in" in table.column_names else [True] * len(moments)
    except (pa.ArrowException, KeyError) as error:
        raise PropensitiesBroken(f"{named} cannot be read as propensities: {error}") from error
    chances = [_chance(named, row, share, let_in) for row, (share, let_in) in enumerate(zip(shares, told, strict=True))]
    return dict(zip(zip(merchants, moments, strict=True), chances, strict=True))


def _chance(named: str, row: int, share: Any, let_in: Any) -> Chance:
    if not isinstance(share, float) or not 0 < share <= 1:
        raise PropensitiesBroken(f"{named}: row {row} has the propensity {share}, and it has to lie above 0, up to 1")
    if not isinstance(let_in, bool):
        raise PropensitiesBroken(f"{named}: row {row} does not say whether the merchant was let in ({let_in})")
    return Chance(propensity=share, let_in=let_in)
