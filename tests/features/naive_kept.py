"""Promises on their own clocks a second time: slow, plain, and from the meanings of `docs/reference/features.md`."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tests.features.naive import WINDOWS, Event, Value, Window, of_type, ratio, visible
from tests.features.naive_buyers import carried
from tests.features.naive_capped import by_then, is_excused, is_linked, is_real, of_order, total

WEEK = timedelta(days=7)
SERVICES = ("repair", "resend", "exchange", "installation", "home_delivery", "bad_order", "freight")


def promises_kept(past: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    """Every feature of the family kept of one merchant at midnight `as_of`, with its value."""
    live = visible(past, as_of)
    answer: dict[str, Value] = {}
    for days in WINDOWS:
        window = Window(live=live, start=as_of - timedelta(days=days), end=as_of)
        answer |= {f"{name}_{days}d": value for name, value in _plain(window).items()}
        answer |= {f"{name}_{days}d_capped": value for name, value in _capped(window).items()}
    return answer


def _plain(window: Window) -> dict[str, Value]:
    returns, messages = (
        window.of("return_requested", clock="answer_by"),
        window.of("message_received", clock="reply_by"),
    )
    services = window.of("service_requested", clock="due_by")
    due = [order for order in window.of("order_placed", clock="ship_by") if not excused(window, order)]
    refunds = [kept for deadline, kept in refunds_due(window, window.live) if window.start <= deadline < window.end]
    seen = carried(window.live)
    kinds = {kind: [done(window, one) for one in services if one["service"] == kind] for kind in SERVICES}
    return {f"{kind}_kept_rate": share(kept) for kind, kept in kinds.items()} | {
        "return_answer_kept_rate": share([answered(window, one) for one in returns]),
        "reply_kept_rate": share([bool(by_then(replies(window, one), one["reply_by"])) for one in messages]),
        "unanswered_message_rate": share([not replies(window, one) for one in messages]),
        "service_kept_rate": share([done(window, one) for one in services]),
        "repair_refusal_rate": share([refused(window, one) for one in services if one["service"] == "repair"]),
        "refund_kept_rate": share(refunds),
        "scanned_dispatch_kept_rate": share([scanned(window, order) for order in due]),
        "unscanned_delivery_rate": share([one["order_id"] not in seen for one in window.of("order_delivered")]),
    }


def share(kept: Sequence[bool]) -> float | None:
    """How many of some are so."""
    return ratio(sum(kept), len(kept))


def _with_id(window: Window, event_type: str, asked: Event, key: str) -> list[Event]:
    return [one for one in of_type(window.live, event_type) if one[key] == asked[key]]


def answered(window: Window, request: Event) -> bool:
    """A return answered by its own deadline."""
    return bool(by_then(_with_id(window, "return_answered", request, "return_id"), request["answer_by"]))


def replies(window: Window, message: Event) -> list[Event]:
    """What is known of the answers to a message."""
    return _with_id(window, "message_answered", message, "message_id")


def done(window: Window, request: Event) -> bool:
    """A service that was done by its own deadline."""
    completed = by_then(_with_id(window, "service_completed", request, "service_id"), request["due_by"])
    return any(one.get("outcome") == "done" for one in completed)


def refused(window: Window, request: Event) -> bool:
    """A service that the merchant refused, sooner or later."""
    completed = _with_id(window, "service_completed", request, "service_id")
    return any(one.get("outcome") == "refused" for one in completed)


def excused(window: Window, order: Event) -> bool:
    """Cancelled by buyer or platform by its ship_by; the plain rates ask nobody whose word it was."""
    cancelled = by_then(window.same_order(order, "order_cancelled"), order["ship_by"])
    return any(one.get("actor") in ("buyer", "platform") for one in cancelled)


def scanned(window: Window, order: Event) -> bool:
    """Seen by a carrier on its way out by its ship_by."""
    shipped = by_then(window.same_order(order, "order_shipped"), order["ship_by"])
    scans = by_then(window.same_order(order, "parcel_scanned"), order["ship_by"])
    return any(one.get("tracked") for one in shipped) or any(one["leg"] == "out" for one in scans)


def refunds_due(window: Window, among: Sequence[Event]) -> list[tuple[datetime, bool]]:
    """For all goods that came back: when the refund was due, and whether the merchant paid it by then."""
    back = [(one, one["event_time"] + WEEK) for one in among if is_back(one) or is_intact(one)]
    return [
        (deadline, any(one["advanced_by"] == "merchant" for one in _by(window, event, "refund_paid", deadline)))
        for event, deadline in back
        if not is_left_out(window, event, deadline)
    ]


def is_back(event: Event) -> bool:
    """A carrier says that it has brought a parcel back."""
    return event["event_type"] == "parcel_scanned" and (event["leg"], event["scan"]) == ("back", "delivered")


def is_intact(event: Event) -> bool:
    """Somebody has looked at what came back."""
    return event["event_type"] == "return_inspected" and event["outcome"] == "intact"


def is_left_out(window: Window, event: Event, deadline: datetime) -> bool:
    """Paid at once by the platform; spoilt; or inspected goods of which the carrier's word counts already."""
    paid = _by(window, event, "refund_paid", deadline)
    if any(one["advanced_by"] == "platform" and one.get("speed") == "instant" for one in paid):
        return True
    if is_intact(event):
        return any(is_back(one) for one in _by(window, event, "parcel_scanned", deadline))
    return any(one["outcome"] != "intact" for one in _by(window, event, "return_inspected", deadline))


