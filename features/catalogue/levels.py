"""Formulas over rising levels: the furthest that was reached, and the first that nearly everything stays within."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from features.catalogue.feature import Context
from features.measures import Measure, Number

__all__ = ["Furthest", "Quantile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Furthest:
    """The greatest of some levels whose measure is not 0; 0 where there is none."""

    levels: tuple[tuple[int, Measure], ...]

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return tuple((measure, days) for _, measure in self.levels)

    def values(self, context: Context, days: int | None) -> pa.Array:
        """int64 (n,)."""
        reached = [np.where(context.own((measure, days)) > 0, level, 0) for level, measure in self.levels]
        return pa.array(np.max(reached, axis=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantile:
    """The first of some rising levels that all but so many percent stay within; the last where none does.

    Each level has the measure of what lies above it. Null where there is nothing of `every`.
    """

    levels: tuple[tuple[int, Measure], ...]
    every: Measure
    beyond: int

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return ((self.every, days), *((measure, days) for _, measure in self.levels))

    def values(self, context: Context, days: int | None) -> pa.Array:
        """int64 (n,) with nulls."""
        every = context.own((self.every, days))
        above = np.stack([context.own((measure, days)) for _, measure in self.levels])
        within = above * 100 <= every * self.beyond
        within[-1] = True
        levels = np.array([level for level, _ in self.levels], dtype=np.int64)
        return pa.array(levels[np.argmax(within, axis=0)], mask=every == 0)
