"""What our own store knows of orders and their buyers; what the caller claims is no part of it."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, or_, union_all

from features.database import micros, moment
from features.links import MOST_WITH
from features.lookup import Found, carriers, events_about, events_by_key
from features.queries import Query, given
from features.tables import events
from scoring.refunds import BuyerFacts, Held, OrderFacts
from serving import store_decisions
from serving.ledger.store import BUYER_WINDOW, Reservation
from serving.ledger.weights import Order, Weights

__all__ = ["Books"]

#: How far an order has come, by the event that says so; the first of them that happened to it stands.
_STATES = {
    "order_cancelled": "cancelled",
    "order_confirmed": "confirmed",
    "order_delivered": "delivered",
    "order_shipped": "shipped",
}
#: A promise on the order itself: the merchant bears what the platform pays first.
_OPTED_IN = "advance_compensation"

#: The kind of a token, and its text.
_Token = tuple[str, str]


class Books:
    """What the store says at a moment of some orders (merchant and order id), each with the buyer who asks.

    All of them are read at once, and stay true while more is promised on them. What a buyer asked for is looked at so
    far back.
    """

    def __init__(
        self, tx: Connection, asked: Iterable[tuple[Order, str]], *, now: datetime, looks_back: timedelta = BUYER_WINDOW
    ) -> None:
        self._tx, self._now = tx, now
        orders, buyers = (sorted(set(column)) for column in zip(*asked, strict=True))
        self._weights = Weights(tx, orders=orders, buyers=buyers, now=now)
        self._lately, self._looked_back = now - BUYER_WINDOW, now - looks_back
        self._told = events_by_key(
            tx, _TOLD, at=micros(now), since=micros(min(self._lately, self._looked_back)),
            orders=[_key(order) for order in orders], buyers=[f"buyer:{one}" for one in buyers],
        )  # fmt: skip
        bought = {_key(order) for one in buyers for order in self._bought(one)}
        refunded = events_by_key(tx, _REFUNDED, at=micros(now), keys=sorted(bought))
        self._refunded = {_order_of(one) for told in refunded.values() for one in told}
        self._asked = store_decisions.asked_by(tx, buyers, since=self._looked_back)

    def order(self, order: Order, *, buyer_id: str) -> OrderFacts:
        """An order, known only where this merchant has sold it to this buyer."""
        told = [one for one in self._told.get(_key(order), ()) if one.merchant_id == order[0]]
        placed = next((one for one in told if one.event_type == "order_placed"), None)
        if placed is None or placed.says.get("buyer_id") != buyer_id:
            return OrderFacts(known=False, state=None, paid_cents=0, refunded_cents=0)
        happened = {one.event_type for one in told}
        return OrderFacts(
            known=True,
            state=next((state for event, state in _STATES.items() if event in happened), "paid"),
            paid_cents=placed.says["amount_cents"],
            refunded_cents=_refunded(told, self._weights.on(order)),
            opted_in=_OPTED_IN in (placed.says.get("programmes") or ()),
        )

    def buyer(self, buyer_id: str, *, order: Order) -> BuyerFacts:
        """What is known of a buyer, over all merchants, when money is asked back on an order."""
        told = self._told_of(buyer_id)
        returns = [one for one in told if one.event_type == "return_requested"]
        bought = self._bought(buyer_id)
        back = {_order_of(one) for one in _since(returns, self._lately)} | (self._refunded & bought)
        back |= {(one.merchant_id, one.order_id) for one in self._weights.of(buyer_id)}
        return BuyerFacts(
            orders_90d=len(bought),
            refunds_90d=len(back),
            asked_at=_asked_at(_since(returns, self._looked_back), self._asked.get(buyer_id, ()), but=order),
            linked=self._is_linked(told, order[0]),
        )

    def held(self, order: Order, *, buyer_id: str) -> Held:
        """What weighs on an order, its buyer, its merchant and the fund, under their locks."""
        return Held(**self._weights.held(order, buyer_id))

    def ask(self, order: Order, *, buyer_id: str, promised: Reservation | None) -> None:
        """Note that a refund was decided on just now, and what was promised by that."""
        self._asked.setdefault(buyer_id, []).append((order, self._now))
        if promised:
            self._weights.promise(promised)

    def _told_of(self, buyer_id: str) -> Sequence[Found]:
        return self._told.get(f"buyer:{buyer_id}", ())

    def _bought(self, buyer_id: str) -> set[Order]:
        """A buyer's orders of the last 90 days with every merchant."""
        told = _since(self._told_of(buyer_id), self._lately)
        return {_order_of(one) for one in told if one.event_type == "order_placed"}

    def _is_linked(self, told: Iterable[Found], merchant_id: str) -> bool:
        """Whether a token that was seen on the buyer is known of the merchant too, and not of very many merchants."""
        theirs = {_token(one) for one in told if one.event_type == "link_observed"}
        shared = (token for token in sorted(theirs) if self._seen_on(token, merchant_id))
        return any(len(self._seen_on(token)) <= MOST_WITH[token[0]] for token in shared)

    def _seen_on(self, token: _Token, merchant_id: str | None = None) -> set[str]:
        """The merchants, or only one, of which a token itself is known, not one of their buyers."""
        told = events_about(self._tx, f"link:{token[1]}", merchant_id=merchant_id, types=("link_observed",))
        known = (one for one in told if one.known_at <= micros(self._now))
        return {one.merchant_id for one in known if one.says.get("buyer_id") is None and _token(one) == token}


#: An event that a sender's fast clock has put ahead of ours is not known yet.
_KNOWN = events.c.known_at <= given("at")
_OF_BUYERS = or_(
    and_(events.c.event_type.in_(("order_placed", "return_requested")), events.c.event_time >= given("since")),
    events.c.event_type == "link_observed",
)
#: Everything about some orders, and of their buyers what they bought, sent back, and are linked by.
_TOLD = Query(union_all(carriers("orders", _KNOWN), carriers("buyers", _KNOWN, _OF_BUYERS)))
_REFUNDED = Query(carriers("keys", _KNOWN, events.c.event_type == "refund_paid"))


def _asked_at(told: Iterable[Found], decided: Iterable[tuple[Order, datetime]], *, but: Order) -> tuple[datetime, ...]:
    """When money was last asked back on each order but one: by a return, or by a refund that was decided on."""
    returns = ((_order_of(one), moment(one.event_time)) for one in told)
    latest: dict[Order, datetime] = {}
    for order, at in (*returns, *decided):
        latest[order] = max(at, latest.get(order, at))
    return tuple(sorted(at for order, at in latest.items() if order != but))


def _refunded(told: Sequence[Found], reservations: Collection[Reservation]) -> int:
    """Cents refunded beyond what reservations weigh: what was promised and then paid weighs once."""
    weighs = {one.decision_id: one.cents for one in reservations}
    paid: dict[Any, int] = {}
    for one in told:
        if one.event_type == "refund_paid":
            decision_id = one.says.get("decision_id")
            paid[decision_id] = paid.get(decision_id, 0) + one.says["amount_cents"]
    return sum(max(0, cents - weighs.get(decision_id, 0)) for decision_id, cents in paid.items())


def _since(found: Iterable[Found], begin: datetime) -> list[Found]:
    first = micros(begin)
    return [one for one in found if one.event_time >= first]


def _token(one: Found) -> _Token:
    return one.says["link_kind"], one.says["link_token"]


def _order_of(one: Found) -> Order:
    return one.merchant_id, one.says["order_id"]


def _key(order: Order) -> str:
    return f"order:{order[1]}"
