"""The database: how it is opened, and transactions that read or write. SQLite by default, PostgreSQL in production."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    URL,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Table,
    bindparam,
    create_engine,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError

from features.errors import StoreUnavailable
from features.sqlite_file import watch
from features.tables import metadata
from features.turns import Turns

__all__ = [
    "among",
    "check_durability",
    "columns_of",
    "create_tables",
    "day_of",
    "insert_all",
    "insert_new",
    "insert_newer",
    "look_over",
    "micros",
    "moment",
    "next_numbers",
    "open_engine",
    "reading",
    "some",
    "update_all",
    "writing",
    "written",
]

Answer = TypeVar("Answer")

_AT_ONCE = 500
#: Seconds that a transaction on SQLite waits for another one's lock, where nobody says otherwise.
_PATIENCE = 30.0
_TRIES = 3
#: Answers of SQLite (off, normal) and PostgreSQL under which a commit is not on disk when it returns.
_NOT_ON_DISK = {"0", "1", "off"}

#: Where an engine keeps how long that is.
_WAITS = "waits"
#: Who writes next, by the file of the store.
_TURNS: dict[str, Turns] = {}

#: To compress a decision by the server's own default takes as long as to store it; not every server has this one.
_LZ4 = (
    "SELECT set_config(name, 'lz4', false) FROM pg_settings"
    " WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)"
)
#: What PostgreSQL calls it.
_DEADLOCK, _SERIALIZATION = "40P01", "40001"
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def open_engine(url: str, *, waits: float | None = None) -> Engine:
    """An engine for a database URL; the folder of a SQLite file is made where it is missing. Raises `StoreUnavailable`.

    On SQLite, write transactions take their lock at once and a commit is on disk when it returns: the driver's
    own ways lose concurrent updates without a word. With `waits`, nobody waits longer than so many seconds for a
    connection, for a lock, or on PostgreSQL for what a statement says; long work needs an engine that is patient.
    """
    try:
        where = make_url(url)
        if where.get_backend_name() == "sqlite" and where.database:
            Path(where.database).parent.mkdir(parents=True, exist_ok=True)
        kept = {_WAITS: waits or _PATIENCE}
        engine = create_engine(where, hide_parameters=True, execution_options=kept, **_impatient(where, waits))
    except (ArgumentError, OSError, ImportError) as error:
        raise StoreUnavailable(f"There can be no store at the database URL: {error}") from error
    if where.get_backend_name() == "sqlite":
        event.listen(engine, "connect", partial(_configure_sqlite, waits=waits or _PATIENCE))
        if where.database and where.database != ":memory:":
            watch(engine, where.database)
        event.listen(engine, "begin", _begin_sqlite)
    elif where.get_backend_name() == "postgresql":
        event.listen(engine, "connect", _configure_postgresql)
    return engine


def _impatient(where: URL, waits: float | None) -> dict[str, Any]:
    """How an engine is told that nobody waits for long, and for a server that has vanished no more than a minute."""
    postgresql = where.get_backend_name() == "postgresql"
    if waits is None:
        return {"connect_args": {"tcp_user_timeout": 60_000, "keepalives_idle": 30}} if postgresql else {}
    told: dict[str, Any] = {"pool_timeout": waits}
    if postgresql:
        most, options = round(waits * 1000), where.query.get("options", "")
        limits = f"{options} -c statement_timeout={most} -c lock_timeout={most}".strip()
        told["connect_args"] = {"options": limits, "connect_timeout": ceil(waits), "tcp_user_timeout": most}
    return told


def _configure_sqlite(connection: DBAPIConnection, _: object, *, waits: float) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    busy = f"busy_timeout = {round(waits * 1000)}"
    for pragma in ("journal_mode = WAL", "synchronous = FULL", busy, "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _configure_postgresql(connection: DBAPIConnection, _: object) -> None:
    """Have a commit be on disk when it returns, whatever the server's own setting is; and long texts kept quickly."""
    cursor = connection.cursor()
    cursor.execute("SET synchronous_commit = on")
    cursor.execute(_LZ4)
    cursor.close()
    connection.commit()


