"""What `goodfaith serve` does: put the service together, try it, and answer until told to stop."""

import socket

import structlog
import typer
import uvicorn
from sqlalchemy import Engine

from features.settings import Settings
from serving.app import create_app
from serving.champions import Champions, current_declarations
from serving.errors import AddressUnavailable, Unavailable
from serving.logs import write_json_logs
from serving.policy import shipped_policy, shipped_programmes, shipped_refunds
from serving.readiness import Readiness
from serving.readings import readings_from_events
from serving.service import Clock, Service
from serving.store import opened

__all__ = ["listening", "serve_api"]

log = structlog.get_logger("goodfaith.serving")


def serve_api(champions: Champions, settings: Settings, *, host: str, port: int, clock: Clock) -> None:
    """Serve the API on an address until interrupted; port 0 takes any that is free. Raises `AddressUnavailable`."""
    write_json_logs()
    with listening(host, port) as door, opened(settings.database) as engine:
        service = _service(engine, champions, settings, clock)
        _try_out(service)
        config = uvicorn.Config(create_app(service), log_config=None, access_log=False, server_header=False)
        typer.echo(f"Goodfaith answers at http://{host}:{door.getsockname()[1]} (Ctrl+C stops it)")
        uvicorn.Server(config).run(sockets=[door])


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens on an address; raises `AddressUnavailable`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise AddressUnavailable(f"nothing can listen on {host} port {port}: {error.strerror}") from error


def _service(engine: Engine, champions: Champions, settings: Settings, clock: Clock) -> Service:
    return Service(
        engine=engine,
        champions=champions,
        policy=shipped_policy(),
        programmes=shipped_programmes(),
        refunds=shipped_refunds(),
        currency=settings.currency,
        declarations=current_declarations(),
        clock=clock,
        readings=readings_from_events,
    )


def _try_out(service: Service) -> None:
    """Load what answers need before the first caller waits for it.

    What is missing stops nothing: `/readyz` keeps callers away until it is there.
    """
    try:
        log.info("ready", degraded=Readiness(service).degraded())
    except Unavailable as error:
        log.warning("not ready", reason=str(error))
