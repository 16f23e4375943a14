"""A shop for the tests of decisions: one merchant, judged by a model, with orders of a few buyers."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Engine

from features.database import writing
from features.jsonrows import check_rows
from serving.answers import stored
from serving.idempotency import Asked
from serving.ingest.files import take
from serving.plain import as_json
from serving.refunds import decide_on_refund
from serving.schemas import RefundBody
from serving.service import Service
from serving.store import AssessmentStore, Stored
from tests.serving.world import NOON, an_assessment

PRICE = 10_000
_numbers = count()


def an_event(event_type: str, *, merchant: str = "m1", at: datetime | None = None, **columns: Any) -> dict[str, Any]:
    """One event; it happened an hour ago where nothing else is said."""
    named = {"event_id": f"e{next(_numbers)}", "event_type": event_type, "merchant_id": merchant}
    return {**named, "event_time": (at or NOON - timedelta(hours=1)).isoformat(), **columns}


def take_all(engine: Engine, *events: dict[str, Any]) -> None:
    """Take some events in, at once."""
    checked = check_rows(events, currency="CNY")
    assert not checked.rejected, checked.rejected
    with writing(engine) as tx:
        take(tx, checked.rows, at=NOON)


def tell(engine: Engine, event_type: str, *, merchant: str = "m1", at: datetime | None = None, **columns: Any) -> str:
    """Take one event in, and answer its id."""
    event = an_event(event_type, merchant=merchant, at=at, **columns)
    take_all(engine, event)
    return str(event["event_id"])


def a_payment(engine: Engine, told: dict[str, Any], cents: int, *, refund: str = "r1", **columns: Any) -> str:
    """The platform has paid so much on a decision about order o0; answers the event's id."""
    payment = {"refund_id": refund, "order_id": "o0", "amount_cents": cents, "decision_id": told["decision_id"]}
    standard = {"advanced_by": "platform", "finally_liable": "undecided", **payment}
    return tell(engine, "refund_paid", **{**standard, **columns})


def judged(engine: Engine, *merchants: str, at: datetime = NOON, **changes: Any) -> None:
    """Store what a model thinks of merchants: good ones, but for some fields of the answer."""
    rows = [_thought(merchant, at, changes) for merchant in merchants or ("m1",)]
    AssessmentStore(engine).remember(rows)


def _thought(merchant: str, at: datetime, changes: dict[str, Any]) -> Stored:
    row = stored(an_assessment(merchant), assessed_at=at)
    answer = {**json.loads(row.answer), "band": "A", "score": 700, "p_bad": 0.002, "basis": "model"}
    answer["counterfeit"] = {"p": 0.001, "level": "none", "flagged": False}
    answer["model"] = {"name": "goodfaith-credit", "version": "7"}
    return replace(row, answer=as_json({**answer, **changes}))


def a_shop(engine: Engine, merchant: str = "m1", *, orders: int = 1, **thought: Any) -> None:
    """A good merchant, verified and judged, that has just delivered orders o0, o1, ... to buyers b0, b1, ..."""
    shops(engine, {merchant: [f"b{number}" for number in range(orders)]}, **thought)


def shops(engine: Engine, buyers: dict[str, list[str]], **thought: Any) -> None:
    """Such merchants, each with the buyers of its orders o0, o1, ..."""
    take_all(engine, *(event for merchant, theirs in buyers.items() for event in _history(merchant, theirs)))
    judged(engine, *buyers, **thought)


def _history(merchant: str, buyers: list[str]) -> list[dict[str, Any]]:
    registered = an_event("merchant_registered", merchant=merchant, category="toys", at=NOON - timedelta(days=400))
    papers = [
        an_event("qualification_checked", merchant=merchant, qualification=paper, outcome="passed")
        for paper in ("identity", "business_licence")
    ]
    sold = [event for n, buyer in enumerate(buyers) for event in _events_of(f"o{n}", buyer, merchant, PRICE)]
    return [registered, *papers, *sold]


def an_order(engine: Engine, order: str, *, buyer: str = "b0", merchant: str = "m1", cents: int = PRICE) -> None:
    """An order that was placed yesterday, and delivered."""
    take_all(engine, *_events_of(order, buyer, merchant, cents))


def _events_of(order: str, buyer: str, merchant: str, cents: int) -> list[dict[str, Any]]:
    paid, of = NOON - timedelta(days=1), {"merchant": merchant, "order_id": order}
    return [
        an_event("order_placed", at=paid, amount_cents=cents, buyer_id=buyer, category="toys", **of),
        an_event("order_shipped", at=paid + timedelta(hours=2), **of),
        an_event("order_delivered", **of),
    ]


def a_refund(order_id: str = "o0", *, buyer: str = "b0", cents: int = PRICE, **changes: Any) -> RefundBody:
    """A buyer of good credit is not content with what came."""
    standard = {
        "order_id": order_id,
        "merchant_id": "m1",
        "amount_cents": cents,
        "currency": "CNY",
        "category": "toys",
        "reason": "quality",
        "buyer": {"id": buyer, "credit": 800, "refunds_90d": 0, "orders_90d": 10},
    }
    return RefundBody.model_validate({**standard, **changes})


def refund(service: Service, body: RefundBody | None = None, *, key: str = "") -> dict[str, Any]:
    """Ask for a decision, each time under a key of its own where none is named."""
    body = body or a_refund()
    text = as_json(body.model_dump(mode="json"))
    asked = Asked(caller="k1", route="/v1/refunds/decisions", key=key or f"key-{next(_numbers)}", body=text)
    return dict(json.loads(decide_on_refund(service, body, asked).body))
