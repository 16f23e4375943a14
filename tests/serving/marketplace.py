"""A marketplace of three merchants: one keeps its promises, one does not, one has only just come."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from features.catalogue import CATALOGUE
from scoring.bundle import Bundle, Input
from tests.serving.world import a_bundle

FIRST = datetime(2026, 9, 1, 9, tzinfo=UTC)
#: The midnight after everything has happened.
AFTER = datetime(2026, 11, 1, tzinfo=UTC)
ORDERS = 40


def events() -> Iterator[dict[str, Any]]:
    """All events: `punctual` and `tardy` sell one thing a day, `newcomer` is registered on the last day."""
    for merchant, hours in (("punctual", 5), ("tardy", 50)):
        yield _event(merchant, "registered", FIRST, "merchant_registered", category="toys")
        for number in range(ORDERS):
            yield from _order(merchant, number, timedelta(hours=hours))
    yield _event("newcomer", "registered", AFTER - timedelta(hours=1), "merchant_registered", category="toys")


def _order(merchant: str, number: int, until_shipped: timedelta) -> Iterator[dict[str, Any]]:
    placed = FIRST + timedelta(days=number)
    ship_by = (placed + timedelta(days=1)).isoformat()
    order: dict[str, Any] = {"order_id": f"{merchant}-{number}", "ship_by": ship_by}
    buyer = f"buyer-{number}"
    yield _event(merchant, f"p{number}", placed, "order_placed", amount_cents=5000, buyer_id=buyer, **order)
    yield _event(merchant, f"s{number}", placed + until_shipped, "order_shipped", **order)


def _event(merchant: str, name: str, at: datetime, event_type: str, **columns: Any) -> dict[str, Any]:
    known = {"event_id": f"{merchant}-{name}", "event_type": event_type, "merchant_id": merchant}
    return {**known, "event_time": at.isoformat(), **columns}


def write_events(path: Path, *more: dict[str, Any]) -> Path:
    """The marketplace as a file of JSON lines, with some more rows at its end."""
    path.write_text("".join(json.dumps(event) + "\n" for event in (*events(), *more)))
    return path


def input_of(name: str) -> Input:
    """A feature of the catalogue as a model's input."""
    (feature,) = (one for one in CATALOGUE if one.name == name)
    return Input(declaration=feature.declaration(), **{field: getattr(feature, field) for field in _FIELDS})


_FIELDS = ("name", "riskier", "reason", "shows", "unit", "days", "text", "text_zh", "text_none", "text_none_zh")


def a_credit_bundle() -> Bundle:
    """A model that minds nothing but own faults."""
    return a_bundle(input_of("own_fault_rate_90d_capped_shrunk"))


def a_counterfeit_bundle() -> Bundle:
    """A model that minds nothing but confirmed fakes."""
    return a_bundle(input_of("n_fakes_confirmed_365d_capped"), target="counterfeit")
