"""Changes of account a second time: slow, plain, from the meanings of `docs/reference/features.md` alone."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tests.features.naive import Event, Value, Window, distinct, of_type, promises, ratio, visible
from tests.features.naive_listings import groups, successive_events

DAY = timedelta(days=1)
HANDS = ("owner", "bank_account", "legal_entity")


def accounts(past: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    """Name every feature of the family accounts of one merchant at midnight `as_of`, with its value."""
    live = visible(past, as_of)
    changes = of_type(live, "account_changed")
    answer: dict[str, Value] = {}
    for kind in (*HANDS, "password", "device", "address"):
        answer[f"days_since_{kind}_changed"] = days_since(as_of, changes, kind)
    counted = {
        "n_account_changes": ((7, 30, 90, 365), (*HANDS, "password", "device", "address")),
        "n_hands_changed": ((90,), HANDS),
        "n_access_changed": ((7, 30, 90), ("password", "device", "address")),
        "n_owner_or_bank_account_changed": ((14, 365), ("owner", "bank_account")),
    }
    for name, (windows, kinds) in counted.items():
        for days in windows:
            recent = [one for one in changes if one["event_time"] >= as_of - days * DAY]
            answer[f"{name}_{days}d"] = sum(one["change"] in kinds for one in recent)
    return answer | what_follows(live, as_of)


def what_follows(live: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    """What came soon after the account had changed hands."""
    answer: dict[str, Value] = {}
    listed = distinct(of_type(live, "listing_changed"), "listing_id")
    for days in (30, 90):
        window = Window(live=live, start=as_of - days * DAY, end=as_of)
        cheaper = {one["listing_id"] for one in fallen(window) if follows(one, live, 30)}
        answer[f"n_listings_cheaper_after_hands_changed_{days}d"] = len(cheaper)
        answer[f"listings_cheaper_share_after_hands_changed_{days}d"] = ratio(len(cheaper), len(listed))
    kept = promises(Window(live=live, start=as_of - 30 * DAY, end=as_of))["dispatch_kept_rate"]
    pace = orders_pace(live, as_of)
    return answer | {
        "orders_pace_after_hands_changed_14d": pace,
        "cash_out_after_hands_changed_30d": None if pace is None or kept is None else pace * (1 - float(kept)),
        "new_category_share_after_hands_changed_30d": new_categories(live, as_of),
    }


def days_since(as_of: datetime, changes: Sequence[Event], *kinds: str) -> int | None:
    """Calendar days since the latest change of some kinds."""
    latest = max((one["event_time"].date() for one in changes if one["change"] in kinds), default=None)
    return None if latest is None else (as_of.date() - latest).days


def follows(event: Event, live: Sequence[Event], days: int) -> bool:
    """Whether an event came less than so many days after the account had changed hands."""
    hands = (one["event_time"] for one in of_type(live, "account_changed") if one["change"] in HANDS)
    return any(when <= event["event_time"] < when + days * DAY for when in hands)


def fallen(window: Window) -> Iterator[Event]:
    """Changes in the window that put a listing's price at least 20 % below what the change before had said."""
    for before, after in successive_events(window, "price_cents"):
        if 100 * (before["price_cents"] - after["price_cents"]) >= 20 * max(before["price_cents"], 1):
            yield after


def orders_pace(live: Sequence[Event], as_of: datetime) -> float | None:
    """Orders since the hands changed, by those that the month before leads to expect."""
    since = days_since(as_of, of_type(live, "account_changed"), *HANDS)
    month = Window(live=live, start=as_of - 44 * DAY, end=as_of - 14 * DAY).of("order_placed")
    if since is None or since > 14 or not month:
        return None
    recent = Window(live=live, start=as_of - 14 * DAY, end=as_of).of("order_placed")
    return sum(follows(order, live, 14) for order in recent) / (len(month) / 30 * since)


def new_categories(live: Sequence[Event], as_of: datetime) -> Value:
    """The share of the orders since then that are in groups of categories that were never ordered before."""
    start = as_of - 30 * DAY
    recent = [one for one in Window(live=live, start=start, end=as_of).of("order_placed") if follows(one, live, 30)]
    now = groups(Window(live=recent, start=start, end=as_of), "category")
    before = groups(Window(live=live, start=as_of - 365 * DAY, end=start), "category")
    return ratio(sum(count for group, count in now.items() if group not in before), now.total()) if before else None
