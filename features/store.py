"""The store of events: SQLite by default, PostgreSQL in production."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Engine, create_engine, event, exists, func, insert, make_url, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError

from features.errors import StoreUnavailable
from features.jsonrows import canonical, check_rows
from features.log import Batch
from features.tables import events, metadata

__all__ = ["Appended", "EventStore", "StoreLog", "create_tables", "open_engine", "reading", "writing"]

_AT_ONCE = 500
_ROWS_PER_BATCH = 32_768


def open_engine(url: str) -> Engine:
    """An engine for a database URL; the folder of a SQLite file is made where it is missing.

    On SQLite, write transactions take their lock at once and a commit is on disk when it returns: the driver's
    own ways lose concurrent updates without a word.
    """
    where = make_url(url)
    if where.get_backend_name() != "sqlite":
        return create_engine(where)
    if where.database:
        Path(where.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(where)
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
        told = [(event["event_id"], canonical(event), event) for event in rows.to_pylist()]
        with writing(self.engine) as connection:
            stored = dict(_stored(connection, [event_id for event_id, _, _ in told]))
            new = [_row(event, body) for event_id, body, event in told if event_id not in stored]
            if new:
                connection.execute(insert(events), new)
        conflicts = [place for place, (event_id, body, _) in enumerate(told) if stored.get(event_id, body) != body]
        duplicates = len(told) - len(new) - len(conflicts)
        return Appended(accepted=len(new), duplicates=duplicates, conflicts=tuple(conflicts))

    def log(self, currency: str) -> "StoreLog":
        """All events as a log."""
        return StoreLog(self.engine, currency=currency)

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
        yield from connection.execute(query).tuples()


def _row(event: dict[str, Any], body: str) -> dict[str, Any]:
    return {
        "event_id": event["event_id"],
        "event_type": event["event_type"],
        "merchant_id": event["merchant_id"],
        "event_time": _microseconds(event["event_time"]),
        "known_at": _microseconds(event["known_at"]),
        "source": event.get("source"),
        "body": body,
    }


def _microseconds(moment: datetime) -> int:
    """Since 1970 in UTC; integers only, so that nothing is rounded."""
    since = moment - datetime.fromtimestamp(0, tz=moment.tzinfo)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


class StoreLog:
    """The store read as a log, in the order in which events were accepted."""

    settled = True

    def __init__(self, engine: Engine, *, currency: str) -> None:
        self._engine = engine
        self._currency = currency

    @property
    def rows(self) -> int:
        """How many events there are."""
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.count()).select_from(events)).scalar_one())

    def batches(self, *, clock: datetime | None = None) -> Iterator[Batch]:
        """All events, a few at a time."""
        first = 0
        with reading(self._engine) as connection:
            query = select(events.c.body).order_by(events.c.seq).execution_options(yield_per=_ROWS_PER_BATCH)
            for bodies in connection.execute(query).scalars().partitions():
                checked = check_rows([json.loads(body) for body in bodies], currency=self._currency, clock=clock)
                yield Batch(source="the store", numbers=checked.good + first, rows=checked.rows)
                first += len(bodies)
