"""What merchants look like to a model: once, as its bundle keeps it, and now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from training.dataset import Dataset
from training.psi import Reference, Shift, shift_of_words
from training.segments import TRADE

__all__ = ["Population", "in_trade"]

Floats = npt.NDArray[np.float64]
Names = npt.NDArray[np.object_]


def in_trade(trade: Names) -> npt.NDArray[np.bool_]:
    """Which merchants may be compared (n,): learning leaves out most of those from whom nothing is ordered any more."""
    return np.asarray(trade == TRADE[0][1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Probabilities, inputs by name, the share of rows without evidence behind each input, and categories' shares."""

    p: Reference
    inputs: Mapping[str, Reference]
    silent: Mapping[str, float]
    categories: Mapping[str, float]
    rows: int

    @classmethod
    def of(cls, rows: Dataset, p: Floats) -> Self:
        """Of rows that a model was learned from, and its probabilities (n,); all of them where trade is not told."""
        mine = in_trade(rows.groups["trade"]) if "trade" in rows.groups else np.ones(len(rows), dtype=np.bool_)
        mine = mine if mine.any() else ~mine
        names, counts = np.unique(rows.groups.get("category", np.array([]))[mine].astype(str), return_counts=True)
        return cls(
            p=Reference.of(p[mine]),
            inputs={one.name: Reference.of(rows.X[mine, at]) for at, one in enumerate(rows.inputs)},
            silent={one.name: float(rows.silent[mine, at].mean()) for at, one in enumerate(rows.inputs)},
            categories=dict(zip(names.tolist(), (counts / max(counts.sum(), 1)).tolist(), strict=True)),
            rows=int(mine.sum()),
        )

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Self:
        """From what `plain` wrote."""
        return cls(
            p=Reference.read(plain["p"]),
            inputs={name: Reference.read(one) for name, one in plain["inputs"].items()},
            silent=plain["silent"],
            categories=plain["categories"],
            rows=plain["rows"],
        )

    def plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "p": self.p.plain(),
            "inputs": {name: one.plain() for name, one in self.inputs.items()},
            "silent": dict(self.silent),
            "categories": dict(self.categories),
            "rows": self.rows,
        }

    def mix(self, categories: Names) -> Shift:
        """How far the mix of categories has moved, by the names of rows' (n,)."""
        return shift_of_words(self.categories, categories, rows=self.rows)
