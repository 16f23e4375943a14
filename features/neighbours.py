"""Which stored events share their facts with new ones: those that speak of the same order, buyer, return, and so on."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, select

from features.database import some
from features.events import EVENT_TYPES, OF_A_LISTING, SCHEMA
from features.jsonrows import parse_canonical
from features.measures import Following, Uncovered
from features.tables import KEYS, event_keys, events, waiting

__all__ = ["Stored", "all_of", "beside", "by_seq", "key_rows", "no_rows", "of_types", "together"]

#: An event counts once it does not wait. Its `known_at` does not decide: two requests take their moments in one order
#: and their turns in another, and clocks of two machines differ.
_COUNTS = events.c.seq.not_in(select(waiting.c.seq))

#: Few, so that they are of few merchants.
_PLACES_AT_ONCE = 100

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
    heads: Iterable[int],
    following: Sequence[Following] = (),
    uncovered: Sequence[Uncovered] = (),
) -> Stored:
    """The stored events that count, whose facts the facts of `new` may depend on, or change.

    `heads` (seqs) stand for "the latest" of anything of the merchants, or are what that is chosen from; they always
    belong to them. `following` are the sources for which it matters what happened shortly before, `uncovered` those for
    which it matters what was on paper. Rows of `new` are never among what is found, as they are told apart by `seq`.
    """
    own = set(new.column("seq").to_pylist())
    found = Stored()
    seen: set[Place] = set()
    wanted = set(heads) - own
    places = _places(new, (*_REACHING, *_LOOKING))
    while wanted or places:
        seen |= places
        wanted |= _seqs(tx, sorted(places)) - own
        rows = _load(tx, sorted(wanted - found.seqs), found)
        wanted, places = set(), _places(rows, _REACHING) - seen
    wanted = (_in_time(tx, found.rows, new, following) | _known_later(tx, new, uncovered)) - own
    while wanted:
        # What shares facts by its time alone leads no further than to what its listing said before.
        places = _places(_load(tx, sorted(wanted - found.seqs), found), ("listing_id",)) - seen
        seen |= places
        wanted = _seqs(tx, sorted(places)) - own - found.seqs
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
                for part in some(names):
                    found.update(tx.scalars(query.where(events.c.merchant_id.in_(part))))
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
    return {seq for part in some(names) for seq in tx.scalars(query.where(events.c.merchant_id.in_(part)))}


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


def _seqs(tx: Connection, places: Sequence[Place]) -> set[int]:
    """The events at some places, which are in order."""
    # SQLite reads the whole table for a list of pairs, and finds two lists by the index; a few of the pairs that come
    # of the two were not asked for.
    owner, key, asked = event_keys.c.merchant_id, event_keys.c.key, set(places)
    found: set[int] = set()
    for part in some(places, _PLACES_AT_ONCE):
        owners, keys = (set(column) for column in zip(*part, strict=True))
        query = select(event_keys.c.seq, owner, key).where(owner.in_(sorted(owners)), key.in_(sorted(keys)))
        found |= {row.seq for row in tx.execute(query) if (row.merchant_id, row.key) in asked}
    return found


def _load(tx: Connection, seqs: Sequence[int], into: Stored) -> pa.Table:
    chosen = select(events.c.seq, events.c.body).where(_COUNTS)
    found = [row for part in some(seqs) for row in tx.execute(chosen.where(events.c.seq.in_(part)))]
    if not found:
        return no_rows()
    rows = parse_canonical([body for _, body in found])
    into.add([seq for seq, _ in found], rows)
    return rows


def key_rows(new: pa.Table, seqs: Sequence[int]) -> list[dict[str, Any]]:
    """One row of `event_keys` for each id that each event carries."""
    told = new.select(["merchant_id", "event_type", *(c for c in KEYS if c in new.column_names)]).to_pylist()
    return [
        {"key": f"{KEYS[column]}:{value}", "merchant_id": event["merchant_id"], "seq": seq}
        for event, seq in zip(told, seqs, strict=True)
        for column, value in event.items()
        if column in KEYS and value is not None and event["event_type"] in _FOUND.get(column, EVENT_TYPES)
    ]


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
        for names in some(mine.column("merchant_id").unique().to_pylist()):
            chosen = (events.c.merchant_id.in_(names), events.c.event_type.in_(sorted(types)))
            found.update(tx.scalars(select(events.c.seq).where(*chosen)))
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
