"""What comes back a second time: slow, plain, and from the meanings of `docs/reference/features.md`."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tests.features.naive import WINDOWS, Event, Value, Window, of_type, ratio, visible
from tests.features.naive_capped import by_then, is_real, is_silent, of_order, total
from tests.features.naive_kept import share

REASONS = ("no_reason", "quality", "not_as_described", "counterfeit", "damaged", "late", "unsafe")


def returned(past: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    """Every feature of the family returned of one merchant at midnight `as_of`, with its value."""
    live = visible(past, as_of)
    answer: dict[str, Value] = {}
    for days in WINDOWS:
        window = Window(live=live, start=as_of - timedelta(days=days), end=as_of)
        found = _why(window) | _how(window) | _promises(window)
        answer |= {f"{name}_{days}d": value for name, value in found.items()}
        answer[f"false_promise_rate_{days}d_capped"] = _capped(window)
    return answer


def _why(window: Window) -> dict[str, Value]:
    asked = [one.get("reason") for one in window.of("return_requested")]
    placed = len(window.of("order_placed"))
    wrong = asked.count("wrong_item") + asked.count("missing_parts")
    rates = {f"{reason}_return_rate": ratio(asked.count(reason), placed) for reason in REASONS}
    return {**rates, "wrong_return_rate": ratio(wrong, placed)}


def _how(window: Window) -> dict[str, Value]:
    found = [one["outcome"] for one in window.of("return_inspected")]
    states = ("used", "empty", "swapped", "missing")
    return {f"returned_{state}_rate": share([one == state for one in found]) for state in states}


def _promises(window: Window) -> dict[str, Value]:
    verdicts = [verdict(window, order) for order in window.of("order_placed")]
    broken = sum(one is False for one in verdicts)
    told = sum(one is not None for one in verdicts)
    return {"n_false_promises": broken, "false_promise_rate": ratio(broken, told)}


def _capped(window: Window) -> float | None:
    placed = window.of("order_placed")
    bad = [order for order in placed if verdict(window, order, own=True) is False]
    good = [order for order in placed if verdict(window, order, own=True) and is_real(window, order)]
    return ratio(total(bad), total([*bad, *good]))


def verdict(window: Window, order: Event, *, own: bool = False) -> bool | None:
    """Whether an order's promised returns were all granted; None where none is told. With `own`, of its own buyer."""
    every = of_order if own else Window.same_order
    asked = [one for one in every(window, order, "return_requested") if was_promised(window, one)]
    told = [one for one in asked if answers(window, one) or is_silent(window, one)]
    return all(not is_silent(window, one) and "rejected" not in answers(window, one) for one in told) if told else None


def answers(window: Window, request: Event) -> list[str]:
    """What the merchant said to a return."""
    every = of_type(window.live, "return_answered")
    return [one["outcome"] for one in every if one["return_id"] == request["return_id"]]


def was_promised(window: Window, request: Event) -> bool:
    """Asked for with no reason and in time, of an order that promises it and whose buyer did not agree to none."""
    orders = window.same_order(request, "order_placed")
    carrying = any("seven_day_return" in (order.get("programmes") or []) for order in orders)
    excepted = any(order.get("no_return_confirmed") for order in orders)
    came = window.same_order(request, "order_delivered")
    too_late = by_then(came, request["event_time"] - timedelta(days=8))
    return request.get("reason") == "no_reason" and carrying and not excepted and not too_late
