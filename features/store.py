"""The store of events: what was accepted, once and for good."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, Engine, and_, exists, func, insert, select, true, update

from features.database import among, insert_all, micros, reading, some, update_all, writing, written
from features.errors import CurrencyDiffers
from features.jsonrows import canonical, parse_canonical, same_event
from features.live import lock_merchants, outdated, rebuild, take_in
from features.log import Batch
from features.neighbours import key_columns
from features.numbers import numbers_for, numbers_of
from features.progress import Watch, silently
from features.tables import event_ids, event_keys, events, merchants, settled

__all__ = ["Appended", "EventStore", "StoreLog", "append"]

_ROWS_PER_BATCH = 32_768

#: Merchants whose tiles are made anew in one transaction.
_MERCHANTS_AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """What became of some events: how many were new or there already, and which (by place) contradict the store.

    `new` are the places of those that were accepted.
    """

    accepted: int
    duplicates: int
    conflicts: tuple[int, ...]
    new: tuple[int, ...] = field(default=(), compare=False)


class EventStore:
    """All events ever accepted."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def append(self, rows: pa.Table, *, at: datetime, later: bool = False) -> Appended:
        """Add validated events, no id twice among them, in one transaction.

        They are in their merchants' tiles when it ends, or, with `later`, before the tiles are next needed; either way
        the merchants are marked as due. An event that is there already with the same content has no effect; one with
        other content is a conflict.
        """
        return written(self.engine, lambda tx: append(tx, rows, at=at, later=later))

    def catch_up(self, *, at: datetime, watch: Watch = silently) -> int:
        """Make all tiles anew that were put off or are of another version; answer how many merchants' they were."""
        steps = watch(iter(lambda: self._catch_up_some(at), 0), title="adding up the history of merchants")
        return sum(steps)

    def _catch_up_some(self, at: datetime) -> int:
        with writing(self.engine) as tx:
            names = outdated(tx, most=_MERCHANTS_AT_ONCE)
            if names:
                rebuild(tx, names, at=micros(at))
        return len(names)

    def settle_currency(self, currency: str) -> None:
        """Make this the store's one currency, if it has none yet. Raises `CurrencyDiffers`."""
        with writing(self.engine) as connection:
            stands = connection.execute(select(settled.c.value).where(settled.c.name == "currency")).scalar()
            if stands is None:
                connection.execute(insert(settled).values(name="currency", value=currency))
        _agree(stands, currency)

    def has_currency(self, currency: str) -> bool:
        """Whether this store is in a currency, and not only free to become so. Raises `CurrencyDiffers`."""
        with reading(self.engine) as connection:
            stands = connection.execute(select(settled.c.value).where(settled.c.name == "currency")).scalar()
        _agree(stands, currency)
        return stands is not None

    def log(self, *, merchant_id: str | None = None, known_before: datetime | None = None) -> "StoreLog":
        """All events, or one merchant's, or those known before a moment, as a log."""
        return StoreLog(self.engine, merchant_id=merchant_id, known_before=known_before)

    def knows(self, merchant_id: str, *, known_before: datetime | None = None) -> bool:
        """Whether any event of the merchant was ever accepted, or any known before a moment."""
        own = events.c.merchant_id == merchant_id
        chosen = own if known_before is None else and_(own, events.c.known_at < micros(known_before))
        with reading(self.engine) as connection:
            query = select(exists().where(chosen))
            return bool(connection.execute(query).scalar())

    def known_of(self, merchant_ids: Sequence[str]) -> list[str]:
        """Those of these merchants of which any event was ever accepted."""
        query = select(merchants.c.merchant_id).where(merchants.c.last_seq > 0)
        with reading(self.engine) as tx:
            return [
                one for ids in some(merchant_ids) for one in tx.scalars(query.where(merchants.c.merchant_id.in_(ids)))
            ]

    def any(self) -> bool:
        """Whether any event was ever accepted."""
        with reading(self.engine) as connection:
            return bool(connection.execute(select(exists(select(events.c.seq)))).scalar())

    def merchant_ids(self) -> list[str]:
        """All merchants with an event, sorted."""
        with reading(self.engine) as connection:
            query = select(events.c.merchant_id).distinct().order_by(events.c.merchant_id)
            return list(connection.execute(query).scalars())


def _agree(stands: str | None, currency: str) -> None:
    if stands not in (None, currency):
        raise CurrencyDiffers(f"This store is in {stands}, and GOODFAITH_CURRENCY is {currency}")


