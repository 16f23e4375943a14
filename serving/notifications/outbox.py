"""The outbox: what others are told of, kept in the transaction of what it tells, and handed on when that is done.

So nothing is told that did not happen, and nothing that happened is left untold. A message may be handed on twice;
its id tells.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from features.database import among, micros, moment
from serving.plain import as_json
from serving.tables import outbox

__all__ = [
    "KEPT_FOR",
    "Message",
    "Notice",
    "Topic",
    "claim",
    "drop_older",
    "due",
    "let_go",
    "postpone",
    "set_aside_notices",
    "settle",
    "tell",
    "waiting",
]

#: How long messages are kept, handed on or not.
KEPT_FOR = timedelta(days=30)

#: How long whoever claims messages may take over them before another may.
_CLAIMED_FOR = timedelta(minutes=1)

#: Until a message that could not be handed on is tried again: at first, and at most.
_WAIT, _LONGEST_WAIT = timedelta(seconds=1), timedelta(hours=1)


class Topic(StrEnum):
    """What a message is about; what its body says of it, docs/howto/notifications.md tells."""

    RATED = "merchant.rated"
    SET_ASIDE = "merchant.set_aside"
    STANDING = "standing.decided"
    CASE_OPENED = "case.opened"
    CASE_RAISED = "case.raised"
    CASE_RESOLVED = "case.resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that others are told of: what is said names merchants, cases and decisions, and no buyer."""

    topic: Topic
    says: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A notice on its way; `id` is the same however often it is sent, `tries` counts the times before."""

    id: int
    topic: str
    created_at: datetime
    says: str
    tries: int

    def text(self) -> str:
        """As one line of JSON."""
        head = as_json({"created_at": self.created_at.isoformat(), "id": self.id, "topic": self.topic})
        return f'{head[:-1]},"says":{self.says}}}'


def set_aside_notices(reasons: Mapping[str, str]) -> list[Notice]:
    """What others are told of merchants that could not be judged."""
    return [
        Notice(topic=Topic.SET_ASIDE, says={"merchant_id": name, "reason": why})
        for name, why in sorted(reasons.items())
    ]


def tell(tx: Connection, notices: Sequence[Notice], *, now: datetime) -> None:
    """Have others told, once the transaction is done."""
    at = micros(now)
    rows = [{"topic": one.topic.value, "says": as_json(one.says), "created_at": at, "next_at": at} for one in notices]
    if rows:
        tx.execute(insert(outbox).values(tries=0), rows)


def claim(tx: Connection, *, most: int, now: datetime) -> list[Message]:
    """Take hold of messages that are to be sent, the first of them first."""
    at = micros(now)
    due = select(outbox).where(outbox.c.next_at <= at).order_by(outbox.c.next_at, outbox.c.id).limit(most)
    rows = tx.execute(due.with_for_update(skip_locked=True)).all()
    if rows:
        held = update(outbox).where(among(tx, outbox.c.id, [row.id for row in rows]))
        tx.execute(held.values(next_at=micros(now + _CLAIMED_FOR), tries=outbox.c.tries + 1))
    return [
        Message(id=row.id, topic=row.topic, created_at=moment(row.created_at), says=row.says, tries=row.tries)
        for row in sorted(rows, key=lambda row: row.id)
    ]


def settle(tx: Connection, ids: Sequence[int], *, now: datetime) -> None:
    """Note that messages were handed on."""
    if ids:
        done = update(outbox).where(among(tx, outbox.c.id, ids))
        tx.execute(done.values(next_at=None, sent_at=micros(now), failure=None))


def postpone(tx: Connection, message: Message, *, why: str, now: datetime) -> None:
    """Have a message that could not be handed on tried again later, ever later the more often that was so."""
    wait = min(_WAIT * 2 ** min(message.tries, 20), _LONGEST_WAIT)
    later = update(outbox).where(outbox.c.id == message.id, outbox.c.sent_at.is_(None))
    tx.execute(later.values(next_at=micros(now + wait), failure=why))


def let_go(tx: Connection, messages: Sequence[Message], *, now: datetime) -> None:
    """Let others have messages that were claimed and not tried."""
    if messages:
        left = update(outbox).where(among(tx, outbox.c.id, [one.id for one in messages]), outbox.c.sent_at.is_(None))
        tx.execute(left.values(next_at=micros(now), tries=outbox.c.tries - 1))


def due(tx: Connection, *, now: datetime) -> bool:
    """Whether there is anything to hand on."""
    return tx.scalar(select(outbox.c.id).where(outbox.c.next_at <= micros(now)).limit(1)) is not None


def waiting(tx: Connection) -> tuple[int, int | None]:
    """How many messages wait to be handed on, and since when the first of them does (microseconds)."""
    asked = select(func.count(), func.min(outbox.c.created_at)).where(outbox.c.next_at.is_not(None))
    count, since = tx.execute(asked).one()
    return count, since


def drop_older(tx: Connection, *, now: datetime) -> int:
    """Drop messages that have been kept long enough; answer how many."""
    return tx.execute(delete(outbox).where(outbox.c.created_at < micros(now - KEPT_FOR))).rowcount
