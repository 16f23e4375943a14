"""How much a rate is drawn towards others': empirical Bayes, from how far merchants of one category differ.

If merchants were all alike, rates would differ only as chance has it, and a merchant with little evidence should be
taken for its category's average; the more they differ beyond chance, the sooner its own evidence counts. With rates
x/n of merchants in groups, the share `rho` of the variance that is between merchants is found by the method of moments
for overdispersed proportions (Kleinman 1973, "Proportions with extraneous variance"; here pooled over groups), and
`1/rho - 1` is how many things of evidence the group's rate weighs.

It is estimated at the beginning of each month from what was known then, so it moves seldom and never looks ahead.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

__all__ = ["Spread", "month_of", "spread_of", "strengths"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Squares are divided before they are added up; in these fractions the sum does not hang on the order.
_FRACTIONS = 1 << 20

#: Fewer merchants with evidence than this tell nothing of how they differ (own proposal: the estimate's own error then
#: exceeds what is estimated).
_MERCHANTS = 30

#: No rate weighs less than one thing of evidence, or more than so many (own proposal: beyond it a merchant's own record
#: would take years to count).
_LEAST, _MOST = 1.0, 200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """What must be known of the merchants of each group, (groups, moments) each, all int64 and additive.

    Of merchants with evidence: how many, their evidence and what it came to, the squares of the evidence, and the
    squares of what it came to by the evidence, in fractions of 2**-20.
    """

    COLUMNS: ClassVar = ("merchants", "per", "of", "per_squares", "of_squares")

    merchants: Ints
    per: Ints
    of: Ints
    per_squares: Ints
    of_squares: Ints

    def plus(self, other: "Spread") -> "Spread":
        """Both together; the one with fewer groups lacks the last ones."""
        return Spread(**{name: _added(getattr(self, name), getattr(other, name)) for name in self.COLUMNS})


def _added(one: Ints, other: Ints) -> Ints:
    long, short = (one, other) if len(one) >= len(other) else (other, one)
    total = long.copy()
    total[: len(short)] += short
    return total


def spread_of(of: Ints, per: Ints, group: Ints) -> Spread:
    """The spread of merchants' rates `of / per`, (merchants, moments) each; `group` is in which each was then."""
    shape = (int(group.max(initial=0)) + 1, of.shape[1])
    moment = np.broadcast_to(np.arange(of.shape[1]), of.shape)
    divisor = np.where(per > 0, per, 1)
    told = {
        "merchants": (per > 0).astype(np.int64),
        "per": per,
        "of": np.where(per > 0, of, 0),
        "per_squares": per * per,
        "of_squares": np.where(per > 0, _quotient(of * of, divisor), 0),
    }
    sums = {name: np.zeros(shape, dtype=np.int64) for name in told}
    for name, values in told.items():
        np.add.at(sums[name], (group, moment), values)
    return Spread(**sums)


def _quotient(of: Ints, by: Ints) -> Ints:
    """In fractions, rounded down; what is whole is divided first, so that large numbers fit."""
    return of // by * _FRACTIONS + of % by * _FRACTIONS // by


def strengths(spread: Spread, *, default: float) -> Floats:
    """How many things of evidence a group's rate weighs, at each moment; `default` where too little is known.

    >>> alike = spread_of(np.array([[5]] * 40), np.array([[50]] * 40), np.zeros((40, 1), dtype=np.int64))
    >>> strengths(alike, default=10.0).tolist()
    [200.0]
    >>> apart = spread_of(np.array([[0], [50]] * 20), np.array([[50]] * 40), np.zeros((40, 1), dtype=np.int64))
    >>> strengths(apart, default=10.0).tolist()
    [1.0]
    """
    per = np.where(spread.per > 0, spread.per, 1).astype(np.float64)
    rate = np.clip(spread.of / per, 0.0, 1.0)
    chance = rate * (1.0 - rate)
    found = _total(spread.of_squares / _FRACTIONS - spread.of * (spread.of / per))
    freedom = np.maximum(spread.merchants - 1, 0)
    expected = _total(chance * freedom)
    weight = _total(chance * (spread.per - spread.per_squares / per - freedom))
    told = (freedom.sum(axis=0) >= _MERCHANTS) & (weight > 0)
    share = np.where(told, (found - expected) / np.where(told, weight, 1.0), 0.0)
    estimated = 1.0 / np.clip(share, 1.0 / (_MOST + 1.0), 1.0 / (_LEAST + 1.0)) - 1.0
    return np.where(told, estimated, default)


def _total(values: Floats) -> Floats:
    """The sum over groups at each moment, rounded once: in whatever order groups were met, it is the same."""
    return np.array([math.fsum(column) for column in values.T])


def month_of(day: Ints) -> Ints:
    """The first day of the month that each day (counted from 1970) is in.

    >>> month_of(np.array([0, 30, 31])).tolist()
    [0, 0, 31]
    """
    return day.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
