"""Features as of any moment, of single merchants: from their tiles for now, from their events for the past.

Let D be the midnight that begins the moment's day. Windows run from n days before D to the moment, deadlines are
compared with D, and days are counted to D's day: so at D itself they are what a feature file holds, and during the
day they only add what has happened since. Facts and kernel are those of every other path.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

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
from features.kernel import Moments, window_sums, windows_of
from features.known import known_of
from features.live import outdated
from features.measures import Asked, Capped, Crossed, Number, Source
from features.midnights import Midnight, midnight_of
from features.neighbours import all_of
from features.tile_rows import MEASURES, entries_of, facts_of, read_tiles
from features.words import Words

__all__ = ["Reading", "features_as_of", "features_now", "readings"]

Ints = npt.NDArray[np.int64]

_DAY = 86_400_000_000
_BY_NAME = {feature.name: feature for feature in CATALOGUE}


def features_now(
    tx: Connection, merchant_ids: Sequence[str], *, now: datetime, features: Sequence[Feature] = CATALOGUE
) -> pa.Table:
    """Features of some merchants as of now, from their tiles: `merchant_id`, `as_of`, then the features.

    Their tiles must be of this version (`features.live.rebuild`).
    """
    number_of = {name: number for number, name in enumerate(merchant_ids)}
    facts, words = facts_of(read_tiles(tx, number_of)), Words(tx)
    return _table(merchant_ids, now, features, _context(tx, facts, merchant_ids, now, features, words))


def features_as_of(
    tx: Connection, merchant_id: str, *, as_of: datetime, features: Sequence[Feature] = CATALOGUE
) -> pa.Table:
    """Features of a merchant as of any moment, from its events known before it; no row where there were none."""
    # What is known at the very moment is not known before it.
    before, words = micros(as_of) - 1, Words(tx)
    rows = all_of(tx, [merchant_id], at=before)
    facts = _facts_of_one(rows, words, day=before // _DAY)
    asked = [merchant_id] if rows.num_rows else []
    return _table(asked, as_of, features, _context(tx, facts, asked, as_of, features, words))


def _facts_of_one(rows: pa.Table, words: Words, *, day: int) -> list[Facts]:
    """Live facts of the one merchant whose events these are, as they stand on a day."""
    known = known_of(rows, np.zeros(rows.num_rows, dtype=np.int64), live=True)
    return facts_of(entries_of(resolve(known, MEASURES, words), day=day))


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


def readings(tx: Connection, merchant_id: str, names: Sequence[str], *, now: datetime) -> dict[str, Reading]:
    """Some features of one merchant as of now, each with what it rests on.

    They are read from its tiles, or from its events where its tiles are to be made anew. Nothing is written.
    """
    shown = [_BY_NAME[name] for name in names]
    drawn = [_BY_NAME[f"{name}_shrunk"] for name in names if f"{name}_shrunk" in _BY_NAME]
    features, words = [*shown, *drawn], Words(tx)
    if outdated(tx, most=1, chosen=[merchant_id]):
        facts = _facts_of_one(all_of(tx, [merchant_id]), words, day=micros(now) // _DAY)
    else:
        facts = facts_of(read_tiles(tx, {merchant_id: 0}))
    context = _context(tx, facts, [merchant_id], now, features, words)
    return {feature.name: _reading(feature, context) for feature in shown}


def _reading(feature: Feature, context: Context) -> Reading:
    value = feature.values(context)[0].as_py()
    if not isinstance(feature.formula, Ratio):
        return Reading(name=feature.name, value=value)
    of, per = (int(numbers[0]) for numbers in feature.formula.sums(context.own, feature.days))
    drawn = _BY_NAME.get(f"{feature.name}_shrunk")
    if drawn is None or not isinstance(drawn.formula, Shrunk):
        return Reading(name=feature.name, value=value, of=of, per=per)
    prior = float(drawn.formula.towards(context, drawn.days)[0])
    strength = float(context.strength(drawn.formula)[0])
    return Reading(name=feature.name, value=value, of=of, per=per, prior=prior, strength=strength)


def _context(
    tx: Connection,
    facts: Iterable[Facts],
    merchant_ids: Sequence[str],
    now: datetime,
    features: Sequence[Feature],
    words: Words,
) -> Context:
    """What formulas are worked out from, at this moment."""
    day, texts = micros(now) // _DAY, words.texts
    needed = dict.fromkeys([*(n for feature in features for n in feature.numbers), *CATEGORY.numbers(None)])
    own = _sums(facts, len(merchant_ids), day, needed)
    latest, named = CATEGORY.numbers(None)
    categories = [texts[number] if has else "" for number, has in zip(own[latest], own[named], strict=True)]
    crossing_numbers = [number for number in needed if isinstance(number[0].source, Crossed)]
    asked = crossing_numbers or any(feature.shrunk for feature in features)
    crossing = midnight_of(tx, day) if asked else Midnight(day=day)
    own |= read_crossed(tx, crossing.day, merchant_ids, crossing_numbers)
    count = len(merchant_ids)
    return Context(
        own=own.__getitem__,
        category=lambda number: np.array([crossing.of(number, one) for one in categories], dtype=np.int64),
        everybody=lambda number: np.full(count, crossing.of_everybody(number)),
        strength=lambda formula: np.full(count, crossing.strength_of(formula)),
        day=np.full(count, day),
        texts=tuple(texts),
    )


def _sums(facts: Iterable[Facts], count: int, day: int, needed: Iterable[Number]) -> dict[Number, Ints]:
    """Every needed number of all merchants during a day."""
    moments = Moments(merchant=np.arange(count), day=np.full(count, day + 1))
    sums: dict[Number, Ints] = {number: np.zeros(count, dtype=np.int64) for number in needed}
    windows = windows_of(needed)
    for one in facts:
        sums |= window_sums(one, moments, windows, more=_running_days(one.measures[0].source))
    return sums


def _running_days(source: Source) -> int:
    """How many days a window has beyond its own while a day runs: that day, unless it looks at deadlines."""
    return 0 if isinstance(source, Asked | Capped) and source.deadline else 1


def _table(merchant_ids: Sequence[str], now: datetime, features: Sequence[Feature], context: Context) -> pa.Table:
    columns: Mapping[str, pa.Array] = {
        "merchant_id": pa.array(merchant_ids, pa.string()),
        "as_of": pa.array([now] * len(merchant_ids), Kind.TIME.arrow),
    }
    return pa.table({**columns, **{feature.name: feature.values(context) for feature in features}})
