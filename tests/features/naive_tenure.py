"""Tenure and silence a second time: slow, plain, from the meanings of `docs/reference/features.md` alone."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from tests.features.naive import Event, Value, Window, of_type, visible
from tests.features.naive_account import days_since
from tests.features.naive_capped import is_real

HEARD = {
    "shipment": "order_shipped",
    "delivery": "order_delivered",
    "reply": "message_answered",
    "review": "review_posted",
    "listing_change": "listing_changed",
}


def tenure(past: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    """Name every feature of the family tenure of one merchant at midnight, with its value."""
    live = visible(past, as_of)
    answer: dict[str, Value] = {
        f"days_since_last_{name}": days_since(of_type(live, event_type), as_of) for name, event_type in HEARD.items()
    }
    ever = of_type(live, "order_placed")
    since_first = (as_of.date() - min(one["event_time"].date() for one in ever)).days if ever else None
    for days in (7, 30, 90, 365):
        window = Window(live=live, start=as_of - timedelta(days=days), end=as_of)
        active = {one["event_time"].date() for one in window.of("order_placed")}
        answer[f"n_active_days_{days}d"] = len(active)
        answer[f"n_active_days_{days}d_capped"] = len(real_days(window))
        answer[f"active_day_rate_{days}d"] = None if since_first is None else len(active) / min(since_first, days)
    return answer


def real_days(window: Window) -> set[date]:
    """The days of the latest three real orders of each buyer; nobody in particular is somebody else each time."""
    of_buyer: dict[object, list[Event]] = defaultdict(list)
    for order in window.of("order_placed"):
        if is_real(window, order):
            of_buyer[order.get("buyer_id") or ("nobody", order["event_id"])].append(order)
    latest = [sorted(own, key=lambda one: one["event_time"])[-3:] for own in of_buyer.values()]
    return {order["event_time"].date() for own in latest for order in own}
