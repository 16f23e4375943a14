"""Deposits: what a merchant has left with us, what debts have drawn from it since, and what programmes hold of it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from features.database import micros
from features.lookup import Found, events_of_types
from serving.ledger import store
from serving.ledger.accounts import Movement, Posting, of_merchant
from serving.ledger.touched import DEPOSITS, Trigger

__all__ = ["book", "pledge"]


def book(tx: Connection, touched: Mapping[str, Trigger], *, at: datetime) -> None:
    """Book the deposits of some merchants (locked) as they are told, less what was drawn from them since."""
    told: defaultdict[str, list[Found]] = defaultdict(list)
    for one in events_of_types(tx, sorted(touched), (*DEPOSITS, "advance_recovered")):
        told[one.merchant_id].append(one)
    booked = _booked(tx, list(touched))
    moved = []
    for merchant_id, trigger in sorted(touched.items()):
        before = booked[merchant_id]
        by = _left(told[merchant_id]) - before["deposit"] - before["pledge"]
        if by:
            moved.append(_posting(merchant_id, Movement.DEPOSIT, trigger, {"deposit": by, "merchant": -by}, at))
    store.post(tx, moved)


def pledge(tx: Connection, merchant_id: str, cents: int, *, at: datetime) -> int:
    """Have programmes hold so much of a merchant's deposit (locked) from now on; answer by how much that changed."""
    by = cents - _booked(tx, [merchant_id])[merchant_id]["pledge"]
    if by:
        # Nobody tells this: it follows from the promises that a merchant has made and from the clock.
        trigger = Trigger(event_id=str(micros(at)), happened_at=at)
        store.post(tx, [_posting(merchant_id, Movement.PLEDGE, trigger, {"pledge": by, "deposit": -by}, at)])
    return by


def _left(told: Sequence[Found]) -> int:
    """What is left of a deposit: the latest that was told of it, less what was drawn later."""
    balances = [one for one in told if one.event_type in DEPOSITS and one.says.get("deposit_cents") is not None]
    latest = max(balances, key=_in_time, default=None)
    since = latest.event_time if latest else -1
    drawn = (one for one in told if one.says.get("recovered_from") == "deposit" and one.event_time > since)
    balance: int = latest.says["deposit_cents"] if latest else 0
    gone: int = sum(one.says["amount_cents"] for one in drawn)
    return balance - gone


def _in_time(one: Found) -> tuple[int, int, str]:
    """The order in which what is said replaces what was said before (contracts 3.2)."""
    return one.event_time, one.known_at, one.says["event_id"]


def _booked(tx: Connection, merchant_ids: Sequence[str]) -> dict[str, Counter[str]]:
    """What the postings of each merchant's deposit add up to."""
    found: dict[str, Counter[str]] = {one: Counter() for one in merchant_ids}
    for one in store.sums_of(tx, map(of_merchant, merchant_ids)):
        found[one.merchant_id].update(one.amounts)
    return found


def _posting(
    merchant_id: str, movement: Movement, trigger: Trigger, amounts: Mapping[str, int], at: datetime
) -> Posting:
    return Posting(
        subject=of_merchant(merchant_id),
        id=f"{movement}:{trigger.event_id}",
        movement=movement,
        merchant_id=merchant_id,
        happened_at=trigger.happened_at,
        booked_at=at,
        amounts=amounts,
    )
