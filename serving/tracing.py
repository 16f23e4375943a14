"""Traces for OpenTelemetry: how long each part of the work took, and what called what; never who it was about.

They are off unless the environment names where they go (`OTEL_EXPORTER_OTLP_ENDPOINT`), and then need the extra
`[otel]`. Off, there is nothing in a request's way.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.errors import TracingUnavailable

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

__all__ = ["Traced", "span", "tracer_from"]

#: Where the environment says that traces go; what else may be said, the exporter reads for itself.
_WHERE = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")

_OFF: AbstractContextManager[None] = nullcontext()


def tracer_from(environment: Mapping[str, str]) -> "Tracer | None":
    """What makes spans, by the environment; None where it names no place for them. Raises `TracingUnavailable`."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true" or not any(map(environment.get, _WHERE)):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise TracingUnavailable("traces need the extra [otel]: pip install 'goodfaith[otel]'") from error
    named = {"service.name": environment.get("OTEL_SERVICE_NAME", "goodfaith")}
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider.get_tracer("goodfaith")


def span(tracer: "Tracer | None", name: str, **says: int | str) -> AbstractContextManager[None]:
    """A part of the work, for as long as a block runs; `says` are counts and words of ours, never an id of anybody."""
    return _OFF if tracer is None else _span(tracer, name, says)


@contextmanager
def _span(tracer: "Tracer", name: str, says: Mapping[str, int | str]) -> Iterator[None]:
    told = {f"goodfaith.{key}": value for key, value in says.items()}
    # An error's words and its traceback may quote values, so only its type is told.
    with tracer.start_as_current_span(
        name, attributes=told, record_exception=False, set_status_on_exception=False
    ) as now:
        try:
            yield
        except BaseException as error:
            _failed(now, error)
            raise


class Traced:
    """ASGI middleware: a span for each request, named by its route; it goes on with the caller's own trace."""

    def __init__(self, app: ASGIApp, *, tracer: "Tracer") -> None:
        self.app, self.tracer = app, tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on within a span."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind

        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        with self.tracer.start_as_current_span(
            scope["method"], context=extract(headers), kind=SpanKind.SERVER,
            record_exception=False, set_status_on_exception=False,
        ) as now:  # fmt: skip

            async def send_and_note(message: Message) -> None:
                if message["type"] == "http.response.start":
                    now.set_attribute("http.response.status_code", message["status"])
                await send(message)

            try:
                await self.app(scope, receive, send_and_note)
            except BaseException as error:
                _failed(now, error)
                raise
            finally:
                _name(now, scope)


def _name(now: "Span", scope: Scope) -> None:
    """Name a span by the route's template: a path holds ids."""
    route = getattr(scope.get("route"), "path", None)
    now.set_attribute("http.request.method", scope["method"])
    if route:
        now.update_name(f"{scope['method']} {route}")
        now.set_attribute("http.route", route)


def _failed(now: "Span", error: BaseException) -> None:
    from opentelemetry.trace import StatusCode

    now.set_attribute("error.type", type(error).__name__)
    now.set_status(StatusCode.ERROR)
