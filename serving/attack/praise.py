"""Schemes that make a merchant look better than it is: orders that nobody places for the goods."""

from collections.abc import Iterator
from datetime import timedelta

from scoring.cheating_policy import Costs
from serving.attack.telling import Event, Teller

__all__ = ["answered", "brushed", "colluded", "sold_honestly"]


def brushed(teller: Teller, costs: Costs) -> Iterator[Event]:
    """Orders of the merchant's own accounts: empty parcels in time, confirmed, five stars."""
    yield from teller.subject.events
    for number in teller.numbers():
        yield from teller.bought(number, cents=teller.subject.cheap_cents)
        yield from _praised(teller, number)


def sold_honestly(teller: Teller, costs: Costs) -> Iterator[Event]:
    """Orders of strangers who get what they ordered; two in three say so."""
    yield from teller.subject.events
    for number in teller.numbers():
        yield from teller.bought(number, cents=teller.subject.cheap_cents, buyer=f"{teller.scheme}-stranger-{number}")
        if number % 3:
            yield from _praised(teller, number)


def _praised(teller: Teller, number: int) -> Iterator[Event]:
    order, at = f"{teller.scheme}-{number}", teller.begun(number) + timedelta(days=3)
    yield teller.event("order_confirmed", at, order, order_id=order)
    yield teller.reviewed(number, stars=5)


def colluded(teller: Teller, costs: Costs) -> Iterator[Event]:
    """Dear orders of friends that are called sent and are refunded by the platform; nothing ever moves."""
    yield from teller.subject.events
    for number in teller.numbers():
        order, placed = teller.order(number), teller.begun(number)
        name, cents = order["order_id"], 5 * teller.subject.price_cents
        told = {"order_id": name, "ship_by": order["ship_by"], "placed_at": placed.isoformat()}
        yield next(teller.bought(number, cents=cents))
        yield teller.event("order_shipped", placed + timedelta(hours=6), name, tracked=False, **told)
        yield teller.event("refund_paid", placed + timedelta(days=2), name, refund_id=name, order_id=name,
                           amount_cents=cents, advanced_by="platform", finally_liable="undecided", speed="instant",
                           reason="not_received")  # fmt: skip


def answered(teller: Teller, costs: Costs) -> Iterator[Event]:
    """Messages that the merchant sends itself, and answers within ten minutes."""
    yield from teller.subject.events
    for number in teller.numbers():
        name, at = f"{teller.scheme}-{number}", teller.begun(number)
        due = (at + timedelta(days=1)).isoformat()
        yield teller.event("message_received", at, name, message_id=name, buyer_id=teller.account(number), reply_by=due)
        yield teller.event("message_answered", at + timedelta(minutes=10), name, message_id=name, reply_seconds=600,
                           reply_by=due)  # fmt: skip
