"""SQL of policies: which one of a kind was in force when."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from features.database import insert_new, micros
from serving.tables import policies_in_force as in_force

__all__ = ["Kept", "at", "begin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A policy that was in force; `content` is its values as JSON."""

    version: str
    content: str


def begin(tx: Connection, *, kind: str, kept: Kept, now: datetime) -> None:
    """From now on this one is in force."""
    row = {"kind": kind, "since": micros(now), "version": kept.version, "content": kept.content}
    # Of two processes that say so in the same microsecond, either will do.
    insert_new(tx, in_force, [row])


def at(tx: Connection, kind: str, moment: datetime) -> Kept | None:
    """What was in force at a moment; for a moment before the first that we know of, that one."""
    chosen = select(in_force.c.version, in_force.c.content).where(in_force.c.kind == kind).limit(1)
    then = chosen.where(in_force.c.since <= micros(moment)).order_by(in_force.c.since.desc())
    row = tx.execute(then).one_or_none() or tx.execute(chosen.order_by(in_force.c.since)).one_or_none()
    return Kept(version=row.version, content=row.content) if row else None
