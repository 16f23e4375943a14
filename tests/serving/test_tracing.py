"""Traces: a span for each request and each part of its work, none of which names anybody; none where they are off."""

import re
from dataclasses import replace

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from serving.app import create_app
from serving.judging import Judges
from serving.tracing import Traced, span, tracer_from
from serving.worker import Worker
from tests.serving.shop import a_refund, a_shop
from tests.serving.test_events_api import an_order, send
from tests.serving.world import NOON, FakeClock, a_key, a_service, call

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def kept():
    return InMemorySpanExporter()


@pytest.fixture
def service(engine, kept):
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    return replace(a_service(engine), tracer=provider.get_tracer("tests"))


def spans(kept):
    return {one.name: one for one in kept.get_finished_spans()}


def test_a_request_is_a_span_named_by_its_route_that_goes_on_with_the_callers_trace(engine, service, kept):
    a_shop(engine)
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    key = a_key(engine, "scores:read")
    call(create_app(service), "/v1/merchants/m1/score", key=key, headers=headers)
    found = spans(kept)["GET /v1/merchants/{merchant_id:path}/score"]
    assert (found.kind, f"{found.context.trace_id:032x}", f"{found.parent.span_id:016x}") == (
        SpanKind.SERVER, TRACE, PARENT)  # fmt: skip
    assert found.attributes["http.response.status_code"] == 200
    assert "m1" not in found.to_json()


def test_decisions_and_the_workers_rounds_are_spans_with_counts(engine, service, kept):
    a_shop(engine)
    key = a_key(engine, "refunds:decide")
    body = a_refund().model_dump(mode="json")
    call(create_app(service), "/v1/refunds/decisions", key=key, method="POST", json=body,
         headers={"Idempotency-Key": "k"})  # fmt: skip
    send(a_service(engine), an_order())
    Worker(service, Judges(service)).round(NOON)
    assert spans(kept)["decide"].attributes["goodfaith.requests"] == 1
    assert spans(kept)["judge"].attributes["goodfaith.merchants"] >= 1
    # Ids of spans are random letters and digits, in which anything may be read; what spans say is the rest.
    told = [(one.name, dict(one.attributes), one.status.description) for one in kept.get_finished_spans()]
    assert not any(re.search(r"\b(m1|b0)\b", str(one)) for one in told)


def test_what_crashes_is_told_by_its_type_alone(service, kept):
    def fail():
        raise ValueError("anna@example.com")

    crashing = replace(service, clock=fail)
    call(create_app(crashing), "/readyz")
    with pytest.raises(ValueError, match="anna"), span(service.tracer, "part"):
        fail()
    for one in kept.get_finished_spans():
        assert "anna" not in one.to_json()
    assert spans(kept)["part"].attributes["error.type"] == "ValueError"
    assert spans(kept)["part"].status.status_code is StatusCode.ERROR


@pytest.mark.parametrize(
    ("environment", "on"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, True),
    ],
)
def test_traces_are_made_where_the_environment_says_where_they_go(environment, on):
    assert (tracer_from(environment) is not None) is on


def test_where_they_are_off_nothing_is_in_a_requests_way(engine):
    app = create_app(a_service(engine, clock=FakeClock()))
    assert Traced not in [one.cls for one in app.user_middleware]
    assert span(None, "part", requests=1) is span(None, "another")
