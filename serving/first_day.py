"""A first day on a new store: everybody judged, some decisions made, somebody let in, and what to show of it."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from features.database import reading
from features.lookup import Found, events_of_type
from serving.answers import ScoreAnswer
from serving.applications import apply
from serving.auth import SCOPES, ApiKey, fingerprint, make_key
from serving.errors import GoodfaithError
from serving.idempotency import Asked
from serving.judging import Judges
from serving.people import People, User, make_password
from serving.plain import as_json
from serving.policies.in_force import note_policies
from serving.refunds import try_refund
from serving.schemas import ApplicationBody, RefundBody
from serving.service import Service
from serving.standing import category_of
from serving.worker import Worker

__all__ = ["FirstDay", "spend_first_day"]

#: How many merchants apply, so that a reviewer finds something to do.
_APPLICANTS = 20
_SHOWN = 5
_EVERYBODY = 10**6
_REVIEWER = "reviewer"


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstDay:
    """What came of it: `refund` is the body of a refund request that can be tried out."""

    judged: int
    outcomes: Mapping[str, int]
    most_trusted: tuple[ScoreAnswer, ...]
    least_trusted: tuple[ScoreAnswer, ...]
    refund: Mapping[str, Any] | None
    key: str
    user: str
    password: str


def spend_first_day(service: Service) -> FirstDay:
    """Judge everybody, let some apply for every programme, make a key with every scope and a reviewer."""
    now = service.clock()
    note_policies(service)
    Worker(service, Judges(service)).drain(now)
    most, least = _ranked(service, _SHOWN), _ranked(service, _SHOWN, worst=True)
    made, password = make_key(), make_password()
    key = ApiKey(id=made.id, name="demo", hash=fingerprint(made.key), scopes=SCOPES, created_at=now)
    service.keys.add(key)
    People(service.engine).add(User(name=_REVIEWER, role="reviewer", created_at=now), password=password)
    return FirstDay(
        judged=len(service.assessments.ranked(_EVERYBODY)),
        outcomes=Counter(_decided(service, made.id)),
        most_trusted=most,
        least_trusted=least,
        refund=next(_instant_refunds(service, most), None),
        key=made.key,
        user=_REVIEWER,
        password=password,
    )


def _ranked(service: Service, most: int, *, worst: bool = False) -> tuple[ScoreAnswer, ...]:
    answers = service.assessments.ranked(most, worst=worst)
    return tuple(ScoreAnswer.model_validate_json(answer) for answer in answers)


def _decided(service: Service, caller: str) -> Iterator[str]:
    """Outcomes of the applications of some merchants, from the whole range of scores."""
    ranked = _ranked(service, _EVERYBODY)
    step = max(len(ranked) // _APPLICANTS, 1)
    for thought in ranked[::step]:
        with reading(service.engine) as tx:
            category = category_of(tx, thought.merchant_id) or "other"
        body = ApplicationBody(merchant_id=thought.merchant_id, category=category)
        for programme in service.programmes.programmes:
            route, text = f"/v1/programmes/{programme.id}/applications", as_json(body.model_dump())
            asked = Asked(caller=caller, route=route, key=f"demo-{thought.merchant_id}", body=text)
            yield str(json.loads(apply(service, programme.id, body, asked).body)["outcome"])


def _instant_refunds(service: Service, merchants: tuple[ScoreAnswer, ...]) -> Iterator[Mapping[str, Any]]:
    """Requests about late orders of trusted merchants that would be answered `instant` now."""
    for thought in merchants:
        with reading(service.engine) as tx:
            orders = events_of_type(tx, thought.merchant_id, "order_placed")
        for order in reversed(orders[-20:]):
            body = _request(order, service.currency)
            if _would_be_instant(service, body):
                yield body


def _request(order: Found, currency: str) -> dict[str, Any]:
    says = order.says
    return {
        "order_id": says["order_id"],
        "merchant_id": order.merchant_id,
        "amount_cents": max(min(says["amount_cents"], 5000), 1),
        "currency": currency,
        "category": says.get("category") or "other",
        "reason": "not_as_described",
        "buyer": {"id": says.get("buyer_id") or "?", "credit": 700, "refunds_90d": 0, "orders_90d": 12},
    }


def _would_be_instant(service: Service, body: Mapping[str, Any]) -> bool:
    try:
        answer = try_refund(service, RefundBody.model_validate(body))
    except GoodfaithError:
        return False
    return bool(json.loads(answer.body)["outcome"] == "instant")
