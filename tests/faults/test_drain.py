"""A service that is told to end answers everything that it took, and takes nothing more."""

import http.client
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import make_url, select

from features.database import reading
from features.tables import events
from serving.store import opened
from serving.tables import idempotency
from tests.serving.world import a_key

CALLERS = 4


class Caller(threading.Thread):
    """Places orders and asks for their refunds, one after the other, until nobody answers any more."""

    def __init__(self, port, key, name, stop_at):
        super().__init__(name=name)
        self.port, self.stop_at = port, stop_at
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self.orders, self.refunds, self.refused = set(), set(), set()
        self.statuses = []

    def run(self):
        wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            for number in range(100_000):
                name = f"{self.name}-{number}"
                self.note(self.orders, name, self.post(wire, "/v1/events", {"events": [order(name)]}, name))
                self.note(self.refunds, name, self.post(wire, "/v1/refunds/decisions", refund(name), name))
                self.stop_at.release()
        except (http.client.HTTPException, OSError):
            # Whoever is not answered was not heard: the test counts.
            wire.close()

    def post(self, wire, path, body, name):
        wire.request("POST", path, json.dumps(body), {**self.headers, "Idempotency-Key": name})
        answer = wire.getresponse()
        answer.read()
        self.statuses.append(answer.status)
        return answer.status

    def note(self, answered, name, status):
        (answered if status == 200 else self.refused).add(name)


def order(name):
    at = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    about = {"event_id": name, "event_type": "order_placed", "merchant_id": f"m-{name[0]}", "event_time": at}
    return {**about, "order_id": name, "amount_cents": 5_000, "buyer_id": f"b-{name}"}


def refund(name):
    about = {"order_id": name, "merchant_id": f"m-{name[0]}", "amount_cents": 5_000, "currency": "CNY"}
    buyer = {"id": f"b-{name}", "credit": 700, "refunds_90d": 0, "orders_90d": 5}
    return {**about, "category": "toys", "reason": "no_reason", "buyer": buyer}


def judged(port):
    """How many merchants the worker has judged, by what any process tells; asked for when it may have changed."""
    time.sleep(0.1)
    figures = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text
    return float(re.search(r"^goodfaith_judged_total (\S+)$", figures, re.MULTILINE).group(1))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A service of several processes, its port, a key, and its store's address."""
    tmp_path = tmp_path_factory.mktemp("served")
    url = f"sqlite:///{tmp_path}/goodfaith.db"
    with opened(url) as engine:
        key = a_key(engine, "events:write", "refunds:decide")
    command = [sys.executable, "-m", "goodfaith", "serve", "--port", "0", "--workers", "2"]
    told = {**os.environ, "GOODFAITH_HOME": str(tmp_path)}
    with subprocess.Popen(command, env=told, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        port = int(re.search(r":(\d+) ", process.stdout.readline()).group(1))
        yield process, port, key, url
        process.kill()


def test_several_processes_answer_and_tell_their_figures_together(served):
    url = f"http://127.0.0.1:{served[1]}"
    answers = [httpx.get(f"{url}/healthz", timeout=60).status_code for _ in range(20)]
    figures = httpx.get(f"{url}/metrics", timeout=60).text
    assert answers == [200] * 20
    assert 'goodfaith_request_seconds_count{method="GET",route="/healthz",status="200"} 20.0' in figures


@pytest.mark.failure("told_to_end")
def test_what_was_taken_is_answered_and_nothing_more_is_taken(served):
    """It ends the service, so it is the last test of it."""
    process, port, key, url = served
    busy = threading.Semaphore(0)
    callers = [Caller(port, key, chr(97 + number), busy) for number in range(CALLERS)]
    for one in callers:
        one.start()
    for _ in range(3 * CALLERS):
        busy.acquire()
    # The worker judges in the process above those that answer, and its figures are told with theirs.
    assert any(judged(port) for _ in range(600))
    with closing(sqlite3.connect(make_url(url).database, isolation_level=None)) as other:
        # While somebody else writes, nobody's request gets on: all of them are under way when the service is to end.
        other.execute("BEGIN IMMEDIATE")
        while busy.acquire(timeout=0.5):
            pass
        before = [len(one.statuses) for one in callers]
        process.send_signal(signal.SIGTERM)
        time.sleep(1)
    for one in callers:
        one.join()
    assert process.wait() == 0
    last = [one.statuses[count:] for one, count in zip(callers, before, strict=True)]
    assert last == [[200]] * CALLERS
    with opened(url) as engine, reading(engine) as tx:
        taken = set(tx.scalars(select(events.c.event_id).where(events.c.event_type == "order_placed")))
        decided = set(tx.scalars(select(idempotency.c.key).where(idempotency.c.route == "/v1/refunds/decisions")))
    for kept, answered in ((taken, "orders"), (decided, "refunds")):
        told = set().union(*(getattr(one, answered) for one in callers))
        assert len(told) >= CALLERS
        assert told <= kept <= told.union(*(one.refused for one in callers))
