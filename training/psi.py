"""Population stability: how far values have moved from those that a model learned from.

PSI = sum of (now - then) * ln(now / then) over bins. It over-triggers on small samples, so each figure comes with what
chance alone gives 95 % of the time: chi-squared of bins - 1 degrees, times (1 / then + 1 / now). Sources: Siddiqi 2006
(0.10 and 0.25); Yurdakul 2018 (the bound).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

__all__ = ["SHIFTED", "WATCH", "Reference", "Shift", "shift_of_words"]

Floats = npt.NDArray[np.float64]

#: Below it a population is called stable; from it on it is watched, and from the other on called shifted.
WATCH, SHIFTED = 0.10, 0.25

#: An empty bin counts as if half a row were in it.
_EMPTY = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How far a population has moved (`psi`), and what chance alone explains (`bound`)."""

    psi: float
    bound: float
    rows: int

    @property
    def state(self) -> Literal["stable", "watch", "shifted"]:
        """In words; what chance explains is stable.

        >>> Shift(psi=0.3, bound=0.4, rows=20).state, Shift(psi=0.3, bound=0.02, rows=2000).state
        ('stable', 'shifted')
        """
        if self.psi < WATCH or self.psi <= self.bound:
            return "stable"
        return "watch" if self.psi < SHIFTED else "shifted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What values once looked like: `shares` of them between rising `edges`, of so many `rows`."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]
    rows: int

    @classmethod
    def of(cls, values: Floats, *, rows: int = 0, bins: int = 10) -> Self:
        """Bins of about equal count; equal values stay together, so there may be fewer.

        `rows` is how many of the values are independent, where a merchant's months are kin (left away: all).
        """
        edges = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1], method="higher"))
        edges = edges[edges > values.min()]
        return cls(edges=tuple(edges.tolist()), shares=tuple(_shares(values, edges).tolist()), rows=rows or len(values))

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Self:
        """From what `plain` wrote."""
        return cls(edges=tuple(plain["edges"]), shares=tuple(plain["shares"]), rows=int(plain["rows"]))

    def plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {"edges": list(self.edges), "shares": list(self.shares), "rows": self.rows}

    def apart(self, values: Floats) -> Floats:
        """The values (n,) at the shares where its edges were, beside those: (edges, 2), so that moves have a unit.

        >>> Reference.of(np.arange(100.0), bins=4).apart(np.arange(100.0) + 5).tolist()
        [[25.0, 30.0], [50.0, 55.0], [75.0, 80.0]]
        """
        levels = np.cumsum(self.shares)[:-1].clip(0, 1)
        now = np.quantile(values, levels, method="higher")
        return np.column_stack([self.edges, now])

    def shift(self, values: Floats, *, rows: int = 0) -> Shift:
        """How far values (n,) have moved from it, `rows` of them independent (left away: all); NaN of none."""
        now = _shares(values, np.array(self.edges)) if len(values) else np.zeros(len(self.shares))
        return _shift(np.array(self.shares), now, self.rows, rows or len(values))


def shift_of_words(then: Mapping[str, float], words: npt.NDArray[np.object_], *, rows: int) -> Shift:
    """How far the shares of words have moved from those that they had among so many `rows`; words (n,)."""
    names = sorted({*then, *words.tolist()})
    counts = np.array([float((words == name).sum()) for name in names])
    before = np.array([then.get(name, 0.0) for name in names])
    return _shift(before, counts / max(len(words), 1), rows, len(words))


def _shift(then: Floats, now: Floats, rows_then: int, rows_now: int) -> Shift:
    if not rows_now or not rows_then:
        return Shift(psi=float("nan"), bound=float("nan"), rows=rows_now)
    then, now = np.maximum(then, _EMPTY / rows_then), np.maximum(now, _EMPTY / rows_now)
    psi = float(np.sum((now - then) * np.log(now / then)))
    bound = float(chi2.ppf(0.95, max(len(then) - 1, 1)) * (1 / rows_then + 1 / rows_now))
    return Shift(psi=psi, bound=bound, rows=rows_now)


def _shares(values: Floats, edges: Floats) -> Floats:
    counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
    return np.asarray(counts / len(values))
