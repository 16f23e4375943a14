"""Money that decisions promised at once: what it weighs on order, buyer, merchant and fund, and how it is settled."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from features.lookup import events_about
from scoring.refunds import Held, OrderFacts
from serving import store_decisions, store_funds
from serving.store_audit import hold
from serving.store_decisions import Reservation

__all__ = ["BUYER_WINDOW", "account_of", "fund_of", "held_for", "hold_buyer", "hold_fund", "reserve", "settle_paid"]

#: How far back the promises to a buyer, and for a merchant, count against their limits (contracts: 90 d and 30 d).
BUYER_WINDOW = timedelta(days=90)
_MERCHANT_WINDOW = timedelta(days=30)
_FUND_DAYS = 30


def hold_buyer(tx: Connection, buyer_id: str) -> None:
    """Let nobody else promise this buyer anything until the transaction ends.

    The merchant's row is locked before; so an order, which has one merchant, needs no lock of its own.
    """
    hold(tx, account_of(buyer_id))


def account_of(buyer_id: str) -> str:
    """The name under which a buyer is held."""
    return f"buyer:{buyer_id}"


def hold_fund(tx: Connection) -> None:
    """Let nobody else promise anything out of the platform's fund until the transaction ends."""
    store_funds.hold_fund(tx, store_funds.FAST_REFUND)


def fund_of(order: OrderFacts) -> str | None:
    """The fund that pays first for an order; None where its merchant does by its own word."""
    return store_funds.FAST_REFUND if order.advanced_by == "platform" else None


def held_for(tx: Connection, *, order: tuple[str, str], buyer_id: str, now: datetime) -> Held:
    """What weighs on an order (merchant and order id), its buyer, its merchant and the fund, under their locks."""
    fund = store_funds.FAST_REFUND
    return Held(
        order_cents=store_decisions.held(tx, by="order", value=order, now=now),
        buyer_cents=store_decisions.held(tx, by="buyer", value=buyer_id, now=now, within=BUYER_WINDOW),
        merchant_cents=store_decisions.held(tx, by="merchant", value=order[0], now=now, within=_MERCHANT_WINDOW),
        fund_cents=store_funds.drawn(tx, fund, now=now, days=_FUND_DAYS),
        day_cents=store_funds.drawn(tx, fund, now=now, days=1),
    )


def reserve(tx: Connection, reservation: Reservation) -> None:
    """Hold money for a decision, and have it weigh on the fund that pays it; the fund is held."""
    store_decisions.reserve(tx, reservation)
    _weigh(tx, reservation, reservation.cents, expires_at=reservation.expires_at)


def settle_paid(tx: Connection, paid: Sequence[tuple[str, int]]) -> None:
    """Settle the reservations of decisions whose `refund_paid` events (decision id, cents) were just appended.

    A promise may be paid in parts, and a payment be taken back and told anew: so what stands about a decision is
    added up afresh, never below the payment at hand. A decision that reserved nothing is passed over.
    """
    for decision_id, cents in paid:
        told = events_about(tx, f"decision:{decision_id}", types=("refund_paid",))
        stands = sum(one.says["amount_cents"] for one in told)
        _settle(tx, decision_id, max(cents, stands))


def _settle(tx: Connection, decision_id: str, cents: int) -> None:
    hold_fund(tx)
    before = store_decisions.find_reservation(tx, decision_id)
    if before is None:
        return
    store_decisions.settle(tx, decision_id, cents=cents)
    _weigh(tx, before, -before.cents, expires_at=before.expires_at if before.state == "reserved" else None)
    _weigh(tx, before, cents, expires_at=None)


def _weigh(tx: Connection, of: Reservation, cents: int, *, expires_at: datetime | None) -> None:
    """Have cents more, or fewer, weigh on the fund of a reservation, on the day on which it was made."""
    if of.fund is not None:
        store_funds.add(tx, of.fund, cents, reserved_at=of.reserved_at, expires_at=expires_at)
