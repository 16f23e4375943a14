"""Take events from requests, or from a broker, into the store: those of several requests in one transaction.

What a transaction costs by itself is many times what an event costs in it, so small requests that come at the same
time are taken in together; to each of them it is as if it had come alone.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Engine

from features.database import written
from features.errors import StoreUnavailable
from features.live import lock_merchants
from features.store import Appended, EventStore
from serving.errors import IdempotencyConflict
from serving.idempotency import Answer, Asked, Earlier
from serving.ingest.checked import CONFLICT, Good, Ready, Taken, check_events, taken_of
from serving.ingest.feeds import ANYBODY, NOT_ALLOWED, Feed
from serving.ingest.files import take

__all__ = ["Taken", "ingest_events", "ingest_together"]

#: What a request is told, or the error that is its own.
_Told = Taken | Exception


def ingest_events(
    store: EventStore,
    sent: Sequence[Any],
    *,
    currency: str,
    now: datetime,
    asked: Asked | None = None,
    feed: Feed = ANYBODY,
) -> Taken:
    """Add the events of a request to the store, with their effect on tiles and everything else, in one transaction.

    Once this returns, what it calls accepted is durable. `asked` names the request, where its sender wants the first
    answer again for a repeat; raises `IdempotencyConflict`.
    """
    ready = check_events(sent, currency=currency, now=now, asked=asked, feed=feed)
    (told,) = ingest_together(store.engine, [ready], now=now)
    if isinstance(told, Exception):
        raise told
    return told


def ingest_together(engine: Engine, requests: Sequence[Ready], *, now: datetime) -> list[_Told]:
    """Add the events of some requests in one transaction; answers each by what became of it, or by its own error.

    Raises `StoreUnavailable` where nothing is known to be done.
    """
    if not any(one.asked or one.standing.places for one in requests):
        return [taken_of(one.rejected, duplicates=one.repeats) for one in requests]
    try:
        return written(engine, partial(_all_in, requests=requests, now=now))
    except StoreUnavailable:
        raise
    except Exception as error:
        if len(requests) == 1:
            return [error]
    # It was one of them: each by itself, so that the others go in.
    return [told for one in requests for told in ingest_together(engine, [one], now=now)]


def _all_in(tx: Connection, requests: Sequence[Ready], now: datetime) -> list[_Told]:
    # Everybody's at once and in order: who locks them bit by bit may wait crosswise with another process.
    lock_merchants(tx, sorted({name for one in requests for name in _merchants_of(one.standing)}))
    named = [one.asked for one in requests if one.asked]
    earlier = Earlier(tx, named, now=now) if named else None
    told: dict[int, _Told] = {}
    for lot in _lots(requests):
        _take_lot(tx, {place: requests[place] for place in lot}, told, earlier, now)
    if earlier:
        earlier.keep_all()
    return [told[place] for place in range(len(requests))]


def _merchants_of(good: Good) -> list[str]:
    return list(good.rows.column("merchant_id").unique().to_pylist()) if good.places else []


def _lots(requests: Sequence[Ready]) -> Iterator[list[int]]:
    """The requests (by place) in lots, within which no event id and no idempotency key comes twice; order stays."""
    lot: list[int] = []
    seen: set[object] = set()
    for place, one in enumerate(requests):
        ids = one.standing.rows.column("event_id").to_pylist() if one.standing.places else []
        marks = {*ids, *([one.asked.place] if one.asked else [])}
        if seen & marks:
            yield lot
            lot, seen = [], set()
        lot.append(place)
        seen |= marks
    yield lot


def _take_lot(
    tx: Connection, lot: dict[int, Ready], told: dict[int, _Told], earlier: Earlier | None, now: datetime
) -> None:
    """Take in a lot, and note what its requests are told."""
    fresh: dict[int, Ready] = {}
    for place, one in lot.items():
        try:
            before = earlier.of(one.asked) if earlier and one.asked else None
        except IdempotencyConflict as conflict:
            told[place] = conflict
            continue
        if before:
            told[place] = Taken.model_validate_json(before.body)
        else:
            fresh[place] = one
    for place, taken in _added(tx, fresh, now):
        told[place] = taken
        asked = fresh[place].asked
        if earlier and asked:
            earlier.keep(asked, Answer(status=200, body=taken.model_dump_json()))


def _added(tx: Connection, lot: dict[int, Ready], now: datetime) -> Iterator[tuple[int, Taken]]:
    """What became of each of the requests of a lot, none of which was answered before."""
    over = {place: one.feed.overreaching(tx, one.standing.rows) for place, one in lot.items() if one.standing.places}
    goods = {place: one.standing.without(set(over.get(place, ()))) for place, one in lot.items()}
    some = [place for place, good in goods.items() if good.places]
    appended = _appended(tx, {place: (goods[place], lot[place]) for place in some}, now)
    begins = 0
    for place, one in lot.items():
        size = len(goods[place].places)
        conflicts = [at - begins for at in _between(appended.conflicts, begins, begins + size)]
        accepted = len(_between(appended.new, begins, begins + size))
        begins += size
        rejected = [*one.rejected, *one.standing.rejected(over.get(place, ()), NOT_ALLOWED)]
        rejected += goods[place].rejected(conflicts, CONFLICT)
        duplicates = one.repeats + size - accepted - len(conflicts)
        yield place, taken_of(rejected, accepted=accepted, duplicates=duplicates)


def _between(places: Sequence[int], first: int, end: int) -> Sequence[int]:
    """Those of some rising places from one on and before another."""
    return places[bisect_left(places, first) : bisect_left(places, end)]


def _appended(tx: Connection, lot: dict[int, tuple[Good, Ready]], now: datetime) -> Appended:
    """What became of the events of a lot, all of them behind one another."""
    if not lot:
        return Appended(accepted=0, duplicates=0, conflicts=())
    rows = pa.concat_tables([good.rows for good, _ in lot.values()], promote_options="default")
    sources = [one.feed.name for good, one in lot.values() for _ in good.places]
    undated = frozenset().union(*(one.undated for _, one in lot.values()))
    return take(tx, rows, at=now, undated=undated, sources=sources)