def check_durability(engine: Engine) -> None:
    """Raise `StoreUnavailable` where a commit may return before it is on disk: no kill shows it, a power cut would.

    What was asked for on connecting is read back: a build, a proxy or a role's setting may have answered otherwise.
    """
    asked = {"sqlite": "PRAGMA synchronous", "postgresql": "SHOW synchronous_commit"}[engine.dialect.name]
    with reading(engine) as connection:
        found = str(connection.exec_driver_sql(asked).scalar())
    if found in _NOT_ON_DISK:
        raise StoreUnavailable(f"The store does not keep what it answers: `{asked}` says {found}")


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
        with _turn(engine), engine.execution_options(writes=True).begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise StoreUnavailable(_said(error)) from error


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """On SQLite, wait until those threads of this process have written that came before."""
    if engine.dialect.name != "sqlite" or not engine.url.database:
        yield
        return
    turns = _TURNS.setdefault(engine.url.database, Turns())
    with ExitStack() as mine:
        try:
            mine.enter_context(turns.taken(within=engine.get_execution_options().get(_WAITS, _PATIENCE)))
        except TimeoutError as error:
            raise StoreUnavailable("The store has others write; this one has waited long enough") from error
        yield


def written(engine: Engine, work: Callable[[Connection], Answer]) -> Answer:
    """What some work in a transaction that may write answers; done again where another one got in its way.

    That is: with the same key, or by waiting for it crosswise. Raises `StoreUnavailable`.
    """
    for _ in range(_TRIES - 1):
        try:
            with writing(engine) as tx:
                return work(tx)
        except StoreUnavailable as error:
            if not _in_the_way(error.__cause__):
                raise
    with writing(engine) as tx:
        return work(tx)


def _in_the_way(cause: BaseException | None) -> bool:
    """Whether another transaction was the reason, so that a second try may well succeed."""
    told = getattr(getattr(cause, "orig", None), "sqlstate", None)
    return isinstance(cause, IntegrityError) or told in (_DEADLOCK, _SERIALIZATION)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that reads one state of the store. Raises `StoreUnavailable`."""
    # SQLite's transactions see one state anyway; by itself PostgreSQL would show each statement the newest.
    one_state = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    try:
        with engine.execution_options(**one_state).begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise StoreUnavailable(_said(error)) from error


def _said(error: SQLAlchemyError) -> str:
    if "no such table" in str(error) or "UndefinedTable" in str(error):
        return "Nothing was ever taken into this store: `goodfaith ingest FILE` does that"
    return f"The store does not answer as it should: {str(error).splitlines()[0]}"


def look_over(engine: Engine, tables: Iterable[Table]) -> None:
    """Have PostgreSQL see how tables are filled: it plans by that, and a plan that knows nothing takes far longer.

    It looks by itself, but only some time after a table was filled, and never at one with partitions as a whole.
    """
    if engine.dialect.name == "postgresql":
        with writing(engine) as tx:
            tx.exec_driver_sql(f"ANALYZE {', '.join(one.name for one in tables)}")


def insert_new(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert those of the rows whose keys are not there yet; the others have no effect."""
    if rows:
        tx.execute(_adding(tx, table).on_conflict_do_nothing(), list(rows))


def insert_newer(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, by: str) -> None:
    """Insert rows with values for the same columns; they replace those of the same key, unless these are newer.

    Which is newer, the column `by` says; of equals the row that comes now stands.
    """
    if rows:
        adding, keys = _adding(tx, table), table.primary_key.columns.keys()
        given = {name: adding.excluded[name] for name in rows[0] if name not in keys}
        newer = table.c[by] <= adding.excluded[by]
        tx.execute(adding.on_conflict_do_update(index_elements=keys, set_=given, where=newer), list(rows))


