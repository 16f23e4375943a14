"""What happened: events from the platform's own systems."""

import json
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Response
from pydantic import BaseModel, ConfigDict, Field

from serving.api.callers import only_with
from serving.auth import Caller
from serving.idempotency import Answer, Asked, checked
from serving.ingest_events import ingest_events, ingest_events_once
from serving.plain import as_json
from serving.problems import documented
from serving.service import Service

__all__ = ["add_to"]

_ROUTE = "/v1/events"

IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="May be left out; a repeat with it gets the same answer (30 days)"),
]


class EventsSent(BaseModel):
    """Up to 1,000 events, in any order; see docs/reference/events.md for what each may say."""

    model_config = ConfigDict(extra="forbid")

    events: list[Any] = Field(max_length=1000, examples=[[{"event_id": "e1", "event_type": "order_placed"}]])


class RejectedEvent(BaseModel):
    """One event that was not taken, by its place in the request."""

    index: int
    code: str
    detail: str


class EventsTaken(BaseModel):
    """What became of the events; what is accepted is durable."""

    accepted: int
    duplicates: int
    rejected: list[RejectedEvent]


def add_to(app: FastAPI, service: Service) -> None:
    """Add the route."""
    writer = only_with(service, "events:write")

    @app.post(_ROUTE, tags=["events"], response_model=EventsTaken, responses=documented(401, 403, 409, 413, 422, 503))
    def events(
        sent: EventsSent, caller: Annotated[Caller, Depends(writer)], idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Take events into the store; scope `events:write`. The same event again has no effect."""
        answer = _taken(service, sent, caller, idempotency_key)
        return Response(answer.body, answer.status, media_type="application/json")


def _taken(service: Service, sent: EventsSent, caller: Caller, key: str | None) -> Answer:
    if key is None:
        taken = ingest_events(service.events, sent.events, currency=service.currency, now=service.clock())
        return Answer(status=200, body=as_json(taken.plain()))
    # Not `as_json`: events may hold what is refused one by one, such as half a character, and that cannot be hashed.
    body = json.dumps(sent.events, sort_keys=True)
    asked = Asked(caller=caller.key_id, route=_ROUTE, key=checked(key), body=body)
    return ingest_events_once(service.events, sent.events, asked, currency=service.currency, now=service.clock())
