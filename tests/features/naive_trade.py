"""The shape of trade a second time: slow, plain, and written from the meanings of `docs/reference/features.md` alone.

Like `tests.features.naive`, whose histories and windows it looks at, it is what the engine is checked against.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from math import sqrt

from tests.features.naive import (
    Event,
    Value,
    Window,
    defects,
    distinct,
    fakes,
    lateness,
    of_type,
    orders,
    promises,
    ratio,
    visible,
)
from tests.features.naive_capped import MOST, is_real

DAY = timedelta(days=1)


def volume_and_trends(past: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    """Name every feature of the families volume and trends of one merchant at midnight `as_of`, with its value."""
    live = visible(past, as_of)
    answer: dict[str, Value] = {}
    for days in (7, 30, 90, 365):
        answer |= {f"{name}_{days}d": value for name, value in volume(within(live, as_of, days)).items()}
    return answer | outstanding(live, as_of) | trends(live, as_of) | weeks(live, as_of)


def within(live: Sequence[Event], as_of: datetime, days: int, *, ending: int = 0) -> Window:
    """The window of so many days that ends so many days ago."""
    return Window(live=live, start=as_of - (days + ending) * DAY, end=as_of - ending * DAY)


# --- Volume ----------------------------------------------------------------------------------------------------


def volume(window: Window) -> dict[str, Value]:
    """What was ordered in a window, and what of it has not come yet."""
    placed = window.of("order_placed")
    counted = [order for order in placed if order.get("quantity") is not None]
    of_a_kind = [order for order in placed if order.get("kind") is not None]
    fulfilled = [order for order in placed if order.get("fulfilled_by") is not None]
    closed = distinct([*of_type(window.live, "order_delivered"), *of_type(window.live, "order_cancelled")], "order_id")
    settled = distinct([*of_type(window.live, "order_confirmed"), *of_type(window.live, "order_cancelled")], "order_id")
    pieces = sum(order["quantity"] for order in counted)
    undelivered = cents(order for order in placed if order["order_id"] not in closed)
    return {
        "large_order_cents": large_order(window),
        "mean_order_value_cents": ratio(cents(placed), len(placed)),
        "n_items": pieces,
        "items_per_order": ratio(pieces, len(counted)),
        "high_value_order_rate": ratio(sum(order["amount_cents"] >= 100_000 for order in placed), len(placed)),
        "presale_rate": ratio(sum(order["kind"] == "presale" for order in of_a_kind), len(of_a_kind)),
        "custom_rate": ratio(sum(order["kind"] == "custom" for order in of_a_kind), len(of_a_kind)),
        "service_rate": ratio(sum(order["kind"] == "service" for order in of_a_kind), len(of_a_kind)),
        "platform_fulfilled_rate": ratio(
            sum(order["fulfilled_by"] == "platform" for order in fulfilled), len(fulfilled)
        ),
        "no_return_confirmed_rate": ratio(
            sum(order.get("no_return_confirmed") is True for order in placed), len(placed)
        ),
        "undelivered_value_cents": undelivered,
        "undelivered_value_rate": ratio(undelivered, cents(placed)),
        "unconfirmed_value_cents": cents(order for order in placed if order["order_id"] not in settled),
    }


def large_order(window: Window) -> int | None:
    """The first round amount that at most one in twenty of the real orders, three of a buyer, exceeds."""
    newest = sorted(window.of("order_placed"), key=lambda one: (one["event_time"], one["event_id"]), reverse=True)
    counts: Counter[str] = Counter()
    amounts = []
    for order in (one for one in newest if is_real(window, one)):
        buyer = order.get("buyer_id") or order["event_id"]
        counts[buyer] += 1
        if counts[buyer] <= MOST:
            amounts.append(order["amount_cents"])
    edges = [step * 10**power for power in range(3, 9) for step in (1, 2, 5)][:16]
    held = [edge for edge in edges if sum(amount > edge for amount in amounts) * 20 <= len(amounts)]
    return None if not amounts else (held or edges[-1:])[0]


def cents(of: Iterable[Event]) -> int:
    """What some orders were worth together."""
    return sum(order["amount_cents"] for order in of)


def overdue_cents(window: Window) -> int:
    """The value of the orders that were due for delivery in the window and did not end."""
    closed = distinct([*of_type(window.live, "order_delivered"), *of_type(window.live, "order_cancelled")], "order_id")
    due = window.of("order_placed", clock="deliver_by")
    return cents(order for order in due if order["order_id"] not in closed)


def outstanding(live: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    """What is overdue."""
    overdue = overdue_cents(within(live, as_of, 365))
    return {
        "overdue_value_cents": overdue,
        "overdue_value_rate": ratio(overdue, cents(within(live, as_of, 90).of("order_placed"))),
    }


# --- Trends ----------------------------------------------------------------------------------------------------


def trends(live: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    """Short windows beside long ones."""

    def count(days: int, name: str) -> float:
        window = within(live, as_of, days)
        return float({**orders(window), **fakes(window)}[name] or 0)

    def pace(name: str, short: int, long: int) -> float | None:
        return ratio(count(short, name) / short, count(long, name) / long)

    def change(rates: Callable[[Window], dict[str, Value]], name: str) -> float | None:
        now, ever = (rates(within(live, as_of, days))[name] for days in (7, 90))
        return None if now is None or ever is None else float(now) - float(ever)

    expected = count(90, "n_orders") * 7 / 90
    more = (count(7, "n_orders") + 10) / (expected + 10)
    kept = promises(within(live, as_of, 7))["dispatch_kept_rate"]
    overdue = overdue_cents(within(live, as_of, 30)) / 30
    return {
        "orders_trend_7d": pace("n_orders", 7, 90),
        "order_value_trend_7d": pace("order_value_cents", 7, 90),
        "buyers_trend_7d": pace("n_buyers", 7, 90),
        "mean_order_value_trend_7d": price_level(count(7, "order_value_cents"), count(7, "n_orders"),
                                                 count(90, "order_value_cents"), count(90, "n_orders")),
        "orders_burst_1d": pace("n_orders", 1, 30),
        "fake_reports_burst_1d": pace("n_fake_reports", 1, 30),
        "late_dispatch_change_7d": change(lateness, "late_dispatch_rate"),
        "dispatch_kept_change_7d": change(promises, "dispatch_kept_rate"),
        "defect_change_7d": change(defects, "defect_rate"),
        "cash_out_7d": None if kept is None else more * (1 - float(kept)),
        "overdue_trend_30d": ratio(overdue, overdue_cents(within(live, as_of, 365)) / 365),
    }  # fmt: skip


def price_level(value: float, count: float, long_value: float, long_count: float) -> float | None:
    """A week's orders, counted in orders as dear as the quarter's, by their number."""
    if not long_value or not long_count:
        return None
    return ratio(value / (long_value / long_count), count)


def weeks(live: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    """How the last twelve weeks were spread."""
    weekly = [len(within(live, as_of, 7, ending=7 * week).of("order_placed")) for week in range(12)]
    total = sum(weekly)
    spread = sqrt(12 * sum(count**2 for count in weekly) - total**2)
    return {"orders_volatility_84d": ratio(spread, total), "busiest_week_share_84d": ratio(max(weekly), total)}
