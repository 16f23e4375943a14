"""Promises of decisions: money is reserved, and is free again when it was not paid in time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, Engine

from features.database import micros, reading, written
from features.live import lock_merchants
from serving.ledger import store
from serving.ledger.accounts import Movement, Posting, of_decision
from serving.ledger.booking import weights
from serving.ledger.store import Reservation

__all__ = ["expire", "release", "reserve"]

#: Reservations that are ended in one transaction: others promise in between.
_AT_ONCE = 100


def reserve(tx: Connection, new: Sequence[Reservation]) -> None:
    """Hold money for some decisions, and have it weigh; their merchants, their buyers and the fund are held."""
    if not new:
        return
    moved = [_posting(one, Movement.RESERVE, one.promised_cents, at=one.reserved_at) for one in new]
    store.add_reservations(tx, new)
    store.post(tx, moved)
    store.weigh(tx, weights(moved, {of_decision(one.decision_id): one for one in new}))


def release(tx: Connection, ended: Sequence[Reservation], movement: Movement, *, at: datetime) -> None:
    """Let go of what some decisions promised and nobody paid; their merchants and the fund are held."""
    moved = [_posting(one, movement, -one.cents, at=at) for one in ended]
    store.post(tx, moved)
    store.weigh(tx, weights(moved, {of_decision(one.decision_id): one for one in ended}))
    state = "cancelled" if movement is Movement.CANCEL else "expired"
    store.change_reservations(tx, [replace(one, cents=0, state=state) for one in ended])


def expire(engine: Engine, *, now: datetime) -> int:
    """Book what has run out; answer how many reservations that were. Limits do not wait for it."""
    # Looked at first: who has nothing to write should hold up nobody who has.
    with reading(engine) as tx:
        if not store.due_to_expire(tx, now=now, most=1):
            return 0
    return sum(iter(lambda: written(engine, partial(_expire_some, now=now)), 0))


def _expire_some(tx: Connection, *, now: datetime) -> int:
    due = store.due_to_expire(tx, now=now, most=_AT_ONCE)
    if due:
        lock_merchants(tx, sorted({one.merchant_id for one in due}))
        store.hold_fund(tx)
        # Whoever held the merchant before may have settled some of them meanwhile.
        seen = store.reservations_with(tx, [one.decision_id for one in due])
        ended = [one for one in seen.values() if one.state == "reserved"]
        release(tx, ended, Movement.EXPIRE, at=now)
    return len(due)


def _posting(one: Reservation, movement: Movement, cents: int, *, at: datetime) -> Posting:
    return Posting(
        subject=of_decision(one.decision_id),
        id=movement.value if movement is not Movement.EXPIRE else f"{movement}:{micros(at)}",
        movement=movement,
        merchant_id=one.merchant_id,
        happened_at=at if movement is not Movement.EXPIRE else one.expires_at,
        booked_at=at,
        amounts={"reserved": cents, one.source: -cents},
    )
