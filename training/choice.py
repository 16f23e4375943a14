"""Choosing without the test: which candidate is served, and how its trees are set, by folds of the training rows."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from training.calibration import merchant_folds
from training.dataset import Dataset
from training.evaluate import log_loss
from training.fit import fit
from training.recipe import BEST, Recipe, Trees
from training.splits import time_folds

__all__ = ["Choice", "Fold", "choose", "folds_of", "loss_of"]

#: The rows that a candidate learns from, and the later ones that it is judged on.
Fold = tuple[Dataset, Dataset]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The candidate that is served, the settings of its trees, and the mean log-loss of those that were compared."""

    served: str
    trees: Trees
    losses: Mapping[str, float] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {"served": self.served, "trees": asdict(self.trees), "log_loss": dict(self.losses)}


def choose(
    folds: list[Fold], recipe: Recipe, *, trees: Trees, say: Callable[[str], None] = lambda text: None
) -> Choice:
    """What to serve of the recipe's candidates, by folds of the training rows alone; `trees` are how trees are set.

    A recipe that names the candidate has none compared. Where no fold can be made, the baseline is served.
    """
    if recipe.serve != BEST:
        return Choice(served=recipe.serve, trees=trees)
    losses = {}
    for name in recipe.candidates if folds else ():
        say(f"{name} on {len(folds)} folds")
        losses[name] = loss_of(name, folds, recipe, trees)
    # Of equals the plainer one is served.
    served = min(losses, key=lambda name: losses[name]) if losses else recipe.candidates[0]
    return Choice(served=served, trees=trees, losses=losses)


def folds_of(rows: Dataset, recipe: Recipe) -> list[Fold]:
    """The folds of training rows in which something can be learned and something be judged.

    They are ordered in time where it is known; else merchants are dealt out.
    """
    if np.isnat(rows.as_of).all():
        fold = merchant_folds(rows.merchants, rows.y, folds=recipe.tuning.folds)
        masks = [(fold != number, fold == number) for number in np.unique(fold)]
    else:
        masks = time_folds(rows.as_of, gap=recipe.label.gap, folds=recipe.tuning.folds)
    parts = [(rows.where(learned), rows.where(judged)) for learned, judged in masks]
    return [(early, late) for early, late in parts if 0 < early.bad < len(early) and len(late)]


def loss_of(name: str, folds: list[Fold], recipe: Recipe, trees: Trees) -> float:
    """The mean log-loss of a candidate's calibrated probabilities over all rows that the folds judge."""
    losses: list[tuple[float, int]] = []
    for early, late in folds:
        p = fit(name, early, recipe, trees=trees).p(late.X)
        losses.append((log_loss(late.y, p, late.weight), len(late)))
    values: npt.NDArray[np.float64] = np.array([loss for loss, _ in losses])
    return float(np.average(values, weights=[rows for _, rows in losses])) if losses else math.nan
