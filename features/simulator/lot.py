"""Drawing by lot: everything that is left to chance in a marketplace goes through here.

A lot is made from a seed and a key, so that each merchant has one of its own: what happens to one merchant depends
neither on the others nor on how many are simulated at a time.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from features.simulator.scenario import DAY

__all__ = ["Flags", "Floats", "Ints", "Lot", "Words", "log_odds", "share_of"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Words = npt.NDArray[np.object_]


def log_odds(share: float) -> float:
    """The log-odds of a share.

    >>> round(log_odds(0.1), 3)
    -2.197
    """
    return math.log(share / (1 - share))


def share_of(odds: Floats) -> Floats:
    """The shares that log-odds mean.

    >>> share_of(np.array([0.0, -2.197])).round(2).tolist()
    [0.5, 0.1]
    """
    return np.asarray(1 / (1 + np.exp(-odds)))


class Lot:
    """A source of chance; the same seed and key draw the same."""

    def __init__(self, seed: int, *key: int) -> None:
        self.rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))

    def one(self, low: float = 0.0, high: float = 1.0) -> float:
        """One number, evenly between two."""
        return float(low + (high - low) * self.rng.random())

    def chance(self, share: Floats | float, n: int) -> Flags:
        """For each of n, whether what happens with this chance happens."""
        return self.rng.random(n) < share

    def some(self, rows: Ints, share: Floats | float) -> Ints:
        """Those of the rows that the lot falls on."""
        return rows[self.chance(share, len(rows))]

    def odds(self, n: int) -> Floats:
        """Logistic numbers: added to log-odds, the sum is positive with just the share that these mean."""
        u = self.rng.random(n) * (1 - 2e-12) + 1e-12
        return np.asarray(np.log(u / (1 - u)))

    def between(self, low: float, high: float, n: int) -> Floats:
        """Numbers evenly between two."""
        return np.asarray(low + (high - low) * self.rng.random(n))

    def later(self, times: Ints, *, days: Floats | float, least: float = 0.01) -> Ints:
        """Times that lie after others by `least` days and, on average, `days` more."""
        waited = (self.rng.exponential(1.0, len(times)) * days + least) * DAY
        return np.asarray(times + np.rint(waited).astype(np.int64))

    def pick(self, shares: Mapping[Any, float], n: int) -> Words:
        """Words in these shares, which need not add up to 1."""
        words = np.array(list(shares), dtype=object)
        bounds = np.cumsum(list(shares.values()))
        return np.asarray(words[np.searchsorted(bounds[:-1], self.rng.random(n) * bounds[-1], side="right")])
