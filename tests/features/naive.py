"""Every feature of contracts 3.2 a second time: slow, plain, and written from the contract's words alone.

The engine is checked against this file, so nothing here is clever: events are dicts, each feature is a
comprehension over the events that are known and not reversed. It uses the vocabulary of `features.events` and
no other code of the product.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from features.events import COMMON, EVENT_TYPES

Event = Mapping[str, Any]
Value = int | float | str | None

WINDOWS = (7, 30, 90, 365)

#: What a refund must have been paid for to make its order defective.
DEFECT_REASONS = frozenset(
    ["quality", "not_as_described", "counterfeit", "damaged", "wrong_item", "missing_parts", "unsafe", "not_received"]
)

#: Where the promises that a later event repeats stand on its order.
OF_THE_ORDER = {"placed_at": "event_time", "ship_by": "ship_by", "deliver_by": "deliver_by"}

#: Which event an answer answers, and the id they share.
OPENED_BY = {
    "dispute_resolved": ("dispute_opened", "dispute_id"),
    "return_answered": ("return_requested", "return_id"),
    "complaint_closed": ("complaint_received", "complaint_id"),
}


def naive_features(events: Sequence[Event], merchant_id: str, as_of: datetime) -> dict[str, Value]:
    """Name every feature of 3.2 of one merchant at midnight `as_of`, with its value."""
    return features_of(history(events, merchant_id), as_of)


def features_of(past: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    """The same from one merchant's history, which is the same at every moment."""
    live = visible(past, as_of)
    answer = {**outstanding(live, as_of), **ages(live, as_of), **attributes(live)}
    for days in WINDOWS:
        window = Window(live=live, start=as_of - timedelta(days=days), end=as_of)
        for family in (orders, defects, promises, lateness, voices, returns_and_refunds, fakes):
            answer |= {f"{name}_{days}d": value for name, value in family(window).items()}
    return answer


# --- Which events count, and what they carry -------------------------------------------------------------------


def history(events: Sequence[Event], merchant_id: str) -> list[Event]:
    """One merchant's events, each once, with missing promises filled from what was known with the event."""
    own = [event for event in one_row_per_event(events) if event["merchant_id"] == merchant_id]
    return [filled(event, own) for event in own]


def visible(past: Sequence[Event], as_of: datetime) -> list[Event]:
    """The events known before `as_of` and not reversed by then."""
    known = [event for event in past if event["known_at"] < as_of]
    return [event for event in known if not is_reversed(event, known)]


def one_row_per_event(events: Iterable[Event]) -> list[Event]:
    """Of the rows with one `event_id`, the one with the smallest `known_at`, then canonical text."""
    rows = sorted(map(with_known_at, events), key=lambda row: (row["known_at"], canonical_text(row)))
    standing: dict[str, Event] = {}
    for row in rows:
        standing.setdefault(row["event_id"], row)
    return list(standing.values())


def with_known_at(event: Event) -> Event:
    """In a file, an absent `known_at` is the `event_time`."""
    return {**event, "known_at": event.get("known_at") or event["event_time"]}


def canonical_text(event: Event) -> str:
    """The filled columns that the type uses, as text; only decides between rows known at the same moment."""
    columns = (*COMMON, *EVENT_TYPES[event["event_type"]].columns)
    return json.dumps({name: str(event[name]) for name in columns if event.get(name) is not None}, sort_keys=True)


def is_reversed(event: Event, known: Iterable[Event]) -> bool:
    """Whether a reversal among the merchant's known events takes this one back; a reversal cannot be reversed."""
    reversals = [other["reverses"] for other in known if other["event_type"] == "event_reversed"]
    return event["event_type"] != "event_reversed" and event["event_id"] in reversals


def filled(event: Event, own: Iterable[Event]) -> Event:
    """The event with the promises it does not carry itself, as the platform knew them when it learned of it."""
    columns = EVENT_TYPES[event["event_type"]].columns
    missing = {name for name in columns if event.get(name) is None}
    values = dict(event)
    if event["event_type"] != "order_placed" and (order := answered(event, own, "order_placed", "order_id")):
        values |= {name: order.get(OF_THE_ORDER[name]) for name in missing & OF_THE_ORDER.keys()}
    if event["event_type"] in OPENED_BY and (opening := answered(event, own, *OPENED_BY[event["event_type"]])):
        values["opened_at"] = event.get("opened_at") or opening["event_time"]
    return values


def answered(event: Event, own: Iterable[Event], event_type: str, key: str) -> Event | None:
    """The latest order or opening with the event's id that was known with it and not reversed by then."""
    known = [other for other in own if other["known_at"] <= event["known_at"]]
    found = [
        other
        for other in known
        if other["event_type"] == event_type and other[key] == event.get(key) and not is_reversed(other, known)
    ]
    return max(found, key=recency, default=None)


