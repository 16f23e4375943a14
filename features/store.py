"""The store of events: SQLite by default, PostgreSQL in production."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, Engine, create_engine, event, exists, func, insert, make_url, select, true
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from features.errors import CurrencyDiffers, StoreUnavailable
from features.jsonrows import canonical, parse_canonical
from features.log import Batch
from features.tables import events, metadata, settled

__all__ = ["Appended", "EventStore", "StoreLog", "create_tables", "open_engine", "reading", "writing"]

_AT_ONCE = 500
_ROWS_PER_BATCH = 32_768


def open_engine(url: str) -> Engine:
    """An engine for a database URL; the folder of a SQLite file is made where it is missing. Raises `StoreUnavailable`.

    On SQLite, write transactions take their lock at once and a commit is on disk when it returns: the driver's
    own ways lose concurrent updates without a word.
    """
    try:
        where = make_url(url)
        if where.get_backend_name() == "sqlite" and where.database:
            Path(where.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(where, hide_parameters=True)
    except (ArgumentError, OSError, ImportError) as error:
        raise StoreUnavailable(f"There can be no store at the database URL: {error}") from error
    if where.get_backend_name() != "sqlite":
        return engine
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: DBAPIConnection, _: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 30000", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def create_tables(engine: Engine) -> None:
    """Make the tables that are missing, of every floor whose tables module was imported."""
    with writing(engine) as connection:
        metadata.create_all(connection)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that may write. Raises `StoreUnavailable`."""
    try:
        with engine.execution_options(writes=True).begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise StoreUnavailable(_said(error)) from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that reads one state of the store. Raises `StoreUnavailable`."""
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise StoreUnavailable(_said(error)) from error


def _said(error: SQLAlchemyError) -> str:
    if "no such table" in str(error) or "UndefinedTable" in str(error):
        return "Nothing was ever taken into this store: `goodfaith ingest FILE` does that"
    return f"The store does not answer as it should: {str(error).splitlines()[0]}"


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

    def append(self, rows: pa.Table) -> Appended:
        """Add validated events, no id twice among them, in one transaction.

        An event that is there already with the same content has no effect; one with other content is a conflict.
        """
        ids, bodies = rows.column("event_id").to_pylist(), canonical(rows)
        with writing(self.engine) as connection:
            stored = dict(_stored(connection, ids))
            new = [place for place, event_id in enumerate(ids) if event_id not in stored]
            if new:
                connection.execute(insert(events), _rows(rows.take(pa.array(new)), [bodies[place] for place in new]))
        told = enumerate(zip(ids, bodies, strict=True))
        conflicts = tuple(place for place, (event_id, body) in told if stored.get(event_id, body) != body)
        duplicates = len(ids) - len(new) - len(conflicts)
        return Appended(accepted=len(new), duplicates=duplicates, conflicts=conflicts)

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


def _stored(connection: Connection, event_ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    for begin in range(0, len(event_ids), _AT_ONCE):
        some = event_ids[begin : begin + _AT_ONCE]
        query = select(events.c.event_id, events.c.body).where(events.c.event_id.in_(some))
        yield from ((row.event_id, row.body) for row in connection.execute(query))


def _rows(new: pa.Table, bodies: Sequence[str]) -> list[dict[str, Any]]:
    """What the table of events keeps of each."""
    columns = ["event_id", "event_type", "merchant_id", "source"]
    kept = new.select([name for name in columns if name in new.column_names])
    for name in ("event_time", "known_at"):
        kept = kept.append_column(name, new.column(name).cast(pa.int64()))
    return [{"source": None, **row, "body": body} for row, body in zip(kept.to_pylist(), bodies, strict=True)]


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
