"""The store of events: what was accepted, once and for good."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, Engine, bindparam, exists, func, insert, select, true, update

from features.database import insert_new, micros, reading, some, writing
from features.errors import CurrencyDiffers
from features.jsonrows import canonical, parse_canonical
from features.log import Batch
from features.tables import event_keys, events, merchants, settled

__all__ = ["KEYS", "Appended", "EventStore", "StoreLog", "append", "lock_merchants"]

_ROWS_PER_BATCH = 32_768

#: Ids by which events are found again, and how each is written as a key.
KEYS = MappingProxyType(
    {
        "order_id": "order",
        "buyer_id": "buyer",
        "return_id": "return",
        "refund_id": "refund",
        "dispute_id": "dispute",
        "report_id": "report",
        "complaint_id": "complaint",
        "decision_id": "decision",
        "reverses": "event",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """What became of some events: how many were new or there already, and which (by place) contradict the store."""

    accepted: int
    duplicates: int
    conflicts: tuple[int, ...]


class EventStore:
    """All events ever accepted."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def append(self, rows: pa.Table, *, at: datetime) -> Appended:
        """Add validated events, no id twice among them, in one transaction that also marks their merchants as due.

        An event that is there already with the same content has no effect; one with other content is a conflict.
        """
        with writing(self.engine) as tx:
            return append(tx, rows, at=at)

    def settle_currency(self, currency: str) -> None:
        """Make this the store's one currency, if it has none yet. Raises `CurrencyDiffers`."""
        with writing(self.engine) as connection:
            stands = connection.execute(select(settled.c.value).where(settled.c.name == "currency")).scalar()
            if stands is None:
                connection.execute(insert(settled).values(name="currency", value=currency))
        if stands not in (None, currency):
            raise CurrencyDiffers(f"This store is in {stands}, and GOODFAITH_CURRENCY is {currency}")

    def log(self, *, merchant_id: str | None = None) -> "StoreLog":
        """All events, or one merchant's, as a log."""
        return StoreLog(self.engine, merchant_id=merchant_id)

    def knows(self, merchant_id: str) -> bool:
        """Whether any event of the merchant was ever accepted."""
        with reading(self.engine) as connection:
            query = select(exists().where(events.c.merchant_id == merchant_id))
            return bool(connection.execute(query).scalar())

    def any(self) -> bool:
        """Whether any event was ever accepted."""
        with reading(self.engine) as connection:
            return bool(connection.execute(select(exists(select(events.c.seq)))).scalar())

    def merchant_ids(self) -> list[str]:
        """All merchants with an event, sorted."""
        with reading(self.engine) as connection:
            query = select(events.c.merchant_id).distinct().order_by(events.c.merchant_id)
            return list(connection.execute(query).scalars())


def append(tx: Connection, rows: pa.Table, *, at: datetime) -> Appended:
    """`EventStore.append` within a transaction."""
    ids, bodies = rows.column("event_id").to_pylist(), canonical(rows)
    stored = dict(_stored(tx, ids))
    new = [place for place, event_id in enumerate(ids) if event_id not in stored]
    if new:
        _add(tx, rows.take(pa.array(new)), [bodies[place] for place in new], at)
    told = enumerate(zip(ids, bodies, strict=True))
    conflicts = tuple(place for place, (event_id, body) in told if stored.get(event_id, body) != body)
    duplicates = len(ids) - len(new) - len(conflicts)
    return Appended(accepted=len(new), duplicates=duplicates, conflicts=conflicts)


def _stored(tx: Connection, event_ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    for ids in some(event_ids):
        query = select(events.c.event_id, events.c.body).where(events.c.event_id.in_(ids))
        yield from ((row.event_id, row.body) for row in tx.execute(query))


def _add(tx: Connection, new: pa.Table, bodies: Sequence[str], at: datetime) -> None:
    lock_merchants(tx, new.column("merchant_id").unique().to_pylist())
    adding = insert(events).returning(events.c.seq, sort_by_parameter_order=True)
    seqs = list(tx.execute(adding, _rows(new, bodies)).scalars())
    keys = _key_rows(new, seqs)
    if keys:
        tx.execute(insert(event_keys), keys)
    _mark_due(tx, new, seqs, at)


def lock_merchants(tx: Connection, merchant_ids: Sequence[str]) -> None:
    """Let nobody else change what is kept of these merchants until the transaction ends."""
    unborn = {"last_seq": 0, "assessed_seq": 0, "measures": "", "heads": "[]"}
    insert_new(tx, merchants, [{"merchant_id": one, **unborn} for one in merchant_ids])
    for ids in some(sorted(merchant_ids)):
        chosen = select(merchants.c.merchant_id).where(merchants.c.merchant_id.in_(ids))
        tx.execute(chosen.order_by(merchants.c.merchant_id).with_for_update())


def _rows(new: pa.Table, bodies: Sequence[str]) -> list[dict[str, Any]]:
    """What the table of events keeps of each."""
    columns = ["event_id", "event_type", "merchant_id", "source"]
    kept = new.select([name for name in columns if name in new.column_names])
    for name in ("event_time", "known_at"):
        kept = kept.append_column(name, new.column(name).cast(pa.int64()))
    return [{"source": None, **row, "body": body} for row, body in zip(kept.to_pylist(), bodies, strict=True)]


def _key_rows(new: pa.Table, seqs: Sequence[int]) -> list[dict[str, Any]]:
    """One row for each id that each event carries."""
    told = new.select(["merchant_id", *(column for column in KEYS if column in new.column_names)]).to_pylist()
    return [
        {"key": f"{KEYS[column]}:{value}", "merchant_id": event["merchant_id"], "seq": seq}
        for event, seq in zip(told, seqs, strict=True)
        for column, value in event.items()
        if column in KEYS and value is not None
    ]


def _mark_due(tx: Connection, new: pa.Table, seqs: Sequence[int], at: datetime) -> None:
    newest = dict(zip(new.column("merchant_id").to_pylist(), seqs, strict=True))
    marking = (
        update(merchants)
        .where(merchants.c.merchant_id == bindparam("of"))
        .values(last_seq=bindparam("newest"), due_since=func.coalesce(merchants.c.due_since, micros(at)))
    )
    tx.execute(marking, [{"of": name, "newest": seq} for name, seq in newest.items()])


class StoreLog:
    """The store, or one merchant's part of it, read as a log in the order in which events were accepted."""

    settled = True

    def __init__(self, engine: Engine, *, merchant_id: str | None = None) -> None:
        self._engine = engine
        self._chosen = events.c.merchant_id == merchant_id if merchant_id is not None else true()

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
