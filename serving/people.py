"""People who use the console: how they are added, and how a password is checked without helping whoever guesses."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import Engine, Row, insert, select, update

from features.database import micros, moment, reading, writing
from serving.errors import LogInRefused, UserKnown
from serving.record import audit
from serving.tables import users

__all__ = ["APPROVERS", "LOCKED_FOR", "MOST_FAILURES", "ROLES", "People", "User", "make_password"]

#: What somebody may be; the console shows everybody the same, and who approves what another proposed is a senior.
ROLES = ("reviewer", "senior", "admin")
APPROVERS = ("senior", "admin")

#: Wrong passwords in a row after which a name is locked, and for how long: 20 guesses an hour lead nowhere.
MOST_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)

# One sentence for every refusal: what exactly was wrong would help only someone who guesses.
_REFUSAL = "The name or the password is wrong, or the name is locked for some minutes after too many attempts."


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who may use the console."""

    name: str
    role: str
    created_at: datetime
    locked_until: datetime | None = None


def make_password() -> str:
    """A random password of 120 bits, for somebody who was not given one."""
    return secrets.token_urlsafe(15)


class People:
    """Everybody who may use the console."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def add(self, user: User, *, password: str, by: str | None = None) -> None:
        """Let somebody in from now on; who did so is told in the audit record. Raises `UserKnown`."""
        row = {"name": user.name, "role": user.role, "created_at": micros(user.created_at)}
        hashed = _hasher().hash(password)
        with writing(self.engine) as tx:
            if tx.scalar(select(users.c.name).where(users.c.name == user.name)) is not None:
                raise UserKnown(f"there is a user {user.name!r} already")
            tx.execute(insert(users).values(**row, password=hashed, failures=0))
            if by is not None:
                told = {"body": {"role": user.role}, "people": {"user": user.name}}
                audit.write(
                    tx, audit.Entry(actor=by, action="user_added", subject="users", **told), now=user.created_at
                )

    def all(self) -> tuple[User, ...]:
        """Everybody, by name."""
        with reading(self.engine) as tx:
            return tuple(map(_user, tx.execute(select(users).order_by(users.c.name))))

    def recognise(self, name: str, password: str, *, now: datetime) -> User:
        """The user with this name and password. Raises `LogInRefused`, always with the same words.

        An attempt is counted before the password is looked at, so that a burst of guesses at the same moment gets
        no more of them than a row of guesses; a right password then takes the count back.
        """
        row = self._attempted(name, now=now)
        # An unknown or locked name takes as long as a known one, so the time does not tell which names exist.
        genuine = _matches(row.password if row else _nobodys(), password)
        if row is None or not genuine:
            raise LogInRefused(_REFUSAL)
        with writing(self.engine) as tx:
            tx.execute(update(users).where(users.c.name == name).values(failures=0, locked_until=None))
        return _user(row)

    def _attempted(self, name: str, *, now: datetime) -> Row[Any] | None:
        """The row of a name that may try once more, with this attempt counted; None where it may not."""
        at = micros(now)
        with writing(self.engine) as tx:
            row = tx.execute(select(users).where(users.c.name == name).with_for_update()).one_or_none()
            if row is None or (row.locked_until is not None and at < row.locked_until):
                return None
            # A lock that has ended begins a new count.
            failures = 1 if row.locked_until is not None else row.failures + 1
            until = micros(now + LOCKED_FOR) if failures >= MOST_FAILURES else None
            tx.execute(update(users).where(users.c.name == name).values(failures=failures, locked_until=until))
            return row


def _user(row: Row[Any]) -> User:
    locked = None if row.locked_until is None else moment(row.locked_until)
    return User(name=row.name, role=row.role, created_at=moment(row.created_at), locked_until=locked)


def _matches(hashed: str, password: str) -> bool:
    try:
        return _hasher().verify(hashed, password)
    except VerificationError:
        return False


@cache
def _nobodys() -> str:
    """The hash of a password that nobody knows."""
    return _hasher().hash(make_password())


def _hasher() -> PasswordHasher:
    # Argon2id with 19 MiB, two passes, one lane: OWASP's password storage cheat sheet.
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
