"""Events over HTTP: how many a second, what each costs beside a plain insert, and how soon each counts in the score."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import httpx
import numpy as np
from sqlalchemy import Column, Engine, MetaData, String, Table, Text, insert, make_url, select

from benchmarks.load import Told, at_full_speed
from benchmarks.served import Server
from features.database import open_engine, reading, writing
from features.tables import merchants

__all__ = ["BATCH", "Fresh", "freshness", "ingest", "plain_insert"]

BATCH = 1000
#: Batches that are under way at once.
_AT_ONCE = 8
#: One batch in so many is looked for in the score.
_LOOKED_FOR = 10

_plain = Table(
    "plain_events", MetaData(), Column("event_id", String, primary_key=True), Column("event_type", String),
    Column("merchant_id", String), Column("event_time", String), Column("known_at", String), Column("body", Text),
)  # fmt: skip


def ingest(server: Server, batches: Iterator[bytes], count: int) -> tuple[float, float, Told]:
    """Events a second over HTTP in batches of a thousand, and the CPU of each (us)."""
    at_full_speed(server.port, list(islice(batches, 1)), connections=1)
    asked, before = list(islice(batches, count)), server.cpu()
    told = at_full_speed(server.port, asked, connections=_AT_ONCE)
    events = count * BATCH
    return events / told.took, (server.cpu() - before) / events * 1e6, told


def plain_insert(engine: Engine, batches: Iterator[bytes], count: int) -> tuple[float, float]:
    """The same of SQLAlchemy inserting the same events in a transaction for each batch, and nothing else.

    The CPU is this process's; a database's own is not in it.
    """
    rows = [json.loads(one.partition(b"\r\n\r\n")[2])["events"] for one in islice(batches, count)]
    with writing(engine) as tx:
        _plain.drop(tx, checkfirst=True)
        _plain.create(tx)
    wall, cpu = time.perf_counter(), time.process_time()
    for batch in rows:
        with writing(engine) as tx:
            tx.execute(insert(_plain), [{**_columns(event), "body": json.dumps(event)} for event in batch])
    events = count * BATCH
    return events / (time.perf_counter() - wall), (time.process_time() - cpu) / events * 1e6


def _columns(event: dict[str, Any]) -> dict[str, Any]:
    return {name: event[name] for name in ("event_id", "event_type", "merchant_id", "event_time", "known_at")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """How long events took until they were seen in the score (seconds), how many were sent, and batches refused."""

    seconds: list[float]
    refused: int
    events: int
    per_second: float

    def milliseconds(self, percent: float) -> float:
        """The time within which so many per cent were seen."""
        return float(np.percentile(self.seconds, percent)) * 1000 if self.seconds else float("nan")


def freshness(
    server: Server, batches: Iterator[tuple[bytes, str]], *, key: str, batch: int, per_second: float, count: int
) -> Fresh:
    """Send batches at a rate of events; after some, look when the merchant of the last event was judged with it.

    Not after all: whoever looks for thousands at once measures itself.
    """
    return asyncio.run(_freshness(server, islice(batches, count), key, batch, per_second))


async def _freshness(
    server: Server, batches: Iterator[tuple[bytes, str]], key: str, batch: int, per_second: float
) -> Fresh:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    # Not one of those whose CPU is the server's.
    named = make_url(server.database).difference_update_query(["application_name"])
    engine = open_engine(named.render_as_string(hide_password=False))
    began, seen, sent = time.perf_counter(), [], 0
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", headers=headers, timeout=600) as client:
        for number, (body, merchant) in enumerate(batches):
            await asyncio.sleep(max(0.0, began + number * batch / per_second - time.perf_counter()))
            look = _Look(engine=engine, merchant_id=merchant) if number % _LOOKED_FOR == 0 else None
            seen.append(asyncio.ensure_future(_until_seen(client, body, look)))
            sent += batch
        seconds = await asyncio.gather(*seen)
    return Fresh(
        seconds=[one for one in seconds if one],
        refused=seconds.count(None),
        events=sent,
        per_second=sent / (time.perf_counter() - began),
    )


async def _until_seen(client: httpx.AsyncClient, body: bytes, look: "_Look | None") -> float | None:
    """Seconds from the moment at which a batch was sent until its last event's merchant was judged with all of it.

    None where it was refused, 0 where nobody looks.
    """
    sent = time.perf_counter()
    answer = await client.post("/v1/events", content=body)
    if answer.status_code != 200:
        return None
    if look is None:
        return 0.0
    stored = await asyncio.to_thread(look.at, merchants.c.last_seq)
    while await asyncio.to_thread(look.at, merchants.c.assessed_seq) < stored:
        await asyncio.sleep(0.02)
    return time.perf_counter() - sent


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What the store says of a merchant: up to which event it holds, and up to which one the score knows of."""

    engine: Engine
    merchant_id: str

    def at(self, column: Column[int]) -> int:
        with reading(self.engine) as tx:
            return int(tx.scalars(select(column).where(merchants.c.merchant_id == self.merchant_id)).one())
