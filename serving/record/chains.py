"""Which chain a transaction writes to: one that is nobody else's while it lasts, so that no writer waits."""

import secrets
from collections import defaultdict, deque
from threading import Lock
from weakref import WeakSet

from sqlalchemy import Connection, Pool, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

__all__ = ["chain_of"]

_CHAIN = "audit_chain"

#: Chains of this process that nobody writes to at present, by store.
_FREE: defaultdict[str, deque[str]] = defaultdict(deque)

#: The pools whose connections bring their chains back.
_WATCHED: WeakSet[Pool] = WeakSet()
_LOCK = Lock()


def chain_of(tx: Connection) -> str:
    """The chain that this transaction writes to; it is given back with the connection, when the transaction is over.

    So a process has as many chains as it had transactions at once, and each goes on where its last writer stopped.
    """
    if _CHAIN not in tx.info:
        store = tx.engine.url.render_as_string()
        _watch(tx.engine.pool, store)
        with _LOCK:
            tx.info[_CHAIN] = _FREE[store].pop() if _FREE[store] else f"w_{secrets.token_hex(6)}"
    return str(tx.info[_CHAIN])


def _watch(pool: Pool, store: str) -> None:
    def back(_: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        chain = entry.info.pop(_CHAIN, None)
        if chain is not None:
            with _LOCK:
                _FREE[store].append(chain)

    with _LOCK:
        if pool not in _WATCHED:
            _WATCHED.add(pool)
            event.listen(pool, "checkin", back)
