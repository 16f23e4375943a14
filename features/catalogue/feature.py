"""What a feature is: a formula over measures and windows, with all that people must know about it."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.measures import RULES, Measure, Number

__all__ = [
    "Bounded",
    "Context",
    "Feature",
    "Formula",
    "Ratio",
    "Shrunk",
    "Since",
    "Told",
    "Total",
    "Until",
    "Windowed",
]

Ints = npt.NDArray[np.int64]

#: Answers a number for all rows, (n,) int64.
Numbers = Callable[[Number], Ints]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What formulas are worked out from: a row's own numbers, its category's and everybody's, its day, the lexicon.

    `strength` answers how many things of evidence the category's rate weighs, (n,), or the default given.
    """

    own: Numbers
    category: Numbers
    everybody: Numbers
    strength: "Callable[[Shrunk], npt.NDArray[np.float64]]"
    day: Ints
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A plain sum of measures, less others; never null."""

    of: Measure
    and_of: tuple[Measure, ...] = ()
    less: tuple[Measure, ...] = ()

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return tuple((measure, days) for measure in (self.of, *self.and_of, *self.less))

    def values(self, context: Context, days: int | None) -> pa.Array:
        """int64 (n,)."""
        added = [context.own((measure, days)) for measure in (self.of, *self.and_of)]
        taken = [context.own((measure, days)) for measure in self.less]
        return pa.array(np.sum([*added, *(-amount for amount in taken)], axis=0, dtype=np.int64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """One sum, less another where there is one, by a third, and by `unit` on top; null where the denominator is 0.

    With `rest`, all but the first sum.
    """

    of: Measure
    per: Measure
    less: Measure | None = None
    unit: int = 1
    rest: bool = False

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return tuple(dict.fromkeys((measure, days) for measure in (self.of, self.per, self.less) if measure))

    @property
    def divisor(self) -> tuple[Measure, ...]:
        """What it divides by."""
        return (self.per,)

    def sums(self, numbers: Numbers, days: int | None) -> tuple[Ints, Ints]:
        """What is divided, and by what."""
        less = numbers((self.less, days)) if self.less else 0
        of, per = numbers((self.of, days)) - less, numbers((self.per, days))
        return (per - of if self.rest else of), per

    def values(self, context: Context, days: int | None) -> pa.Array:
        """float64 (n,) with nulls."""
        of, per = self.sums(context.own, days)
        return pa.array(of / np.where(per == 0, 1, per) / self.unit, mask=per == 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """Calendar days from what `latest` says to the moment's day; null before there is any."""

    latest: Measure
    known: Measure

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return ((self.latest, None), (self.known, None))

    def values(self, context: Context, days: int | None) -> pa.Array:
        """int64 (n,) with nulls."""
        known = context.own((self.known, None))
        return pa.array(context.day - context.own((self.latest, None)), mask=known == 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """Calendar days from the moment's day to a date; null where there is none."""

    date: Measure
    known: Measure

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return ((self.date, None), (self.known, None))

    def values(self, context: Context, days: int | None) -> pa.Array:
        """int64 (n,) with nulls."""
        known = context.own((self.known, None))
        return pa.array(context.own((self.date, None)) - context.day, mask=known == 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the latest event says: an amount, or a text out of the lexicon; null before there is any."""

    latest: Measure
    known: Measure
    text: bool = False

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return ((self.latest, None), (self.known, None))

    def values(self, context: Context, days: int | None) -> pa.Array:
        """int64 or text (n,) with nulls."""
        missing = context.own((self.known, None)) == 0
        said = pa.array(context.own((self.latest, None)), mask=missing)
        return pa.array(context.texts, pa.string()).take(said) if self.text else said


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrunk:
    """A rate drawn towards its category's, and that towards everybody's: (of + s * rate of all) / (per + s).

    So a merchant with little evidence is like its category, and nothing is ever null. How much the category's rate
    weighs is estimated from how far merchants differ within `compared` days (`features/strength.py`); `strength` stands
    where that cannot be told. `prior` stands for everybody's rate while there is none; it weighs one unit of evidence.
    """

    plain: Ratio
    prior: float
    strength: float = 10.0
    category_strength: float = 100.0
    compared: int = 365

    @property
    def divisor(self) -> tuple[Measure, ...]:
        """What the plain rate divides by."""
        return self.plain.divisor

    @property
    def rate(self) -> tuple[Number, Number]:
        """What it counts, and by what it divides, within the window in which merchants are compared."""
        return (self.plain.of, self.compared), (self.plain.per, self.compared)

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return self.plain.numbers(days)

    def values(self, context: Context, days: int | None) -> pa.Array:
        """float64 (n,)."""
        of, per = self.plain.sums(context.own, days)
        return pa.array(_drawn(of, per, self.towards(context, days), context.strength(self)))

    def towards(self, context: Context, days: int | None) -> npt.NDArray[np.float64]:
        """The category's rate, itself drawn towards everybody's: (n,)."""
        of, per = self.plain.sums(context.everybody, days)
        everybody = (of + self.prior) / (per + 1.0)
        return _drawn(*self.plain.sums(context.category, days), everybody, self.category_strength)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded:
    """Millionths in whole units: a part in full, and all the rest together up to `most`; never null."""

    of: Measure
    part: Measure
    most: float

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return ((self.of, days), (self.part, days))

    def values(self, context: Context, days: int | None) -> pa.Array:
        """float64 (n,)."""
        of, part = (context.own(number) / 1e6 for number in self.numbers(days))
        return pa.array(np.minimum(of, part + self.most))


class Formula(Protocol):
    """What a feature is worked out by: the numbers that it needs, and what becomes of them (`features.catalogue.shapes`
    has those that look at several windows)."""

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        ...

    def values(self, context: Context, days: int | None) -> pa.Array:
        """Its values (n,), null where there is no evidence."""
        ...


def _drawn(
    of: Ints, per: Ints, towards: npt.NDArray[np.float64], strength: float | npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    return np.asarray((of + strength * towards) / (per + strength))


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One feature. Its name is its documentation; `riskier` tells which way is worse: higher, lower or neither.

    `cause` tells whose doing it is: behaviour of the merchant, of its buyers (`buyer`), or an act of the platform; only
    `behaviour` may be a `model_input`. `shows` names the feature whose value people see in its stead. The sentences
    `text_none` stand for a null.
    """

    name: str
    meaning: str
    formula: Formula
    unit: str
    riskier: str
    reason: str
    text: str
    text_zh: str
    text_none: str
    text_none_zh: str
    days: int | None = None
    cause: str = "behaviour"
    model_input: bool = False
    clock: str = "event_time"
    shows: str = ""

    @property
    def numbers(self) -> tuple[Number, ...]:
        """What must be counted for it."""
        return self.formula.numbers(self.days)

    @property
    def evidence(self) -> tuple[Measure, ...]:
        """What it divides by, added up; nothing where it divides by nothing that is counted."""
        divisor: tuple[Measure, ...] = getattr(self.formula, "divisor", ())
        return divisor

    @property
    def shrunk(self) -> bool:
        """Whether it needs its category's numbers too."""
        return isinstance(self.formula, Shrunk)

    def declaration(self) -> str:
        """SHA-256 (hex) of everything that its value depends on, the meaning of declarations included."""
        return hashlib.sha256(repr((RULES, self.name, self.formula, self.days)).encode()).hexdigest()

    def values(self, context: Context) -> pa.Array:
        """Its values for all rows, (n,)."""
        return self.formula.values(context, self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Windowed:
    """One feature declared for several windows, `{name}_{n}d`.

    With a `capped` formula it has a second form, `{name}_{n}d_capped`: of what volume cannot buy and no buyer decide
    (`features.measures.Capped`); gates and models see that one. With a `prior`, the rate that models would see has one
    more form, `..._shrunk`, which they see in its place: drawn towards its category's rate, and never null. `drawn` are
    the windows that have it, where not all do.
    """

    name: str
    meaning: str
    formula: Formula
    unit: str
    riskier: str
    reason: str
    text: str
    text_zh: str
    text_none: str
    text_none_zh: str
    cause: str = "behaviour"
    model_input: bool = False
    clock: str = "event_time"
    meaning_capped: str = ""
    counting: tuple[str, str] = ("at most three real orders of each buyer", "每位买家最多计三笔真实订单")
    capped: Total | Ratio | None = None
    prior: float | None = None
    windows: tuple[int, ...] = (7, 30, 90, 365)
    drawn: tuple[int, ...] = ()

    def __iter__(self) -> Iterator[Feature]:
        seen = self.model_input and self.prior is None
        for days in self.windows:
            yield self._plain(days, seen=seen and self.capped is None)
        for days in self.windows if self.capped is not None else ():
            yield self._capped(days, seen=seen)
        for days in (self.drawn or self.windows) if self.prior is not None else ():
            yield self._drawn(days)

    def _plain(self, days: int, *, seen: bool) -> Feature:
        name = f"{self.name}_{days}d"
        shared = {name: getattr(self, name) for name in _SHARED}
        return Feature(name=name, shows=name, days=days, formula=self.formula, model_input=seen, **shared)

    def _capped(self, days: int, *, seen: bool) -> Feature:
        if self.capped is None:
            raise TypeError(f"{self.name} has no capped form")
        name = f"{self.name}_{days}d_capped"
        return Feature(name=name, shows=name, days=days, formula=self.capped, model_input=seen, **self._said_capped)

    def _drawn(self, days: int) -> Feature:
        formula = self.formula if self.capped is None else self.capped
        if not isinstance(formula, Ratio) or self.prior is None:
            raise TypeError(f"{self.name} is no rate with a prior")
        shared = {name: getattr(self, name) for name in _SHARED} if self.capped is None else self._said_capped
        shared["meaning"] = f"{shared['meaning']}, drawn towards the category's rate where evidence is thin"
        name = f"{self.name}_{days}d" if self.capped is None else f"{self.name}_{days}d_capped"
        drawn = Shrunk(plain=formula, prior=self.prior)
        return Feature(name=f"{name}_shrunk", shows=name, days=days, formula=drawn, model_input=True, **shared)

    @property
    def _said_capped(self) -> dict[str, str]:
        shared = {name: getattr(self, name) for name in _SHARED}
        shared["meaning"] = self.meaning_capped or f"{self.meaning}; of each buyer's real orders at most three"
        counting, counting_zh = self.counting
        shared["text"] = f"{self.text.removesuffix('.')}, counting {counting}."
        shared["text_zh"] = f"{self.text_zh.removesuffix('。')}（{counting_zh}）。"
        return shared


_SHARED = (
    "meaning", "unit", "riskier", "reason", "text", "text_zh", "text_none", "text_none_zh", "cause", "clock",
)  # fmt: skip
