"""What `goodfaith serve` does: put the service together, try it, and answer until told to stop."""

import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, cast

import structlog
import typer
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine
from uvicorn.supervisors import Multiprocess

from features.database import open_engine, reading
from features.settings import Settings
from serving.app import create_app
from serving.breaker.watch import Breaker
from serving.champions import Champions, current_declarations
from serving.clock import SteadyClock
from serving.cores import keep_to_one_core
from serving.deadline import LONGEST
from serving.errors import AddressUnavailable, PolicyFileUnusable, PolicyInvalid, Unavailable
from serving.judging import Judges
from serving.logs import write_json_logs
from serving.lookout import Lookout, Nightly
from serving.metrics import shared_metrics
from serving.notifications.dispatch import Dispatcher
from serving.notifications.targets import target_at
from serving.patience import Patient
from serving.policies.folder import read_folder
from serving.policies.in_force import last_good
from serving.policies.reload import Following, Reloading, following
from serving.readiness import Readiness
from serving.readings import live_readings
from serving.record.anchors import anchored
from serving.service import Clock, InForce, Service
from serving.store import opened
from serving.tracing import tracer_from
from serving.worker import Beside, Worker

__all__ = ["WAITS", "Address", "listening", "serve_api", "service_on", "work"]

log = structlog.get_logger("goodfaith.serving")

#: Seconds that whoever answers waits for the store at most; half as long as a caller waits for an answer.
WAITS = LONGEST / 2

#: Seconds that a process that is told to end has for what it took: nobody waits longer for an answer.
_ENDS_WITHIN = round(LONGEST) + 5

#: Seconds that a process may be silent: one that is killed while it still loads its libraries is begun anew for ever.
_BEGINS_WITHIN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where to answer, and how many processes do, each on a core of its own if so; port 0 is any that is free."""

    host: str
    port: int
    workers: int = 1
    own_cores: bool = False


def serve_api(
    champions: Champions,
    settings: Settings,
    address: Address,
    *,
    clock: Clock,
    lookout: Callable[[], Lookout] | None = None,
) -> None:
    """Serve the API on an address until interrupted. Raises `AddressUnavailable`.

    With several workers, each is a process that answers on the same address; this one judges whoever is due.
    """
    write_json_logs()
    if address.own_cores and address.workers == 1:
        keep_to_one_core()
    with (
        listening(address.host, address.port) as door,
        opened(settings.database) as engine,
        opened(settings.database, waits=WAITS) as quick,
        shared_metrics() if address.workers > 1 else nullcontext(),
    ):
        service = _serving(quick, champions, settings, clock)
        patient = replace(service, engine=engine, in_force=InForce())
        service.events.settle_currency(settings.currency)
        _try_out(service)
        typer.echo(f"Goodfaith answers at http://{address.host}:{door.getsockname()[1]} (Ctrl+C stops it)")
        beside = Beside(Worker(patient, Judges(patient), Breaker(patient, lookout)))
        telling = _telling_others(patient, settings)
        with anchored(engine, service.clock), following([service, patient], settings.policies), beside, telling:
            if address.workers == 1:
                # Uvicorn raises the signal that ended it once more; by then everything was answered.
                signal.signal(signal.SIGTERM, lambda *_: None)
                uvicorn.Server(_told(create_app(service))).run(sockets=[door])
            else:
                answering = _Answering(champions, settings, clock, own_core=address.own_cores)
                _answer_together(answering, address.workers, door)


@dataclass(frozen=True, slots=True)
class _Answering:
    """What a process is given that only answers; it opens the store for itself."""

    champions: Champions
    settings: Settings
    clock: Clock
    own_core: bool

    def __call__(self) -> FastAPI:
        write_json_logs()
        if self.own_core:
            keep_to_one_core()
        service = self._service(open_engine(self.settings.database, waits=WAITS))
        reloading = Reloading([service], self.settings.policies)
        reloading.look(at_once=True)
        # It ends with the process.
        Following(reloading).begin()
        _try_out(service)
        return create_app(service)

    def _service(self, engine: Engine) -> Service:
        """The service; a process that is begun anew while files are broken goes on with what is in force."""
        try:
            return _serving(engine, self.champions, self.settings, self.clock)
        except (PolicyInvalid, PolicyFileUnusable) as error:
            settings = self.settings.model_copy(update={"policies": None})
            with reading(engine) as tx:
                kept = last_good(tx, now=self.clock())
            service = replace(_serving(engine, self.champions, settings, self.clock), **kept)
            service.in_force.trouble = str(error)
            return service


def _answer_together(answering: _Answering, workers: int, door: socket.socket) -> None:
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
        timeout_graceful_shutdown=_ENDS_WITHIN,
    )


def work(
    champions: Champions,
    settings: Settings,
    *,
    clock: Clock,
    lookout: Callable[[], Lookout] | None = None,
    hour: int | None = None,
) -> None:
    """Judge whoever is due until interrupted; with an `hour` (UTC), look at drift once a day from then on.

    `lookout` opens whoever can tell how models drift, and go back.
    """
    write_json_logs()
    with opened(settings.database) as engine:
        service = _serving(engine, champions, settings, clock)
        service.events.settle_currency(settings.currency)
        stop = threading.Event()
        for told in (signal.SIGTERM, signal.SIGINT):
            signal.signal(told, lambda *_: stop.set())
        typer.echo("Goodfaith judges whoever is due (Ctrl+C stops it)")
        if lookout and hour is not None:
            # A look that is under way when it ends is left where it is: the next night looks again.
            nightly = Nightly(service, lookout(), hour=hour, acts=settings.roll_back_by_itself)
            threading.Thread(target=nightly.run, args=(stop,), name="nightly", daemon=True).start()
        following_policies = following([service], settings.policies)
        with anchored(engine, service.clock), following_policies, _telling_others(service, settings):
            Worker(service, Judges(service), Breaker(service, lookout)).run(stop)


def _telling_others(service: Service, settings: Settings) -> AbstractContextManager[None]:
    """Hand notifications on for as long as a block runs, if there is where to. Raises `TargetUnusable`."""
    url = settings.notify_url.get_secret_value()
    if not url:
        return nullcontext()
    target = target_at(url, secret=settings.notify_secret.get_secret_value())
    return Beside(Dispatcher(service.engine, target, clock=service.clock), name="dispatcher")


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens on an address; raises `AddressUnavailable`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise AddressUnavailable(f"nothing can listen on {host} port {port}: {error.strerror}") from error


def _serving(engine: Engine, champions: Champions, settings: Settings, clock: Clock) -> Service:
    """The service of a process that lasts: no registry holds it up, its clock is watched, and it may be traced."""
    service = service_on(engine, Patient(champions), settings, SteadyClock(clock))
    return replace(service, tracer=tracer_from(os.environ))


def service_on(engine: Engine, champions: Champions, settings: Settings, clock: Clock) -> Service:
    """The service on a store, with the policies of the folder that is set, else those that come with Goodfaith.

    Raises `PolicyInvalid`, `PolicyFileUnusable`.
    """
    salt = settings.exploration_salt
    return Service(
        engine=engine,
        champions=champions,
        **read_folder(settings.policies),
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
