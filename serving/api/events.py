"""What happened: events from the platform's own systems."""

from typing import Annotated, Any

from fastapi import Depends, FastAPI
from pydantic import BaseModel, ConfigDict, Field

from serving.api.callers import only_with
from serving.auth import Caller
from serving.ingest_events import ingest_events
from serving.problems import documented
from serving.service import Service

__all__ = ["add_to"]


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

    @app.post("/v1/events", tags=["events"], responses=documented(401, 403, 413, 422, 503))
    def events(sent: EventsSent, _caller: Annotated[Caller, Depends(writer)]) -> EventsTaken:
        """Take events into the store; scope `events:write`. The same event again has no effect."""
        taken = ingest_events(service.events, sent.events, currency=service.currency, now=service.clock())
        return EventsTaken(
            accepted=taken.accepted,
            duplicates=taken.duplicates,
            rejected=[RejectedEvent(index=one.index, code=one.code, detail=one.detail) for one in taken.rejected],
        )
