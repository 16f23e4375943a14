"""Stores for measurements: made once and kept, and copied for each server: no run sees what another one left."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

__all__ = ["APPLICATION", "emptied", "kind_of", "on_server", "used_copy"]

#: By which the backends of a measured server are known.
APPLICATION = "goodfaith_benchmark"

_DATABASE = "goodfaith_benchmark"


def kind_of(store: str) -> str:
    """What kind of database a URL names."""
    return make_url(store).get_backend_name()


def on_server(url: str) -> str:
    """A database of our own on a PostgreSQL server, whose URL names another one that is there."""
    named = make_url(url).set(database=_DATABASE).update_query_dict({"application_name": APPLICATION})
    return named.render_as_string(hide_password=False)


def emptied(store: str, server: str | None) -> str:
    """The same store, with nothing in it; `server` is the URL from which `on_server` made its own."""
    if server and kind_of(store) == "postgresql":
        with _administering(server) as connection:
            connection.execute(_drop(_DATABASE))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_DATABASE)))
    return store


def used_copy(store: str, server: str | None) -> str:
    """The URL of a copy of a store as it was made, whatever copy there was before."""
    url = make_url(store)
    if server and kind_of(store) == "postgresql":
        used = f"{_DATABASE}_used"
        with _administering(server) as connection:
            connection.execute(_drop(used))
            # What somebody is connected to cannot be copied.
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [_DATABASE])
            copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute(copy.format(sql.Identifier(used), sql.Identifier(_DATABASE)))
        return url.set(database=used).render_as_string(hide_password=False)
    return f"sqlite:///{_copied(Path(url.database or ''))}"


def _drop(database: str) -> sql.Composed:
    # Whoever is still connected is sent away.
    return sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))


@contextmanager
def _administering(server: str) -> Iterator[psycopg.Connection]:
    url: URL = make_url(server).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        yield connection


def _copied(kept: Path) -> Path:
    used = kept.with_name(f"used-{kept.name}")
    for ending in ("", "-wal", "-shm"):
        used.with_name(used.name + ending).unlink(missing_ok=True)
    with closing(sqlite3.connect(kept)) as source, closing(sqlite3.connect(used)) as target:
        source.backup(target)
    return used
