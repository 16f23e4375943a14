"""Events from a stream of a real Redis: at least once, acknowledged after the commit, and nothing held up."""

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from faststream.redis import RedisBroker
from redis.asyncio import Redis
from sqlalchemy import select

from features.database import open_engine, reading
from features.errors import StoreUnavailable
from features.store import EventStore
from features.tables import events
from serving.errors import BrokerUnavailable
from serving.ingest.consume import Consumer, Stream
from serving.ingest.feeds import Feed
from tests.redis_server import redis_url
from tests.serving.ingest.test_deliveries import an_order
from tests.serving.world import NOON, FakeClock

ROOT = Path(__file__).parents[3]
SOON = timedelta(milliseconds=50)


@pytest.fixture(scope="module")
def url():
    yield from redis_url()


class Broken:
    """A store that does not answer a few times."""

    def __init__(self, store, times):
        self._store, self.times = store, times

    @property
    def engine(self):
        if self.times:
            self.times -= 1
            raise StoreUnavailable("the store does not answer")
        return self._store.engine


@pytest.fixture
def stream(request):
    """A stream of the test's own."""
    return Stream(name=f"events of {request.node.name}", group="goodfaith", consumer="one")


@pytest.fixture
def consumer(engine, stream):
    return Consumer(store=EventStore(engine), stream=stream, feed=Feed(name="oms"), currency="CNY", clock=FakeClock())


