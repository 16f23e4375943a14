"""Who may call what: every route against every kind of caller."""

import re

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Route

from serving.app import create_app
from serving.auth import SCOPES, id_of, make_key
from serving.keyring import REVOKED_WITHIN
from serving.people import People, User
from serving.sessions import Sessions
from serving.store import KeyStore
from tests.serving.world import NOON, FakeClock, a_key, a_service, call

#: Every route, and the one scope that opens it; None = open to everybody. A new route needs a row here.
OPENED_BY = {
    ("GET", "/openapi.json"): None,
    ("GET", "/healthz"): None,
    ("GET", "/readyz"): None,
    ("GET", "/metrics"): None,
    ("POST", "/v1/events"): "events:write",
    ("POST", "/v1/merchants/scores"): "scores:read",
    ("GET", "/v1/merchants/{merchant_id:path}/score"): "scores:read",
    ("GET", "/v1/merchants/{merchant_id:path}/history"): "scores:read",
    ("GET", "/v1/merchants/{merchant_id:path}/programmes"): "scores:read",
    ("GET", "/v1/listings/{listing_id:path}/risk"): "scores:read",
    ("GET", "/v1/programmes"): "scores:read",
    ("GET", "/v1/programmes/{programme}"): "scores:read",
    ("POST", "/v1/programmes/{programme}/applications"): "programmes:decide",
    ("POST", "/v1/refunds/decisions"): "refunds:decide",
    ("POST", "/v1/refunds/decisions/{decision_id}/settlement"): "refunds:decide",
    ("POST", "/v1/compensation/quotes"): "refunds:decide",
    ("POST", "/v1/adverts/check"): "programmes:decide",
    ("GET", "/v1/decisions/{decision_id}"): "scores:read",
    ("POST", "/v1/complaints"): "cases:write",
    ("POST", "/v1/decisions/{decision_id}/appeals"): "cases:write",
    ("GET", "/v1/cases"): "cases:write",
    ("POST", "/v1/cases/{case_id}/assign"): "cases:write",
    ("POST", "/v1/cases/{case_id}/resolve"): "cases:write",
    ("POST", "/v1/cases/{case_id}/approve"): "cases:write",
}
#: Every route of the console: a log-in opens it, or it is open to everybody. A new route needs a row here.
CONSOLE = {
    ("GET", "/console"): "open",
    ("GET", "/console/login"): "open",
    ("POST", "/console/login"): "open",
    ("GET", "/console/static/console.css"): "open",
    ("POST", "/console/logout"): "log-in",
    ("GET", "/console/cases"): "log-in",
    ("GET", "/console/cases/{case_id}"): "log-in",
    ("POST", "/console/cases/{case_id}/assign"): "log-in",
    ("POST", "/console/cases/{case_id}/resolve"): "log-in",
    ("POST", "/console/cases/{case_id}/approve"): "log-in",
    ("GET", "/console/merchants"): "log-in",
    ("GET", "/console/merchants/{merchant_id:path}"): "log-in",
    ("GET", "/console/decisions/{decision_id}"): "log-in",
    ("GET", "/console/{rest:path}"): "log-in",
}
PRIVATE = [row for row, opened_by in CONSOLE.items() if opened_by == "log-in"]
GUARDED = [(method, path, scope) for (method, path), scope in OPENED_BY.items() if scope]


def routes_of(app):
    """Method and template of every route; HEAD goes with GET."""
    assert all(isinstance(route, APIRoute | Route) for route in app.routes), "a new kind of route: count it too"
    return {(method, route.path) for route in app.routes for method in route.methods - {"HEAD"}}


def status_of(engine, method, path, key):
    url = re.sub(r"{\w+(:path)?}", "m1", path)
    return call(create_app(a_service(engine)), url, method=method, key=key).status_code


def test_every_route_has_its_row_in_the_matrix(engine):
    assert routes_of(create_app(a_service(engine))) == {*OPENED_BY, *CONSOLE}