def _by(window: Window, event: Event, event_type: str, deadline: datetime) -> list[Event]:
    return by_then(window.same_order(event, event_type), deadline)


# --- At most three of a buyer ----------------------------------------------------------------------------------


def _capped(window: Window) -> dict[str, Value]:
    placed = window.of("order_placed")
    due = [order for order in window.of("order_placed", clock="ship_by") if not is_excused(window, order, "ship_by")]
    returned = [order for order in placed if answers_due(window, order)]
    back = [order for order in placed if past_refunds(window, order)]
    kinds = {"service": SERVICES} | {kind: (kind,) for kind in SERVICES}
    served = {name: [order for order in placed if due_services(window, order, some)] for name, some in kinds.items()}
    repaired = served["repair"]
    return {
        f"{name}_kept_rate": capped_share(
            window, orders, [not all(done(window, one) for one in due_services(window, o, kinds[name])) for o in orders]
        )
        for name, orders in served.items()
    } | {
        "repair_refusal_rate": bad_share(
            window,
            repaired,
            [any(refused(window, one) for one in due_services(window, o, ("repair",))) for o in repaired],
        ),
        "scanned_dispatch_kept_rate": capped_share(window, due, [not scanned(window, order) for order in due]),
        "return_answer_kept_rate": capped_share(
            window, returned, [not all(answers_due(window, order)) for order in returned]
        ),
        "refund_kept_rate": capped_share(window, back, [not all(past_refunds(window, order)) for order in back]),
        "reply_kept_rate": _capped_replies(window),
    }


def _capped_replies(window: Window) -> float | None:
    """Of each buyer's messages that were not answered in time, and the others of buyers who are strangers, three."""
    due = window.of("message_received", clock="reply_by")
    silent = [one for one in due if not by_then(replies(window, one), one["reply_by"])]
    every = total([*silent, *(one for one in due if one not in silent and not is_linked(window, one.get("buyer_id")))])
    return ratio(every - total(silent), every)


def due_services(window: Window, order: Event, kinds: Sequence[str]) -> list[Event]:
    """An order's services of some kinds that were due by now."""
    asked = of_order(window, order, "service_requested")
    return [one for one in asked if one["service"] in kinds and one.get("due_by") and one["due_by"] < window.end]


def bad_share(window: Window, orders: Sequence[Event], broken: Sequence[bool]) -> float | None:
    """Of each buyer's broken orders and real kept ones, at most three, those broken."""
    kept = capped_share(window, orders, broken)
    bad = [order for order, is_bad in zip(orders, broken, strict=True) if is_bad]
    good = [order for order in orders if order not in bad and is_real(window, order)]
    return None if kept is None else ratio(total(bad), total([*bad, *good]))


def capped_share(window: Window, orders: Sequence[Event], broken: Sequence[bool]) -> float | None:
    """Of each buyer's broken orders and real kept ones, at most three, those kept."""
    bad = [order for order, is_bad in zip(orders, broken, strict=True) if is_bad]
    good = [order for order in orders if order not in bad and is_real(window, order)]
    return ratio(total([*bad, *good]) - total(bad), total([*bad, *good]))


def answers_due(window: Window, order: Event) -> list[bool]:
    """Of an order's returns to be answered by now, whether each was in time."""
    asked = of_order(window, order, "return_requested")
    return [answered(window, one) for one in asked if one.get("answer_by") and one["answer_by"] < window.end]


def past_refunds(window: Window, order: Event) -> list[bool]:
    """Of an order's goods that were to be refunded by now, whether each was."""
    own = [one for one in window.live if one.get("order_id") == order["order_id"]]
    return [kept for deadline, kept in refunds_due(window, own) if deadline < window.end]