def _adding(tx: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if tx.dialect.name == "postgresql" else sqlite.insert(table)


#: Columns of a table by name, each with the values of as many rows.
Columns = Mapping[str, Sequence[Any]]


def insert_all(tx: Connection, table: Table, columns: Columns, *, replace: bool = False) -> None:
    """Insert many rows of plain numbers, texts and bytes.

    With `replace` a row takes the place of the one with its key. The driver is handed the statement and the values as
    they are: what SQLAlchemy would do for each value costs more than the insertion itself.
    """
    names = list(columns)
    if not names or not len(columns[names[0]]):
        return
    into, ending = f"INSERT INTO {table.name} ({', '.join(names)})", _replacing(table, names) if replace else ""
    if tx.dialect.name == "postgresql":
        lists = _lists(tx, table, columns)
        tx.exec_driver_sql(f"{into} SELECT * FROM unnest({lists}){ending}", tuple(map(list, columns.values())))
    else:
        places = ", ".join("?" for _ in names)
        tx.exec_driver_sql(f"{into} VALUES ({places}){ending}", list(zip(*columns.values(), strict=True)))


def columns_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Rows, each with the same columns, as columns.

    >>> columns_of([{"a": 1, "b": 2}, {"a": 3, "b": 4}])
    {'a': [1, 3], 'b': [2, 4]}
    """
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def update_all(tx: Connection, table: Table, columns: Columns) -> None:
    """Set some columns of the rows of a table with the keys that are among `columns`."""
    keys = table.primary_key.columns.keys()
    given = [name for name in columns if name not in keys]
    if not len(columns[keys[0]]):
        return
    if tx.dialect.name == "postgresql":
        lists = _lists(tx, table, columns)
        setting = ", ".join(f"{name} = given.{name}" for name in given)
        same = " AND ".join(f"{table.name}.{name} = given.{name}" for name in keys)
        told = f"UPDATE {table.name} SET {setting} FROM unnest({lists}) AS given ({', '.join(columns)}) WHERE {same}"
        tx.exec_driver_sql(told, tuple(map(list, columns.values())))
    else:
        setting, same = ", ".join(f"{name} = ?" for name in given), " AND ".join(f"{name} = ?" for name in keys)
        values = list(zip(*(columns[name] for name in (*given, *keys)), strict=True))
        tx.exec_driver_sql(f"UPDATE {table.name} SET {setting} WHERE {same}", values)


def _lists(tx: Connection, table: Table, columns: Columns) -> str:
    """For PostgreSQL: places for a list for each column.

    One statement with lists takes a third of the time of one for each row.
    """
    types = (table.c[name].type.compile(tx.dialect) for name in columns)
    return ", ".join(f"%b::{one}[]" for one in types)


def _replacing(table: Table, names: Sequence[str]) -> str:
    keys = table.primary_key.columns.keys()
    given = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys)
    return f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {given}"


def among(tx: Connection, column: Column[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """That a column is one of some values, however many: the database is told of them in one parameter.

    A parameter for each costs SQLAlchemy more than the look-up costs the database.
    """
    if tx.dialect.name == "postgresql":
        return column == func.any(bindparam(None, list(values), type_=ARRAY(column.type)))
    told = func.json_each(json.dumps(list(values), ensure_ascii=False)).table_valued("value")
    return column.in_(select(told.c.value))


def next_numbers(tx: Connection, column: Column[int], count: int) -> list[int]:
    """Numbers that no row of a table has, or will get in another transaction; rising, and above all there are."""
    if tx.dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence(column.table.name, column.name)
        return sorted(tx.scalars(select(func.nextval(sequence)).select_from(func.generate_series(1, count))))
    # A transaction that writes has SQLite for itself.
    last = tx.scalar(select(func.coalesce(func.max(column), 0))) or 0
    return list(range(last + 1, last + 1 + count))


def some(values: Sequence[Any], most: int = _AT_ONCE) -> Iterator[Sequence[Any]]:
    """Values cut into pieces that one statement can name."""
    for begin in range(0, len(values), most):
        yield values[begin : begin + most]


def micros(at: datetime) -> int:
    """A moment as the tables keep it: microseconds since 1970 in UTC."""
    return (at - _EPOCH) // _MICROSECOND


def day_of(at: datetime) -> int:
    """The day of a moment, counted from 1970 in UTC."""
    return (at - _EPOCH) // timedelta(days=1)


def moment(kept: int) -> datetime:
    """The moment, in UTC, of a number that a table keeps."""
    return _EPOCH + timedelta(microseconds=kept)
