"""What our own store knows of an order and of a buyer; what the caller claims is no part of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from features.database import micros, moment
from features.links import MOST_WITH
from features.lookup import Found, events_about, events_about_any
from scoring.refunds import BuyerFacts, OrderFacts, RefundPolicy
from serving import store_decisions
from serving.ledger import store as ledger
from serving.reservations import BUYER_WINDOW, Reservation

__all__ = ["buyer_facts", "order_facts"]

#: How far an order has come, by the event that says so; the first of them that happened to it stands.
_STATES = {
    "order_cancelled": "cancelled",
    "order_confirmed": "confirmed",
    "order_delivered": "delivered",
    "order_shipped": "shipped",
}
#: A promise on the order itself: the merchant bears what the platform pays first.
_OPTED_IN = "advance_compensation"

#: A merchant's id and its order's: what names an order among all merchants.
_Order = tuple[str, str]
#: The kind of a token, and its text.
_Token = tuple[str, str]


def order_facts(tx: Connection, order: _Order, *, buyer_id: str, now: datetime) -> OrderFacts:
    """The order (merchant and order id), known only where this merchant has sold it to this buyer."""
    merchant_id, order_id = order
    told = _known(events_about(tx, f"order:{order_id}", merchant_id=merchant_id), now)
    placed = next((one for one in told if one.event_type == "order_placed"), None)
    if placed is None or placed.says.get("buyer_id") != buyer_id:
        return OrderFacts(known=False, state=None, paid_cents=0, refunded_cents=0)
    happened = {one.event_type for one in told}
    return OrderFacts(
        known=True,
        state=next((state for event, state in _STATES.items() if event in happened), "paid"),
        paid_cents=placed.says["amount_cents"],
        refunded_cents=_refunded(told, ledger.reservations_of(tx, now=now, order=order)),
        opted_in=_OPTED_IN in (placed.says.get("programmes") or ()),
    )


def buyer_facts(tx: Connection, buyer_id: str, *, now: datetime, order: _Order, policy: RefundPolicy) -> BuyerFacts:
    """What is known of a buyer, over all merchants, when money is asked back on an order (merchant and order id)."""
    told = _known(events_about(tx, f"buyer:{buyer_id}"), now)
    orders, back = _orders_and_refunds(tx, buyer_id, _since(told, now - BUYER_WINDOW), now)
    since = now - policy.abuse.looks_back
    asked = store_decisions.asked_by(tx, buyer_id, since=since)
    return BuyerFacts(
        orders_90d=len(orders),
        refunds_90d=len(back),
        asked_at=_asked_at(_since(told, since), asked, but=order),
        linked=_is_linked(tx, told, merchant_id=order[0], now=now),
    )


def _orders_and_refunds(
    tx: Connection, buyer_id: str, told: Sequence[Found], now: datetime
) -> tuple[set[_Order], set[_Order]]:
    """A buyer's orders of the last 90 days with every merchant, and those on which money was asked back."""
    orders = {_order_of(one) for one in told if one.event_type == "order_placed"}
    back = {_order_of(one) for one in told if one.event_type == "return_requested"}
    refunds = events_about_any(tx, [f"order:{order_id}" for _, order_id in sorted(orders)], types=("refund_paid",))
    back |= {_order_of(one) for one in _known(refunds, now)} & orders
    promised = ledger.reservations_of(tx, now=now, buyer_id=buyer_id)
    back |= {(one.merchant_id, one.order_id) for one in promised if one.reserved_at >= now - BUYER_WINDOW}
    return orders, back


def _asked_at(
    told: Iterable[Found], decided: Iterable[tuple[_Order, datetime]], *, but: _Order
) -> tuple[datetime, ...]:
    """When money was last asked back on each order but one: by a return, or by a refund that was decided on."""
    returns = ((_order_of(one), moment(one.event_time)) for one in told if one.event_type == "return_requested")
    latest: dict[_Order, datetime] = {}
    for order, at in (*returns, *decided):
        latest[order] = max(at, latest.get(order, at))
    return tuple(sorted(at for order, at in latest.items() if order != but))


def _is_linked(tx: Connection, told: Iterable[Found], *, merchant_id: str, now: datetime) -> bool:
    """Whether a token that was seen on the buyer is known of the merchant too, and not of very many merchants."""
    theirs = {_token(one) for one in told if one.event_type == "link_observed"}
    shared = (token for token in sorted(theirs) if _seen_on(tx, token, now=now, merchant_id=merchant_id))
    return any(len(_seen_on(tx, token, now=now)) <= MOST_WITH[token[0]] for token in shared)


def _seen_on(tx: Connection, token: _Token, *, now: datetime, merchant_id: str | None = None) -> set[str]:
    """The merchants, or only one, of which a token itself is known, not one of their buyers."""
    told = _known(events_about(tx, f"link:{token[1]}", merchant_id=merchant_id, types=("link_observed",)), now)
    return {one.merchant_id for one in told if one.says.get("buyer_id") is None and _token(one) == token}


def _token(one: Found) -> _Token:
    return one.says["link_kind"], one.says["link_token"]


def _refunded(told: Sequence[Found], reservations: Sequence[Reservation]) -> int:
    """Cents refunded beyond what reservations weigh: what was promised and then paid weighs once."""
    weighs = {one.decision_id: one.cents for one in reservations}
    paid: dict[Any, int] = {}
    for one in told:
        if one.event_type == "refund_paid":
            decision_id = one.says.get("decision_id")
            paid[decision_id] = paid.get(decision_id, 0) + one.says["amount_cents"]
    return sum(max(0, cents - weighs.get(decision_id, 0)) for decision_id, cents in paid.items())


def _known(found: Iterable[Found], now: datetime) -> list[Found]:
    """Without events that a sender's fast clock has put ahead of ours."""
    return [one for one in found if one.known_at <= micros(now)]


def _since(found: Iterable[Found], begin: datetime) -> list[Found]:
    return [one for one in found if one.event_time >= micros(begin)]


def _order_of(one: Found) -> _Order:
    return one.merchant_id, one.says["order_id"]
