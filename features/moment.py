"""Features as of any moment, of single merchants: from their tiles for now, from their events for the past.

Let D be the midnight that begins the moment's day. Windows run from n days before D to the moment, deadlines are
compared with D, and days are counted to D's day: so at D itself they are what a feature file holds, and during the
day they only add what has happened since. Facts and kernel are those of every other path.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import Connection

from features.catalogue import CATALOGUE
from features.catalogue.feature import Context, Feature, Ratio, Shrunk
from features.catalogue.merchant import CATEGORY
from features.crossed_rows import read_crossed
from features.database import micros
from features.events import Kind
from features.facts import Facts, resolve
from features.kernel import Moments, Windows, window_sums, windows_of
from features.known import known_of
from features.live import outdated
from features.measures import Asked, Capped, Crossed, Number, Source
from features.midnights import Midnight, midnight_of
from features.neighbours import all_of
from features.tile_rows import Layout, entries_of, facts_of, read_tiles
from features.words import Words

__all__ = ["Reading", "features_as_of", "features_now", "readings"]

Ints = npt.NDArray[np.int64]

_DAY = 86_400_000_000
_BY_NAME = {feature.name: feature for feature in CATALOGUE}


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What some features of the catalogue are worked out from; whether any is drawn towards its category's rate."""

    features: tuple[Feature, ...]
    numbers: tuple[Number, ...]
    drawn: bool

    @classmethod
    @cache
    def of(cls, names: tuple[str, ...]) -> "_Asked":
        """By the features' names: the same are asked for again and again."""
        features = tuple(_BY_NAME[name] for name in names)
        drawn = any(feature.shrunk for feature in features)
        numbers = [number for feature in features for number in feature.numbers]
        needed = dict.fromkeys([*numbers, *(CATEGORY.numbers(None) if drawn else ())])
        return cls(features=features, numbers=tuple(needed), drawn=drawn)

    @cached_property
    def windows(self) -> Windows:
        return windows_of(self.numbers)

    @cached_property
    def layout(self) -> Layout:
        """The measures that a merchant has of its own."""
        return Layout.of(measure for measure in self.windows if not isinstance(measure.source, Crossed))

    @cached_property
    def crossing(self) -> tuple[Number, ...]:
        """The numbers that are of other merchants' making."""
        return tuple(number for number in self.numbers if isinstance(number[0].source, Crossed))

    @cached_property
    def longest(self) -> int | None:
        """How many days old what counts may be; None where anything may count."""
        lengths = [days for measure, days in self.numbers if not isinstance(measure.source, Crossed)]
        return max((days for days in lengths if days is not None), default=0) if None not in lengths else None


def features_now(
    tx: Connection, merchant_ids: Sequence[str], *, now: datetime, features: Sequence[Feature] = CATALOGUE
) -> pa.Table:
    """Features of some merchants as of now, from their tiles: `merchant_id`, `as_of`, then the features.

    Their tiles must be of this version (`features.live.rebuild`).
    """
    asked = _asked_for(features)
    facts = _facts_now(tx, merchant_ids, now, asked)
    return _table(merchant_ids, now, asked, _context(tx, facts, merchant_ids, now, asked, Words(tx)))