def append(
    tx: Connection,
    rows: pa.Table,
    *,
    at: datetime,
    later: bool = False,
    undated: Collection[str] = (),
    sources: Sequence[str | None] = (),
) -> Appended:
    """`EventStore.append` within a transaction.

    Of the events `undated` (by id) the sender did not say when they became known, so that is not compared. `sources`
    (n,) are noted beside those that name none; they are no part of what is said, so the same event by another way is
    the same.
    """
    ids, bodies = rows.column("event_id").to_pylist(), canonical(rows)
    # Whoever writes one of these events holds its merchant: what is stored of it by now is all that will be.
    lock_merchants(tx, rows.column("merchant_id").unique().to_pylist())
    stored = dict(_stored(tx, ids))
    new = [place for place, event_id in enumerate(ids) if event_id not in stored]
    if new:
        fresh = rows.take(pa.array(new))
        known = [sources[place] if sources else None for place in new]
        seqs = numbers_for(tx, len(new), at=at)
        _add(tx, seqs, fresh, [bodies[place] for place in new], sources=known)
        _mark_due(tx, fresh, seqs, at)
        take_in(tx, seqs, fresh, at=micros(at), later=later)
    conflicts = tuple(
        place
        for place, (event_id, body) in enumerate(zip(ids, bodies, strict=True))
        if event_id in stored and not same_event(stored[event_id], body, undated=event_id in undated)
    )
    duplicates = len(ids) - len(new) - len(conflicts)
    return Appended(accepted=len(new), duplicates=duplicates, conflicts=conflicts, new=tuple(new))


def _stored(tx: Connection, ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    seqs = numbers_of(tx, ids)
    if seqs:
        query = select(events.c.event_id, events.c.body).where(among(tx, events.c.seq, list(seqs.values())))
        yield from ((row.event_id, row.body) for row in tx.execute(query))


def _add(
    tx: Connection, seqs: Sequence[int], new: pa.Table, bodies: Sequence[str], *, sources: Sequence[str | None]
) -> None:
    told = new.column("source").to_pylist() if "source" in new.column_names else [None] * len(bodies)
    kept = {
        "seq": seqs,
        **{name: new.column(name).to_pylist() for name in ("event_id", "event_type", "merchant_id")},
        **{name: new.column(name).cast(pa.int64()).to_pylist() for name in ("event_time", "known_at")},
        "source": [own or source for own, source in zip(told, sources, strict=True)],
        "body": bodies,
    }
    # That an id is new is for this table to say: events are in many.
    insert_all(tx, event_ids, {"event_id": kept["event_id"], "seq": seqs})
    insert_all(tx, events, kept)
    insert_all(tx, event_keys, key_columns(new, seqs))


def _mark_due(tx: Connection, new: pa.Table, seqs: Sequence[int], at: datetime) -> None:
    newest = dict(zip(new.column("merchant_id").to_pylist(), seqs, strict=True))
    update_all(tx, merchants, {"merchant_id": list(newest), "last_seq": list(newest.values())})
    marking = update(merchants).where(among(tx, merchants.c.merchant_id, list(newest)))
    since, changes = func.coalesce(merchants.c.due_since, micros(at)), merchants.c.changes + 1
    tx.execute(marking.values(due_since=since, set_aside=None, changes=changes))


class StoreLog:
    """The store, or one merchant's part of it, read as a log in the order in which events were accepted."""

    settled = True

    def __init__(self, engine: Engine, *, merchant_id: str | None = None, known_before: datetime | None = None) -> None:
        self._engine = engine
        self._chosen = and_(
            true() if merchant_id is None else events.c.merchant_id == merchant_id,
            true() if known_before is None else events.c.known_at < micros(known_before),
        )

    @property
    def rows(self) -> int:
        """How many events there are."""
        with reading(self._engine) as connection:
            query = select(func.count()).select_from(events).where(self._chosen)
            return int(connection.execute(query).scalar_one())

    def batches(self, *, clock: datetime | None = None) -> Iterator[Batch]:
        """All events, a few at a time; what is stored was checked before."""
        first = 0
        query = select(events.c.body).where(self._chosen).order_by(events.c.seq)
        with reading(self._engine) as connection:
            found = connection.execution_options(yield_per=_ROWS_PER_BATCH).execute(query)
            for bodies in found.scalars().partitions():
                rows = parse_canonical(bodies)
                yield Batch(source="the store", numbers=np.arange(first, first + len(bodies)), rows=rows)
                first += len(bodies)
