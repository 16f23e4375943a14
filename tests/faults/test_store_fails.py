"""The store is gone, slow or full: callers are told so in time, nothing is half kept, and it mends by itself."""

import asyncio
import sqlite3
from contextlib import contextmanager

import pytest
from sqlalchemy import event, func, make_url, select

from features.database import open_engine, reading, writing
from features.errors import StoreUnavailable
from features.tables import settled
from serving import tables
from serving.app import create_app
from serving.deadline import Deadline
from tests.faults.wire import Wire
from tests.serving.shop import a_refund, a_shop
from tests.serving.world import a_key, a_service, call

SCOPES = ("refunds:decide", "scores:read", "events:write")
REFUNDS = "/v1/refunds/decisions"


class Caller:
    """Somebody who calls one app all the time, with a key of its own."""

    def __init__(self, engine, key):
        self.service = a_service(engine)
        self.app, self.key = create_app(self.service), key

    def refund(self, name, order="o0"):
        body = a_refund(order, buyer=order.replace("o", "b")).model_dump(mode="json")
        return call(self.app, REFUNDS, key=self.key, method="POST", json=body, headers={"Idempotency-Key": name})

    def score(self):
        return call(self.app, "/v1/merchants/m1/score", key=self.key)

    def ready(self):
        return call(self.app, "/readyz")


def said(answer):
    return answer.status_code, answer.json().get("code", answer.json().get("outcome"))


@pytest.fixture
def shop(any_engine):
    a_shop(any_engine, orders=4)
    return any_engine


@pytest.fixture
def wired(shop):
    """The same store by way of a wire, and the wire; None on SQLite, which has none."""
    if shop.dialect.name == "sqlite":
        return open_engine(shop.url.render_as_string(), waits=0.2), None
    url = make_url(shop.url)
    wire = Wire(url.host, url.port or 5432)
    near = url.set(host="127.0.0.1", port=wire.port)
    return open_engine(near.render_as_string(hide_password=False), waits=0.2), wire


@pytest.fixture
def caller(shop, wired):
    yield Caller(wired[0], a_key(shop, *SCOPES))
    wired[0].dispose()
    if wired[1]:
        wired[1].cut()


@contextmanager
def gone(engine, wire, tmp_path):
    """The store is not there for as long as the block runs."""
    home, elsewhere = tmp_path / "goodfaith.db", tmp_path / "elsewhere.db"
    if wire:
        wire.cut()
    else:
        home.rename(elsewhere)
    yield
    if wire:
        wire.mend()
    else:
        elsewhere.rename(home)


def kept(engine):
    """How much of each there is: decisions, money held, audit entries, answers by key."""
    counted = (tables.decisions, tables.reservations, tables.audit, tables.idempotency)
    with reading(engine) as tx:
        return [tx.scalar(select(func.count()).select_from(one)) for one in counted]


@pytest.mark.failure("store_gone")
def test_nobody_is_answered_by_a_store_that_is_gone_and_nothing_is_lost(shop, wired, caller, tmp_path):
    first = caller.refund("before")
    with gone(*wired, tmp_path):
        for _ in range(3):
            assert said(caller.refund("during", "o1")) == (503, "store_unavailable")
            assert said(caller.ready()) == (503, "store_unavailable")
        # An empty file in its place would take the journal of the lost one for its own.
        assert not (tmp_path / "goodfaith.db").exists()
    assert said(caller.refund("during", "o1")) == (200, "instant")
    assert caller.refund("before").json() == first.json()
    assert caller.ready().status_code == 200


@pytest.mark.failure("store_gone")
def test_a_file_in_the_place_of_the_stores_own_is_told_from_it(engine, tmp_path):
    """Else answers would be kept in a file that nobody will ever see again."""
    a_shop(engine, orders=9)
    caller = Caller(engine, a_key(engine, *SCOPES))
    caller.refund("before", "o8")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    (tmp_path / "copy.db").write_bytes((tmp_path / "goodfaith.db").read_bytes())
    (tmp_path / "copy.db").replace(tmp_path / "goodfaith.db")
    answers = [said(caller.refund(f"after {n}", f"o{n}"))[0] for n in range(8)]
    with sqlite3.connect(tmp_path / "goodfaith.db") as now:
        (found,) = now.execute("SELECT count(*) FROM decisions WHERE outcome = 'instant'").fetchone()
    assert 503 in answers
    assert found == 1 + answers.count(200)


