"""Buyers and brushing a second time: slow, plain, written from the meanings of `docs/reference/features.md` alone."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from tests.features.naive import Event, Value, Window, distinct, of_type, ratio, visible


def buyers_and_brushing(past: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    """Name every feature of the families buyers and brushing of one merchant at midnight `as_of`, with its value."""
    live = visible(past, as_of)
    answer: dict[str, Value] = {}
    for days in (7, 30, 90, 365):
        window = Window(live=live, start=as_of - timedelta(days=days), end=as_of)
        answer |= {f"{name}_{days}d": value for name, value in {**buyers(window), **brushing(window)}.items()}
    return answer


def buyers(window: Window) -> dict[str, Value]:
    """Who bought, and how often."""
    named = [order for order in window.of("order_placed") if order.get("buyer_id") is not None]
    earlier = [order for order in of_type(window.live, "order_placed") if order["event_time"] < window.start]
    new = distinct(named, "buyer_id") - distinct(earlier, "buyer_id")
    times = Counter(order["buyer_id"] for order in named)
    by_day = Counter((order["buyer_id"], order["event_time"].date()) for order in named)
    by_hour = Counter((order["buyer_id"], order["event_time"].date(), order["event_time"].hour) for order in named)
    return {
        "n_buyers_new": len(new),
        "new_buyer_rate": ratio(len(new), len(times)),
        "repeat_buyer_rate": ratio(reaching(2, times), len(times)),
        "frequent_buyer_rate": ratio(reaching(5, times), len(times)),
        "orders_per_buyer": ratio(len(named), len(times)),
        "n_crowded_buyer_days": reaching(3, by_day),
        "crowded_buyer_day_rate": ratio(reaching(3, by_day), len(by_day)),
        "n_crowded_buyer_hours": reaching(3, by_hour),
    }


def reaching(least: int, times: Counter[object] | Counter[tuple[object, ...]]) -> int:
    """How many were counted at least so often."""
    return sum(count >= least for count in times.values())


def brushing(window: Window) -> dict[str, Value]:
    """What no carrier saw, and praise that came too soon."""
    told = [event for event in window.of("order_shipped") if event.get("tracked") is not None]
    seen = carried(window.live)
    reviews = [event for event in window.of("review_posted") if event.get("order_id") is not None]
    best = [review for review in reviews if review["stars"] == 5]
    confirmed = window.of("order_confirmed")
    return {
        "untracked_shipment_rate": ratio(sum(not event["tracked"] for event in told), len(told)),
        "untracked_review_rate": ratio(sum(event["order_id"] not in seen for event in reviews), len(reviews)),
        "hasty_praise_rate": ratio(sum(hasty(review, window) for review in best), len(best)),
        "unscanned_confirmation_rate": ratio(sum(event["order_id"] not in seen for event in confirmed), len(confirmed)),
    }


def carried(live: Iterable[Event]) -> set[str]:
    """The orders of which a carrier scanned anything on the way out."""
    shipped = [event for event in live if event["event_type"] == "order_shipped" and event.get("tracked")]
    scanned = [event for event in live if event["event_type"] == "parcel_scanned" and event["leg"] == "out"]
    return distinct([*shipped, *scanned], "order_id")


def hasty(review: Event, window: Window) -> bool:
    """Whether nothing was delivered a day or more before the review."""
    came = [event["event_time"] for event in window.same_order(review, "order_delivered")]
    return not any(time <= review["event_time"] - timedelta(hours=24) for time in came)
