"""Tiles as the store keeps them: one packed row per merchant and clock day, for every measure of the catalogue.

Live tiles are the tiles of `features.tiles` in the form that is enough while time goes on: once a fact is both past
and known it stays so, so its known day is written as its clock day, and all that lies on one day is one row. Only
what is still to be known (a promise that will be broken when its time has passed) keeps a day of its own.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, bindparam, delete

from features.catalogue import CATALOGUE
from features.catalogue.merchant import CATEGORY
from features.database import among, insert_all
from features.facts import Facts
from features.measures import RULES, Crossed, Measure, Source
from features.tables import KEYS, tiles

__all__ = [
    "MEASURES",
    "VERSION",
    "Entries",
    "Layout",
    "entries_of",
    "facts_of",
    "read_tiles",
    "replace_tiles",
    "write_tiles",
]

Ints = npt.NDArray[np.int64]

#: A merchant's row of one clock and known day, with its packed amounts.
Tile = tuple[str, int, int, bytes]

_ASKED = [number for feature in CATALOGUE for number in feature.numbers] + [*CATEGORY.numbers(None)]

#: Every measure that a live merchant has of its own; its place here is its number in a row.
MEASURES: tuple[Measure, ...] = tuple(
    dict.fromkeys(measure for measure, _ in _ASKED if not isinstance(measure.source, Crossed))
)

#: SHA-256 (hex) of all that a row's numbers depend on, and of the ids by which its events are found; rows of another
#: version are made anew.
VERSION = hashlib.sha256(repr((RULES, MEASURES, tuple(KEYS))).encode()).hexdigest()

_NUMBER_OF = {measure: number for number, measure in enumerate(MEASURES)}
_PAIR = np.dtype([("measure", "<u2"), ("amount", "<i8")])


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """Amounts one by one, (n,) each: of which merchant, on which clock and known day, of which measure."""

    merchant: Ints
    clock: Ints
    known: Ints
    measure: Ints
    amount: Ints

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Entries":
        """Only those chosen by a mask."""
        return Entries(**{name: getattr(self, name)[chosen] for name in _COLUMNS})

    def of(self, merchant: Ints) -> "Entries":
        """The same under other merchants' numbers (n,)."""
        return replace(self, merchant=merchant)

    def weighing(self, weights: Ints) -> "Entries":
        """The same, each so many times."""
        return replace(self, amount=self.amount * weights)

    def beside(self, other: "Entries") -> "Entries":
        """These and others."""
        return Entries(**{name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in _COLUMNS})

    def summed(self) -> "Entries":
        """The same, what lies in one place added up, in the order of places; what comes to nothing is left out."""
        places = [getattr(self, name) for name in _COLUMNS[:-1]]
        order = _ranked(places)
        ranked = np.stack(places)[:, order]
        first = np.flatnonzero(np.append(True, (ranked[:, 1:] != ranked[:, :-1]).any(axis=0))[: len(order)])
        sums = np.add.reduceat(self.amount[order], first) if len(order) else self.amount
        merchant, clock, known, measure = ranked[:, first][:, sums != 0]
        return Entries(merchant=merchant, clock=clock, known=known, measure=measure, amount=sums[sums != 0])


def _ranked(columns: Sequence[Ints]) -> Ints:
    """The order by several columns, the first one first."""
    if not len(columns[0]):
        return np.zeros(0, dtype=np.int64)
    low = [int(column.min()) for column in columns]
    spans = [int(column.max()) - first + 1 for column, first in zip(columns, low, strict=True)]
    if math.prod(spans) >= 2**63:
        return np.lexsort(tuple(reversed(columns)))
    # One number for all of them is sorted in a fraction of the time.
    place = columns[0] - low[0]
    for column, first, span in zip(columns[1:], low[1:], spans[1:], strict=True):
        place = place * span + (column - first)
    return np.argsort(place, kind="stable")


_COLUMNS = ("merchant", "clock", "known", "measure", "amount")


def entries_of(facts: Iterable[Facts], *, day: int) -> Entries:
    """Live facts (of a `Known` that is `live`) as entries, not added up.

    `day` is the running day, by which the past is settled.
    """
    nothing = np.array([], dtype=np.int64)
    parts = [(nothing,) * len(_COLUMNS), *map(_sparse, facts)]
    merchant, clock, known, measure, amount = (np.concatenate(column) for column in zip(*parts, strict=True))
    settled = known <= np.maximum(day, clock)
    return Entries(
        merchant=merchant, clock=clock, known=np.where(settled, clock, known), measure=measure, amount=amount
    )  # fmt: skip


