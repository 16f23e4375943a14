import json
import logging

import pytest
import structlog
from fastapi import FastAPI

from serving.app import create_app
from serving.errors import GoodfaithError
from tests.serving.world import a_key, a_service, ask, call

FIELDS = {"type", "title", "status", "code", "detail"}


@pytest.fixture
def broken(engine) -> FastAPI:
    """An app with two routes that fail in ways nobody foresaw."""
    app = create_app(a_service(engine))

    @app.get("/crash/{merchant_id}")
    def crash(merchant_id: str) -> None:
        raise RuntimeError(f"secret about {merchant_id}")

    @app.get("/nameless")
    def nameless() -> None:
        raise GoodfaithError("secret")

    return app


def assert_problem(answer, status, code):
    assert (answer.status_code, answer.json()["status"], answer.json()["code"]) == (status, status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == FIELDS


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/merchants", "/v1/merchants/m1", "/healthz/", "/docs"])
def test_a_route_that_does_not_exist_is_a_problem(engine, path):
    assert_problem(ask(a_service(engine), path), 404, "route_unknown")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_method_that_a_route_does_not_have_is_a_problem_that_names_the_right_one(engine, method):
    answer = ask(a_service(engine), "/v1/merchants/m1/score", method=method)
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize("path", ["/crash/m1", "/nameless"])
def test_what_nobody_foresaw_is_a_500_without_details(broken, path):
    answer = call(broken, path)
    assert_problem(answer, 500, "internal")
    assert "secret" not in answer.text


def test_a_long_mistake_gets_a_short_answer(engine):
    key = a_key(engine, "scores:read")
    answer = ask(a_service(engine), "/v1/merchants/m1/score", key=key, params={"x" * 10_000: "y" * 10_000})
    assert_problem(answer, 422, "invalid")
    assert len(answer.text) < 500


def test_a_request_is_logged_by_its_route_and_neither_by_merchant_nor_key(engine):
    key = a_key(engine, "scores:read")
    with structlog.testing.capture_logs() as lines:
        ask(a_service(engine), "/v1/merchants/merchant-7/score", key=key)
    (line,) = lines
    assert (line["route"], line["status"]) == ("/v1/merchants/{merchant_id:path}/score", 404)
    assert "merchant-7" not in json.dumps(line)
    assert key not in json.dumps(line)


def test_a_crash_is_logged_by_its_type_and_place_and_not_by_its_words(broken, caplog):
    with structlog.testing.capture_logs() as lines, caplog.at_level(logging.INFO):
        call(broken, "/crash/merchant-7")
    (line,) = lines
    assert line["error"] == "RuntimeError"
    assert "test_problems.py:" in line["place"]
    assert "merchant-7" not in json.dumps(line)
    # The test's own HTTP client logs what it asks for; nobody else may.
    assert {record.name for record in caplog.records if "merchant-7" in record.getMessage()} <= {"httpx"}


def test_the_description_names_the_key_and_every_problem(engine):
    description = ask(a_service(engine), "/openapi.json").json()
    route = description["paths"]["/v1/merchants/{merchant_id}/score"]["get"]
    assert set(route["responses"]) == {"200", "401", "403", "404", "422", "503"}
    assert route["security"] == [{"api_key": []}]
    assert all("application/problem+json" in route["responses"][code]["content"] for code in ("401", "422"))
