"""Events from a stream of Redis, by FastStream: read in a group, acknowledged only once they are on disk.

A consumer that dies leaves what it had read to the others of its group, which take it over after a while; so an entry
may be delivered twice, and has no effect the second time.
"""

import asyncio
import logging
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
import typer

from features.errors import StoreUnavailable
from features.settings import Settings
from features.store import EventStore
from serving.errors import BrokerUnavailable
from serving.ingest.deliveries import Delivered, Entry, deliver
from serving.ingest.feeds import Feed
from serving.ingest.requests import Taken, ingest_events
from serving.logs import write_json_logs
from serving.service import Clock
from serving.store import opened

if TYPE_CHECKING:
    from faststream.redis import RedisBroker
    from redis.asyncio import Redis

__all__ = ["Consumer", "Stream", "consume_from"]

log = structlog.get_logger("goodfaith.serving")

#: Seconds until a store that did not answer is asked again: the first time, and at most.
_WAIT, _LONGEST_WAIT = 0.5, 30.0

#: Seconds that what is under way may take when it is told to stop; what is not done by then is delivered again.
_TO_FINISH = 30.0

#: Seconds between looks whether the group is still there.
_LOOK_EVERY = 1.0

_NEEDED = "`goodfaith consume` needs the extra: pip install 'goodfaith[broker]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Which stream is read, and by whom.

    The consumers of a group share its entries; what one of them has left undone for `idle` is another's. Dead letters
    go to the stream `rejected`. At most `most` entries are taken at once.
    """

    name: str
    group: str
    consumer: str
    idle: timedelta = timedelta(minutes=1)
    most: int = 500

    @property
    def rejected(self) -> str:
        """Where dead letters go."""
        return f"{self.name}.rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """Takes the entries of a stream into a store."""

    store: EventStore
    stream: Stream
    feed: Feed
    currency: str
    clock: Clock

    async def take(self, redis: "Redis", entries: Sequence[Entry]) -> Delivered:
        """Take some entries in, and acknowledge them with their dead letters; asks a silent store again and again."""
        done = await self._delivered(entries)
        # In one go: a crash between the two would lose the letters, or send them twice.
        async with redis.pipeline(transaction=True) as told:
            for letter in done.dead:
                told.xadd(self.stream.rejected, dict(letter.fields()))
            told.xack(self.stream.name, self.stream.group, *(entry.id for entry in entries))
            await told.execute()
        _tell(done)
        return done

    async def _delivered(self, entries: Sequence[Entry]) -> Delivered:
        wait = _WAIT
        while True:
            try:
                return await asyncio.to_thread(deliver, entries, self._ingest)
            except StoreUnavailable as error:
                log.warning("the store does not take events", reason=str(error), seconds=wait)
                await asyncio.sleep(wait)
                wait = min(2 * wait, _LONGEST_WAIT)

    def _ingest(self, events: Sequence[Any]) -> Taken:
        return ingest_events(self.store, events, currency=self.currency, now=self.clock(), feed=self.feed)

    async def listen(self, url: str, stop: asyncio.Event) -> None:
        """Take in whatever comes until told to stop. Raises `BrokerUnavailable`."""
        try:
            from redis.asyncio import Redis
            from redis.exceptions import RedisError
        except ImportError as error:
            raise BrokerUnavailable(_NEEDED) from error
        redis = Redis.from_url(url)
        try:
            while not stop.is_set():
                await self._listen(url, redis, stop)
        except (RedisError, OSError) as error:
            raise BrokerUnavailable(f"the broker does not answer: {type(error).__name__}") from error
        finally:
            await redis.aclose()

    async def _listen(self, url: str, redis: "Redis", stop: asyncio.Event) -> None:
        """Until told to stop, or until the group is gone, as when somebody deletes the stream."""
        await _make_group(redis, self.stream)
        broker = _broker(url, self, redis)
        try:
            await broker.start()
            while not stop.is_set() and all(one.running for one in broker.subscribers):
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _LOOK_EVERY)
        finally:
            await broker.stop()


def _broker(url: str, consumer: Consumer, redis: "Redis") -> "RedisBroker":
    """A broker that hands over what is new, and what others of the group have left undone."""
    from faststream import AckPolicy
    from faststream.redis import RedisBroker, StreamSub

    stream = consumer.stream
    said = logging.getLogger("goodfaith.broker")
    broker = RedisBroker(url, apply_types=False, logger=said, log_level=logging.DEBUG, graceful_timeout=_TO_FINISH)
    shared = {"group": stream.group, "consumer": stream.consumer, "batch": True}
    new = StreamSub(stream.name, max_records=stream.most, **shared)
    left = StreamSub(stream.name, min_idle_time=round(stream.idle.total_seconds() * 1000), **shared)

    async def handle(entries: list[Entry]) -> None:
        await consumer.take(redis, entries)

    for one in (new, left):
        # Parsed here: what FastStream cannot read would hold up all that comes with it.
        broker.subscriber(stream=one, parser=_as_it_came, decoder=_entries, ack_policy=AckPolicy.MANUAL)(handle)
    return broker


async def _as_it_came(message: Any) -> Any:
    from faststream.redis.message import FAKE_CONSUMER, RedisBatchStreamMessage

    return RedisBatchStreamMessage(raw_message=message, body=b"", consumer=FAKE_CONSUMER, group=None)


async def _entries(message: Any) -> list[Entry]:
    from faststream.redis.parser import BinaryMessageFormatV1

    came = message.raw_message
    return [
        Entry(
            id=entry_id.decode(),
            fields={
                name: BinaryMessageFormatV1.parse(value)[0] if name == b"__data__" else value
                for name, value in fields.items()
            },
        )
        for entry_id, fields in zip(came["message_ids"], came["data"], strict=True)
    ]


def consume_from(stream: Stream, feed: Feed, settings: Settings, *, clock: Clock) -> None:
    """Take a stream into the store of the settings until interrupted. Raises `BrokerUnavailable`."""
    write_json_logs()
    with opened(settings.database) as engine:
        store = EventStore(engine)
        store.settle_currency(settings.currency)
        consumer = Consumer(store=store, stream=stream, feed=feed, currency=settings.currency, clock=clock)
        typer.echo(f"Goodfaith takes in the stream {stream.name} (Ctrl+C stops it)")
        asyncio.run(_until_interrupted(consumer, settings.broker_url.get_secret_value()))


async def _until_interrupted(consumer: Consumer, url: str) -> None:
    stop = asyncio.Event()
    for told in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(told, stop.set)
    await consumer.listen(url, stop)


async def _make_group(redis: "Redis", stream: Stream) -> None:
    """Make the group where there is none, from the stream's first entry on: FastStream would begin with the next."""
    from redis.exceptions import ResponseError

    try:
        await redis.xgroup_create(stream.name, stream.group, id="0", mkstream=True)
    except ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise


def _tell(done: Delivered) -> None:
    told = log.warning if done.dead else log.info
    codes = sorted({letter.code for letter in done.dead})
    told("events taken in", accepted=done.accepted, duplicates=done.duplicates, rejected=len(done.dead), codes=codes)