def _sparse(facts: Facts) -> tuple[Ints, ...]:
    row, at = np.nonzero(facts.amounts)
    numbers = np.array([_NUMBER_OF[measure] for measure in facts.measures], dtype=np.int64)
    return facts.merchant[at], facts.clock[at], facts.known[at], numbers[row], facts.amounts[row, at]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the amounts of some measures go among facts: for every measure (by number) its source and its row there.

    A source of -1 is that of a measure that is left out.
    """

    sources: tuple[tuple[Measure, ...], ...]
    source: Ints
    row: Ints

    @classmethod
    def of(cls, measures: Iterable[Measure]) -> "Layout":
        """A place for each of some measures."""
        by_source: dict[Source, list[Measure]] = {}
        for measure in measures:
            by_source.setdefault(measure.source, []).append(measure)
        source, row = np.full(len(MEASURES), -1), np.zeros(len(MEASURES), dtype=np.int64)
        for place, own in enumerate(by_source.values()):
            numbers = [_NUMBER_OF[measure] for measure in own]
            source[numbers], row[numbers] = place, np.arange(len(numbers))
        return cls(sources=tuple(tuple(own) for own in by_source.values()), source=source, row=row)


def facts_of(entries: Entries, layout: Layout) -> list[Facts]:
    """Entries as facts again, one `Facts` for each source of which there are any."""
    # Small numbers are sorted by counting them, in a fraction of the time.
    source = layout.source.astype(np.int16)[entries.measure]
    order = np.argsort(source, kind="stable")
    cuts = np.searchsorted(source[order], np.arange(len(layout.sources) + 1)).tolist()
    return [
        _dense(entries, order[begin:end], layout.row, measures)
        for measures, begin, end in zip(layout.sources, cuts[:-1], cuts[1:], strict=True)
        if begin < end
    ]


def _dense(entries: Entries, at: Ints, row_of: Ints, measures: tuple[Measure, ...]) -> Facts:
    amounts = np.zeros((len(measures), len(at)), dtype=np.int64)
    amounts[row_of[entries.measure[at]], np.arange(len(at))] = entries.amount[at]
    return Facts(
        merchant=entries.merchant[at], clock=entries.clock[at], known=entries.known[at], amounts=amounts,
        measures=measures,
    )  # fmt: skip


def read_tiles(tx: Connection, number_of: Mapping[str, int], *, since: int | None = None) -> Entries:
    """The tiles of some merchants, who get these numbers: all, or those whose clock is a day or a later one."""
    least = -(2**31) if since is None else since
    if tx.dialect.name == "postgresql":
        rows = _asked_of_driver(tx, _BY_MERCHANT, (list(number_of), least))
        return _unpacked(_Rows.together(rows), number_of)
    rows = _asked_of_driver(tx, _OF_MERCHANTS, (json.dumps(list(number_of), ensure_ascii=False), least))
    return _unpacked(_Rows.of(rows), number_of)


#: One row for each merchant, its tiles' columns as lists: PostgreSQL hands over thousands of rows ten times as slowly.
_BY_MERCHANT = (
    "SELECT merchant_id, array_agg(clock), array_agg(known), array_agg(length(amounts)), string_agg(amounts, ''::bytea)"
    " FROM tiles WHERE merchant_id = ANY(%b::text[]) AND clock >= %b GROUP BY merchant_id"
)
_OF_MERCHANTS = (
    "SELECT merchant_id, clock, known, amounts FROM tiles"
    " WHERE merchant_id IN (SELECT value FROM json_each(?)) AND clock >= ?"
)


def _asked_of_driver(tx: Connection, question: str, values: tuple[Any, ...]) -> list[Any]:
    """What the driver itself answers: what SQLAlchemy makes of each row costs more than to read it."""
    how = {"binary": True} if tx.dialect.name == "postgresql" else {}
    with closing(tx.connection.cursor(**how)) as cursor:
        cursor.execute(question, values)
        return list(cursor.fetchall())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Rows of tiles as columns; `sizes` are those of the amounts (bytes), which lie one behind the other."""

    names: Sequence[str]
    clock: Sequence[int]
    known: Sequence[int]
    sizes: Sequence[int]
    amounts: bytes

    @classmethod
    def of(cls, rows: Sequence[Tile]) -> "_Rows":
        """Rows one by one."""
        # Of hundreds of thousands; `zip(*rows)` would make an iterator for each.
        amounts = [row[3] for row in rows]
        return cls(
            names=[row[0] for row in rows],
            clock=[row[1] for row in rows],
            known=[row[2] for row in rows],
            sizes=[*map(len, amounts)],
            amounts=b"".join(amounts),
        )

    @classmethod
    def together(cls, rows: Sequence[tuple[str, list[int], list[int], list[int], bytes]]) -> "_Rows":
        """The rows of each merchant in one."""
        return cls(
            names=[row[0] for row in rows for _ in row[1]],
            clock=[one for row in rows for one in row[1]],
            known=[one for row in rows for one in row[2]],
            sizes=[one for row in rows for one in row[3]],
            amounts=b"".join(row[4] for row in rows),
        )


