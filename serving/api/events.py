"""What happened: events from the platform's own systems."""

import json
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from serving.api.callers import only_with
from serving.api.programmes import IdempotencyKey
from serving.auth import Caller
from serving.idempotency import Asked, checked
from serving.ingest.checked import Ready, Taken, check_events
from serving.ingest.feeds import Feed
from serving.ingest.requests import ingest_together
from serving.problems import documented
from serving.service import Service
from serving.together import Together

__all__ = ["add_to"]

_ROUTE = "/v1/events"


class EventsSent(BaseModel):
    """Up to 1,000 events, in any order; see docs/reference/events.md for what each may say."""

    model_config = ConfigDict(extra="forbid")

    events: list[Any] = Field(max_length=1000, examples=[[{"event_id": "e1", "event_type": "order_placed"}]])


#: Events that are taken in together, of however many requests: a transaction of so many takes half a second,
#: and what each costs by then is half of what it costs alone.
_TOGETHER = 4_000


def add_to(app: FastAPI, service: Service) -> Together[Ready, Taken]:
    """Add the route; answers who takes in what is sent at the same time, to be closed at the end."""
    writer = only_with(service, "events:write")
    together: Together[Ready, Taken] = Together(
        lambda requests: ingest_together(service.engine, requests, now=service.clock()),
        most=_TOGETHER,
        weigh=lambda request: 1 + len(request.standing.places),
    )

    @app.post(_ROUTE, tags=["events"], responses=documented(401, 403, 409, 413, 422, 429, 503))
    async def events(
        sent: EventsSent, caller: Annotated[Caller, Depends(writer)], idempotency_key: IdempotencyKey = None
    ) -> Taken:
        """Take events into the store; scope `events:write`. The same event again has no effect.

        A key that lists event types writes these alone; others are rejected `event_not_allowed`. With an
        `Idempotency-Key` a repeated request gets the answer that its first one got.
        """
        asked = None
        if idempotency_key is not None:
            text = json.dumps(sent.events, sort_keys=True)
            asked = Asked(caller=caller.key_id, route=_ROUTE, key=checked(idempotency_key), body=text)
        feed = Feed(name=caller.name or None, event_types=caller.event_types)
        look = partial(check_events, currency=service.currency, now=service.clock(), asked=asked, feed=feed)
        return await together.ask(await run_in_threadpool(look, sent.events))

    return together