def recency(event: Event) -> tuple[datetime, datetime, str]:
    """Later in this order = more recent."""
    return event["event_time"], event["known_at"], event["event_id"]


# --- Features over a window ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The live events of one merchant, and the half-open window `[start, end)`."""

    live: Sequence[Event]
    start: datetime
    end: datetime

    def of(self, event_type: str, *, clock: str = "event_time", **having: Any) -> list[Event]:
        """The events of a type whose clock lies in the window and whose columns have these values."""
        return [
            event
            for event in of_type(self.live, event_type)
            if event.get(clock) is not None
            and self.start <= event[clock] < self.end
            and all(event.get(column) == value for column, value in having.items())
        ]

    def same_order(self, order: Event, event_type: str) -> list[Event]:
        """The live events of a type, whenever they happened, that belong to an order."""
        return [event for event in of_type(self.live, event_type) if event["order_id"] == order["order_id"]]


def of_type(events: Iterable[Event], event_type: str) -> list[Event]:
    """The events of one type."""
    return [event for event in events if event["event_type"] == event_type]


def ratio(above: float, below: float) -> float | None:
    """A rate or mean; null when there is nothing to divide by."""
    return above / below if below else None


def distinct(events: Iterable[Event], column: str) -> set[Any]:
    """The different values in a column; null is no value."""
    return {event[column] for event in events if event.get(column) is not None}


def orders(window: Window) -> dict[str, Value]:
    """What was ordered, and what is counted per order placed."""
    placed = window.of("order_placed")
    faults = window.of("dispute_resolved", outcome="merchant_at_fault")
    return {
        "n_orders": len(placed),
        "order_value_cents": sum(order["amount_cents"] for order in placed),
        "n_buyers": len(distinct(placed, "buyer_id")),
        "dispute_rate": ratio(len(window.of("dispute_opened")), len(placed)),
        "fault_rate": ratio(len(faults), len(placed)),
        "merchant_cancel_rate": ratio(len(window.of("order_cancelled", actor="merchant")), len(placed)),
        "return_rate": ratio(len(window.of("return_requested")), len(placed)),
    }


def defects(window: Window) -> dict[str, Value]:
    """Orders placed in the window with at least one defect known, whenever the defect happened."""
    spoiled = {event.get("order_id") for event in window.live if is_defect(event)}
    placed = window.of("order_placed")
    return {"defect_rate": ratio(sum(order["order_id"] in spoiled for order in placed), len(placed))}


def is_defect(event: Event) -> bool:
    """Whether an event makes its order defective."""
    match event["event_type"]:
        case "review_posted":
            return bool(event["stars"] <= 2)
        case "dispute_resolved":
            return bool(event["outcome"] == "merchant_at_fault")
        case "order_cancelled":
            return bool(event.get("actor") == "merchant")
        case "refund_paid":
            return event["finally_liable"] == "merchant" and event.get("reason") in DEFECT_REASONS
    return False


def promises(window: Window) -> dict[str, Value]:
    """Of the orders whose own promise lies in the window, how many were served by it."""
    return {
        "dispatch_kept_rate": kept_rate(window, promise="ship_by", service="order_shipped"),
        "delivery_kept_rate": kept_rate(window, promise="deliver_by", service="order_delivered"),
    }


def kept_rate(window: Window, *, promise: str, service: str) -> float | None:
    """Orders served at or before their promise / those that buyer and platform had not cancelled by then."""

    def in_time(order: Event, event_type: str) -> list[Event]:
        return [event for event in window.same_order(order, event_type) if event["event_time"] <= order[promise]]

    def excused(order: Event) -> bool:
        return any(event.get("actor") in ("buyer", "platform") for event in in_time(order, "order_cancelled"))

    due = [order for order in window.of("order_placed", clock=promise) if not excused(order)]
    return ratio(sum(bool(in_time(order, service)) for order in due), len(due))


