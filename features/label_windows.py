"""Label windows: the time in which an outcome may show, and by when it has to be known."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.known import Rows, days
from features.spells import Spells, match

__all__ = ["Windows"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """Label windows (n,) of merchants, in days: from `start`, before `end`; judged `delay` days after that."""

    merchant: Ints
    start: Ints
    end: Ints
    delay: int

    def __len__(self) -> int:
        return len(self.start)

    @property
    def until(self) -> Ints:
        """The day at whose beginning each is judged."""
        return self.end + self.delay

    def pairs(self, rows: Rows, *, clock: Ints | None = None, delay: int | None = None) -> tuple[Ints, Ints]:
        """All (window, event) with the event's time, or `clock` (n,), in the window, and known when it is judged.

        That is after the windows' delay, or another one.
        """
        at = (rows.merchant << 24) + days(rows.time if clock is None else clock) + 2**22
        order = np.argsort(at, kind="stable")
        begin = np.searchsorted(at[order], (self.merchant << 24) + self.start + 2**22)
        count = np.searchsorted(at[order], (self.merchant << 24) + self.end + 2**22) - begin
        window = np.repeat(np.arange(len(begin)), count)
        event = order[np.repeat(begin - (np.cumsum(count) - count), count) + np.arange(len(window))]
        live = self.knows(window, days(rows.start)[event], days(rows.end)[event], delay)
        return window[live], event[live]

    def knows(self, window: Ints, start: Ints, end: Ints, delay: Ints | int | None = None) -> npt.NDArray[np.bool_]:
        """Whether what is known from day `start` until day `end` counts in each window; `delay` (n,) may differ."""
        until = self.end[window] + (self.delay if delay is None else delay)
        return np.asarray((start < until) & (until <= end))

    def standing(self, window: Ints, key: Ints, spells: Spells, delay: Ints | None = None) -> tuple[Ints, Ints]:
        """All (i, spell) with the spell under key[i] that counts when window[i] is judged; `delay` is by spell."""
        pair, spell = match(key, spells.key)
        live = self.knows(window[pair], spells.start[spell], spells.end[spell], None if delay is None else delay[spell])
        return pair[live], spell[live]
