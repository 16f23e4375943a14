"""Which stored events share their facts with new ones: those that speak of the same order, buyer, return, and so on."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, select

from features.database import among, some
from features.events import EVENT_TYPES, OF_A_LISTING, SCHEMA
from features.jsonrows import parse_canonical
from features.measures import Following, Uncovered
from features.tables import KEYS, events, waiting

__all__ = ["Stored", "all_of", "beside", "by_seq", "key_columns", "no_rows", "of_types", "together"]

#: An event counts once it does not wait. Its `known_at` does not decide: two requests take their moments in one order
#: and their turns in another, and clocks of two machines differ.
_COUNTS = events.c.seq.not_in(select(waiting.c.seq))

#: Microseconds.
_DAY = 86_400_000_000

#: A merchant and a key of its own.
Place = tuple[str, str]

#: Ids that lead no further: what is of one listing, or brand, shares no facts.
_ENDING = ("decision_id", "listing_id", "brand", "reverses")

#: Of these, by what only some events are looked for: which look for others, and which can be found.
#:
#: What a listing says follows what it said before; an order of it asks for nothing of the kind, but for the papers of
#: its brand.
_LOOKING = MappingProxyType(
    {"listing_id": ("listing_changed", "advert_checked"), "brand": ("order_placed", "qualification_checked")}
)
_FOUND = MappingProxyType(
    {"listing_id": OF_A_LISTING.union(_LOOKING["listing_id"]), "brand": frozenset(["qualification_checked"])}
)

#: Ids through which one event's facts can reach another's, and on from there: what becomes of one order of a buyer
#: decides which of the others count.
_REACHING = tuple(column for column in KEYS if column not in _ENDING)


class Stored:
    """Stored events as rows of the log, with `seq` in front; gathered bit by bit, each once."""

    def __init__(self) -> None:
        self.seqs: set[int] = set()
        self.parts: list[pa.Table] = []

    def add(self, seqs: Sequence[int], rows: pa.Table) -> None:
        """Take in rows that are not there yet."""
        self.seqs.update(seqs)
        self.parts.append(rows.append_column("seq", pa.array(seqs, pa.int64())))

    @property
    def rows(self) -> pa.Table:
        """All of them, with the columns that any of them fills."""
        return pa.concat_tables(self.parts, promote_options="default") if self.parts else no_rows()


def no_rows() -> pa.Table:
    """No event at all."""
    return SCHEMA.empty_table().append_column("seq", pa.array([], pa.int64()))


def beside(
    tx: Connection,
    new: pa.Table,
    *,
    standing: Iterable[int],
    following: Sequence[Following] = (),
    uncovered: Sequence[Uncovered] = (),
) -> Stored:
    """The stored events that count, whose facts the facts of `new` may depend on, or change.

    `standing` (seqs) are what is chosen from where something stands; they always belong to them. `following` are the
    sources for which it matters what happened shortly before, `uncovered` those for which it matters what was on paper.
    Rows of `new` are never among what is found, as they are told apart by `seq`.
    """
    own = set(new.column("seq").to_pylist())
    found = Stored()
    seen: set[Place] = set()
    wanted = set(standing) - own
    places = _places(new, (*_REACHING, *_LOOKING))
    while wanted or places:
        seen |= places
        wanted |= _seqs(tx, places) - own
        rows = _load(tx, sorted(wanted - found.seqs), found)
        wanted, places = set(), _places(rows, _REACHING) - seen
    wanted = (_in_time(tx, found.rows, new, following) | _known_later(tx, new, uncovered)) - own
    while wanted:
        # What shares facts by its time alone leads no further than to what its listing said before.
        places = _places(_load(tx, sorted(wanted - found.seqs), found), ("listing_id",)) - seen
        seen |= places
        wanted = _seqs(tx, places) - own - found.seqs
    return found


def _in_time(tx: Connection, old: pa.Table, new: pa.Table, following: Sequence[Following]) -> set[int]:
    """Stored events that the new ones, or what is beside them, may follow; and those that may follow the new ones."""
    found: set[int] = set()
    for source in following:
        of, after, length = source.of.of.event_type, source.after.event_type, source.days * _DAY
        for rows in (old, new):
            for names, first, last in _span(rows, of):
                found |= _between(tx, names, after, (first - length, last))
        for names, first, last in _span(new, after):
            found |= _between(tx, names, of, (first, last + length))
    return found


def _known_later(tx: Connection, new: pa.Table, uncovered: Sequence[Uncovered]) -> set[int]:
    """Stored events that became known after new papers, and may be covered by them."""
    found: set[int] = set()
    for source in uncovered:
        for event_type in {checks.event_type for checks in source.papers.of}:
            for names, first, _ in _span(new, event_type, clock="known_at"):
                later = (events.c.event_type == source.of.event_type, events.c.known_at >= first)
                query = select(events.c.seq).where(*later)
                found.update(tx.scalars(query.where(among(tx, events.c.merchant_id, names))))
    return found


def _span(rows: pa.Table, event_type: str, *, clock: str = "event_time") -> Iterator[tuple[list[str], int, int]]:
    """Whose events of a type there are, and from when to when (microseconds); nothing where there are none."""
    chosen = rows.filter(pc.equal(rows.column("event_type"), event_type))
    if chosen.num_rows:
        time = chosen.column(clock).cast(pa.int64()).to_numpy()
        yield chosen.column("merchant_id").unique().to_pylist(), int(time.min()), int(time.max())


def _between(tx: Connection, names: Sequence[str], event_type: str, span: tuple[int, int]) -> set[int]:
    first, last = span
    # What happened at a time was not known before it, and only that is in the index.
    within = (events.c.known_at >= first, events.c.event_time.between(first, last))
    query = select(events.c.seq).where(events.c.event_type == event_type, *within)
    return set(tx.scalars(query.where(among(tx, events.c.merchant_id, names))))


def _places(rows: pa.Table, columns: Sequence[str]) -> set[Place]:
    ids, merchants = rows.column("event_id").to_pylist(), rows.column("merchant_id").to_pylist()
    # What takes an event back is always beside it.
    places: set[Place] = set(zip(merchants, (f"event:{event_id}" for event_id in ids), strict=True))
    for column in columns:
        if column in rows.column_names:
            chosen = pc.is_valid(rows.column(column))
            if column in _LOOKING:
                own = pc.is_in(rows.column("event_type"), value_set=pa.array(_LOOKING[column]))
                chosen = pc.and_(chosen, own)
            said = rows.filter(chosen)
            keys = (f"{KEYS[column]}:{value}" for value in said.column(column).to_pylist())
            places |= set(zip(said.column("merchant_id").to_pylist(), keys, strict=True))
    return places


def _seqs(tx: Connection, places: Collection[Place]) -> set[int]:
    """The events at some places."""
    if not places:
        return set()
    if tx.dialect.name == "postgresql":
        owners, keys = zip(*places, strict=True)
        found = tx.exec_driver_sql(_AT_PLACES, (list(owners), list(keys)))
    else:
        found = tx.exec_driver_sql(_AT_PLACES_SQLITE, (json.dumps(list(places), ensure_ascii=False),))
    return set(found.scalars().all())


#: SQLite finds pairs by the index where it is told in which order to join.
_AT_PLACES_SQLITE = (
    "SELECT found.seq FROM json_each(?) AS place CROSS JOIN event_keys AS found"
    " WHERE found.merchant_id = place.value ->> 0 AND found.key = place.value ->> 1"
)
_AT_PLACES = (
    "SELECT found.seq FROM unnest(%b::text[], %b::text[]) AS place (merchant_id, key)"
    " JOIN event_keys AS found ON found.merchant_id = place.merchant_id AND found.key = place.key"
)


def _load(tx: Connection, seqs: Sequence[int], into: Stored) -> pa.Table:
    if not seqs:
        return no_rows()
    chosen = select(events.c.seq, events.c.body).where(_COUNTS, among(tx, events.c.seq, seqs))
    found = tx.execute(chosen.order_by(events.c.seq)).all()
    if not found:
        return no_rows()
    held, bodies = zip(*found, strict=True)
    rows = parse_canonical(bodies)
    into.add(held, rows)
    return rows


def key_columns(new: pa.Table, seqs: Sequence[int]) -> dict[str, list[Any]]:
    """The columns of `event_keys`: a row for each id that each event carries."""
    types, owners = (new.column(name).to_pylist() for name in ("event_type", "merchant_id"))
    found = [
        (f"{KEYS[column]}:{value}", owners[place], seqs[place])
        for column in KEYS
        if column in new.column_names
        for place, value in enumerate(new.column(column).to_pylist())
        if value is not None and types[place] in _FOUND.get(column, EVENT_TYPES)
    ]
    return dict(
        zip(("key", "merchant_id", "seq"), map(list, zip(*found, strict=True)) if found else ([], [], []), strict=True)
    )


def by_seq(tx: Connection, seqs: Sequence[int]) -> pa.Table:
    """Some stored events that count."""
    found = Stored()
    _load(tx, seqs, found)
    return found.rows


def of_types(tx: Connection, merchant_id: str, event_types: Collection[str]) -> pa.Table:
    """A merchant's events of some types that count."""
    own = (events.c.merchant_id == merchant_id, events.c.event_type.in_(sorted(event_types)))
    return by_seq(tx, list(tx.scalars(select(events.c.seq).where(_COUNTS, *own).order_by(events.c.seq))))


def together(tx: Connection, new: pa.Table, groups: Collection[frozenset[str]]) -> set[int]:
    """The stored events (seqs) of each group of types of which a merchant has new ones: all of it belongs together."""
    found: set[int] = set()
    for types in groups:
        mine = new.filter(pc.is_in(new.column("event_type"), value_set=pa.array(sorted(types))))
        if mine.num_rows:
            own = among(tx, events.c.merchant_id, mine.column("merchant_id").unique().to_pylist())
            found.update(tx.scalars(select(events.c.seq).where(own, events.c.event_type.in_(sorted(types)))))
    return found


def all_of(tx: Connection, merchant_ids: Sequence[str], *, at: int | None = None) -> pa.Table:
    """Every event of some merchants that counts, or all that were known before or at a moment."""
    found = Stored()
    chosen = select(events.c.seq, events.c.body).where(_COUNTS if at is None else events.c.known_at <= at)
    for names in some(merchant_ids):
        rows = list(tx.execute(chosen.where(events.c.merchant_id.in_(names)).order_by(events.c.seq)))
        if rows:
            found.add([seq for seq, _ in rows], parse_canonical([body for _, body in rows]))
    return found.rows
