"""Formulas about what is left of old things, such as debts, when what settles them goes to the oldest first."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from features.catalogue.feature import Context
from features.measures import Measure, Number

__all__ = ["Beyond", "Oldest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beyond:
    """What lies before the window, less all of some others, which goes to the oldest first; never null or below 0."""

    of: Measure
    less: tuple[Measure, ...] = ()

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return ((self.of, None), (self.of, days), *((one, None) for one in self.less))

    def values(self, context: Context, days: int | None) -> pa.Array:
        """int64 (n,)."""
        every, recent, *settled = (context.own(number) for number in self.numbers(days))
        return pa.array(np.maximum(every - recent - np.sum(settled, axis=0, dtype=np.int64), 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Oldest:
    """The greatest of some levels (days) before which something lies that others have not settled, the oldest first.

    0 where nothing lies before any; null where nothing is left.
    """

    of: Measure
    levels: tuple[int, ...]
    less: tuple[Measure, ...] = ()

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return ((self.of, None), *((self.of, level) for level in self.levels), *((one, None) for one in self.less))

    def values(self, context: Context, days: int | None) -> pa.Array:
        """int64 (n,) with nulls."""
        settled = np.sum([context.own((one, None)) for one in self.less], axis=0, dtype=np.int64)
        left = context.own((self.of, None)) - settled
        reached = [np.where(left > context.own((self.of, level)), level, 0) for level in self.levels]
        return pa.array(np.max(reached, axis=0), mask=left <= 0)
