"""Points: a calibrated log-odds on a scale that people can learn. Higher points = safer merchant.

The form is the usual "points to double the odds" scaling of credit scorecards: `points` at odds `odds`:1
good, and every `pdo` points double those odds. Score and probability come from the same log-odds, and the
one rounding of the product happens in `points`.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from scoring.errors import NotANumber

__all__ = ["STANDARD", "OddsRow", "Scaling", "log_odds", "odds_table", "points", "probability"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """Where the scale is fixed: `points` at odds `odds`:1 good, `pdo` points to double, clipped at both ends."""

    points: int
    odds: int
    pdo: int
    lowest: int
    highest: int

    @property
    def factor(self) -> float:
        """Points per unit of log-odds.

        >>> round(STANDARD.factor, 4)
        28.8539
        """
        return self.pdo / math.log(2)


#: 600 points at 50:1 good and 20 points to double, as in design 8-models.
STANDARD = Scaling(points=600, odds=50, pdo=20, lowest=300, highest=850)


def points(log_odds_bad: float, scaling: Scaling = STANDARD) -> int:
    """Whole points for a log-odds of bad, rounded half up and clipped to the scale; NotANumber for NaN.

    50 good to 1 bad are 600 points; twice those odds 20 more; 1 to 1 is 600 - 20 * log2(50) = 487.1.

    >>> points(-math.log(50)), points(-math.log(100)), points(-math.log(25)), points(0.0)
    (600, 620, 580, 487)
    >>> points(-50.0), points(50.0)
    (850, 300)
    """
    if math.isnan(log_odds_bad):
        raise NotANumber(column="log-odds", merchant_id="(any)", value=log_odds_bad)
    exact = scaling.points + scaling.factor * (-log_odds_bad - math.log(scaling.odds))
    held = min(max(exact, scaling.lowest), scaling.highest)
    return math.floor(held + 0.5)


def probability(log_odds_bad: float) -> float:
    """Probability of bad for its log-odds, exact at both ends and never an overflow.

    >>> probability(0.0), round(probability(-math.log(50)), 6), probability(-1000.0), probability(1000.0)
    (0.5, 0.019608, 0.0, 1.0)
    """
    if log_odds_bad >= 0:
        return 1.0 / (1.0 + math.exp(-log_odds_bad))
    odds = math.exp(log_odds_bad)
    return odds / (1.0 + odds)


def log_odds(p: float) -> float:
    """Log-odds of a probability strictly between 0 and 1.

    >>> log_odds(0.5), round(log_odds(0.1), 4)
    (0.0, -2.1972)
    """
    return math.log(p) - math.log1p(-p)


@dataclass(frozen=True, slots=True, kw_only=True)
class OddsRow:
    """One row of the published table: at `points`, `odds` good merchants stand against one bad."""

    points: int
    odds: float
    p_bad: float


def odds_table(scaling: Scaling = STANDARD, *, step: int | None = None) -> tuple[OddsRow, ...]:
    """The table that is published with the score: what each `step` points mean (default: the points to double).

    >>> [(row.points, round(row.odds, 2), round(row.p_bad, 4)) for row in odds_table() if 580 <= row.points <= 640]
    [(580, 25.0, 0.0385), (600, 50.0, 0.0196), (620, 100.0, 0.0099), (640, 200.0, 0.005)]
    """
    return tuple(_odds_rows(scaling, step or scaling.pdo))


def _odds_rows(scaling: Scaling, step: int) -> Iterator[OddsRow]:
    for at in range(scaling.lowest, scaling.highest + 1, step):
        odds = scaling.odds * 2 ** ((at - scaling.points) / scaling.pdo)
        yield OddsRow(points=at, odds=odds, p_bad=1 / (1 + odds))
