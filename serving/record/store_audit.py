"""SQL of the audit record, and of locks by name."""

import hashlib
import json
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Connection, Row, and_, bindparam, delete, func, insert, select, update

from features.database import columns_of, insert_all, insert_new
from features.queries import Query, given
from serving.record.tables import anchor_heads, anchors, audit, audit_chains

__all__ = [
    "FIRST",
    "NOTHING",
    "Anchor",
    "Chain",
    "Head",
    "Link",
    "about",
    "add",
    "add_anchor",
    "anchors_since",
    "begin",
    "chains",
    "count",
    "cut",
    "cut_chains",
    "cut_too_far",
    "end_of",
    "grown",
    "hash_of",
    "hold",
    "last_about",
    "last_anchor",
    "links",
    "misanchored",
    "unanswered",
]

#: The chain of everything that was written before there was more than one.
FIRST = ""

#: What the first entry of a chain has before it.
NOTHING = "0" * 64

_ROWS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One entry in its chain; `at` is in microseconds, `body` is canonical JSON."""

    chain: str
    seq: int
    at: int
    actor: str
    action: str
    subject: str
    body: str
    previous: str
    hash: str

    @property
    def says(self) -> dict[str, Any]:
        """Its body, read."""
        return dict(json.loads(self.body))


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How far a chain goes, and the hash of its last entry."""

    chain: str
    seq: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A chain, and how much of it was dropped: up to which entry, and the hash of that."""

    chain: str
    begun_at: int
    anchored_seq: int
    dropped_seq: int
    dropped_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The ends of the chains that have grown since the anchor before it, whose hash is `previous`."""

    number: int
    at: int
    heads: tuple[Head, ...]
    previous: str
    hash: str


def hold(tx: Connection, *names: str) -> None:
    """Let nobody else hold these names until the transaction ends; they are taken in the order in which they come."""
    # A transaction that writes has SQLite for itself.
    if tx.dialect.name == "postgresql" and names:
        keys = func.unnest(bindparam("keys", [_key(name) for name in names], type_=ARRAY(BigInteger)))
        tx.execute(select(func.pg_advisory_xact_lock(keys.column_valued("key"))))


def _key(name: str) -> int:
    """The number that stands for a name: two names with the same number would only wait for each other."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def begin(tx: Connection, chain: str, *, at: int) -> None:
    """Let a chain be one of those that there are."""
    nothing = {"anchored_seq": 0, "dropped_seq": 0, "dropped_hash": NOTHING}
    insert_new(tx, audit_chains, [{"chain": chain, "begun_at": at, **nothing}])


def end_of(tx: Connection, chain: str) -> Head | None:
    """Where a chain goes on; None where it is yet to begin."""
    # Everything in it may have been dropped since it is old.
    found = _LAST.rows(tx, chain=chain) or _DROPPED.rows(tx, chain=chain)
    return Head(chain=found[0][0], seq=found[0][1], hash=found[0][2]) if found else None


_CHAIN = given("chain")
_LAST = Query(
    select(audit.c.chain, audit.c.seq, audit.c.hash)
    .where(audit.c.chain == _CHAIN)
    .order_by(audit.c.seq.desc())
    .limit(1)
)
_DROPPED = Query(
    select(audit_chains.c.chain, audit_chains.c.dropped_seq, audit_chains.c.dropped_hash).where(
        audit_chains.c.chain == _CHAIN
    )
)


def add(tx: Connection, written: Sequence[Link]) -> None:
    """Keep more links."""
    insert_all(tx, audit, {name: [getattr(one, name) for one in written] for name in Link.__slots__})


def about(tx: Connection, subject: str) -> tuple[Link, ...]:
    """The links about one thing, the first one first."""
    rows = tx.execute(select(audit).where(audit.c.subject == subject).order_by(audit.c.at, audit.c.chain, audit.c.seq))
    return tuple(Link(**row._mapping) for row in rows)


def links(tx: Connection) -> Generator[Link, None, None]:
    """Every link, chain by chain, the first one first, a few at a time."""
    query, few = select(audit).order_by(audit.c.chain, audit.c.seq), {"yield_per": _ROWS_AT_ONCE}
    with tx.execute(query, execution_options=few) as found:
        for row in found:
            yield Link(**row._mapping)


def chains(tx: Connection) -> dict[str, Chain]:
    """Every chain that was begun, by its name."""
    return {row.chain: Chain(**row._mapping) for row in tx.execute(select(audit_chains))}


def cut_chains(tx: Connection) -> tuple[Chain, ...]:
    """The chains whose beginning was dropped, by name."""
    cut = select(audit_chains).where(audit_chains.c.dropped_seq > 0).order_by(audit_chains.c.chain)
    return tuple(Chain(**row._mapping) for row in tx.execute(cut))


def cut_too_far(tx: Connection, *, before: int) -> Chain | None:
    """The first chain of which something was dropped that, by the anchors, was written after a moment."""
    further = and_(anchor_heads.c.chain == audit_chains.c.chain, anchor_heads.c.seq < audit_chains.c.dropped_seq)
    query = select(audit_chains).join(anchor_heads, further)
    query = query.join(anchors, anchors.c.number == anchor_heads.c.number).where(anchors.c.at >= before)
    row = tx.execute(query.order_by(audit_chains.c.begun_at).limit(1)).one_or_none()
    return Chain(**row._mapping) if row else None


def last_about(tx: Connection, subject: str, *, action: str) -> Link | None:
    """The last link that tells of something having been done to a thing."""
    told = select(audit).where(audit.c.subject == subject, audit.c.action == action)
    row = tx.execute(told.order_by(audit.c.at.desc(), audit.c.chain, audit.c.seq.desc()).limit(1)).one_or_none()
    return Link(**row._mapping) if row else None


def hash_of(tx: Connection, chain: str, seq: int) -> str:
    """The hash of one link."""
    return str(tx.execute(select(audit.c.hash).where(audit.c.chain == chain, audit.c.seq == seq)).scalar_one())


def cut(tx: Connection, head: Head) -> None:
    """Drop a chain's beginning, up to a link, from which it goes on."""
    tx.execute(delete(audit).where(audit.c.chain == head.chain, audit.c.seq <= head.seq))
    same = audit_chains.c.chain == head.chain
    tx.execute(update(audit_chains).where(same).values(dropped_seq=head.seq, dropped_hash=head.hash))