@pytest.mark.parametrize(("method", "path"), [row for row, scope in OPENED_BY.items() if scope is None])
def test_an_open_route_needs_no_key(engine, method, path):
    assert status_of(engine, method, path, None) == 200


@pytest.mark.parametrize(("method", "path", "scope"), GUARDED)
@pytest.mark.parametrize("key", [None, "", "nonsense", make_key().key], ids=["none", "empty", "nonsense", "unknown"])
def test_a_guarded_route_is_shut_without_a_known_key(engine, method, path, scope, key):
    assert status_of(engine, method, path, key) == 401


@pytest.mark.parametrize("key", [None, "", "nonsense"], ids=["none", "empty", "nonsense"])
def test_who_shows_no_key_at_all_is_turned_away_before_a_body_is_read(engine, key):
    answer = call(create_app(a_service(engine)), "/v1/events", method="POST", key=key, content=b"{broken")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(("method", "path", "opened_by"), GUARDED)
@pytest.mark.parametrize("scope", SCOPES)
def test_a_guarded_route_opens_for_its_own_scope_alone(engine, method, path, opened_by, scope):
    status = status_of(engine, method, path, a_key(engine, scope))
    assert (status == 403) == (scope != opened_by)


@pytest.mark.parametrize(("method", "path", "opened_by"), GUARDED)
def test_all_other_scopes_together_open_nothing(engine, method, path, opened_by):
    others = [scope for scope in SCOPES if scope != opened_by]
    assert status_of(engine, method, path, a_key(engine, *others)) == 403


@pytest.mark.parametrize(("method", "path", "scope"), GUARDED)
def test_a_key_without_any_scope_opens_nothing(engine, method, path, scope):
    assert status_of(engine, method, path, a_key(engine)) == 403


def refusal_of(engine, method, path, **more):
    """Status and way on of a console route without a log-in."""
    for name in ("case_id", "merchant_id:path", "decision_id", "rest:path"):
        path = path.replace(f"{{{name}}}", "x1")
    answer = call(create_app(a_service(engine)), path, method=method, **more)
    return answer.status_code, answer.headers.get("location", "").split("?")[0]


@pytest.mark.parametrize(("method", "path"), PRIVATE)
def test_the_console_is_shut_to_whoever_is_not_logged_in(engine, method, path):
    shut = (303, "/console/login") if method == "GET" else (401, "")
    everything = a_key(engine, *SCOPES)
    assert refusal_of(engine, method, path) == shut
    assert refusal_of(engine, method, path, key=everything) == shut
    assert refusal_of(engine, method, path, headers={"Cookie": f"goodfaith_session={everything}"}) == shut


@pytest.mark.parametrize(("method", "path", "scope"), GUARDED)
def test_a_log_in_opens_no_route_of_the_api(engine, method, path, scope):
    user = User(name="root", role="admin", created_at=NOON)
    People(engine).add(user, password="password")
    token = Sessions(engine).open(user, now=NOON)
    url = path.replace("{merchant_id:path}", "m1")
    app = create_app(a_service(engine))
    for headers in ({"Cookie": f"goodfaith_session={token}"}, {"Authorization": f"Bearer {token}"}):
        assert call(app, url, method=method, headers=headers).status_code == 401


def test_a_revoked_key_opens_nothing_a_second_later(any_engine):
    key, clock = a_key(any_engine, "scores:read"), FakeClock()
    app = create_app(a_service(any_engine, clock=clock))
    assert call(app, "/v1/programmes", key=key).status_code == 200
    KeyStore(any_engine).revoke(id_of(key), now=NOON)
    clock.move(REVOKED_WITHIN)
    assert call(app, "/v1/programmes", key=key).status_code == 401


def test_a_wrong_secret_opens_nothing_while_the_key_is_remembered(engine):
    key = a_key(engine, "scores:read")
    app = create_app(a_service(engine))
    assert call(app, "/v1/programmes", key=key).status_code == 200
    assert call(app, "/v1/programmes", key=key[:-1] + ("a" if key[-1] != "a" else "b")).status_code == 401
