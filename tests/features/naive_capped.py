"""The capped rates a second time, from their words: what counts of each buyer's orders, counted one by one."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from features.events import EVENT_TYPES
from tests.features.naive import WINDOWS, Event, Value, Window, is_defect, of_type, ratio, visible

MOST = 3


def capped_features_of(past: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    """Every capped feature of one merchant, from its history (`naive.history`), with its value."""
    live = visible(past, as_of)
    windows = {days: Window(live=live, start=as_of - timedelta(days=days), end=as_of) for days in WINDOWS}
    found = {f"{name}_{days}d_capped": value for days in WINDOWS for name, value in _capped(windows[days]).items()}
    return found | {"n_orders_overdue_capped": _overdue(windows[365])}


def _overdue(window: Window) -> int:
    """Due for delivery, and neither delivered nor cancelled, as far as its own buyer says so."""
    due = window.of("order_placed", clock="deliver_by")
    ends = ("order_delivered", "order_cancelled")
    return total(order for order in due if not any(of_order(window, order, end) for end in ends))


def _capped(window: Window) -> dict[str, Value]:
    placed = window.of("order_placed")
    rates = {name: _rate(window, placed, bad) for name, bad in BAD.items()}
    answered = [order for order in placed if of_order(window, order, "return_answered")]
    reviewed = [order for order in placed if of_order(window, order, "review_posted")]
    reports = window.of("fake_report_resolved", outcome="confirmed")
    return rates | {
        "n_orders": total(order for order in placed if is_real(window, order)),
        "n_buyers": total((order for order in placed if is_real(window, order)), most=1),
        "low_star_rate": _rate(window, placed, has_low_stars, among=reviewed),
        "return_refusal_rate": _rate(window, placed, has_refused, among=answered),
        "dispatch_kept_rate": _kept_rate(window, "ship_by", "order_shipped"),
        "delivery_kept_rate": _kept_rate(window, "deliver_by", "order_delivered"),
        "n_fakes_confirmed": total(reports, by="reporter_id")
        + len(window.of("inspection_completed", outcome="failed_counterfeit")),
    }


def total(events: Iterable[Event], *, by: str = "buyer_id", most: int = MOST) -> int:
    """How many count, if of each buyer at most so many do; nobody in particular is somebody else each time."""
    counts = Counter(event.get(by) or ("nobody", event["event_id"]) for event in events)
    return sum(min(count, most) for count in counts.values())


def _rate(
    window: Window, orders: Sequence[Event], is_bad: "Judge", *, among: Sequence[Event] | None = None
) -> float | None:
    bad = [order for order in orders if is_bad(window, order)]
    good = [order for order in (orders if among is None else among) if order not in bad and is_real(window, order)]
    return ratio(total(bad), total([*bad, *good]))


def _kept_rate(window: Window, promise: str, service: str) -> float | None:
    due = [order for order in window.of("order_placed", clock=promise) if not is_excused(window, order, promise)]
    broken = [order for order in due if not by_then(of_order(window, order, service), order[promise])]
    kept = [order for order in due if order not in broken and is_real(window, order)]
    every = total([*broken, *kept])
    return ratio(every - total(broken), every)


# --- What is known of one order --------------------------------------------------------------------------------


def of_order(window: Window, order: Event, event_type: str) -> list[Event]:
    """The live events of an order, but for those that name another buyer."""
    return [event for event in window.same_order(order, event_type) if not _names_another(order, event)]


def _names_another(order: Event, event: Event) -> bool:
    named = event.get("buyer_id") if "buyer_id" in EVENT_TYPES[event["event_type"]].columns else None
    return named is not None and order.get("buyer_id") not in (None, named)


def by_then(events: Iterable[Event], moment: datetime) -> list[Event]:
    """Those no later than a moment."""
    return [event for event in events if event["event_time"] <= moment]


def is_excused(window: Window, order: Event, promise: str) -> bool:
    """Cancelled by buyer or platform before it was due."""
    cancelled = by_then(of_order(window, order, "order_cancelled"), order[promise])
    return any(event.get("actor") in ("buyer", "platform") for event in cancelled)


def is_real(window: Window, order: Event) -> bool:
    """Not cancelled, not by a buyer who shares something with the merchant; sent, where there is reason to ask."""
    if window.same_order(order, "order_cancelled") or is_linked(window, order.get("buyer_id")):
        return False
    shipments = window.same_order(order, "order_shipped")
    scanned = any(event["leg"] == "out" for event in window.same_order(order, "parcel_scanned"))
    promise = order.get("ship_by") or order.get("deliver_by")
    doubtful = bool(shipments) or (promise is not None and promise < window.end)
    return not doubtful or scanned or any(event.get("tracked") is not False for event in shipments)


def is_linked(window: Window, buyer: str | None) -> bool:
    """Whether the buyer was seen with a token that the merchant was seen with."""
    links = of_type(window.live, "link_observed")
    mine = {(link["link_kind"], link["link_token"]) for link in links if link.get("buyer_id") is None}
    theirs = {(link["link_kind"], link["link_token"]) for link in links if link.get("buyer_id") == buyer}
    return buyer is not None and bool(mine & theirs)


Judge = Callable[[Window, Event], bool]


def has_low_stars(window: Window, order: Event) -> bool:
    """One or two stars."""
    return any(review["stars"] <= 2 for review in of_order(window, order, "review_posted"))


def has_lost(window: Window, order: Event) -> bool:
    """A dispute found to be the merchant's fault."""
    return any(one["outcome"] == "merchant_at_fault" for one in of_order(window, order, "dispute_resolved"))


