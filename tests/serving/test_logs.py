"""Logs tell what was asked and how it ended, and never who it was about, whatever goes wrong."""

import io
import json
import logging
import re
import sys
from dataclasses import replace

import pytest
import structlog
from sqlalchemy import text

from features.database import open_engine, writing
from serving.app import create_app
from serving.auth import SCOPES
from serving.logs import write_json_logs
from tests.serving.shop import a_refund, a_shop
from tests.serving.test_access import CONSOLE, OPENED_BY
from tests.serving.world import FakeClock, a_key, a_service, call

ROUTES = [*OPENED_BY, *CONSOLE]

#: What nobody may find in a log.
BUYER, MAIL, MERCHANT, ORDER = "buyer-of-a-secret", "anna.secret@example.com", "merchant-in-secret", "order-of-a-secret"
IDS = (BUYER, MAIL, MERCHANT, ORDER)


@pytest.fixture
def written(monkeypatch):
    """What is written to standard error in the manner of a service."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level, root.handlers = root.handlers, root.level, []
    monkeypatch.setattr(sys, "stderr", stream)
    write_json_logs()
    # Else loggers of other tests would go on writing here.
    structlog.configure(cache_logger_on_first_use=False)
    yield stream
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)


def everything_private():
    """A body that names somebody in every field that any route knows."""
    buyer = {"id": BUYER, "credit": 700, "refunds_90d": 0, "orders_90d": 5, "email": MAIL}
    event = {"event_id": ORDER, "event_type": "order_placed", "merchant_id": MERCHANT, "event_time": MAIL}
    about = {"merchant_id": MERCHANT, "order_id": ORDER, "buyer": buyer, "buyer_id": BUYER, "complaint_id": ORDER}
    words = {"text": f"write to {MAIL}", "reason": MAIL, "category": MAIL, "amount_cents": MAIL, "currency": MAIL}
    return {**about, **words, "events": [event, {**event, "buyer_id": {"name": BUYER}}], "merchant_ids": [MERCHANT, 7]}


def path_of(route):
    return re.sub(r"\{[^}]*\}", MERCHANT, route)


def ask_all(service, key, *, bodies):
    """Call every route with every body, under this key."""
    app = create_app(service)
    headers = {"Idempotency-Key": f"{MAIL} {BUYER}", "X-Request-Id": MAIL, "User-Agent": MAIL, "Cookie": f"a={MAIL}"}
    for method, route in ROUTES:
        for body in bodies if method == "POST" else [{}]:
            query = {"q": MAIL, "as_of": MAIL, "resolved": ORDER}
            call(app, path_of(route), method=method, key=key, params=query, headers=headers, **body)
    return len(ROUTES)


BODIES = [
    {"json": everything_private()},
    {"content": f'{{"merchant_id": "{MERCHANT}", "text": "{MAIL}'.encode()},
    {"json": a_refund(ORDER, buyer=BUYER, merchant_id=MERCHANT).model_dump(mode="json")},
]


def said(stream, *secrets):
    """The lines that were written; none holds a secret."""
    lines = stream.getvalue().splitlines()
    assert [line for line in lines for one in (*IDS, *secrets) if one in line] == []
    return list(map(json.loads, lines))


def test_refusals_name_nobody(engine, written):
    key = a_key(engine, *SCOPES)
    for shown in (None, f"gf_{BUYER}", key[:-1] + "x", key):
        ask_all(a_service(engine), shown, bodies=BODIES)
    lines = said(written, key, key.split("_")[-1])
    assert {401, 404, 422} <= {one["status"] for one in lines if one["event"] == "request"}


def test_crashes_name_nobody(engine, written):
    class Crashing(FakeClock):
        def __call__(self):
            raise ValueError(f"{BUYER} {MAIL} {ORDER}")

    key = a_key(engine, *SCOPES)
    ask_all(replace(a_service(engine), clock=Crashing()), key, bodies=BODIES)
    lines = said(written, key, key.split("_")[-1])
    crashed = [one for one in lines if one.get("error") == "ValueError"]
    assert len(crashed) > 5
    assert all("test_logs.py" in one["place"] for one in crashed)


def test_a_store_that_fails_names_nobody(engine, written):
    key = a_key(engine, *SCOPES)
    a_shop(engine, MERCHANT)
    with writing(engine) as tx:
        for table in ("assessments", "events", "merchants", "cases", "decisions", "sessions"):
            tx.execute(text(f"ALTER TABLE {table} RENAME TO gone_{table}"))
    ask_all(a_service(engine), key, bodies=BODIES)
    gone = replace(a_service(engine), engine=open_engine(f"postgresql+psycopg://{BUYER}:x@127.0.0.1:1/{ORDER}"))
    ask_all(gone, key, bodies=BODIES[:1])
    lines = said(written, key, key.split("_")[-1])
    assert 503 in {one["status"] for one in lines if one["event"] == "request"}
    assert "the store could not do what was asked" in {one["event"] for one in lines}


def test_whoever_asks_gets_the_name_under_which_it_is_logged(engine, written):
    app = create_app(a_service(engine))
    mine = "0af7651916cd43dd8448eb211c80319c"
    named = call(app, "/readyz", headers={"X-Request-Id": mine}).headers["x-request-id"]
    other = call(app, "/readyz", headers={"X-Request-Id": MAIL}).headers["x-request-id"]
    assert named == mine
    assert re.fullmatch("[0-9a-f]{16}", other)
    assert [one["request"] for one in said(written) if one["event"] == "request"] == [mine, other]
