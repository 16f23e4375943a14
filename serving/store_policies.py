"""SQL of the policies that decisions were made by, and of which one was in force when."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from features.database import insert_new, micros, moment
from serving.tables import policies, policies_in_force

__all__ = ["KeptPolicy", "add", "begin", "begun", "find", "in_force", "newest", "of_version"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPolicy:
    """One policy as it is kept: `body` is its canonical JSON, `hash` the SHA-256 of that."""

    hash: str
    kind: str
    version: str
    body: str


def add(tx: Connection, kept: Sequence[KeptPolicy]) -> None:
    """Keep policies; those that are kept already stay as they are."""
    insert_new(tx, policies, [asdict(one) for one in kept])


def find(tx: Connection, digest: str) -> KeptPolicy | None:
    """The policy with this hash."""
    row = tx.execute(select(policies).where(policies.c.hash == digest)).one_or_none()
    return KeptPolicy(**row._mapping) if row else None


def of_version(tx: Connection, version: str) -> KeptPolicy | None:
    """The policy of this version; where several share its short hash, none is surely it."""
    rows = tx.execute(select(policies).where(policies.c.version == version)).all()
    return KeptPolicy(**rows[0]._mapping) if len(rows) == 1 else None


def begin(tx: Connection, kind: str, digest: str, *, now: datetime) -> bool:
    """From now on the policy with this hash is in force; False, without effect, where it is already."""
    if in_force(tx, kind, now) == digest:
        return False
    # Of two processes that say so in the same microsecond, either will do.
    insert_new(tx, policies_in_force, [{"kind": kind, "since": micros(now), "hash": digest}])
    return True


def in_force(tx: Connection, kind: str, at: datetime) -> str | None:
    """The hash of what was in force at a moment; for a moment before the first that we know of, of that one."""
    table = policies_in_force
    chosen = select(table.c.hash).where(table.c.kind == kind).limit(1)
    then = chosen.where(table.c.since <= micros(at)).order_by(table.c.since.desc())
    return tx.scalar(then) or tx.scalar(chosen.order_by(table.c.since))


def newest(tx: Connection, at: datetime) -> list[tuple[str, str, datetime]]:
    """Kind, hash and beginning of what was in force at a moment, of every kind of which anything was noted."""
    table = policies_in_force
    last = (
        select(table.c.kind, func.max(table.c.since).label("at"))
        .where(table.c.since <= micros(at))
        .group_by(table.c.kind)
        .subquery()
    )
    query = select(table).join(last, (table.c.kind == last.c.kind) & (table.c.since == last.c.at))
    return [(row.kind, row.hash, moment(row.since)) for row in tx.execute(query.order_by(table.c.kind))]


def begun(tx: Connection, kind: str) -> datetime | None:
    """Since when any policy of a kind is in force here; None where none is."""
    first = tx.scalar(select(func.min(policies_in_force.c.since)).where(policies_in_force.c.kind == kind))
    return None if first is None else moment(first)
