"""Looking up single events in the store: by the ids they carry, or by a merchant and a type."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from features.database import among, some
from features.numbers import numbers_of
from features.tables import event_keys, events, merchants

__all__ = [
    "Found",
    "LiveState",
    "events_about",
    "events_about_any",
    "events_of_type",
    "events_of_types",
    "events_with_ids",
    "live_state",
    "types_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One stored event: its place in the store, and what it says (times are texts in ISO 8601, UTC)."""

    seq: int
    event_type: str
    merchant_id: str
    event_time: int
    known_at: int
    says: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveState:
    """What the store keeps of a merchant beside its events: the newest one's `seq`, and since when it is due."""

    last_seq: int
    assessed_seq: int
    due_since: int | None


_COLUMNS = (events.c.seq, events.c.event_type, events.c.merchant_id, events.c.event_time, events.c.known_at,
            events.c.body)  # fmt: skip


def events_about(
    tx: Connection, key: str, *, merchant_id: str | None = None, types: Sequence[str] = ()
) -> tuple[Found, ...]:
    """Events that carry an id, written as a key such as `order:o1` or `buyer:b1` (`features.store.KEYS`), as stored.

    Of one merchant where one is named, else of all; of some types where any are named; reversed ones are left out.
    """
    query = select(*_COLUMNS).join(event_keys, event_keys.c.seq == events.c.seq).where(event_keys.c.key == key)
    if merchant_id is not None:
        query = query.where(event_keys.c.merchant_id == merchant_id)
    return _live(tx, query, types)


def events_about_any(tx: Connection, keys: Sequence[str], *, types: Sequence[str]) -> tuple[Found, ...]:
    """`events_about` of several keys at once; an event that carries two of them comes once, within one piece."""
    pieces = []
    for piece in some(keys):
        carriers = select(event_keys.c.seq).where(event_keys.c.key.in_(piece))
        pieces.append(_live(tx, select(*_COLUMNS).where(events.c.seq.in_(carriers)), types))
    return tuple(one for piece in pieces for one in piece)


def events_of_type(tx: Connection, merchant_id: str, event_type: str) -> tuple[Found, ...]:
    """A merchant's events of a type, in the order in which they came; reversed ones are left out."""
    return _live(tx, select(*_COLUMNS).where(events.c.merchant_id == merchant_id), (event_type,))


def events_of_types(tx: Connection, merchant_ids: Sequence[str], types: Sequence[str]) -> tuple[Found, ...]:
    """Some merchants' events of some types, in the order in which they came; reversed ones are left out."""
    query = select(*_COLUMNS)
    pieces = [_live(tx, query.where(events.c.merchant_id.in_(ids)), types) for ids in some(merchant_ids)]
    return tuple(one for piece in pieces for one in piece)


def events_with_ids(tx: Connection, event_ids: Sequence[str]) -> tuple[Found, ...]:
    """Those of these events that are stored, also where they were taken back."""
    seqs = numbers_of(tx, event_ids)
    query: Select[Any] = select(*_COLUMNS).where(among(tx, events.c.seq, list(seqs.values())))
    return tuple(_found(row) for row in tx.execute(query))


def types_of(tx: Connection, event_ids: Sequence[str]) -> dict[str, str]:
    """The types of those of these events (by id) that are stored."""
    seqs = numbers_of(tx, event_ids)
    query = select(events.c.event_id, events.c.event_type).where(among(tx, events.c.seq, list(seqs.values())))
    return {row.event_id: row.event_type for row in tx.execute(query)}


def live_state(tx: Connection, merchant_id: str) -> LiveState | None:
    """What is kept of a merchant; None where no event of it was ever accepted."""
    columns = (merchants.c.last_seq, merchants.c.assessed_seq, merchants.c.due_since)
    row = tx.execute(
        select(*columns).where(merchants.c.merchant_id == merchant_id, merchants.c.last_seq > 0)
    ).one_or_none()
    return LiveState(last_seq=row.last_seq, assessed_seq=row.assessed_seq, due_since=row.due_since) if row else None


def _live(tx: Connection, query: Select[Any], types: Sequence[str]) -> tuple[Found, ...]:
    if types:
        query = query.where(events.c.event_type.in_(types))
    found = [_found(row) for row in tx.execute(query.order_by(events.c.seq))]
    taken_back = _reversed(tx, found)
    return tuple(one for one in found if (one.merchant_id, one.says["event_id"]) not in taken_back)


def _found(row: Row[Any]) -> Found:
    return Found(
        seq=row.seq,
        event_type=row.event_type,
        merchant_id=row.merchant_id,
        event_time=row.event_time,
        known_at=row.known_at,
        says=json.loads(row.body),
    )


def _reversed(tx: Connection, found: Sequence[Found]) -> set[tuple[str, str]]:
    """Which of some events were taken back, by merchant and event id; a reversal itself never is."""
    keys = {f"event:{one.says['event_id']}" for one in found if one.event_type != "event_reversed"}
    query = select(event_keys.c.merchant_id, event_keys.c.key).where(event_keys.c.key.in_(keys))
    return {(row.merchant_id, row.key.removeprefix("event:")) for row in tx.execute(query)} if keys else set()