def was_cancelled(window: Window, order: Event) -> bool:
    """Cancelled by the merchant."""
    return any(one.get("actor") == "merchant" for one in of_order(window, order, "order_cancelled"))


def has_defect(window: Window, order: Event) -> bool:
    """What makes an order defective in 3.2, said by nobody else's buyer."""
    types = ("review_posted", "dispute_resolved", "order_cancelled", "refund_paid")
    return any(is_defect(event) for event_type in types for event in of_order(window, order, event_type))


def has_refused(window: Window, order: Event) -> bool:
    """A return refused, or not answered by its deadline."""
    refused = any(one["outcome"] == "rejected" for one in of_order(window, order, "return_answered"))
    return refused or any(is_silent(window, one) for one in of_order(window, order, "return_requested"))


def is_silent(window: Window, request: Event) -> bool:
    """A return that was to be answered by now, and of whose answer nothing is known."""
    answers = [one for one in of_type(window.live, "return_answered") if one["return_id"] == request["return_id"]]
    return request.get("answer_by") is not None and request["answer_by"] < window.end and not answers


def was_let_down(window: Window, order: Event) -> bool:
    """A fault of the merchant's own, which no silence hides."""
    return (
        was_cancelled(window, order)
        or has_lost(window, order)
        or is_late(window, order)
        or (has_low_stars(window, order) and not came_late(window, order))
        or any(is_given_in(window, one) for one in of_order(window, order, "return_requested"))
    )


def is_late(window: Window, order: Event) -> bool:
    """Not shipped by the promised time, which has passed, and not cancelled by anyone but the merchant before it."""
    promise = order.get("ship_by")
    if promise is None or promise >= window.end or by_then(of_order(window, order, "order_shipped"), promise):
        return False
    cancelled = by_then(of_order(window, order, "order_cancelled"), promise)
    return all(event.get("actor") == "merchant" for event in cancelled)


def came_late(window: Window, order: Event) -> bool:
    """Known to have been delivered, and not by the promised time."""
    promise, came = order.get("deliver_by"), of_order(window, order, "order_delivered")
    return promise is not None and bool(came) and not by_then(came, promise)


def is_given_in(window: Window, request: Event) -> bool:
    """A return for quality that the merchant accepted, or did not answer in time."""
    answers = [one for one in of_type(window.live, "return_answered") if one["return_id"] == request["return_id"]]
    accepted = any(answer["outcome"] == "accepted" for answer in answers)
    return request.get("reason") in ("quality", "not_as_described") and (accepted or is_silent(window, request))


#: What makes an order bad, for each rate over all orders placed.
BAD: dict[str, Judge] = {
    "fault_rate": has_lost,
    "defect_rate": has_defect,
    "own_fault_rate": was_let_down,
    "merchant_cancel_rate": was_cancelled,
}
