"""Money that decisions promised at once: what it weighs on an order, a buyer and a merchant, and how it is settled."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from features.lookup import events_about
from scoring.refunds import Held
from serving import store_decisions
from serving.store_audit import hold

__all__ = ["BUYER_WINDOW", "held_for", "hold_buyer", "settle_paid"]

#: How far back the promises to a buyer, and for a merchant, count against their limits (contracts: 90 d and 30 d).
BUYER_WINDOW = timedelta(days=90)
_MERCHANT_WINDOW = timedelta(days=30)


def hold_buyer(tx: Connection, buyer_id: str) -> None:
    """Let nobody else promise this buyer anything until the transaction ends.

    The merchant's row is locked before; so an order, which has one merchant, needs no lock of its own.
    """
    hold(tx, f"buyer:{buyer_id}")


def held_for(tx: Connection, *, order: tuple[str, str], buyer_id: str, now: datetime) -> Held:
    """What weighs on an order (merchant and order id), its buyer and its merchant, added up under their locks."""
    return Held(
        order_cents=store_decisions.held(tx, by="order", value=order, now=now),
        buyer_cents=store_decisions.held(tx, by="buyer", value=buyer_id, now=now, within=BUYER_WINDOW),
        merchant_cents=store_decisions.held(tx, by="merchant", value=order[0], now=now, within=_MERCHANT_WINDOW),
    )


def settle_paid(tx: Connection, paid: Sequence[tuple[str, int]]) -> None:
    """Settle the reservations of decisions whose `refund_paid` events (decision id, cents) were just appended.

    A promise may be paid in parts, and a payment be taken back and told anew: so what stands about a decision is
    added up afresh, never below the payment at hand. A decision that reserved nothing is passed over.
    """
    for decision_id, cents in paid:
        told = events_about(tx, f"decision:{decision_id}", types=("refund_paid",))
        stands = sum(one.says["amount_cents"] for one in told)
        store_decisions.settle(tx, decision_id, cents=max(cents, stands))
