"""Disputes a second time: slow, plain, and from the meanings of `docs/reference/features.md`."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tests.features.naive import WINDOWS, Event, Value, Window, lateness_of, of_type, ratio, visible
from tests.features.naive_kept import share

GOODS = ("quality", "not_as_described", "damaged", "wrong_item", "missing_parts", "expired")
ABOUT = {"goods": GOODS} | {
    reason: (reason,) for reason in ("not_received", "counterfeit", "unsafe", "return_refused", "unauthorised")
}
OUTCOMES = ("merchant_at_fault", "buyer_at_fault", "carrier_at_fault", "nobody_at_fault", "settled")


def rulings(past: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    """Every feature of the family rulings of one merchant at midnight `as_of`, with its value."""
    live = visible(past, as_of)
    answer: dict[str, Value] = {}
    for days in WINDOWS:
        window = Window(live=live, start=as_of - timedelta(days=days), end=as_of)
        answer |= {f"{name}_{days}d": value for name, value in (_opened(window) | _resolved(window)).items()}
    return answer


def _opened(window: Window) -> dict[str, Value]:
    opened, placed = window.of("dispute_opened"), len(window.of("order_placed"))
    rates = {f"{name}_dispute_rate": [one for one in opened if one.get("reason") in ABOUT[name]] for name in ABOUT}
    banks = [one for one in opened if one.get("channel") == "chargeback"]
    return {name: ratio(len(some), placed) for name, some in (rates | {"chargeback_rate": banks}).items()}


def _resolved(window: Window) -> dict[str, Value]:
    resolved = window.of("dispute_resolved")
    lost = [one for one in resolved if one["outcome"] == "merchant_at_fault" and one.get("basis") is not None]
    told = [one for one in resolved if one.get("opened_at") is not None]
    seconds = ratio(sum(lateness_of(one, "opened_at") // timedelta(seconds=1) for one in told), len(told))
    shares = {f"disputes_{end}_rate": share([one["outcome"] == end for one in resolved]) for end in OUTCOMES}
    ill = [
        one for one in resolved if one["outcome"] == "merchant_at_fault" and one.get("reason") in ("unsafe", "expired")
    ]
    food = {
        one["order_id"] for one in of_type(window.live, "order_placed") if one.get("category") in ("food", "fresh_food")
    }
    return shares | {
        "n_unsafe_food_confirmed": sum(one["order_id"] in food for one in ill),
        "lost_by_default_rate": share([one["basis"] == "default" for one in lost]),
        "mean_ruling_days": None if seconds is None else seconds / 86_400,
    }
