"""What follows something that happened once, compared with what was before it."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from features.catalogue.feature import Context, Since
from features.measures import Measure, Number

__all__ = ["PaceAfter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceAfter:
    """The pace of what follows something, by the pace of `per` before it; null where it was too long ago.

    `of` is counted in the last `days` days, and its pace is that of the days `since`, at most so many. `per` is counted
    in the `before` days before the last `days`; null where there is none.
    """

    of: Measure
    per: Measure
    since: Since
    days: int
    before: int

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        earlier = ((self.per, self.days), (self.per, self.days + self.before))
        return ((self.of, self.days), *earlier, *self.since.numbers(None))

    def values(self, context: Context, days: int | None) -> pa.Array:
        """float64 (n,) with nulls."""
        since = self.since.values(context, None)
        elapsed = since.fill_null(self.days + 1).to_numpy()
        before = context.own((self.per, self.days + self.before)) - context.own((self.per, self.days))
        # On the day of the change itself a day has begun.
        expected = before * np.clip(elapsed, 1, self.days) / self.before
        found = context.own((self.of, self.days)) / np.where(before == 0, 1.0, expected)
        return pa.array(found, mask=(elapsed > self.days) | (before == 0))
