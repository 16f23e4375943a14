"""Orders of one age a second time: slow, plain, and from the meanings of `docs/reference/features.md`."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tests.features.naive import WINDOWS, Event, Value, Window, is_defect, of_type, ratio, visible
from tests.features.naive_capped import (
    by_then,
    has_lost,
    has_low_stars,
    is_late,
    is_real,
    of_order,
    total,
    was_cancelled,
)
from tests.features.naive_kept import bad_share, share

DAY = timedelta(days=1)


def cohorts(past: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    """Every feature of the family cohorts of one merchant at midnight `as_of`, with its value."""
    live = visible(past, as_of)
    answer: dict[str, Value] = {}
    for days in WINDOWS:
        now = Window(live=live, start=as_of - days * DAY, end=as_of)
        old = Window(live=live, start=now.start - 30 * DAY, end=as_of - 30 * DAY)
        answer |= {f"{name}_{days}d": value for name, value in _of_age(now, old).items()}
        answer[f"never_delivered_rate_{days}d"] = share([not came(now, order) for order in long_due(now)])
        answer[f"never_delivered_rate_{days}d_capped"] = _never_capped(now)
        placed = now.of("order_placed")
        hurt = [any(is_defect(one) for one in of_order(now, order, "refund_paid")) for order in placed]
        answer[f"fault_refund_rate_{days}d_capped"] = bad_share(now, placed, hurt)
    return answer


def _of_age(now: Window, old: Window) -> dict[str, Value]:
    young, grown = now.of("order_placed"), old.of("order_placed")
    fresh = share([went_wrong(now, order) for order in young])
    matured = share([went_wrong(now, order) for order in grown])
    return {
        "matured_defect_rate": matured,
        "matured_own_fault_rate": share([failed(now, order) for order in grown]),
        "defect_turn": None if fresh is None or matured is None else fresh - matured,
        "fault_refund_rate": share([was_refunded(now, order) for order in young]),
        "matured_fault_refund_rate": share([was_refunded(now, order) for order in grown]),
    }


def _of(window: Window, order: Event) -> list[Event]:
    return [event for event in window.live if event.get("order_id") == order["order_id"]]


def went_wrong(window: Window, order: Event) -> bool:
    """A defect in the sense of 3.2."""
    return any(is_defect(event) for event in _of(window, order))


def was_refunded(window: Window, order: Event) -> bool:
    """A refund that makes it defective."""
    return any(is_defect(event) for event in of_type(_of(window, order), "refund_paid"))


def failed(window: Window, order: Event) -> bool:
    """A fault of the merchant's own that was told (`docs/reference/features.md`, own faults)."""
    promise = order.get("deliver_by")
    on_time = promise is not None and bool(by_then(window.same_order(order, "order_delivered"), promise))
    returns = [one for one in of_order(window, order, "return_requested") if one.get("reason") in FAULTY]
    return (
        was_cancelled(window, order)
        or has_lost(window, order)
        or is_late(window, order)
        or (on_time and has_low_stars(window, order))
        or any(was_accepted(window, one) for one in returns)
    )


FAULTY = ("quality", "not_as_described")


def was_accepted(window: Window, request: Event) -> bool:
    """A return that the merchant took back."""
    answers = of_type(window.live, "return_answered")
    return any(one["return_id"] == request["return_id"] and one["outcome"] == "accepted" for one in answers)


# --- Never delivered -------------------------------------------------------------------------------------------


def long_due(window: Window, *, own: bool = False) -> list[Event]:
    """Orders two weeks past their promise on a day of the window, but for those that buyer or platform cancelled."""
    placed = [order for order in of_type(window.live, "order_placed") if order.get("deliver_by") is not None]
    due = [order for order in placed if window.start <= order["deliver_by"] + 14 * DAY < window.end]
    return [order for order in due if not was_given_up(window, order, own=own)]


def was_given_up(window: Window, order: Event, *, own: bool) -> bool:
    """Cancelled by buyer or platform; with `own`, by no other buyer than its own."""
    every = of_order(window, order, "order_cancelled") if own else window.same_order(order, "order_cancelled")
    return any(one.get("actor") in ("buyer", "platform") for one in every)


def came(window: Window, order: Event) -> bool:
    """Delivered, however late."""
    return bool(window.same_order(order, "order_delivered"))


def _never_capped(window: Window) -> float | None:
    due = long_due(window, own=True)
    bad = [order for order in due if not came(window, order)]
    good = [order for order in due if came(window, order) and is_real(window, order)]
    return ratio(total(bad), total([*bad, *good]))
