"""What shows before any label has matured: rates of recent weeks, whom the model would refuse, missing evidence.

Each week is seen with what was known at its end, so a young week is beside weeks that were as young: a nowcast, told
apart from labels that have matured. A rise is that of merchants who traded in both weeks, with a 95 % interval, so that
few merchants give no sign.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self

import numpy as np
import numpy.typing as npt

__all__ = ["Early", "Sign", "Week"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """The mean of a figure among merchants then and now, and the 95 % interval of its rise; None where it has none."""

    name: str
    merchants: int
    then: float
    now: float
    low: float
    high: float

    @classmethod
    def of(cls, name: str, then: Floats, now: Floats) -> Self:
        """From the same merchants' figures at two moments, (n,) each; NaN of those with no figure, who are left out.

        >>> sign = Sign.of("x", np.array([0.0, 0.0, 0.0, 0.0]), np.array([0.1, 0.3, 0.1, 0.3]))
        >>> round(sign.low, 3), round(sign.high, 3)
        (0.087, 0.313)
        """
        both = ~(np.isnan(then) | np.isnan(now))
        if both.sum() < 2:
            return cls(name=name, merchants=int(both.sum()), then=np.nan, now=np.nan, low=np.nan, high=np.nan)
        rise = now[both] - then[both]
        mean, half = float(rise.mean()), 1.96 * float(rise.std(ddof=1)) / float(np.sqrt(both.sum()))
        return cls(
            name=name,
            merchants=int(both.sum()),
            then=float(then[both].mean()),
            now=float(now[both].mean()),
            low=mean - half,
            high=mean + half,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Week:
    """Merchants in trade at a midnight, by name, and their figures by name, (n,) each; NaN where there is none."""

    as_of: datetime
    merchants: npt.NDArray[np.object_]
    figures: Mapping[str, Floats]

    def mean(self, name: str) -> float:
        """The mean of a figure; NaN where nobody has it."""
        told = self.figures[name][~np.isnan(self.figures[name])]
        return float(told.mean()) if len(told) else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Early:
    """Weeks, the oldest first, and the rise of each figure from the first of them to the last.

    `risen` are those that rose by at least a limit beyond chance, among at least so many merchants.
    """

    weeks: tuple[Week, ...]
    signs: tuple[Sign, ...]
    risen: tuple[str, ...]

    @classmethod
    def of(cls, weeks: Sequence[Week], *, rise: float, merchants: int) -> Self:
        """From weeks, the oldest first, all with the same figures."""
        first, last = weeks[0], weeks[-1]
        names = np.intersect1d(first.merchants.astype(str), last.merchants.astype(str))
        at_first, at_last = (_places(one.merchants, names) for one in (first, last))
        signs = [Sign.of(name, first.figures[name][at_first], last.figures[name][at_last]) for name in last.figures]
        risen = tuple(one.name for one in signs if one.merchants >= merchants and one.low > rise)
        return cls(weeks=tuple(weeks), signs=tuple(signs), risen=risen)

    def plain(self) -> dict[str, Any]:
        """As JSON shows it; a figure that nobody has is null."""
        return {
            "weeks": [
                {"as_of": one.as_of.isoformat(), "merchants": len(one.merchants),
                 **{name: _or_null(one.mean(name)) for name in one.figures}}
                for one in self.weeks
            ],
            "signs": [{name: _or_null(value) for name, value in asdict(one).items()} for one in self.signs],
            "risen": list(self.risen),
        }  # fmt: skip


def _places(merchants: npt.NDArray[np.object_], wanted: npt.NDArray[np.str_]) -> npt.NDArray[np.int64]:
    place = {name: at for at, name in enumerate(merchants.tolist())}
    return np.array([place[name] for name in wanted.tolist()], dtype=np.int64)


def _or_null(value: Any) -> Any:
    return None if isinstance(value, float) and np.isnan(value) else value
