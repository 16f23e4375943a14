"""SQL of the audit chain, and of locks by name."""

import hashlib
from collections.abc import Generator
from dataclasses import dataclass

from sqlalchemy import ARRAY, BigInteger, Connection, bindparam, func, insert, select

from serving.tables import audit

__all__ = ["Link", "about", "add", "hold", "links", "newest"]

_ROWS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One row of the chain; `at` is in microseconds, `body` is canonical JSON."""

    seq: int
    at: int
    actor: str
    action: str
    subject: str
    body: str
    previous: str
    hash: str


def hold(tx: Connection, *names: str) -> None:
    """Let nobody else hold these names until the transaction ends; they are taken in the order in which they come."""
    # A transaction that writes has SQLite for itself.
    if tx.dialect.name == "postgresql" and names:
        keys = func.unnest(bindparam("keys", [_key(name) for name in names], type_=ARRAY(BigInteger)))
        tx.execute(select(func.pg_advisory_xact_lock(keys.column_valued("key"))))


def _key(name: str) -> int:
    """The number that stands for a name: two names with the same number would only wait for each other."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def newest(tx: Connection) -> Link | None:
    """The chain's last link; None while there is none."""
    row = tx.execute(select(audit).order_by(audit.c.seq.desc()).limit(1)).one_or_none()
    return Link(**row._mapping) if row else None


def add(tx: Connection, link: Link) -> None:
    """Keep one more link."""
    columns = ("seq", "at", "actor", "action", "subject", "body", "previous", "hash")
    tx.execute(insert(audit).values({name: getattr(link, name) for name in columns}))


def about(tx: Connection, subject: str) -> tuple[Link, ...]:
    """The links about one thing, the first one first."""
    rows = tx.execute(select(audit).where(audit.c.subject == subject).order_by(audit.c.seq))
    return tuple(Link(**row._mapping) for row in rows)


def links(tx: Connection) -> Generator[Link, None, None]:
    """Every link, the first one first, a few at a time."""
    query, few = select(audit).order_by(audit.c.seq), {"yield_per": _ROWS_AT_ONCE}
    with tx.execute(query, execution_options=few) as found:
        for row in found:
            yield Link(**row._mapping)
