"""Our own acts are not evidence: what a model would gain that saw them. It is told, and no such model is served."""

from dataclasses import dataclass, replace

import numpy as np

from training.dataset import ACTS, Dataset
from training.evaluate import Figure, auc, difference, evaluate
from training.fit import Fitted, fit
from training.recipe import Recipe, Trees

__all__ = ["Compared", "gain_by_acts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The AUC of trees that see the platform's own acts, of trees that do not, and by how much they differ, paired."""

    seeing: Figure
    without: Figure
    gain: Figure


def gain_by_acts(learned: Dataset, test: Dataset, recipe: Recipe, *, without: Fitted, trees: Trees) -> Compared:
    """Trees that see the platform's acts too beside those `without`, which were fitted on the same rows.

    A large gain tells that the platform's past decisions foretell its own labels, not that merchants are worse.
    """
    seeing, blind = fit("trees", _seeing(learned), recipe, trees=trees).p(_seeing(test).X), without.p(test.X)
    given = {"resamples": recipe.resamples, "seed": recipe.seed}
    left, right = (
        evaluate(test.y, p, test.merchants, metrics={"auc": auc}, **given).figures["auc"] for p in (seeing, blind)
    )
    gain = difference(test.y, seeing, blind, test.merchants, **given)
    return Compared(seeing=left, without=right, gain=gain)


def _seeing(rows: Dataset) -> Dataset:
    acts = tuple(one for one in ACTS if one.name in rows.acted)
    return replace(rows, inputs=(*rows.inputs, *acts), X=np.column_stack([rows.X, rows.acts]))
