"""Sessions of the console: who is logged in, until when, and the token that every form of theirs must carry.

The cookie holds a random token and the store its SHA-256, so that whoever reads the store cannot be anybody.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, insert, select

from features.database import micros, moment, reading, writing
from serving.auth import fingerprint
from serving.errors import FormForged
from serving.people import User
from serving.tables import sessions, users

__all__ = ["LASTS", "Session", "Sessions", "same"]

#: A working day; after that, people log in again.
LASTS = timedelta(hours=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody's log-in; `csrf` proves that a form came from a page of ours."""

    user: str
    role: str
    csrf: str
    expires_at: datetime

    def check(self, sent: str) -> None:
        """Raise `FormForged` unless a form sent this session's own token."""
        if not same(sent, self.csrf):
            raise FormForged("this form does not belong to your log-in; nothing was changed")


def same(one: str, other: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell where they differ; nothing is equal to nothing."""
    return bool(one) and hmac.compare_digest(one.encode(), other.encode())


class Sessions:
    """Everybody who is logged in."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def open(self, user: User, *, now: datetime) -> str:
        """Log somebody in, and return the new token: one that came with the request is never taken over.

        Sessions that have ended are cleared away in passing.
        """
        token = secrets.token_urlsafe(32)
        row = {"id": fingerprint(token), "user": user.name, "csrf": secrets.token_urlsafe(32)}
        with writing(self.engine) as tx:
            tx.execute(delete(sessions).where(sessions.c.expires_at <= micros(now)))
            tx.execute(insert(sessions).values(**row, created_at=micros(now), expires_at=micros(now + LASTS)))
        return token

    def find(self, token: str, *, now: datetime) -> Session | None:
        """The session that a token opens, None where it has ended or never was."""
        query = select(sessions, users.c.role).join(users, users.c.name == sessions.c.user)
        running = query.where(sessions.c.id == fingerprint(token), sessions.c.expires_at > micros(now))
        with reading(self.engine) as tx:
            row = tx.execute(running).one_or_none()
        if row is None:
            return None
        return Session(user=row.user, role=row.role, csrf=row.csrf, expires_at=moment(row.expires_at))

    def close(self, token: str) -> None:
        """Log out; a token that opens nothing changes nothing."""
        with writing(self.engine) as tx:
            tx.execute(delete(sessions).where(sessions.c.id == fingerprint(token)))
