"""A steady marketplace: the same orders every day, of which a test spoils something."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from features.checks.past import Past
from features.checks.report import Report, check_log
from features.log import FileLog
from tests.features.build import write_log

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 63
PER_DAY = 60

Event = dict[str, Any]

_MINUTES = timedelta(minutes=1)


def steady(days: int = DAYS, *, begin: datetime = BEGIN, per_day: int = PER_DAY) -> list[Event]:
    """Orders of every day with their shipment, delivery and, of every second one, a refund, as known at the end."""
    placed = [
        begin + timedelta(days=day, minutes=1440 * ((number / per_day) ** 0.6))
        for day in range(days)
        for number in range(per_day)
    ]
    told = (event for number, when in enumerate(placed) for event in _order(f"{when:%m%d}-{number % per_day}", when))
    return [event for event in told if event["known_at"] < begin + timedelta(days=days)]


def _order(order: str, when: datetime) -> Iterable[Event]:
    """What becomes of an order; parcels are told of three hours late."""
    shop = f"m{int(order.split('-')[1]) % 7}"

    def event(event_type: str, later: timedelta, **said: Any) -> Event:
        happened = when + later
        about = {"event_id": f"{event_type}-{order}", "event_type": event_type, "merchant_id": shop}
        return about | {"event_time": happened, "known_at": happened, "order_id": order, "source": "oms"} | said

    promises = {"ship_by": when + timedelta(days=2), "deliver_by": when + timedelta(days=5)}
    late = 180 * _MINUTES
    shipped, delivered = 300 * _MINUTES, 1500 * _MINUTES
    yield event("order_placed", 0 * _MINUTES, buyer_id=f"b{order}", amount_cents=9900, **promises)
    yield event("order_shipped", shipped, placed_at=when, ship_by=promises["ship_by"], known_at=when + shipped + late)
    yield event(
        "order_delivered", delivered, placed_at=when, deliver_by=promises["deliver_by"],
        known_at=when + delivered + late,
    )  # fmt: skip
    if int(order.split("-")[1]) % 2:
        yield event(
            "refund_paid", 2000 * _MINUTES, refund_id=f"r{order}", amount_cents=4950, advanced_by="merchant",
            finally_liable="merchant", reason="quality",
        )  # fmt: skip


def of_type(event_type: str, change: Callable[[Event], Event | None], *, since: datetime = BEGIN) -> Any:
    """Change (or leave out) the events of a type that became known since a moment."""

    def spoil(events: Sequence[Event]) -> list[Event]:
        told = (
            change(event) if event["event_type"] == event_type and event["known_at"] >= since else event
            for event in events
        )
        return [event for event in told if event]

    return spoil


def report_on(
    events: Sequence[Event], folder: Path, *, past: Past | None = None, currency: str = "CNY",
    clock: datetime | None = None,
) -> Report:  # fmt: skip
    """What is said of these events as one file."""
    log = FileLog([write_log(events, folder / "log.parquet")], currency=currency)
    return check_log(log, past=past, clock=clock)


def names(report: Report) -> list[str]:
    """The checks that found something."""
    return sorted({finding.check.name for finding in report.findings})
