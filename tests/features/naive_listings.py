"""Prices and concentration a second time: slow, plain, from the meanings of `docs/reference/features.md` alone."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zlib import crc32

from tests.features.naive import Event, Value, Window, distinct, of_type, ratio, recency, visible


def prices_and_concentration(past: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    """Name every feature of the families prices and concentration of one merchant at midnight, with its value."""
    live = visible(past, as_of)
    answer: dict[str, Value] = {"new_category_share_30d": new_categories(live, as_of)}
    for days in (7, 30, 90, 365):
        window = Window(live=live, start=as_of - timedelta(days=days), end=as_of)
        answer |= {f"{name}_{days}d": value for name, value in {**prices(window), **concentration(window)}.items()}
    return answer


def prices(window: Window) -> dict[str, Value]:
    """What changed about listings."""
    changes = window.of("listing_changed")
    earlier = [event for event in of_type(window.live, "listing_changed") if event["event_time"] < window.start]
    drops = [100 * (before - after) // before for before, after in successive(window, "price_cents") if after < before]
    renamed = [pair for pair in successive(window, "title") if pair[0] != pair[1]]
    return {
        "n_price_drops": sum(drop >= 30 for drop in drops),
        "largest_price_drop": min(max(drops, default=0) // 10 * 10, 90),
        "n_listings_new": len(distinct(changes, "listing_id") - distinct(earlier, "listing_id")),
        "n_listings_recalled": len(distinct(window.of("listing_changed", status="recalled"), "listing_id")),
        "n_titles_changed": len(renamed),
    }


def successive(window: Window, column: str) -> Iterator[tuple[Any, Any]]:
    """What a column of each listing said before and after each change of it that lies in the window."""
    return ((before[column], after[column]) for before, after in successive_events(window, column))


def successive_events(window: Window, column: str) -> Iterator[tuple[Event, Event]]:
    """The changes of each listing that say a column, each in the window with the one before it."""
    changes = [event for event in of_type(window.live, "listing_changed") if event.get(column) is not None]
    for listing in distinct(changes, "listing_id"):
        own = sorted((event for event in changes if event["listing_id"] == listing), key=recency)
        for before, after in pairwise(own):
            if window.start <= after["event_time"] < window.end:
                yield before, after


def concentration(window: Window) -> dict[str, Value]:
    """How evenly the orders lie over the groups of listings and of categories."""
    listings, categories = (groups(window, column) for column in ("listing_id", "category"))
    return {
        "top_listing_share": ratio(max(listings.values(), default=0), listings.total()),
        "listing_spread": ratio(listings.total() ** 2, sum(count**2 for count in listings.values())),
        "top_category_share": ratio(max(categories.values(), default=0), categories.total()),
        "category_spread": ratio(categories.total() ** 2, sum(count**2 for count in categories.values())),
    }


def groups(window: Window, column: str) -> Counter[int]:
    """Orders by the group of what they name."""
    named = [order for order in window.of("order_placed") if order.get(column) is not None]
    return Counter(crc32(order[column].encode()) % 16 for order in named)


def new_categories(live: Sequence[Event], as_of: datetime) -> Value:
    """The share of a month's orders in groups that nothing was sold in during the eleven months before."""
    month = as_of - timedelta(days=30)
    now = groups(Window(live=live, start=month, end=as_of), "category")
    before = groups(Window(live=live, start=as_of - timedelta(days=365), end=month), "category")
    new = sum(count for group, count in now.items() if group not in before)
    return ratio(new, now.total()) if before else None
