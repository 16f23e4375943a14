"""Refunds and debts a second time: slow, plain, and from the meanings of `docs/reference/features.md`."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from tests.features.naive import WINDOWS, Event, Value, Window, of_type, ratio, visible
from tests.features.naive_capped import by_then
from tests.features.naive_kept import share

DAY = timedelta(days=1)


def debts(past: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    """Every feature of the family debts of one merchant at midnight `as_of`, with its value."""
    live = visible(past, as_of)
    answer = _standing(live, as_of)
    for days in WINDOWS:
        window = Window(live=live, start=as_of - days * DAY, end=as_of)
        answer |= {f"{name}_{days}d": value for name, value in _within(window).items()}
    return answer


def _within(window: Window) -> dict[str, Value]:
    refunds = window.of("refund_paid")
    due = [one for one in owed(window.live) if window.start <= one["event_time"] + 30 * DAY < window.end]
    bearers = ("merchant", "platform", "carrier", "buyer")
    rates = {f"{who}_liable_refund_rate": share([one["finally_liable"] == who for one in refunds]) for who in bearers}
    return rates | {
        "advanced_refund_rate": share([one["advanced_by"] == "platform" for one in refunds]),
        "recovered_cents": cents(window.of("advance_recovered")),
        "written_off_cents": cents(window.of("advance_written_off")),
        "debt_kept_rate": share([paid_back(window.live, one) for one in due]),
    }


def _standing(live: Sequence[Event], as_of: datetime) -> dict[str, Value]:
    every = owed(live)
    ids = {one["refund_id"] for one in every}
    repaid = [one for one in by_merchant(live) if one["refund_id"] in ids]
    lost = [one for one in of_type(live, "advance_written_off") if one["refund_id"] in ids]
    back = cents(one for one in of_type(live, "advance_recovered") if one["refund_id"] in ids) + cents(lost)
    left = list(unsettled(every, back))
    ages = [(as_of - one["event_time"]).total_seconds() / 86_400 for one, _ in left]
    return {
        "debt_repaid_share": ratio(cents(repaid), cents(every)),
        "debt_written_off_share": ratio(cents(lost), cents(every)),
        "overdue_debt_cents": sum(rest for (_, rest), age in zip(left, ages, strict=True) if age > 30),
        "debt_age_days": level(ages),
    }


def owed(live: Sequence[Event]) -> list[Event]:
    """Refunds that the platform paid first and that are finally the merchant's."""
    paid = of_type(live, "refund_paid")
    return [one for one in paid if (one["advanced_by"], one["finally_liable"]) == ("platform", "merchant")]


def cents(events: Iterable[Event]) -> int:
    """What some events are worth together."""
    return sum(event["amount_cents"] for event in events)


def by_merchant(live: Sequence[Event]) -> list[Event]:
    """What merchants paid back themselves."""
    return [one for one in of_type(live, "advance_recovered") if one.get("recovered_from") == "merchant"]


def unsettled(refunds: Sequence[Event], back: int) -> Iterator[tuple[Event, int]]:
    """The debts that are left, and how much of each, where what came back goes to the oldest first."""
    for refund in sorted(refunds, key=lambda one: one["event_time"]):
        rest = max(refund["amount_cents"] - back, 0)
        back = max(back - refund["amount_cents"], 0)
        if rest:
            yield refund, rest


def paid_back(live: Sequence[Event], refund: Event) -> bool:
    """Whether the merchant paid anything back within thirty days."""
    own = [one for one in by_merchant(live) if one["refund_id"] == refund["refund_id"]]
    return bool(by_then(own, refund["event_time"] + 30 * DAY))


def level(ages: Iterable[float]) -> int | None:
    """The greatest level that the oldest of some has passed."""
    oldest = max(ages, default=None)
    return None if oldest is None else max((one for one in (7, 30, 90, 180, 365) if oldest > one), default=0)