@asynccontextmanager
async def listening(url, *consumers):
    """The consumers at work, until the block ends."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for one in consumers:
            tasks.create_task(one.listen(url, stop))
        try:
            yield
        finally:
            stop.set()


async def until(holds):
    """Wait for something that must come true, on a busy machine too."""
    for _ in range(6000):
        if await holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come true")


async def send(redis, stream, *told):
    for one in told:
        await redis.xadd(stream.name, {"event": one if isinstance(one, bytes | str) else json.dumps(one)})


async def all_done(redis, stream):
    """Whether every entry was read and acknowledged."""
    groups = await redis.xinfo_groups(stream.name) if await redis.exists(stream.name) else []
    newest = await redis.xrevrange(stream.name, count=1)
    return any(one["pending"] == 0 and newest[0][0] == one["last-delivered-id"] for one in groups if newest)


def run(url, story):
    async def told():
        redis = Redis.from_url(url)
        try:
            return await story(redis)
        finally:
            await redis.aclose()

    return asyncio.run(told())


def stored(engine):
    with reading(engine) as tx:
        return {row.event_id: row.source for row in tx.execute(select(events.c.event_id, events.c.source))}


def test_what_was_sent_before_and_while_it_listens_goes_in(url, engine, stream, consumer):
    async def story(redis):
        await send(redis, stream, an_order("e1"), [an_order("e2"), an_order("e3", source="till 7")])
        async with listening(url, consumer):
            await until(lambda: all_done(redis, stream))
            await send(redis, stream, an_order("e4"))
            await until(lambda: all_done(redis, stream))

    run(url, story)
    assert stored(engine) == {"e1": "oms", "e2": "oms", "e3": "till 7", "e4": "oms"}


def test_what_faststream_sends_goes_in(url, engine, stream, consumer):
    async def story(redis):
        async with RedisBroker(url, logger=None) as broker, listening(url, consumer):
            await broker.publish({"events": [an_order("e1")]}, stream=stream.name)
            await until(lambda: all_done(redis, stream))

    run(url, story)
    assert stored(engine) == {"e1": "oms"}


def test_rejected_events_and_poison_become_dead_letters_and_hold_up_nothing(url, engine, stream, consumer):
    async def story(redis):
        bad = [b"\xff\xfe", "{broken", an_order("e1", amount_cents=-1), an_order("e2", event_type="penalty_applied")]
        await send(redis, stream, *bad, an_order("e3"))
        async with listening(url, replace(consumer, feed=Feed(event_types=frozenset({"order_placed"})))):
            await until(lambda: all_done(redis, stream))
        return [fields for _, fields in await redis.xrange(stream.rejected)]

    letters = run(url, story)
    assert [one[b"code"] for one in letters] == [b"bad_json", b"bad_json", b"bad_value", b"missing_column"]
    assert json.loads(letters[2][b"event"])["event_id"] == "e1"
    assert stored(engine) == {"e3": None}


def test_what_a_dead_consumer_had_read_is_taken_over(url, engine, stream, consumer):
    async def story(redis):
        await redis.xgroup_create(stream.name, stream.group, id="0", mkstream=True)
        await send(redis, stream, *(an_order(f"e{n}") for n in range(7)))
        await redis.xreadgroup(stream.group, "dead", {stream.name: ">"}, count=5)
        async with listening(url, replace(consumer, stream=replace(stream, idle=SOON))):
            await until(lambda: all_done(redis, stream))

    run(url, story)
    assert set(stored(engine)) == {f"e{n}" for n in range(7)}


def test_what_was_committed_but_not_acknowledged_is_done_again_without_effect(url, engine, stream, consumer):
    async def story(redis):
        await send(redis, stream, an_order("e1"), an_order("e2", amount_cents=-1))
        async with listening(url, consumer):
            await until(lambda: all_done(redis, stream))
        await redis.xgroup_setid(stream.name, stream.group, "0")
        async with listening(url, consumer):
            await until(lambda: all_done(redis, stream))
        return await redis.xlen(stream.rejected)

    assert run(url, story) == 2
    assert stored(engine) == {"e1": "oms"}


def test_while_the_store_is_silent_nothing_is_acknowledged_and_nothing_lost(url, engine, stream, consumer, monkeypatch):
    monkeypatch.setattr("serving.ingest.consume._WAIT", 0.01)
    silent = Broken(consumer.store, times=4)

    async def story(redis):
        await send(redis, stream, an_order("e1"))
        async with listening(url, replace(consumer, store=silent)):
            await until(lambda: all_done(redis, stream))
        return await redis.exists(stream.rejected)

    assert (run(url, story), silent.times, set(stored(engine))) == (0, 0, {"e1"})


def test_consumers_of_one_group_share_the_stream_and_take_everything_once(url, any_engine, stream, consumer):
    both = [
        replace(consumer, store=EventStore(any_engine), stream=replace(stream, consumer=name, most=3))
        for name in ("one", "other")
    ]

    async def story(redis):
        for begin in range(0, 20, 2):
            await send(redis, stream, *(an_order(f"e{n}", merchant_id=f"m{n % 3}") for n in range(begin, begin + 4)))
        async with listening(url, *both):
            await until(lambda: all_done(redis, stream))
        return await redis.exists(stream.rejected)

    assert run(url, story) == 0
    assert set(stored(any_engine)) == {f"e{n}" for n in range(22)}


def test_it_goes_on_when_somebody_has_deleted_the_stream(url, engine, stream, consumer, monkeypatch):
    monkeypatch.setattr("serving.ingest.consume._LOOK_EVERY", 0.02)

    async def story(redis):
        async with listening(url, consumer):
            await send(redis, stream, an_order("e1"))
            await until(lambda: all_done(redis, stream))
            await redis.delete(stream.name)
            await send(redis, stream, an_order("e2"))
            await until(lambda: all_done(redis, stream))

    run(url, story)
    assert set(stored(engine)) == {"e1", "e2"}


def test_the_command_takes_in_a_stream_until_it_is_told_to_stop(url, tmp_path, stream):
    settings = {"GOODFAITH_HOME": str(tmp_path), "GOODFAITH_BROKER_URL": url}
    words = [sys.executable, "-m", "goodfaith", "consume", "--stream", stream.name, "--may", "orders"]

    async def story(redis):
        await send(redis, stream, an_order("e1"), an_order("e2", event_type="reinstated"))
        command = await asyncio.create_subprocess_exec(*words, env={**os.environ, **settings}, cwd=ROOT)
        await until(lambda: all_done(redis, stream))
        command.send_signal(signal.SIGTERM)
        return await command.wait(), await redis.xlen(stream.rejected)

    assert run(url, story) == (0, 1)
    engine = open_engine(f"sqlite:///{tmp_path / 'goodfaith.db'}")
    assert stored(engine) == {"e1": stream.name}
    engine.dispose()


def test_a_broker_that_does_not_answer_is_told_of(consumer):
    with pytest.raises(BrokerUnavailable, match="does not answer"):
        asyncio.run(consumer.listen("redis://127.0.0.1:1/0", asyncio.Event()))


def test_noon_is_when_what_names_no_moment_became_known(url, engine, stream, consumer):
    async def story(redis):
        await send(redis, stream, an_order("e1"))
        async with listening(url, consumer):
            await until(lambda: all_done(redis, stream))

    run(url, story)
    (batch,) = EventStore(engine).log().batches()
    assert batch.rows.column("known_at").to_pylist() == [NOON]
