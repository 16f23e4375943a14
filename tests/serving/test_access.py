"""Who may call what: every route against every kind of caller."""

import re

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Route

from serving.app import create_app
from serving.auth import SCOPES, make_key
from tests.serving.world import a_key, a_service, call

#: Every route, and the one scope that opens it; None = open to everybody. A new route needs a row here.
OPENED_BY = {
    ("GET", "/openapi.json"): None,
    ("GET", "/healthz"): None,
    ("GET", "/readyz"): None,
    ("GET", "/v1/merchants/{merchant_id:path}/score"): "scores:read",
    ("GET", "/v1/merchants/{merchant_id:path}/history"): "scores:read",
    ("GET", "/v1/merchants/{merchant_id:path}/programmes"): "scores:read",
    ("GET", "/v1/programmes"): "scores:read",
    ("GET", "/v1/programmes/{programme}"): "scores:read",
    ("POST", "/v1/programmes/{programme}/applications"): "programmes:decide",
    ("POST", "/v1/refunds/decisions"): "refunds:decide",
    ("GET", "/v1/decisions/{decision_id}"): "scores:read",
}
GUARDED = [(method, path, scope) for (method, path), scope in OPENED_BY.items() if scope]


def routes_of(app):
    """Method and template of every route; HEAD goes with GET."""
    assert all(isinstance(route, APIRoute | Route) for route in app.routes), "a new kind of route: count it too"
    return {(method, route.path) for route in app.routes for method in route.methods - {"HEAD"}}


def status_of(engine, method, path, key):
    url = re.sub(r"{\w+(:path)?}", "m1", path)
    return call(create_app(a_service(engine)), url, method=method, key=key).status_code


def test_every_route_has_its_row_in_the_matrix(engine):
    assert routes_of(create_app(a_service(engine))) == set(OPENED_BY)


@pytest.mark.parametrize(("method", "path"), [row for row, scope in OPENED_BY.items() if scope is None])
def test_an_open_route_needs_no_key(engine, method, path):
    assert status_of(engine, method, path, None) == 200


@pytest.mark.parametrize(("method", "path", "scope"), GUARDED)
@pytest.mark.parametrize("key", [None, "", "nonsense", make_key().key], ids=["none", "empty", "nonsense", "unknown"])
def test_a_guarded_route_is_shut_without_a_known_key(engine, method, path, scope, key):
    assert status_of(engine, method, path, key) == 401


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
