"""Labels that are not mature yet: what is known so far, weighed by how much of what will be known is known by then.

Once a label window is over, reports, rulings and reviews of it still come in. A row that counts as good by then may
turn out bad; one that is known to be bad stands for those of its kind that are not known yet. So each known bad row
weighs the inverse of the share of its outcome that is known at its age (Horvitz and Thompson 1952), by the mature rows'
delays, outcome by outcome; what that adds is taken from the good rows of the same age, among which they hide.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from training.dataset import Dataset
from training.recipe import Recipe
from training.recipe_selection import WEIGH

__all__ = ["known_so_far"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_DAY = np.timedelta64(1, "D")

#: An outcome with fewer mature rows has the delays of all outcomes together (own proposal).
_LEAST_BAD = 20


def known_so_far(rows: Dataset, recipe: Recipe, *, at: np.datetime64) -> Dataset:
    """Training rows as they stood at a moment: immature ones with the label that was known, and weighed.

    Rows stay as they are where the recipe leaves immature ones out. Of an age at which less than
    `recipe.selection.least_known` of bad rows are known, none is kept.
    """
    if recipe.selection.immature != WEIGH or not len(rows.known):
        return rows
    young = rows.as_of + np.timedelta64(recipe.label.gap) > at
    delays = _Delays(rows.where(~young))
    enough = delays.known(_age(rows, at)) >= recipe.selection.least_known
    kept = ~young | enough
    rows, young = rows.where(kept), young[kept]
    told = (rows.y == 1) & (rows.known <= at)
    y = np.where(young, told, rows.y).astype(np.int8)
    weight = np.ones(len(rows))
    for moment in np.unique(rows.as_of[young]):
        mine = young & (rows.as_of == moment)
        weight[mine] = _weights(y[mine], rows.reasons[mine], delays, age=float((at - moment) / _DAY))
    return replace(rows, y=y, weight=rows.weight * weight)


def _age(rows: Dataset, at: np.datetime64) -> Floats:
    return np.asarray((at - rows.as_of) / _DAY, dtype=np.float64)


def _weights(y: npt.NDArray[np.int8], reasons: npt.NDArray[np.object_], delays: "_Delays", *, age: float) -> Floats:
    """What rows (n,) of one age weigh; together as much as there are."""
    bad, good = y == 1, y == 0
    weight = np.ones(len(y))
    weight[bad] = [1.0 / max(delays.known_of(str(one), age), 0.01) for one in reasons[bad]]
    hidden = weight[bad].sum() - bad.sum()
    weight[good] = max(1.0 - hidden / good.sum(), 0.0) if good.any() else 1.0
    return weight


class _Delays:
    """How many days after their moment bad rows were known to be bad, by outcome."""

    def __init__(self, mature: Dataset) -> None:
        bad = mature.y == 1
        days = np.asarray((mature.known[bad] - mature.as_of[bad]) / _DAY, dtype=np.float64)
        outcomes = mature.reasons[bad].astype(str)
        self._all = np.sort(days)
        self._by_outcome = {name: np.sort(days[outcomes == name]) for name in np.unique(outcomes).tolist()}

    def known(self, age: Floats) -> Floats:
        """The share of all bad rows that is known at each age (n,) in days; 1 where there never was one."""
        if not len(self._all):
            return np.ones(len(age))
        return np.searchsorted(self._all, age, side="right") / len(self._all)

    def known_of(self, outcome: str, age: float) -> float:
        """The same of one outcome."""
        days = self._by_outcome.get(outcome, self._all)
        days = days if len(days) >= _LEAST_BAD else self._all
        return float(np.searchsorted(days, age, side="right") / len(days)) if len(days) else 1.0