def features_as_of(
    tx: Connection, merchant_id: str, *, as_of: datetime, features: Sequence[Feature] = CATALOGUE
) -> pa.Table:
    """Features of a merchant as of any moment, from its events known before it; no row where there were none."""
    # What is known at the very moment is not known before it.
    before, words, asked = micros(as_of) - 1, Words(tx), _asked_for(features)
    rows = all_of(tx, [merchant_id], at=before)
    facts = _facts_of_one(rows, words, asked.layout, day=before // _DAY)
    names = [merchant_id] if rows.num_rows else []
    return _table(names, as_of, asked, _context(tx, facts, names, as_of, asked, words))


def _asked_for(features: Sequence[Feature]) -> _Asked:
    return _Asked.of(tuple(feature.name for feature in features))


def _facts_now(tx: Connection, merchant_ids: Sequence[str], now: datetime, asked: _Asked) -> list[Facts]:
    """What some merchants' tiles hold of what is asked."""
    number_of = {name: number for number, name in enumerate(merchant_ids)}
    since = None if asked.longest is None else micros(now) // _DAY - asked.longest
    return facts_of(read_tiles(tx, number_of, since=since), asked.layout)


def _facts_of_one(rows: pa.Table, words: Words, layout: Layout, *, day: int) -> list[Facts]:
    """Live facts of the one merchant whose events these are, as they stand on a day."""
    known = known_of(rows, np.zeros(rows.num_rows, dtype=np.int64), live=True)
    measures = [measure for own in layout.sources for measure in own]
    return facts_of(entries_of(resolve(known, measures, words), day=day), layout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A feature's value with what it rests on: for a rate, `of` of `per` things.

    `prior` is its category's rate, drawn towards everybody's, and weighs `strength` things; None where there is none.
    """

    name: str
    value: float | int | str | None
    of: int | None = None
    per: int | None = None
    prior: float | None = None
    strength: float = 0.0


def readings(
    tx: Connection, merchant_ids: Sequence[str], names: Sequence[str], *, now: datetime
) -> dict[str, dict[str, Reading]]:
    """Some features of some merchants as of now, by merchant and name, each with what it rests on.

    They are read from tiles, or from the events of whose tiles are to be made anew. Nothing is written.
    """
    drawn = [f"{name}_shrunk" for name in names if f"{name}_shrunk" in _BY_NAME]
    asked, words = _Asked.of((*names, *drawn)), Words(tx)
    late = set(outdated(tx, most=len(merchant_ids), chosen=merchant_ids))
    steady = [one for one in merchant_ids if one not in late]
    facts: dict[tuple[str, ...], list[Facts]] = {
        (one,): _facts_of_one(all_of(tx, [one]), words, asked.layout, day=micros(now) // _DAY) for one in late
    }
    if steady:
        facts[tuple(steady)] = _facts_now(tx, steady, now, asked)
    found: dict[str, dict[str, Reading]] = {one: {} for one in merchant_ids}
    for some, own in facts.items():
        context = _context(tx, own, some, now, asked, words)
        for name in names:
            for one, told in zip(some, _read(_BY_NAME[name], context), strict=True):
                found[one][name] = told
    return found


def _read(feature: Feature, context: Context) -> Iterator[Reading]:
    """What a feature is of each merchant."""
    values, name = feature.values(context).to_pylist(), feature.name
    if not isinstance(feature.formula, Ratio):
        yield from (Reading(name=name, value=value) for value in values)
        return
    sums = zip(*(numbers.tolist() for numbers in feature.formula.sums(context.own, feature.days)), strict=True)
    drawn = _BY_NAME.get(f"{name}_shrunk")
    priors, strengths = [None] * len(values), [0.0] * len(values)
    if drawn is not None and isinstance(drawn.formula, Shrunk):
        priors = drawn.formula.towards(context, drawn.days).tolist()
        strengths = context.strength(drawn.formula).tolist()
    for value, (of, per), prior, strength in zip(values, sums, priors, strengths, strict=True):
        yield Reading(name=name, value=value, of=int(of), per=int(per), prior=prior, strength=float(strength))


def _context(
    tx: Connection, facts: Iterable[Facts], merchant_ids: Sequence[str], now: datetime, asked: _Asked, words: Words
) -> Context:
    """What formulas are worked out from, at this moment."""
    day, texts = micros(now) // _DAY, words.texts
    own = _sums(facts, len(merchant_ids), day, asked)
    categories = _categories(own, texts) if asked.drawn else []
    crossing = midnight_of(tx, day) if asked.crossing or asked.drawn else Midnight(day=day)
    if asked.crossing:
        own |= read_crossed(tx, crossing.day, merchant_ids, asked.crossing)
    count = len(merchant_ids)
    return Context(
        own=own.__getitem__,
        category=lambda number: np.array([crossing.of(number, one) for one in categories], dtype=np.int64),
        everybody=lambda number: np.full(count, crossing.of_everybody(number)),
        strength=lambda formula: np.full(count, crossing.strength_of(formula)),
        day=np.full(count, day),
        texts=tuple(texts),
    )


def _categories(own: Mapping[Number, Ints], texts: Sequence[str]) -> list[str]:
    """The category of each merchant; empty where none is known."""
    latest, named = CATEGORY.numbers(None)
    return [texts[number] if has else "" for number, has in zip(own[latest], own[named], strict=True)]


def _sums(facts: Iterable[Facts], count: int, day: int, asked: _Asked) -> dict[Number, Ints]:
    """Every number asked for, of all merchants during a day."""
    moments = Moments(merchant=np.arange(count), day=np.full(count, day + 1))
    sums: dict[Number, Ints] = {number: np.zeros(count, dtype=np.int64) for number in asked.numbers}
    for one in facts:
        sums |= window_sums(one, moments, asked.windows, more=_running_days(one.measures[0].source))
    return sums


def _running_days(source: Source) -> int:
    """How many days a window has beyond its own while a day runs: that day, unless it looks at deadlines."""
    return 0 if isinstance(source, Asked | Capped) and source.deadline else 1


def _table(merchant_ids: Sequence[str], now: datetime, asked: _Asked, context: Context) -> pa.Table:
    columns: Mapping[str, pa.Array] = {
        "merchant_id": pa.array(merchant_ids, pa.string()),
        "as_of": pa.array([now] * len(merchant_ids), Kind.TIME.arrow),
    }
    return pa.table({**columns, **{feature.name: feature.values(context) for feature in asked.features}})
