"""Logs as JSON lines: what was asked, how it ended, how long it took; never who it was about."""

import logging
import sys
import time
import traceback
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import ExcInfo

from serving.metrics import Metrics
from serving.problems import problem
from serving.request_ids import HEADER, request_id

__all__ = ["RequestLog", "write_json_logs", "write_warnings_alone"]

log = structlog.get_logger("goodfaith.serving")


def write_json_logs() -> None:
    """Send our own and uvicorn's log lines to standard error as JSON."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # A traceback's words and variables may quote a merchant or a key, so only its places are written.
        structlog.processors.ExceptionRenderer(_places),
    ]
    render = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    )
    # Our own lines are written as they are: by way of the standard library they would cost several times as much, and
    # there is one for every request.
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(render)
    # What libraries say of their work may quote whom it is about, such as the address of a call.
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for ours in ("goodfaith", "uvicorn"):
        logging.getLogger(ours).setLevel(logging.INFO)


def write_warnings_alone() -> None:
    """Say nothing that a person at a command line need not know: only what went wrong."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


class RequestLog:
    """ASGI middleware: one log line per request, and a problem instead of a crash.

    Whatever is logged on the way carries the request's id, which its caller gets back (`X-Request-Id`). A line names
    the route's template, not the path, because a path holds merchant ids. A crash is logged by the
    error's type and place, because its message may quote values.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and write its line when it is answered."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = _Exchange(scope=scope, send=send)
        structlog.contextvars.bind_contextvars(request=exchange.id)
        try:
            await self.app(scope, receive, exchange.send_and_note)
        except Exception as error:
            # Only the server stands above this: whatever it was, the caller gets a problem and the log the cause.
            exchange.crash = error
            if not exchange.status:
                await problem(500, "internal", "something went wrong on our side")(
                    scope, receive, exchange.send_and_note
                )
        finally:
            exchange.write(self.metrics)


class _Exchange:
    """One request on its way."""

    def __init__(self, *, scope: Scope, send: Send) -> None:
        self.scope, self.send = scope, send
        self.id = request_id(scope["headers"])
        self.status = 0
        self.crash: Exception | None = None
        self.started = time.perf_counter()

    async def send_and_note(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": [*message.get("headers", ()), (HEADER, self.id.encode())]}
        await self.send(message)

    def write(self, metrics: Metrics) -> None:
        """Write the line, and count it."""
        route, seconds = getattr(self.scope.get("route"), "path", None), time.perf_counter() - self.started
        metrics.answered(route=route, method=self.scope["method"], status=self.status, seconds=seconds)
        line: dict[str, Any] = {
            "method": self.scope["method"],
            "route": route,
            "status": self.status,
            "milliseconds": round(seconds * 1000, 2),
        }
        if self.crash is None:
            log.info("request", **line)
        else:
            log.error("request", **line, error=type(self.crash).__name__, place=_place_of(self.crash))


def _places(exc_info: ExcInfo) -> list[str]:
    """The error's type and the places that it came through, the last one last."""
    frames = traceback.extract_tb(exc_info[2])
    return [exc_info[0].__name__, *(f"{frame.filename}:{frame.lineno}" for frame in frames)]


def _place_of(error: Exception) -> str:
    """File and line where an error arose."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "unknown"
