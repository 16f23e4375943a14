"""Looking up single events in the store: by the ids they carry, or by a merchant and a type."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, select

from features.database import among, some
from features.numbers import numbers_of
from features.queries import Query, listed
from features.tables import event_keys, events, merchants, waiting

__all__ = [
    "Found",
    "LiveState",
    "carriers",
    "events_about",
    "events_about_any",
    "events_by_key",
    "events_of_type",
    "events_of_types",
    "events_with_ids",
    "live_state",
    "live_states",
    "types_of",
    "waiting_of",
]


@dataclass(frozen=True, kw_only=True)
class Found:
    """One stored event: its place in the store, and what it says (times are texts in ISO 8601, UTC)."""

    seq: int
    event_id: str
    event_type: str
    merchant_id: str
    event_time: int
    known_at: int
    body: str

    @cached_property
    def says(self) -> dict[str, Any]:
        """What it says, read when it is asked for: of most events only their type and time matter."""
        return dict(json.loads(self.body))


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveState:
    """What the store keeps of a merchant beside its events: the newest one's `seq`, and since when it is due.

    `changes` rises whenever another event of the merchant is stored, or begins to count.
    """

    last_seq: int
    assessed_seq: int
    due_since: int | None
    changes: int
    waits: bool = False


_COLUMNS = (events.c.seq, events.c.event_id, events.c.event_type, events.c.merchant_id, events.c.event_time,
            events.c.known_at, events.c.body)  # fmt: skip


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
    rows = _OF_TYPES.rows(tx, merchants=list(merchant_ids), types=list(types))
    return _standing(tx, sorted(map(_found, rows), key=lambda one: one.seq))


_OF_TYPES = Query(
    select(*_COLUMNS).where(listed(events.c.merchant_id, "merchants"), listed(events.c.event_type, "types"))
)


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
    return live_states(tx, [merchant_id]).get(merchant_id)


def live_states(tx: Connection, merchant_ids: Sequence[str], *, hold: bool = False) -> dict[str, LiveState]:
    """`live_state` of those of some merchants of which any event was ever accepted.

    With `hold` nobody else may change what is kept of them until the transaction ends.
    """
    rows = (_HELD if hold else _STATES).rows(tx, merchants=list(merchant_ids))
    return {
        name: LiveState(last_seq=last, assessed_seq=assessed, due_since=since, changes=changes, waits=bool(waits))
        for name, last, assessed, since, changes, waits in rows
    }


def waiting_of(tx: Connection, merchant_id: str) -> tuple[int, ...]:
    """The numbers of a merchant's events that do not count yet: their senders' clocks are ahead."""
    return tuple(tx.scalars(select(waiting.c.seq).where(waiting.c.merchant_id == merchant_id).order_by(waiting.c.seq)))


_KEPT = merchants.c
_WAITS = exists().where(waiting.c.merchant_id == _KEPT.merchant_id)
_STATE = select(_KEPT.merchant_id, _KEPT.last_seq, _KEPT.assessed_seq, _KEPT.due_since, _KEPT.changes, _WAITS).where(
    listed(_KEPT.merchant_id, "merchants"), _KEPT.last_seq > 0
)
_STATES = Query(_STATE)
#: Rows are taken in one order, so that two transactions never wait for each other crosswise.
_HELD = Query(_STATE.order_by(_KEPT.merchant_id).with_for_update())


def events_by_key(tx: Connection, query: Query, **given: Any) -> dict[str, list[Found]]:
    """Events by the key that they carry, those that came first before the others; reversed ones are left out.

    `query` is of `carriers`.
    """
    rows = sorted(query.rows(tx, **given), key=lambda row: row.seq)
    found = [(row.key, _found(row[1:])) for row in rows]
    taken_back = _reversed(tx, [one for _, one in found])
    by_key: dict[str, list[Found]] = {}
    for key, one in found:
        if (one.merchant_id, one.event_id) not in taken_back:
            by_key.setdefault(key, []).append(one)
    return by_key


def carriers(name: str, *chosen: ColumnElement[bool]) -> Select[Any]:
    """A statement for the events that carry one of the keys that are given by a name, and are chosen besides."""
    joined: Select[Any] = select(event_keys.c.key, *_COLUMNS).join(events, events.c.seq == event_keys.c.seq)
    return joined.where(listed(event_keys.c.key, name), *chosen)


def _live(tx: Connection, query: Select[Any], types: Sequence[str]) -> tuple[Found, ...]:
    if types:
        query = query.where(events.c.event_type.in_(types))
    return _standing(tx, [_found(row) for row in tx.execute(query.order_by(events.c.seq))])


def _standing(tx: Connection, found: Sequence[Found]) -> tuple[Found, ...]:
    """Those of some events that nothing has taken back."""
    taken_back = _reversed(tx, found)
    return tuple(one for one in found if (one.merchant_id, one.event_id) not in taken_back)


def _found(row: Sequence[Any]) -> Found:
    seq, event_id, event_type, merchant_id, event_time, known_at, body = row
    return Found(
        seq=seq, event_id=event_id, event_type=event_type, merchant_id=merchant_id, event_time=event_time,
        known_at=known_at, body=body,
    )  # fmt: skip


def _reversed(tx: Connection, found: Sequence[Found]) -> set[tuple[str, str]]:
    """Which of some events were taken back, by merchant and event id; a reversal itself never is."""
    keys = {f"event:{one.event_id}" for one in found if one.event_type != "event_reversed"}
    rows = _CARRIED.rows(tx, keys=sorted(keys)) if keys else ()
    return {(merchant_id, key.removeprefix("event:")) for merchant_id, key in rows}


_CARRIED = Query(select(event_keys.c.merchant_id, event_keys.c.key).where(listed(event_keys.c.key, "keys")))
