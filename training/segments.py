"""How a model treats kinds of merchants: by category, region, size and age, and month by month.

Fairness (design 6-goals): good merchants of a region, size or age may be called risky no more than 1.25 times as often
as all other good ones, unless chance explains it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from training.evaluate import Figure, auc, figure_of, resampled

__all__ = [
    "AGES", "FAIR", "LEAST_GOOD", "MOST", "SIZES", "TRADE", "Group", "Month", "Unfair", "by_group", "by_month",
    "grouped", "unfair", "unjudged",
]  # fmt: skip

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]
Names = npt.NDArray[np.object_]

#: Orders of a year, days since registration, days since the last order, from which each group begins (own proposal).
SIZES = ((0, "under 10 orders a year"), (10, "10 to 99 orders"), (100, "100 to 999 orders"), (1000, "1,000 and more"))
AGES = ((0, "under 90 days old"), (90, "90 to 364 days"), (365, "one to two years"), (730, "two years and more"))

TRADE = ((0, "ordered from within 30 days"), (30, "nothing ordered for 30 days"))

#: Of which kinds of groups it is asked whether they are treated alike, and how far they may differ.
FAIR, MOST = ("region", "size", "age"), 1.25

#: Groups with fewer good merchants are told, but not judged: chance alone doubles their rates (own proposal).
LEAST_GOOD = 20
#: Of bootstrap samples; enough for an interval, and each is drawn for every group.
_RESAMPLES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One group's rows: how many, how many bad, what the model expected, how it ranks, how often it wrongs.

    `judged` tells whether all have to be treated alike by its dimension. `wrong` is the share of good rows from the
    cut-off on; `ratio` that share by all other rows'.
    """

    dimension: str
    judged: bool
    name: str
    rows: int
    bad: int
    merchants: int
    expected: float
    auc: Figure
    wrong: float
    ratio: Figure

    @property
    def unfair(self) -> bool:
        """Whether its good merchants are wronged more often than others', beyond chance."""
        return self.judged and self.ratio.value > MOST and self.ratio.low > 1.0

    def plain(self) -> dict[str, Any]:
        """As JSON shows it."""
        return asdict(self) | {"unfair": self.unfair}


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """The rows of one month: how many, how many bad and which share (`seen`), what was expected, how it ranks."""

    as_of: str
    rows: int
    bad: int
    expected: float
    seen: Figure
    auc: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfair:
    """The group that is wronged most, beyond chance; `ratio` is 1 where there is none."""

    group: str
    ratio: float


def grouped(values: Sequence[float | None], bounds: Sequence[tuple[float, str]]) -> Names:
    """The name of the group that each value lies in, (n,).

    >>> grouped([5, 100, None], SIZES).tolist()
    ['under 10 orders a year', '100 to 999 orders', 'not known']
    """
    names = [next((name for least, name in reversed(bounds) if value is not None and value >= least), "not known")
             for value in values]  # fmt: skip
    return np.array(names, dtype=object)


def by_group(
    y: Labels, p: Floats, merchants: Names, groups: Mapping[str, Names], *, cutoff: float, fair: Sequence[str] = FAIR
) -> tuple[Group, ...]:
    """Every group of every dimension, on rows (n,); a row is called risky from probability `cutoff` on.

    By the dimensions in `fair` all have to be treated alike.
    """
    weights = tuple(resampled(merchants, times=_RESAMPLES, seed=0))
    rows = _Rows(y=y, p=p, merchants=merchants, risky=p >= cutoff, weights=weights)
    return tuple(
        rows.group(dimension, str(name), names == name, judged=dimension in fair)
        for dimension, names in groups.items()
        for name in sorted(set(names.tolist()))
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    """Rows (n,) as they were judged, and the weights (n,) of bootstrap samples of them."""

    y: Labels
    p: Floats
    merchants: Names
    risky: npt.NDArray[np.bool_]
    weights: tuple[Floats, ...]

    def group(self, dimension: str, name: str, mine: npt.NDArray[np.bool_], *, judged: bool) -> Group:
        """Some of the rows, beside all others."""
        y, p, good, ones = self.y, self.p, self.y == 0, np.ones(len(self.y))

        def ratio(weight: Floats) -> float:
            return _by(_share(self.risky, good & mine, weight), _share(self.risky, good & ~mine, weight))

        def rank(weight: Floats) -> float:
            return auc(y[mine], p[mine], weight[mine])

        known = len(set(self.merchants[good & mine].tolist())) >= LEAST_GOOD and (good & ~mine).any()
        return Group(
            dimension=dimension,
            judged=judged,
            name=name,
            rows=int(mine.sum()),
            bad=int(y[mine].sum()),
            merchants=len(set(self.merchants[mine].tolist())),
            expected=float(p[mine].mean()),
            auc=figure_of(rank(ones), [rank(one) for one in self.weights]),
            wrong=_share(self.risky, good & mine, ones),
            ratio=figure_of(ratio(ones), [ratio(one) for one in self.weights]) if known else figure_of(np.nan, []),
        )


def _share(of: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_], weight: Floats) -> float:
    return _by(float(weight[of & among].sum()), float(weight[among].sum()))


def _by(above: float, below: float) -> float:
    return above / below if below else float("nan")


def unfair(groups: Sequence[Group]) -> Unfair:
    """The worst of the groups that are treated unfairly."""
    found = [one for one in groups if one.unfair]
    worst = max(found, key=lambda one: one.ratio.value, default=None)
    return Unfair(group=f"{worst.dimension} {worst.name}", ratio=worst.ratio.value) if worst else _NOBODY


def unjudged(groups: Sequence[Group]) -> tuple[str, ...]:
    """The groups that have to be treated alike and of which nobody can tell: too few good merchants are in them, or
    beside them, or no other good one is called risky.
    """
    return tuple(f"{one.dimension} {one.name}" for one in groups if one.judged and np.isnan(one.ratio.value))


_NOBODY = Unfair(group="", ratio=1.0)


def by_month(y: Labels, p: Floats, merchants: Names, as_of: npt.NDArray[np.datetime64]) -> Iterator[Month]:
    """How the model does in each month, in their order; rows (n,), those of no known moment left out."""
    months = as_of.astype("datetime64[M]")
    for month in np.unique(months[~np.isnat(months)]):
        mine = months == month
        bad, told, ones = y[mine], p[mine], np.ones(int(mine.sum()))
        weights = tuple(resampled(merchants[mine], times=_RESAMPLES, seed=0))
        yield Month(
            as_of=str(month.astype("datetime64[D]")),
            rows=len(bad),
            bad=int(bad.sum()),
            expected=float(told.mean()),
            seen=figure_of(float(bad.mean()), [float(np.average(bad, weights=one)) for one in weights]),
            auc=figure_of(auc(bad, told, ones), [auc(bad, told, one) for one in weights]),
        )
