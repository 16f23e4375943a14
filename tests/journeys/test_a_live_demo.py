"""A made-up marketplace is sent to a service that listens; in the end it knows and thinks what the file says."""

import re
import threading
from collections import defaultdict
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import uvicorn
from sqlalchemy import select
from typer.testing import CliRunner

from features.database import create_tables, reading
from features.moment import features_now
from features.simulator.commands import app
from features.store import EventStore
from features.tables import merchants
from serving.app import create_app
from serving.champions import current_declarations
from serving.ingest.files import ingest_file
from serving.judging import Judges
from serving.readings import live_readings
from serving.serve import listening
from serving.worker import Worker
from tests.journeys.stage import a_credit_model
from tests.serving.world import FakeChampions, a_key, a_service, ask
from tests.stores import sqlite_store

MARKET = ("--merchants", "8", "--days", "30", "--seed", "5")


@pytest.fixture
def other_engine(tmp_path):
    (tmp_path / "other").mkdir()
    for engine in sqlite_store(tmp_path / "other"):
        create_tables(engine)
        yield engine


def the_service(engine, clock=lambda: datetime.now(UTC)):
    return a_service(
        engine, clock=clock, champions=FakeChampions(credit=("1", a_credit_model())),
        declarations=current_declarations(), readings=live_readings,
    )  # fmt: skip


@contextmanager
def serving(service):
    """The service on a free port of this machine; its URL."""
    with listening("127.0.0.1", 0) as door:
        server = uvicorn.Server(uvicorn.Config(create_app(service), log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def simulated(url, *words):
    return CliRunner().invoke(app, ["--to", url, "--speed", "1000000x", *MARKET, *map(str, words)])


def known(engine, now):
    """All that is known of everybody at a moment, and every event by its id."""
    with reading(engine) as tx:
        names = tx.execute(select(merchants.c.merchant_id).order_by(merchants.c.merchant_id)).scalars().all()
        features = features_now(tx, names, now=now).combine_chunks()
    events = [row for batch in EventStore(engine).log().batches() for row in batch.rows.to_pylist()]
    plain = [{name: value for name, value in row.items() if value is not None} for row in events]
    return features, sorted(plain, key=lambda row: row["event_id"])


def thought(engine, now):
    """What is thought of everybody once the worker has judged."""
    service = the_service(engine, clock=lambda: now)
    Worker(service, Judges(service)).drain(now)
    with reading(engine) as tx:
        names = tx.execute(select(merchants.c.merchant_id).order_by(merchants.c.merchant_id)).scalars().all()
    key = a_key(engine, "scores:read")
    return [ask(service, f"/v1/merchants/{name}/score", key=key).json() for name in names]


def test_what_was_streamed_is_what_the_file_says(engine, other_engine, tmp_path, monkeypatch):
    monkeypatch.setenv("GOODFAITH_KEY", a_key(engine, "events:write"))
    with serving(the_service(engine)) as url:
        first = simulated(url, "--out", tmp_path / "market", "--live", 3)
        again = simulated(url, "--live", 30)
    assert (first.exit_code, again.exit_code) == (0, 0), first.output + again.output

    now = datetime.now(UTC)
    outcome = ingest_file(EventStore(other_engine), tmp_path / "market" / "events.parquet", currency="CNY", now=now)
    assert f"{outcome.accepted:,} events accepted, 0 duplicates, 0 rejected" in first.stdout
    assert f"0 events accepted, {outcome.accepted:,} duplicates, 0 rejected" in again.stdout
    (features, events), (their_features, their_events) = known(engine, now), known(other_engine, now)
    assert features.equals(their_features)
    assert events == their_events
    scores = thought(engine, now)
    assert scores == thought(other_engine, now)
    assert len({score["score"] for score in scores}) > 1


def test_a_score_changes_while_the_marketplace_lives(engine, monkeypatch):
    monkeypatch.setenv("GOODFAITH_KEY", a_key(engine, "events:write"))
    now, seen, slept = datetime.now(UTC), defaultdict(set), []

    def look(seconds):
        """Every pause is a look instead of a wait, and moves the sender's clock: so nothing hangs on the machine."""
        slept.append(seconds)
        for one in thought(engine, now):
            seen[one["merchant_id"]].add(one["score"])

    clock = SimpleNamespace(now=lambda _: now + timedelta(seconds=sum(slept)))
    monkeypatch.setattr("features.simulator.sending.time", SimpleNamespace(sleep=look))
    monkeypatch.setattr("features.simulator.sending.datetime", clock)
    with serving(the_service(engine)) as url:
        ended = CliRunner().invoke(app, ["--to", url, "--speed", "172800x", "--live", "14", *MARKET])
    assert ended.exit_code == 0, ended.output
    assert max(map(len, seen.values())) > 1


def test_who_stops_it_is_told_how_far_it_came_and_may_go_on(engine, monkeypatch):
    monkeypatch.setenv("GOODFAITH_KEY", a_key(engine, "events:write"))
    with serving(the_service(engine)) as url:
        with monkeypatch.context() as at_the_first_pause:
            at_the_first_pause.setattr("features.simulator.sending.time", SimpleNamespace(sleep=_interrupt))
            stopped = simulated(url)
        again = simulated(url)
    assert stopped.exit_code == 1
    taken = re.search(r"until 2\d{3}-\S+ \S+ of the marketplace: (\S+) events accepted, 0 dup", stopped.stdout).group(1)
    assert "Stopped. Given again" in stopped.stderr
    assert again.exit_code == 0
    assert f"{taken} duplicates, 0 rejected" in again.stdout


def _interrupt(_):
    raise KeyboardInterrupt


def test_a_key_that_may_not_write_ends_with_one_before_anything_is_made_up(engine, tmp_path, monkeypatch):
    monkeypatch.setenv("GOODFAITH_KEY", a_key(engine, "scores:read"))
    with serving(the_service(engine)) as url:
        ended = simulated(url, "--out", tmp_path / "market")
    assert "needs the scope events:write" in str(ended.exception)
    assert not (tmp_path / "market").exists()


def test_a_marketplace_of_the_same_ids_is_another_one(engine, monkeypatch):
    monkeypatch.setenv("GOODFAITH_KEY", a_key(engine, "events:write"))
    with serving(the_service(engine)) as url:
        assert simulated(url).exit_code == 0
        other = (datetime.now(UTC) - timedelta(days=200)).date()
        ended = simulated(url, "--start", other)
    assert "event_id_conflict" in str(ended.exception)
    assert "another --seed" in ended.stderr