def _unpacked(rows: _Rows, number_of: Mapping[str, int]) -> Entries:
    counts = np.array(rows.sizes, dtype=np.int64) // _PAIR.itemsize
    pairs = np.frombuffer(rows.amounts, dtype=_PAIR)
    merchant = np.array([*map(number_of.__getitem__, rows.names)], dtype=np.int64)
    return Entries(
        merchant=np.repeat(merchant, counts),
        clock=np.repeat(np.array(rows.clock, dtype=np.int64), counts),
        known=np.repeat(np.array(rows.known, dtype=np.int64), counts),
        measure=pairs["measure"].astype(np.int64),
        amount=pairs["amount"].astype(np.int64),
    )


def write_tiles(tx: Connection, names: Sequence[str], change: Entries) -> None:
    """Add a change to the stored tiles; its merchants are numbered by their place in `names`."""
    places = _places(names, change)
    held = _held(tx, places)
    number_of = {name: number for number, name in enumerate(names)}
    sums = change.beside(_unpacked(_Rows.of(held), number_of)).summed()
    if len(_starts(sums)) < len(places):
        # What came to nothing was there, or came and went at once.
        gone = set(places) - set(_places(names, sums))
        tx.execute(_DROP_ROW, [{"m": name, "c": clock, "k": known} for name, clock, known in sorted(gone)])
    _insert(tx, names, sums, replace=True)


def _held(tx: Connection, places: Sequence[tuple[str, int, int]]) -> list[Tile]:
    """The stored tiles at some places."""
    if not places:
        return []
    if tx.dialect.name == "postgresql":
        return _asked_of_driver(tx, _AT_PLACES, tuple(map(list, zip(*places, strict=True))))
    return _asked_of_driver(tx, _AT_PLACES_SQLITE, (json.dumps(places, ensure_ascii=False),))


_TILE = "tile.merchant_id, tile.clock, tile.known, tile.amounts"
#: As in `features.neighbours`: SQLite finds places by the index where it is told in which order to join.
_AT_PLACES_SQLITE = (
    f"SELECT {_TILE} FROM json_each(?) AS place CROSS JOIN tiles AS tile WHERE tile.merchant_id = place.value ->> 0"
    " AND tile.clock = place.value ->> 1 AND tile.known = place.value ->> 2"
)
_AT_PLACES = (
    f"SELECT {_TILE} FROM unnest(%b::text[], %b::int[], %b::int[]) AS place (merchant_id, clock, known)"
    " JOIN tiles AS tile ON tile.merchant_id = place.merchant_id AND tile.clock = place.clock"
    " AND tile.known = place.known"
)

_DROP_ROW = delete(tiles).where(
    tiles.c.merchant_id == bindparam("m"), tiles.c.clock == bindparam("c"), tiles.c.known == bindparam("k")
)


def replace_tiles(tx: Connection, names: Sequence[str], entries: Entries) -> None:
    """Make these the merchants' tiles, whatever was there before."""
    tx.execute(delete(tiles).where(among(tx, tiles.c.merchant_id, names)))
    _insert(tx, names, entries)


def _starts(entries: Entries) -> Ints:
    """Where each row's entries begin; entries are in the order of their rows."""
    place = np.stack([entries.merchant, entries.clock, entries.known])
    return np.flatnonzero(np.append(True, (place[:, 1:] != place[:, :-1]).any(axis=0))[: place.shape[1]])


def _places(names: Sequence[str], entries: Entries) -> list[tuple[str, int, int]]:
    at = _starts(entries)
    columns = (entries.merchant[at].tolist(), entries.clock[at].tolist(), entries.known[at].tolist())
    return [(names[merchant], clock, known) for merchant, clock, known in zip(*columns, strict=True)]


def _insert(tx: Connection, names: Sequence[str], entries: Entries, *, replace: bool = False) -> None:
    pairs = np.empty(len(entries.amount), dtype=_PAIR)
    pairs["measure"], pairs["amount"] = entries.measure, entries.amount
    cuts = [*_starts(entries).tolist(), len(pairs)]
    packed, size = pairs.tobytes(), _PAIR.itemsize
    amounts = [packed[begin * size : end * size] for begin, end in pairwise(cuts)]
    places = zip(*_places(names, entries), strict=True) if amounts else ((), (), ())
    columns = dict(zip(("merchant_id", "clock", "known"), places, strict=True))
    insert_all(tx, tiles, {**columns, "amounts": amounts}, replace=replace)
