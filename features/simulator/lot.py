"""Drawing by lot: everything that is left to chance in a marketplace goes through here.

A lot is made from a seed and a key, so that each merchant has one for each side of its life: what happens to one
merchant depends neither on the others nor on how many are simulated at a time, and what is switched off on one side
changes nothing on another. Of NumPy only the uniform numbers of PCG64 are used, which no version and no machine
changes.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from features.simulator.exact import exp, log, normal
from features.simulator.scenario import DAY

__all__ = ["Flags", "Floats", "Ints", "Lot", "Words", "log_odds", "odds_of", "share_of"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Words = npt.NDArray[np.object_]


def odds_of(shares: Floats) -> Floats:
    """The log-odds of shares.

    >>> odds_of(np.array([0.5, 0.1])).round(3).tolist()
    [0.0, -2.197]
    """
    return log(shares / (1 - shares))


def log_odds(share: float) -> float:
    """The log-odds of one share."""
    return float(odds_of(np.array([share]))[0])


def share_of(odds: Floats) -> Floats:
    """The shares that log-odds mean.

    >>> share_of(np.array([0.0, -2.197])).round(2).tolist()
    [0.5, 0.1]
    """
    return np.asarray(1 / (1 + exp(-odds)))


#: So far apart are the numbers of one drawing and of the next.
_APART = 2**40


class Lot:
    """A source of chance; the same seed and key draw the same.

    Each drawing begins at a place of its own: when more are drawn at once, the first of them and all later drawings
    stay the same. So what is added in the end, as a scheme's orders are, changes nothing of what was there.
    """

    def __init__(self, seed: int, *key: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key))
        self._rng = np.random.Generator(self._bits)

    def _drawn(self, n: int) -> Floats:
        numbers = self._rng.random(n)
        self._bits.advance(_APART - n)
        return np.asarray(numbers)

    def even(self, n: int) -> Floats:
        """Numbers evenly between 0 and 1, neither of them included."""
        return np.asarray(self._drawn(n) * (1 - 2e-12) + 1e-12)

    def one(self, low: float = 0.0, high: float = 1.0) -> float:
        """One number, evenly between two."""
        return float(low + (high - low) * self._drawn(1)[0])

    def chance(self, share: Floats | float, n: int) -> Flags:
        """For each of n, whether what happens with this chance happens."""
        return np.asarray(self._drawn(n) < share)

    def some(self, rows: Ints, share: Floats | float) -> Ints:
        """Those of the rows that the lot falls on."""
        return rows[self.chance(share, len(rows))]

    def odds(self, n: int) -> Floats:
        """Logistic numbers: added to log-odds, the sum is positive with just the share that these mean."""
        u = self.even(n)
        return log(u / (1 - u))

    def between(self, low: float, high: float, n: int) -> Floats:
        """Numbers evenly between two."""
        return np.asarray(low + (high - low) * self._drawn(n))

    def whole(self, below: int | Ints, n: int) -> Ints:
        """Whole numbers from 0 to below `below`, each as likely."""
        return np.floor(self._drawn(n) * below).astype(np.int64)

    def normal(self, n: int) -> Floats:
        """Standard normal numbers."""
        return normal(self.even(n))

    def exponential(self, n: int) -> Floats:
        """Waiting times of mean 1."""
        return -log(self.even(n))

    def poisson(self, means: Floats) -> Ints:
        """How often what happens so often on average happens: one count for each mean, none above 700."""
        left, term = self.even(len(means)), exp(-means)
        total, counts = term.copy(), np.zeros(len(means), dtype=np.int64)
        for count in range(1, 700):
            more = left > total
            if not more.any():
                break
            counts[more] = count
            term *= means / count
            total += term
        return counts

    def often(self, mean: float) -> int:
        """One such count."""
        return int(self.poisson(np.array([mean]))[0])

    def later(self, times: Ints, *, days: Floats | float, least: float = 0.01) -> Ints:
        """Times that lie after others by `least` days and, on average, `days` more."""
        waited = (self.exponential(len(times)) * days + least) * DAY
        return np.asarray(times + np.rint(waited).astype(np.int64))

    def pick(self, shares: Mapping[Any, float], n: int) -> Words:
        """Words in these shares, which need not add up to 1."""
        words = np.array(list(shares), dtype=object)
        bounds = np.cumsum(list(shares.values()))
        return np.asarray(words[np.searchsorted(bounds[:-1], self._drawn(n) * bounds[-1], side="right")])
