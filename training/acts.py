"""Our own acts are not evidence: what a model would gain that saw them. It is told, and no such model is served."""

from dataclasses import replace

import numpy as np

from training.dataset import ACTS, Dataset
from training.evaluate import Figure, difference
from training.fit import fit
from training.recipe import Recipe, Trees

__all__ = ["gain_by_acts"]


def gain_by_acts(learned: Dataset, test: Dataset, recipe: Recipe, trees: Trees) -> Figure:
    """The AUC of trees that see the platform's acts too, less that of trees that do not, on the same test rows.

    A large gain tells that the platform's past decisions foretell its own labels, not that merchants are worse.
    """
    with_acts = fit("trees", _seeing(learned), recipe, trees=trees).p(_seeing(test).X)
    without = fit("trees", learned, recipe, trees=trees).p(test.X)
    return difference(test.y, with_acts, without, test.merchants, resamples=recipe.resamples, seed=recipe.seed)


def _seeing(rows: Dataset) -> Dataset:
    acts = tuple(one for one in ACTS if one.name in rows.acted)
    return replace(rows, inputs=(*rows.inputs, *acts), X=np.column_stack([rows.X, rows.acts]))