def count(tx: Connection) -> int:
    """How many entries there are."""
    return int(tx.execute(select(func.count()).select_from(audit)).scalar_one())


# Anchors.


def last_anchor(tx: Connection) -> Head | None:
    """Number and hash of the last anchor; None where there is none."""
    row = tx.execute(select(anchors.c.number, anchors.c.hash).order_by(anchors.c.number.desc()).limit(1)).one_or_none()
    return Head(chain="anchors", seq=row.number, hash=row.hash) if row else None


def grown(tx: Connection) -> tuple[Head, ...]:
    """The ends of the chains that go further than any anchor holds, by their names."""
    last = select(func.max(audit.c.seq)).where(audit.c.chain == audit_chains.c.chain).scalar_subquery()
    ends = select(audit_chains.c.chain, audit_chains.c.anchored_seq, last.label("seq")).subquery()
    query = select(audit.c.chain, audit.c.seq, audit.c.hash).join(
        ends, and_(audit.c.chain == ends.c.chain, audit.c.seq == ends.c.seq)
    )
    rows = tx.execute(query.where(ends.c.seq > ends.c.anchored_seq).order_by(audit.c.chain))
    return tuple(Head(**row._mapping) for row in rows)


def add_anchor(tx: Connection, anchor: Anchor) -> None:
    """Keep one more anchor; the chains that it holds are anchored as far as it says."""
    told = {"number": anchor.number, "at": anchor.at, "previous": anchor.previous, "hash": anchor.hash}
    tx.execute(insert(anchors).values(**told))
    heads = [{"number": anchor.number, **asdict(head)} for head in anchor.heads]
    insert_all(tx, anchor_heads, columns_of(heads))
    for head in anchor.heads:
        tx.execute(update(audit_chains).where(audit_chains.c.chain == head.chain).values(anchored_seq=head.seq))


def anchors_since(tx: Connection, number: int = 0) -> Generator[Anchor, None, None]:
    """Every anchor after a number, the first one first."""
    query = select(anchors, anchor_heads.c.chain, anchor_heads.c.seq, anchor_heads.c.hash.label("head"))
    query = query.outerjoin(anchor_heads, anchor_heads.c.number == anchors.c.number).where(anchors.c.number > number)
    held: list[Row[Any]] = []
    with tx.execute(
        query.order_by(anchors.c.number, anchor_heads.c.chain), execution_options={"yield_per": _ROWS_AT_ONCE}
    ) as found:
        for row in found:
            if held and held[0].number != row.number:
                yield _anchor(held)
                held = []
            held.append(row)
    if held:
        yield _anchor(held)


def misanchored(tx: Connection) -> Chain | None:
    """The first chain that says that other of its entries are anchored than are."""
    held = select(anchor_heads.c.chain, func.max(anchor_heads.c.seq).label("seq")).group_by(anchor_heads.c.chain)
    held_by = held.subquery()
    query = select(audit_chains).outerjoin(held_by, held_by.c.chain == audit_chains.c.chain)
    wrong = audit_chains.c.anchored_seq != func.coalesce(held_by.c.seq, 0)
    row = tx.execute(query.where(wrong).order_by(audit_chains.c.begun_at).limit(1)).one_or_none()
    return Chain(**row._mapping) if row else None


def _anchor(rows: Sequence[Row[Any]]) -> Anchor:
    first = rows[0]
    heads = tuple(Head(chain=row.chain, seq=row.seq, hash=row.head) for row in rows if row.chain is not None)
    return Anchor(number=first.number, at=first.at, heads=heads, previous=first.previous, hash=first.hash)


def unanswered(tx: Connection) -> tuple[int, Head] | None:
    """The first end that an anchor holds and no chain has, with the anchor's number; None where all are there.

    What was dropped since it is old is not missed.
    """
    same = and_(audit.c.chain == anchor_heads.c.chain, audit.c.seq == anchor_heads.c.seq)
    query = select(anchor_heads).outerjoin(audit, same)
    query = query.outerjoin(audit_chains, audit_chains.c.chain == anchor_heads.c.chain)
    there = func.coalesce(audit.c.hash, "") == anchor_heads.c.hash
    dropped = anchor_heads.c.seq <= func.coalesce(audit_chains.c.dropped_seq, 0)
    row = tx.execute(
        query.where(~there, ~dropped).order_by(anchor_heads.c.number, anchor_heads.c.chain).limit(1)
    ).one_or_none()
    return (row.number, Head(chain=row.chain, seq=row.seq, hash=row.hash)) if row else None