@pytest.fixture
def locked(engine):
    """The store's file, on which somebody else is writing and does not stop."""
    other = sqlite3.connect(engine.url.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


@pytest.mark.failure("store_slow")
def test_who_writes_waits_for_a_slow_store_no_longer_than_agreed_and_who_reads_not_at_all(engine, request):
    a_shop(engine)
    caller = Caller(open_engine(engine.url.render_as_string(), waits=0.1), a_key(engine, *SCOPES))
    locked = request.getfixturevalue("locked")
    assert said(caller.refund("first")) == (503, "store_unavailable")
    assert caller.refund("first").headers["retry-after"] == "5"
    assert said(caller.ready()) == (503, "store_unavailable")
    assert caller.score().status_code == 200
    locked.execute("ROLLBACK")
    assert said(caller.refund("first")) == (200, "instant")
    assert caller.ready().status_code == 200
    assert 'goodfaith_store_failures_total{kind="slow"}' in call(caller.app, "/metrics").text


async def asked(app, body, key, *, meanwhile):
    """What a raw request to an app is answered, while the app itself has not come back."""
    sent, answered = [], asyncio.Event()
    headers = {"authorization": f"Bearer {key}", "idempotency-key": "slow", "content-type": "application/json"}

    async def send(message):
        sent.append(message)
        if message["type"] == "http.response.body":
            answered.set()

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": REFUNDS, "query_string": b"", "headers": raw}
    running = asyncio.create_task(app(scope, receive, send))
    await answered.wait()
    assert not running.done()
    meanwhile()
    await running
    return sent


@pytest.mark.failure("store_slow")
def test_a_store_that_says_nothing_at_all_hangs_nobody(shop, wired, caller):
    if wired[1] is None:
        pytest.skip("a file always says something")
    caller.score()
    wired[1].freeze()
    app = Deadline(caller.app, metrics=caller.service.metrics, longest=0.3)
    body = a_refund().model_dump_json().encode()
    sent = asyncio.run(asked(app, body, caller.key, meanwhile=wired[1].thaw))
    assert [one.get("status") for one in sent] == [503, None]
    assert b'"code":"out_of_time"' in sent[1]["body"]
    assert said(caller.refund("slow")) == (200, "instant")
    assert kept(shop)[0] == 1


#: What PostgreSQL says where it cannot make a file longer.
NO_ROOM = """CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$"""


@contextmanager
def full_server(engine):
    """The server finds no room for what a decision keeps last, nor for anything that is tried out."""
    with writing(engine) as tx:
        tx.exec_driver_sql(NO_ROOM)
        for table in ("audit", "settled"):
            tx.exec_driver_sql(f"CREATE TRIGGER no_room BEFORE INSERT ON {table} EXECUTE FUNCTION no_room()")
    yield
    with writing(engine) as tx:
        tx.exec_driver_sql("DROP FUNCTION no_room CASCADE")


@contextmanager
def full_file(engine):
    """The store's file cannot grow for as long as the block runs."""

    def limit(dbapi, *_):
        dbapi.execute(f"PRAGMA max_page_count = {pages}")

    with sqlite3.connect(engine.url.database) as now:
        (pages,) = now.execute("PRAGMA page_count").fetchone()
    event.listen(engine, "checkout", limit)
    yield
    event.remove(engine, "checkout", limit)
    engine.dispose()


@pytest.mark.failure("disk_full")
def test_a_full_disk_refuses_what_it_cannot_keep_and_keeps_no_half_of_it(any_engine):
    a_shop(any_engine, orders=60)
    caller = Caller(any_engine, a_key(any_engine, *SCOPES))
    with full_file(any_engine) if any_engine.dialect.name == "sqlite" else full_server(any_engine):
        answers = []
        while not answers or answers[-1].status_code == 200:
            answers.append(caller.refund(f"r{len(answers)}", f"o{len(answers)}"))
        before = kept(any_engine)
        assert said(answers[-1]) == (503, "store_unavailable")
        assert said(caller.ready()) == (503, "store_full")
        assert said(caller.refund("again", "o0"))[0] in (409, 503)
        assert caller.score().status_code == 200
        assert kept(any_engine) == before
    assert before[0] == before[3] == len(answers) - 1
    name = f"r{len(answers) - 1}"
    assert said(caller.refund(name, f"o{len(answers) - 1}")) == (200, "instant")
    assert caller.ready().status_code == 200


def test_what_is_under_way_when_the_time_is_up_is_answered_once(engine):
    """The app's own answer, which comes later, is dropped."""

    async def late(scope, receive, send):
        await asyncio.sleep(0.05)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"late"})

    service = a_service(engine)
    answer = call(Deadline(late, metrics=service.metrics, longest=0.01), "/any")
    assert said(answer) == (503, "out_of_time")
    assert b"goodfaith_out_of_time_total" in service.metrics.text()


def test_a_write_that_another_one_got_in_the_way_of_leaves_the_store_beyond_doubt(engine):
    caller = Caller(engine, a_key(engine, *SCOPES))
    with pytest.raises(StoreUnavailable, match="UNIQUE"), writing(engine) as tx:
        tx.execute(settled.insert(), [{"name": "twice", "value": ""}] * 2)
    assert caller.ready().status_code == 200
    assert "goodfaith_store_failures_total{" not in call(caller.app, "/metrics").text
