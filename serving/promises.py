"""What a person promises: money that a reviewer lets out at once weighs on the limits like a decision's own."""

import json
from datetime import datetime

from sqlalchemy import Connection

from features.live import lock_merchants
from scoring.refunds import OrderFacts
from serving import store_decisions
from serving.errors import OrderAlreadyDecided
from serving.orders import Books
from serving.reservations import Reservation, fund_of, hold_buyer, hold_fund, reserve
from serving.store_decisions import Decision

__all__ = ["lock_merchant_of", "promise"]


def lock_merchant_of(tx: Connection, merchant_id: str) -> None:
    """Let nobody decide about a merchant until the transaction ends; to be held before a case is locked.

    A case about no merchant has none to lock.
    """
    lock_merchants(tx, [merchant_id] if merchant_id else [])


def promise(tx: Connection, decision_id: str, *, now: datetime) -> None:
    """Hold the money that a decision was asked for, for as long as it would have held it itself.

    A person may go beyond the limits of a buyer, a merchant and the fund, but not beyond what was paid for a known
    order: `OrderAlreadyDecided`.
    """
    decided = store_decisions.find_decision(tx, decision_id)
    if decided is None or decided.order_id is None or decided.buyer_id is None:
        return
    hold_buyer(tx, decided.buyer_id)
    cents = json.loads(decided.request)["amount_cents"]
    hold_fund(tx)
    order = _with_enough_left(tx, decided, cents, now)
    reserve(
        tx,
        Reservation(
            decision_id=decision_id,
            merchant_id=decided.merchant_id,
            order_id=decided.order_id,
            buyer_id=decided.buyer_id,
            promised_cents=cents,
            cents=cents,
            state="reserved",
            reserved_at=now,
            expires_at=now + (decided.expires_at - decided.decided_at),
            fund=fund_of(order),
        ),
    )


def _with_enough_left(tx: Connection, decided: Decision, cents: int, now: datetime) -> OrderFacts:
    order, buyer_id = (decided.merchant_id, decided.order_id or ""), decided.buyer_id or ""
    books = Books(tx, [(order, buyer_id)], now=now)
    facts, held = books.order(order, buyer_id=buyer_id), books.held(order, buyer_id=buyer_id)
    if facts.known and facts.refunded_cents + held.order_cents + cents > facts.paid_cents:
        raise OrderAlreadyDecided("refunds of this order would exceed what was paid for it")
    return facts
