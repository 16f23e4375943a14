"""What crosses merchants, as of a midnight, kept in the store: sums by category, and facts made of others' events.

It is worked out once per midnight from the events known before it, on the same path as for training, and holds for
the day that follows.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Engine, func, select

from features.answers import rates_of
from features.catalogue import CATALOGUE
from features.catalogue.feature import Shrunk
from features.catalogue.merchant import CATEGORY
from features.categories import CategorySums, Rate, RateSpreads
from features.crossed_rows import CROSSING, Rows, replace_crossed, sums_of
from features.crossing import Market
from features.database import day_of, insert_new, reading, writing
from features.engine import COLUMNS_KEPT
from features.facts import Lexicon, resolve
from features.log import EventLog
from features.measures import Number
from features.norm_rows import NormRows, norms_of, replace_norms
from features.numbers import how_many
from features.partition import divided
from features.store import EventStore
from features.tables import category_sums, crossed, events, norms

__all__ = ["Midnight", "ensure_midnight", "forget_midnights", "midnight_is_kept", "midnight_of", "sum_up"]

Ints = npt.NDArray[np.int64]

#: Every number that is asked for by category.
_SHARED: tuple[Number, ...] = tuple(
    dict.fromkeys(number for feature in CATALOGUE if feature.shrunk for number in feature.numbers)
)
_RATES: tuple[Rate, ...] = rates_of(CATALOGUE)
_PLACE_OF = {number: place for place, number in enumerate(_SHARED)}
#: Sums stay though up to a tenth more has come in since: adding up everything for each late event costs too much.
_GROWN = 1.1
_VERSION = hashlib.sha256(repr((_SHARED, CROSSING, _RATES, "norms")).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Midnight:
    """Sums as of the midnight that begins `day` (days since 1970), one for each shared number, in their order.

    `strengths` are those of the rates that are drawn towards others', in their order, 0 where it cannot be told.
    """

    day: int
    everybody: tuple[int, ...] = (0,) * len(_SHARED)
    categories: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    strengths: tuple[float, ...] = (0.0,) * len(_RATES)

    def of_everybody(self, number: Number) -> int:
        """A number of all merchants together."""
        return self.everybody[_PLACE_OF[number]]

    def of(self, number: Number, category: str) -> int:
        """A number of a category; 0 for one that nobody was in."""
        sums = self.categories.get(category)
        return sums[_PLACE_OF[number]] if sums else 0

    def strength_of(self, formula: Shrunk) -> float:
        """How many things of evidence the category's rate weighs."""
        return self.strengths[_RATES.index(formula.rate)] or formula.strength


def sum_up(log: EventLog, day: int) -> tuple[Midnight, Rows, NormRows]:
    """Add up what was known of everybody before a midnight.

    Sums by category, what crosses to each merchant, and what brands' goods usually cost.
    """
    at = np.array([day])
    lexicon, sums, spreads, market = Lexicon(), CategorySums(at), RateSpreads(at), Market(m for m, _ in CROSSING)
    measures = dict.fromkeys([*(measure for measure, _ in _SHARED), *(m for m, _ in CATEGORY.numbers(None))])
    with divided(log, COLUMNS_KEPT) as parted:
        if not parted.merchants:
            return Midnight(day=day), {}, {}
        for part in range(parted.count):
            known = parted.part(part)
            resolved = resolve(known, measures, lexicon)
            sums.add(resolved, _SHARED)
            spreads.add(resolved, _RATES)
            market.take(known)
        crossing = sums_of(market, parted.merchants, day)
    told = tuple(float(spreads.of(rate, at, default=0.0)[0]) for rate in _RATES)
    return _midnight(sums, lexicon, at, told), crossing, norms_of(market, day)


def _midnight(sums: CategorySums, lexicon: Lexicon, at: Ints, strengths: tuple[float, ...]) -> Midnight:
    return Midnight(
        day=int(at[0]),
        strengths=strengths,
        everybody=tuple(int(sums.of_everybody(number, at)[0]) for number in _SHARED),
        categories={text: _of_category(sums, number, at) for number, text in enumerate(lexicon.texts)},
    )


def _of_category(sums: CategorySums, category: int, at: Ints) -> tuple[int, ...]:
    return tuple(int(sums.of(number, np.array([category]), at)[0]) for number in _SHARED)


def midnight_of(tx: Connection, day: int) -> Midnight:
    """The sums as of the midnight that begins a day, or of the last one before it that is kept."""
    kept = category_sums.c
    query = select(kept.day, kept.body).where(kept.day <= day, kept.measures == _VERSION)
    row = tx.execute(query.order_by(kept.day.desc()).limit(1)).one_or_none()
    if row is None:
        return Midnight(day=day)
    body = json.loads(row.body)
    categories = {text: tuple(sums) for text, sums in body["categories"].items()}
    told = {name: tuple(body[name]) for name in ("everybody", "strengths")}
    return Midnight(day=row.day, categories=categories, **told)


def ensure_midnight(engine: Engine, day: int) -> None:
    """Work out the sums as of the midnight that begins a day, unless they are kept already.

    A history that comes in late adds to midnights that were summed before it: once the store has grown by much since
    then, they are summed anew.
    """
    with reading(engine) as tx:
        newest = _newest(tx)
        if _is_kept(tx, day, newest):
            return
    found, crossing, usual = sum_up(EventStore(engine).log(known_before=_EPOCH + timedelta(days=day)), day)
    told = {
        "everybody": found.everybody,
        "categories": found.categories,
        "strengths": found.strengths,
        "newest": newest,
    }
    body = json.dumps(told, ensure_ascii=False)
    with writing(engine) as tx:
        tx.execute(category_sums.delete().where(category_sums.c.day == day))
        insert_new(tx, category_sums, [{"day": day, "measures": _VERSION, "body": body}])
        replace_crossed(tx, day, crossing)
        replace_norms(tx, day, usual)


def midnight_is_kept(engine: Engine, day: int) -> bool:
    """Whether the sums as of the midnight that begins a day need not be worked out."""
    with reading(engine) as tx:
        return _is_kept(tx, day, _newest(tx))


def _is_kept(tx: Connection, day: int, newest: int) -> bool:
    return newest <= _summed_through(tx, day) * _GROWN


def _newest(tx: Connection) -> int:
    return how_many(tx.scalar(select(func.max(events.c.seq))) or 0)


def _summed_through(tx: Connection, day: int) -> int:
    """How many events had come in when a day's sums were worked out; -1 where none are kept."""
    kept = category_sums.c
    body = tx.scalar(select(kept.body).where(kept.day == day, kept.measures == _VERSION))
    return -1 if body is None else int(json.loads(body)["newest"])


def forget_midnights(engine: Engine, *, after: datetime) -> None:
    """Have the sums of every midnight after a moment worked out anew, since more is known of what came before it."""
    with writing(engine) as tx:
        for kept in (category_sums, crossed, norms):
            tx.execute(kept.delete().where(kept.c.day > day_of(after)))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
