"""What merchants look like to a model: once, as its bundle keeps it, and now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from scoring.model import Model
from training.dataset import Dataset
from training.psi import Reference, Shift, shift_of_words
from training.segments import TRADE

__all__ = ["Population", "effects_of", "in_trade"]

Floats = npt.NDArray[np.float64]
Names = npt.NDArray[np.object_]

#: A mean needs no more rows than this, and exact contributions of many take long.
_EXPLAINED = 2000


def in_trade(trade: Names) -> npt.NDArray[np.bool_]:
    """Which merchants may be compared (n,): learning leaves out most of those from whom nothing is ordered any more."""
    return np.asarray(trade == TRADE[0][1])


def effects_of(model: Model, X: Floats) -> dict[str, float]:
    """What each input of a model adds to the log-odds, on average over rows (n, k)."""
    some = X[np.unique(np.linspace(0, len(X) - 1, _EXPLAINED).astype(int))]
    parts, _ = model.contributions(some)
    return dict(zip(model.bundle.inputs, parts.mean(axis=0).tolist(), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Probabilities, inputs by name, what each adds to the log-odds on average, the share of rows without evidence
    behind each, and categories' shares.
    """

    p: Reference
    inputs: Mapping[str, Reference]
    effects: Mapping[str, float]
    silent: Mapping[str, float]
    categories: Mapping[str, float]
    rows: int

    @classmethod
    def of(cls, rows: Dataset, model: Model) -> Self:
        """Of rows that a model was learned from; all of them where nobody's trade is told."""
        mine = in_trade(rows.groups["trade"]) if "trade" in rows.groups else np.ones(len(rows), dtype=np.bool_)
        mine = mine if mine.any() else ~mine
        categories = rows.groups["category"][mine] if "category" in rows.groups else np.array([], dtype=object)
        names, counts = np.unique(categories.astype(str), return_counts=True)
        count = rows.where(mine).heads
        return cls(
            p=Reference.of(model.p(rows.X[mine]), rows=count),
            effects=effects_of(model, rows.X[mine]),
            inputs={one.name: Reference.of(rows.X[mine, at], rows=count) for at, one in enumerate(rows.inputs)},
            silent={one.name: float(rows.silent[mine, at].mean()) for at, one in enumerate(rows.inputs)},
            categories=dict(zip(names.tolist(), (counts / max(counts.sum(), 1)).tolist(), strict=True)),
            rows=count,
        )

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Self:
        """From what `plain` wrote."""
        return cls(
            p=Reference.read(plain["p"]),
            inputs={name: Reference.read(one) for name, one in plain["inputs"].items()},
            effects=plain["effects"],
            silent=plain["silent"],
            categories=plain["categories"],
            rows=plain["rows"],
        )

    def plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "p": self.p.plain(),
            "inputs": {name: one.plain() for name, one in self.inputs.items()},
            "effects": dict(self.effects),
            "silent": dict(self.silent),
            "categories": dict(self.categories),
            "rows": self.rows,
        }

    def mix(self, categories: Names) -> Shift:
        """How far the mix of categories has moved, by the names of rows' (n,)."""
        return shift_of_words(self.categories, categories, rows=self.rows)
