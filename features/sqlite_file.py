"""The file of a SQLite store. SQLite notices neither that it was moved, replaced or lost, nor that this was by mistake.

It goes on with a file that nobody will ever see again, and what it is told to keep there is lost. And where there is
none it makes an empty one, beside which the journal of the lost one still lies: that would be taken for its own.
"""

import os
import sqlite3
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from features.errors import StoreUnavailable

__all__ = ["watch"]

#: Where a connection keeps which file it has open.
_FILE = "file"


def watch(engine: Engine, path: str) -> None:
    """Let an engine make the file at a path once, and use no other ever after. Its transactions raise otherwise."""
    file = _File(path)
    event.listen(engine, "do_connect", file.check_there)
    event.listen(engine, "connect", file.note)
    event.listen(engine, "begin", file.check_same)


class _File:
    def __init__(self, path: str) -> None:
        self._path = path
        self._seen = False

    def check_there(self, *_: Any) -> None:
        """Raise what SQLite raises where it cannot open a file, instead of having it make a new one."""
        if self._seen and self._now() is None:
            raise sqlite3.OperationalError("the file is gone")

    def note(self, _: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        """Note which file a connection has open; none where it is not in one."""
        entry.info[_FILE] = self._now()
        self._seen = self._seen or entry.info[_FILE] is not None

    def check_same(self, connection: Connection) -> None:
        """Raise `StoreUnavailable` where the file at the path is not the one that this connection has open."""
        mine = connection.info.get(_FILE)
        if mine is not None and self._now() != mine:
            connection.invalidate()
            raise StoreUnavailable("The store's file is gone, or another one is in its place")

    def _now(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_dev, found.st_ino
