"""Adverts, inspections, the platform's acts and opinions a second time: slow, plain, from their meanings alone."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tests.features.naive import Event, Value, Window, distinct, of_type, ratio, recency, visible
from tests.features.naive_capped import by_then, has_low_stars, of_order

PENALTIES = ("warning", "points", "demotion", "suspension", "removal")
TRIGGERS = ("random", "report", "score", "brand")


def account(past: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    """Name every feature of these families of one merchant at midnight, with its value."""
    live = visible(past, as_of)
    answer = ever(live, as_of)
    for days in (7, 30, 90, 365):
        window = Window(live=live, start=as_of - timedelta(days=days), end=as_of)
        found = adverts(window) | inspections(window) | penalties(window) | opinions(window)
        answer |= {f"{name}_{days}d": value for name, value in found.items()}
    return answer


def adverts(window: Window) -> dict[str, Value]:
    """What was checked before it was shown."""
    checked = window.of("advert_checked")
    failed = [one for one in checked if one["outcome"] != "passed"]
    return {
        "n_adverts_absolute_claim": len(window.of("advert_checked", outcome="absolute_claim")),
        "n_adverts_false_promise": len(window.of("advert_checked", outcome="false_promise")),
        "advert_failed_rate": ratio(len(failed), len(checked)),
        "n_listings_advert_failed": len(distinct(failed, "listing_id")),
    }


def inspections(window: Window) -> dict[str, Value]:
    """What inspectors found, and why they looked."""
    held = window.of("inspection_completed")
    drawn = [one for one in held if one.get("trigger") == "random"]
    return {
        **{f"n_inspections_{trigger}": sum(one.get("trigger") == trigger for one in held) for trigger in TRIGGERS},
        "inspection_failed_rate": ratio(sum(one["outcome"] != "passed" for one in held), len(held)),
        "random_inspection_failed_rate": ratio(sum(one["outcome"] != "passed" for one in drawn), len(drawn)),
        "n_inspections_failed_quality": sum(one["outcome"] == "failed_quality" for one in held),
    }


def penalties(window: Window) -> dict[str, Value]:
    """What the platform did."""
    applied = window.of("penalty_applied")
    by_kind = {f"n_penalties_{kind}": sum(one["penalty"] == kind for one in applied) for kind in PENALTIES}
    return {"n_penalties": len(applied), **by_kind, "penalty_points": sum(one.get("points") or 0 for one in applied)}


def opinions(window: Window) -> dict[str, Value]:
    """What buyers say, and how late they are answered."""
    reviews, placed, answers = window.of("review_posted"), window.of("order_placed"), window.of("message_answered")
    low = [one for one in reviews if one["stars"] <= 2]
    failed = [order for order in placed if came_in_time(window, order) and has_low_stars(window, order)]
    return {
        "one_star_rate": ratio(sum(one["stars"] == 1 for one in reviews), len(reviews)),
        "five_star_rate": ratio(sum(one["stars"] == 5 for one in reviews), len(reviews)),
        "reviews_per_order": ratio(len(reviews), len(placed)),
        "n_low_star_buyers": len(distinct(low, "buyer_id")),
        "low_star_on_time_rate": ratio(len(failed), len(placed)),
        "orderless_review_rate": ratio(sum(one.get("order_id") is None for one in reviews), len(reviews)),
        "written_review_rate": ratio(sum(bool(one.get("text")) for one in reviews), len(reviews)),
        "reply_over_24h_rate": ratio(sum(one["reply_seconds"] > 24 * 3600 for one in answers), len(answers)),
        "reply_over_48h_rate": ratio(sum(one["reply_seconds"] > 48 * 3600 for one in answers), len(answers)),
    }


def came_in_time(window: Window, order: Event) -> bool:
    """Known to have been delivered by the promised time."""
    promise = order.get("deliver_by")
    return promise is not None and bool(by_then(of_order(window, order, "order_delivered"), promise))


def ever(live: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    """What is counted since ever, and what stands."""
    applied = of_type(live, "penalty_applied")
    joined, left = of_type(live, "programme_joined"), of_type(live, "programme_left")
    last_move = {move["programme"]: move["event_type"] for move in sorted([*joined, *left], key=recency)}
    ages = [(as_of - one["event_time"], one.get("points") or 0) for one in applied]
    return {
        "penalty_points_fading": 0.0 + sum(weight(age) * points for age, points in ages),
        "days_since_last_penalty": days_since(applied, as_of),
        "n_removals": sum(one["penalty"] == "removal" for one in applied),
        "n_reinstatements": len(of_type(live, "reinstated")),
        "n_programmes_joined": sum(move == "programme_joined" for move in last_move.values()),
        "days_since_programme_joined": days_since(joined, as_of),
    }


def weight(age: timedelta) -> float:
    """What a point of this age still weighs."""
    steps = ((30, 1.0), (90, 0.5), (365, 0.25))
    return next((share for days, share in steps if age <= timedelta(days=days)), 0.0)


def days_since(events: Sequence[Event], as_of: datetime) -> int | None:
    """Calendar days since the latest."""
    return (as_of.date() - max(one["event_time"].date() for one in events)).days if events else None
