"""Complaints a second time: slow, plain, from the meanings of `docs/reference/features.md` alone."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tests.features.naive import Event, Value, Window, distinct, of_type, ratio, visible

CHANNELS = {
    "platform": ("app", "phone", "chat", "mail"),
    "public": ("social",),
    "official": ("12315", "consumer_association", "court"),
}
TOPICS = {
    "goods": ("quality", "not_as_described", "damaged", "wrong_item", "missing_parts", "expired"),
    "fakes": ("counterfeit", "unsafe"),
    "delivery": ("late", "not_received", "delivery"),
    "aftercare": ("return_refused", "return", "refund", "repair", "service", "no_reason"),
}
PROGRAMMES = (
    "seven_day_return", "one_fake_three_paid", "genuine_guarantee", "lightning_dispatch", "thirty_day_repair",
    "quality_inspection", "damaged_resend", "home_delivery", "installation", "free_return_freight", "fresh_bad_order",
    "worry_free_electronics", "slot_delivery", "chosen_day_delivery", "slow_delivery_rebate", "late_delivery_rebate",
    "advance_compensation",
)  # fmt: skip


def complaints(past: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    """Name every feature of the family complaints of one merchant at midnight, with its value."""
    live = visible(past, as_of)
    answer: dict[str, Value] = {
        "n_complaints_open": len(open_since(live)),
        "n_complaints_open_over_7d": sum(since < as_of - timedelta(days=7) for since in open_since(live)),
        "n_complaints_open_over_30d": sum(since < as_of - timedelta(days=30) for since in open_since(live)),
    }
    for days in (7, 30, 90, 365):
        window = Window(live=live, start=as_of - timedelta(days=days), end=as_of)
        found = received(window) | closed(window) | about_programmes(window)
        answer |= {f"{name}_{days}d": value for name, value in found.items()}
    return answer


def open_since(live: Sequence[Event]) -> list[datetime]:
    """When each complaint that is open was first received."""
    ended = distinct(of_type(live, "complaint_closed"), "complaint_id")
    mine = of_type(live, "complaint_received")
    return [
        min(one["event_time"] for one in mine if one["complaint_id"] == name)
        for name in distinct(mine, "complaint_id") - ended
    ]


def received(window: Window) -> dict[str, Value]:
    """What came, in all and by sorts."""
    came, placed = window.of("complaint_received"), window.of("order_placed")
    by_tier = {f"n_complaints_tier_{tier}": sum(one.get("tier") == tier for one in came) for tier in (1, 2, 3)}
    by_door = {
        f"n_complaints_{door}": sum(one.get("channel") in words for one in came) for door, words in CHANNELS.items()
    }
    by_topic = {
        f"n_complaints_{topic}": sum(one.get("topic") in words for one in came) for topic, words in TOPICS.items()
    }
    return {
        "n_complaints": len(came),
        "complaint_rate": ratio(len(came), len(placed)),
        **by_tier,
        **by_door,
        **by_topic,
        "official_complaint_rate": ratio(by_door["n_complaints_official"], len(placed)),
    }


def closed(window: Window) -> dict[str, Value]:
    """How they ended."""
    ends = window.of("complaint_closed")
    dated = [one for one in ends if one.get("opened_at") is not None]
    seconds = sum(max(one["event_time"] - one["opened_at"], timedelta(0)) // timedelta(seconds=1) for one in dated)
    asked = [one for one in ends if one.get("satisfied") is not None]
    return {
        "mean_complaint_hours": ratio(seconds / 3600, len(dated)),
        "complaint_solved_rate": ratio(sum(one["outcome"] == "solved" for one in ends), len(ends)),
        "complaint_unsolved_rate": ratio(sum(one["outcome"] == "unsolved" for one in ends), len(ends)),
        "complaint_satisfied_rate": ratio(sum(one["satisfied"] for one in asked), len(asked)),
    }


def about_programmes(window: Window) -> dict[str, Value]:
    """Complaints about each promise, by the orders that carry it."""
    placed = window.of("order_placed")
    return {
        f"complaint_rate_{programme}": ratio(
            len(window.of("complaint_received", programme=programme)),
            sum(programme in (order.get("programmes") or ()) for order in placed),
        )
        for programme in PROGRAMMES
    }
