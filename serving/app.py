"""The HTTP API, put together from what it is given."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager

from fastapi import FastAPI

from serving.api import (
    cases,
    complaints,
    decisions,
    events,
    health,
    judgements,
    listings,
    merchants,
    metrics,
    programmes,
    refunds,
    scores,
    settlements,
)
from serving.api.shortcut import Shortcut
from serving.console import app as console
from serving.deadline import Deadline
from serving.judging import Judges
from serving.limits import Limits
from serving.logs import RequestLog
from serving.pressure import Pressure, rooms
from serving.problems import explain
from serving.service import Service
from serving.tracing import Traced

__all__ = ["create_app"]


def create_app(service: Service) -> FastAPI:
    """The API over a service; nothing is opened, read or started here."""
    ends = ExitStack()
    app = FastAPI(
        title="Goodfaith",
        summary="Which merchants can be trusted, and why",
        version="1",
        # The interactive pages load scripts from elsewhere; the description itself stays at /openapi.json.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_until(ends),
    )
    nouns = (health, metrics, listings, merchants, programmes, settlements, judgements, decisions, cases, complaints)
    for noun in nouns:
        noun.add_to(app, service)
    taken, decided = events.add_to(app, service), refunds.add_to(app, service)
    read = scores.add_to(app, service, Judges(service))
    for together in (taken, decided, read):
        ends.callback(together.close)
    console.add_to(app, service)
    explain(app)
    app.add_middleware(Shortcut, service=service, refunds=decided, scores=read)
    app.add_middleware(Pressure, rooms=rooms(), metrics=service.metrics)
    app.add_middleware(Limits)
    app.add_middleware(Deadline, metrics=service.metrics)
    app.add_middleware(RequestLog, metrics=service.metrics)
    if service.tracer:
        app.add_middleware(Traced, tracer=service.tracer)
    return app


def _until(ends: ExitStack) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """What a server does with the app: at its end, when every request is answered, threads are ended too."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with ends:
            yield

    return lifespan
