"""Schemes that change how a merchant's own bad orders look: the latest first, as many as the effort has things."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from scoring.cheating_policy import Costs
from serving.attack.telling import Event, Subject, Teller

__all__ = ["ALL", "cancelled_by_buyers", "marked_as_sent", "sent_in_time", "wronged"]

_DAYS = 90


def wronged(subject: Subject) -> tuple[str, ...]:
    """The orders of the last 90 days that were not sent in time or that the merchant cancelled, the latest first."""
    placed = {one["order_id"]: one for one in subject.events if one["event_type"] == "order_placed"}
    sent = {one["order_id"]: one["event_time"] for one in subject.events if one["event_type"] == "order_shipped"}
    cancelled = {one["order_id"]: one.get("actor") for one in subject.events if one["event_type"] == "order_cancelled"}
    since = (subject.as_of - timedelta(days=_DAYS)).isoformat()
    wrong = [
        name
        for name, one in placed.items()
        if one.get("ship_by") and since <= one["event_time"] and one["ship_by"] < subject.as_of.isoformat()
        if cancelled.get(name) == "merchant" or (name not in cancelled and sent.get(name, "~") > one["ship_by"])
    ]
    return tuple(sorted(wrong, key=lambda name: placed[name]["event_time"], reverse=True))


def sent_in_time(teller: Teller, costs: Costs) -> Iterator[Event]:
    """The orders are sent, scanned and delivered as promised."""
    yield from _others(teller)
    for order in _changed(teller):
        placed, due = _begun(order), order["ship_by"]
        own = {"order_id": order["order_id"], "placed_at": placed.isoformat()}
        name = order["order_id"]
        sent, arrived = datetime.fromisoformat(due) - timedelta(hours=2), placed + timedelta(days=2)
        by = order.get("deliver_by")
        arrived = min(max(arrived, sent + timedelta(hours=12)), _or(by, arrived))
        yield teller.event("order_shipped", sent, name, tracked=True, ship_by=due, **own)
        yield teller.event("parcel_scanned", sent, f"{name}-pickup", order_id=name, leg="out", scan="pickup")
        yield teller.event("order_delivered", arrived, name, deliver_by=by, **own)


def marked_as_sent(teller: Teller, costs: Costs) -> Iterator[Event]:
    """The orders are called sent in time; what came later comes all the same, and no carrier scans it."""
    kept = ("order_delivered", "order_confirmed", "review_posted", "return_requested", "return_answered", "refund_paid")
    yield from _others(teller, keep=kept)
    for order in _changed(teller):
        due = datetime.fromisoformat(order["ship_by"])
        yield teller.event("order_shipped", due - timedelta(hours=2), order["order_id"], tracked=False,
                           ship_by=order["ship_by"], order_id=order["order_id"],
                           placed_at=_begun(order).isoformat())  # fmt: skip


def cancelled_by_buyers(teller: Teller, costs: Costs) -> Iterator[Event]:
    """The orders are cancelled by their buyers before they were to be sent."""
    yield from _others(teller)
    for order in _changed(teller):
        due = datetime.fromisoformat(order["ship_by"])
        told = {key: order.get(key) for key in ("order_id", "ship_by", "deliver_by", "buyer_id")}
        yield teller.event("order_cancelled", due - timedelta(hours=2), order["order_id"], actor="buyer",
                           placed_at=_begun(order).isoformat(), **told)  # fmt: skip


ALL = (sent_in_time, marked_as_sent, cancelled_by_buyers)


def _changed(teller: Teller) -> list[Event]:
    """The orders that are changed, as they were placed."""
    names = set(wronged(teller.subject)[: teller.effort.things])
    return [one for one in teller.subject.events if one["event_type"] == "order_placed" and one["order_id"] in names]


def _others(teller: Teller, *, keep: Sequence[str] = ()) -> Iterator[Event]:
    """All else that happened; of the orders that are changed, that they were placed, and what is to be kept."""
    names = set(wronged(teller.subject)[: teller.effort.things])
    kept = ("order_placed", *keep)
    yield from (one for one in teller.subject.events if one.get("order_id") not in names or one["event_type"] in kept)


def _begun(order: Event) -> datetime:
    return datetime.fromisoformat(order["event_time"])


def _or(text: str | None, otherwise: datetime) -> datetime:
    return datetime.fromisoformat(text) if text else otherwise
