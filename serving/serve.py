"""What `goodfaith serve` does: put the service together, try it, and answer until told to stop."""

import signal
import socket
import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, cast

import structlog
import typer
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine
from uvicorn.supervisors import Multiprocess

from features.database import open_engine
from features.settings import Settings
from serving.app import create_app
from serving.champions import Champions, current_declarations
from serving.dispatch import Dispatcher
from serving.errors import AddressUnavailable, Unavailable
from serving.judging import Judges
from serving.logs import write_json_logs
from serving.lookout import Lookout, Nightly
from serving.metrics import shared_metrics
from serving.policies.in_force import note_policies
from serving.policy import (
    shipped_adverts,
    shipped_compensation,
    shipped_complaints,
    shipped_policy,
    shipped_programmes,
    shipped_refunds,
)
from serving.readiness import Readiness
from serving.readings import live_readings
from serving.service import Clock, Service
from serving.store import opened
from serving.targets import target_at
from serving.worker import Beside, Worker

__all__ = ["listening", "serve_api", "service_on", "work"]

log = structlog.get_logger("goodfaith.serving")

#: Seconds that a process may be silent: one that is killed while it still loads its libraries is begun anew for ever.
_BEGINS_WITHIN = 60


def serve_api(
    champions: Champions, settings: Settings, *, host: str, port: int, workers: int = 1, clock: Clock
) -> None:
    """Serve the API on an address until interrupted; port 0 takes any that is free. Raises `AddressUnavailable`.

    With several `workers`, each is a process that answers on the same address; this one judges whoever is due.
    """
    write_json_logs()
    with listening(host, port) as door, opened(settings.database) as engine:
        service = service_on(engine, champions, settings, clock)
        service.events.settle_currency(settings.currency)
        note_policies(service)
        _try_out(service)
        typer.echo(f"Goodfaith answers at http://{host}:{door.getsockname()[1]} (Ctrl+C stops it)")
        with Beside(Worker(service, Judges(service))), _telling_others(engine, settings, clock):
            if workers == 1:
                uvicorn.Server(_told(create_app(service))).run(sockets=[door])
            else:
                _answer_together(_Answering(champions=champions, settings=settings, clock=clock), workers, door)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answering:
    """What a process is given that only answers; it opens the store for itself."""

    champions: Champions
    settings: Settings
    clock: Clock

    def __call__(self) -> FastAPI:
        write_json_logs()
        service = service_on(open_engine(self.settings.database), self.champions, self.settings, self.clock)
        _try_out(service)
        return create_app(service)


def _answer_together(answering: _Answering, workers: int, door: socket.socket) -> None:
    with shared_metrics():
        Multiprocess(_told(answering, workers=workers), sockets=[door]).run()


def _told(app: FastAPI | _Answering, *, workers: int = 1) -> uvicorn.Config:
    return uvicorn.Config(
        cast("Any", app),
        factory=isinstance(app, _Answering),
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_worker_healthcheck=_BEGINS_WITHIN,
    )


def work(
    champions: Champions, settings: Settings, *, clock: Clock, lookout: Lookout | None = None, hour: int | None = None
) -> None:
    """Judge whoever is due until interrupted; with a `lookout`, look at drift once a day from an hour (UTC) on."""
    write_json_logs()
    with opened(settings.database) as engine:
        service = service_on(engine, champions, settings, clock)
        service.events.settle_currency(settings.currency)
        note_policies(service)
        stop = threading.Event()
        for told in (signal.SIGTERM, signal.SIGINT):
            signal.signal(told, lambda *_: stop.set())
        typer.echo("Goodfaith judges whoever is due (Ctrl+C stops it)")
        if lookout and hour is not None:
            # A look that is under way when it ends is left where it is: the next night looks again.
            nightly = Nightly(service, lookout, hour=hour, acts=settings.roll_back_by_itself)
            threading.Thread(target=nightly.run, args=(stop,), name="nightly", daemon=True).start()
        with _telling_others(engine, settings, clock):
            Worker(service, Judges(service)).run(stop)


def _telling_others(engine: Engine, settings: Settings, clock: Clock) -> AbstractContextManager[None]:
    """Hand notifications on for as long as a block runs, if there is where to. Raises `TargetUnusable`."""
    url = settings.notify_url.get_secret_value()
    if not url:
        return nullcontext()
    target = target_at(url, secret=settings.notify_secret.get_secret_value())
    return Beside(Dispatcher(engine, target, clock=clock), name="dispatcher")


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens on an address; raises `AddressUnavailable`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise AddressUnavailable(f"nothing can listen on {host} port {port}: {error.strerror}") from error


def service_on(engine: Engine, champions: Champions, settings: Settings, clock: Clock) -> Service:
    """The service on a store, with the policies that come with Goodfaith."""
    salt = settings.exploration_salt
    return Service(
        engine=engine,
        champions=champions,
        policy=shipped_policy(),
        programmes=shipped_programmes(),
        refunds=shipped_refunds(),
        complaints=shipped_complaints(),
        compensation=shipped_compensation(),
        adverts=shipped_adverts(),
        currency=settings.currency,
        declarations=current_declarations(),
        clock=clock,
        readings=live_readings,
        shadow_days=settings.shadow_days,
        salt=salt.get_secret_value() if salt else "",
    )


def _try_out(service: Service) -> None:
    """Load what answers need before the first caller waits for it.

    What is missing stops nothing: `/readyz` keeps callers away until it is there.
    """
    try:
        log.info("ready", degraded=Readiness(service).degraded())
    except Unavailable as error:
        log.warning("not ready", reason=str(error))
