"""Formulas that look at several windows, or at several measures side by side: trends, changes, how even trade is.

A week, and a stretch of any length that does not end at the moment, is the difference of two windows; so these need no
facts of their own, and are as exact as the windows are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.catalogue.feature import Context, Formula, Ratio
from features.measures import Measure, Number

__all__ = [
    "Across", "Busiest", "Change", "Difference", "Fading", "Fresh", "Matured", "Pooled",
    "Product", "ShareOfDays", "Spread", "TopShare", "Trend", "Volatility",
]  # fmt: skip

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """How much came in a short window, by what a long one leads to expect: 1 = as ever; null where it leads to nothing.

    Expected is the long window's amount per day, or per each of `per`. With `steady`, so many more are thought to have
    come as expected: little evidence is like none, and nothing is null.
    """

    of: Measure
    short: int
    long: int
    per: Measure | None = None
    steady: float = 0.0

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        measures = [self.of] if self.per is None else [self.of, self.per]
        return tuple((measure, window) for measure in measures for window in (self.short, self.long))

    def values(self, context: Context, days: int | None) -> pa.Array:
        """float64 (n,) with nulls where nothing is `steady`."""
        found, expected = self._found(context)
        below = expected + self.steady
        return pa.array((found + self.steady) / np.where(below == 0, 1.0, below), mask=below == 0)

    def _found(self, context: Context) -> tuple[Floats, Floats]:
        """What came and what was expected, both counted in `per`, or in `of` where there is none."""
        short, long = (context.own((self.of, window)) for window in (self.short, self.long))
        if self.per is None:
            return short.astype(np.float64), np.asarray(long * (self.short / self.long))
        per_short, per_long = (context.own((self.per, window)) for window in (self.short, self.long))
        # Where the long window's amount is 0, nothing tells what to expect.
        return _by(short, _by(long, per_long)), np.asarray(np.where(long != 0, per_short, 0), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A rate in a short window, less the same rate in a long one; null where either has nothing to divide by."""

    rate: Ratio
    short: int
    long: int

    @property
    def divisor(self) -> tuple[Measure, ...]:
        """What it divides by."""
        return self.rate.divisor

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return (*self.rate.numbers(self.short), *self.rate.numbers(self.long))

    def values(self, context: Context, days: int | None) -> pa.Array:
        """float64 (n,) with nulls."""
        (of, per), (of_long, per_long) = (self.rate.sums(context.own, window) for window in (self.short, self.long))
        return pa.array(_by(of, per) - _by(of_long, per_long), mask=(per == 0) | (per_long == 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Matured:
    """A rate of what lies in a window that ended `age` days ago, as known now; null where there is nothing in it."""

    rate: Ratio
    age: int

    @property
    def divisor(self) -> tuple[Measure, ...]:
        """What it divides by."""
        return self.rate.divisor

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return (*self.rate.numbers(self._long(days)), *self.rate.numbers(self.age))

    def values(self, context: Context, days: int | None) -> pa.Array:
        """float64 (n,) with nulls."""
        (of, per), (young, per_young) = (self.rate.sums(context.own, one) for one in (self._long(days), self.age))
        return pa.array(_by(of - young, per - per_young), mask=per == per_young)

    def _long(self, days: int | None) -> int | None:
        return None if days is None else days + self.age


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing less another; null where either is."""

    of: Formula
    less: Formula

    @property
    def divisor(self) -> tuple[Measure, ...]:
        """What either divides by."""
        return tuple(dict.fromkeys(part for one in (self.of, self.less) for part in getattr(one, "divisor", ())))

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return tuple(dict.fromkeys((*self.of.numbers(days), *self.less.numbers(days))))

    def values(self, context: Context, days: int | None) -> pa.Array:
        """float64 (n,) with nulls."""
        return pc.subtract(self.of.values(context, days), self.less.values(context, days))


@dataclass(frozen=True, slots=True, kw_only=True)
class Across:
    """One sum by another of a window of its own; null where the denominator is 0."""

    of: Number
    per: Number

    @property
    def divisor(self) -> tuple[Measure, ...]:
        """What it divides by."""
        return (self.per[0],)

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return (self.of, self.per)

    def values(self, context: Context, days: int | None) -> pa.Array:
        """float64 (n,) with nulls."""
        of, per = context.own(self.of), context.own(self.per)
        return pa.array(_by(of, per), mask=per == 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """Several sums by several others, all together; null where the denominator is 0."""

    of: tuple[Measure, ...]
    per: tuple[Measure, ...]

    @property
    def divisor(self) -> tuple[Measure, ...]:
        """What it divides by."""
        return self.per

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return tuple((measure, days) for measure in (*self.of, *self.per))

    def values(self, context: Context, days: int | None) -> pa.Array:
        """float64 (n,) with nulls."""
        of, per = (_each(context, [(one, days) for one in some]).sum(axis=0) for some in (self.of, self.per))
        return pa.array(_by(of, per), mask=per == 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fading:
    """A sum that older things weigh less in: `steps` are how far back each weight (percent) reaches; never null."""

    of: Measure
    steps: tuple[tuple[int, int], ...]

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return tuple((self.of, reach) for reach, _ in self.steps)

    def values(self, context: Context, days: int | None) -> pa.Array:
        """float64 (n,)."""
        within = np.diff(_each(context, self.numbers(days)), axis=0, prepend=0)
        weights = np.array([percent for _, percent in self.steps])
        return pa.array(weights @ within / 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareOfDays:
    """The share counted of a window's days, or of those since a first one where that is later; null before it."""

    of: Measure
    first: Measure
    known: Measure

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return ((self.of, days), (self.first, None), (self.known, None))

    def values(self, context: Context, days: int | None) -> pa.Array:
        """float64 (n,) with nulls."""
        counted, first, known = (context.own(number) for number in self.numbers(days))
        # While a day runs it is counted too, beside the days that are over.
        share = counted / np.clip(context.day - first, 1, days)
        return pa.array(np.minimum(share, 1.0), mask=known == 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Volatility:
    """How uneven the last weeks were: standard deviation of the weekly amounts by their mean; null where all are 0."""

    of: Measure
    weeks: int

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return _weekly_numbers(self.of, self.weeks)

    def values(self, context: Context, days: int | None) -> pa.Array:
        """float64 (n,) with nulls."""
        weekly = _weekly(context, self.of, self.weeks)
        total = weekly.sum(axis=0)
        # n times the sum of squares less the square of the sum: whole numbers until the root is drawn.
        spread = np.maximum(self.weeks * (weekly**2).sum(axis=0) - total**2, 0)
        return pa.array(_by(np.sqrt(spread), total), mask=total == 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Busiest:
    """The share of the busiest of the last weeks in all of them; null where nothing came."""

    of: Measure
    weeks: int

    @property
    def divisor(self) -> tuple[Measure, ...]:
        """What it divides by."""
        return (self.of,)

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return _weekly_numbers(self.of, self.weeks)

    def values(self, context: Context, days: int | None) -> pa.Array:
        """float64 (n,) with nulls."""
        weekly = _weekly(context, self.of, self.weeks)
        total = weekly.sum(axis=0)
        return pa.array(_by(weekly.max(axis=0), total), mask=total == 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Signs that mean more together than each alone, multiplied; null where any of them is."""

    of: tuple[Formula, ...]

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return tuple(dict.fromkeys(number for formula in self.of for number in formula.numbers(days)))

    def values(self, context: Context, days: int | None) -> pa.Array:
        """float64 (n,) with nulls."""
        found = [formula.values(context, days) for formula in self.of]
        missing = np.any([one.is_null().to_numpy(zero_copy_only=False) for one in found], axis=0)
        each = [one.fill_null(0).to_numpy() for one in found]
        return pa.array(np.prod(each, axis=0), mask=missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopShare:
    """The share of the greatest of some measures in all of them; null where all are 0."""

    of: tuple[Measure, ...]

    @property
    def divisor(self) -> tuple[Measure, ...]:
        """What it divides by."""
        return self.of

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return tuple((measure, days) for measure in self.of)

    def values(self, context: Context, days: int | None) -> pa.Array:
        """float64 (n,) with nulls."""
        each = _each(context, self.numbers(days))
        total = each.sum(axis=0)
        return pa.array(_by(each.max(axis=0), total), mask=total == 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Over how many equal measures a sum would be as even as over these (1 / Herfindahl); null where all are 0."""

    of: tuple[Measure, ...]

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return tuple((measure, days) for measure in self.of)

    def values(self, context: Context, days: int | None) -> pa.Array:
        """float64 (n,) with nulls."""
        each = _each(context, self.numbers(days))
        squares, total = (each**2).sum(axis=0), each.sum(axis=0)
        return pa.array(_by(total**2, squares), mask=total == 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """Of a short window's sum, the share of the measures of which a long window had nothing before it.

    Null where the short window has nothing, or where there was nothing at all before it. With `shown`, which goes with
    `of` one by one, it is the share in the short window's sum of those instead.
    """

    of: tuple[Measure, ...]
    short: int
    long: int
    shown: tuple[Measure, ...] = ()

    @property
    def divisor(self) -> tuple[Measure, ...]:
        """What it divides by."""
        return self.shown or self.of

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        found = tuple((measure, window) for window in (self.short, self.long) for measure in self.of)
        return (*found, *((measure, self.short) for measure in self.shown))

    def values(self, context: Context, days: int | None) -> pa.Array:
        """float64 (n,) with nulls."""
        now, ever = (_each(context, [(one, window) for one in self.of]) for window in (self.short, self.long))
        shown = _each(context, [(one, self.short) for one in self.shown]) if self.shown else now
        fresh, total = np.where(ever == now, shown, 0).sum(axis=0), shown.sum(axis=0)
        return pa.array(_by(fresh, total), mask=(total == 0) | ((ever - now).sum(axis=0) == 0))


def _weekly_numbers(of: Measure, weeks: int) -> tuple[Number, ...]:
    return tuple((of, 7 * week) for week in range(1, weeks + 1))


def _weekly(context: Context, of: Measure, weeks: int) -> Ints:
    """What came in each of the last weeks, the last one first: (weeks, n)."""
    return np.diff(_each(context, _weekly_numbers(of, weeks)), axis=0, prepend=0)


def _each(context: Context, numbers: Sequence[Number]) -> Ints:
    """Some numbers side by side: (k, n)."""
    return np.stack([context.own(number) for number in numbers])


def _by(above: npt.ArrayLike, below: npt.ArrayLike) -> Floats:
    """One by another; 0 where there is nothing to divide by."""
    some = np.asarray(below) != 0
    return np.asarray(np.where(some, above, 0) / np.where(some, below, 1))