def lateness(window: Window) -> dict[str, Value]:
    """Shipments and deliveries against the promise that they carry themselves."""
    shipped = [lateness_of(event, "ship_by") for event in window.of("order_shipped") if event.get("ship_by")]
    delivered = [lateness_of(event, "deliver_by") for event in window.of("order_delivered") if event.get("deliver_by")]
    mean_seconds = ratio(sum(late // timedelta(seconds=1) for late in delivered), len(delivered))
    return {
        "late_dispatch_rate": ratio(sum(late > timedelta(0) for late in shipped), len(shipped)),
        "late_delivery_rate": ratio(sum(late > timedelta(0) for late in delivered), len(delivered)),
        "mean_hours_late": None if mean_seconds is None else mean_seconds / 3600,
    }


def lateness_of(event: Event, promise: str) -> timedelta:
    """How long after its promise it happened; on time = 0."""
    return max(event["event_time"] - event[promise], timedelta(0))


def voices(window: Window) -> dict[str, Value]:
    """What buyers say, and how soon they are answered."""
    reviews = window.of("review_posted")
    low = [review for review in reviews if review["stars"] <= 2]
    faults = window.of("dispute_resolved", outcome="merchant_at_fault")
    replies = window.of("message_answered")
    mean_reply = ratio(sum(reply["reply_seconds"] for reply in replies), len(replies))
    return {
        "low_star_rate": ratio(len(low), len(reviews)),
        "mean_stars": ratio(sum(review["stars"] for review in reviews), len(reviews)),
        "n_affected_buyers": len(distinct([*low, *faults], "buyer_id")),
        "mean_reply_hours": None if mean_reply is None else mean_reply / 3600,
    }


def returns_and_refunds(window: Window) -> dict[str, Value]:
    """Returns that were refused, and money that the platform paid first."""
    refused = window.of("return_answered", outcome="rejected")
    advanced = window.of("refund_paid", advanced_by="platform")
    return {
        "return_refusal_rate": ratio(len(refused), len(window.of("return_answered"))),
        "platform_refund_cents": sum(refund["amount_cents"] for refund in advanced),
    }


def fakes(window: Window) -> dict[str, Value]:
    """Fake reports, and fakes that were confirmed by a report's resolution or an inspection."""
    reports = window.of("fake_report_resolved", outcome="confirmed")
    inspections = window.of("inspection_completed", outcome="failed_counterfeit")
    return {
        "n_fake_reports": len(window.of("fake_report_filed")),
        "n_fakes_confirmed": len(reports) + len(inspections),
    }


# --- Features that are standing at a moment --------------------------------------------------------------------


def outstanding(live: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    """What was begun and is not known to have ended."""
    due = Window(live=live, start=as_of - timedelta(days=365), end=as_of).of("order_placed", clock="deliver_by")
    closed = distinct([*of_type(live, "order_delivered"), *of_type(live, "order_cancelled")], "order_id")
    return {
        "n_orders_overdue": sum(order["order_id"] not in closed for order in due),
        "n_disputes_open": n_open(live, "dispute_opened", "dispute_resolved", "dispute_id"),
        "n_fake_reports_open": n_open(live, "fake_report_filed", "fake_report_resolved", "report_id"),
        "merchant_debt_cents": merchant_debt_cents(live),
    }


def n_open(live: Sequence[Event], opening: str, closing: str, key: str) -> int:
    """How many distinct ids are known to be opened and not known to be closed."""
    return len(distinct(of_type(live, opening), key) - distinct(of_type(live, closing), key))


def merchant_debt_cents(live: Sequence[Event]) -> int:
    """Advances that are finally the merchant's, less what came back or was given up of those refunds."""
    advances = [
        refund
        for refund in of_type(live, "refund_paid")
        if refund["advanced_by"] == "platform" and refund["finally_liable"] == "merchant"
    ]
    settlements = [*of_type(live, "advance_recovered"), *of_type(live, "advance_written_off")]
    settled = [event for event in settlements if event["refund_id"] in distinct(advances, "refund_id")]
    return sum(event["amount_cents"] for event in advances) - sum(event["amount_cents"] for event in settled)


def ages(live: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    """Calendar days since the first registration and the last order."""
    registered = [event["event_time"].date() for event in of_type(live, "merchant_registered")]
    ordered = [event["event_time"].date() for event in of_type(live, "order_placed")]
    return {
        "days_since_registered": (as_of.date() - min(registered)).days if registered else None,
        "days_since_last_order": (as_of.date() - max(ordered)).days if ordered else None,
    }


def attributes(live: Sequence[Event]) -> dict[str, Value]:
    """The most recent value of what a merchant is; an event that does not state it leaves it as it was."""
    registered, changed = of_type(live, "merchant_registered"), of_type(live, "deposit_changed")
    return {
        "category": latest(registered, "category"),
        "region": latest(registered, "region"),
        "deposit_cents": latest([*registered, *changed], "deposit_cents"),
    }


def latest(events: Iterable[Event], column: str) -> Value:
    """The value in a column of the most recent event that has one."""
    stated = [event for event in events if event.get(column) is not None]
    return max(stated, key=recency)[column] if stated else None
