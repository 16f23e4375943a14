"""Asking twice is like asking once: a repeated request gets the answer that its first one got."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, Engine

from features.database import written
from serving import store_decisions
from serving.errors import IdempotencyConflict, IdempotencyKeyInvalid, IdempotencyKeyMissing
from serving.plain import digest
from serving.store_decisions import Kept, Place

__all__ = ["KEPT_FOR", "Answer", "Asked", "Earlier", "checked", "earlier_answer", "forget_old_answers", "keep"]

#: How long an answer is kept for repeats (contracts 3.4).
KEPT_FOR = timedelta(days=30)

_DROPPED_AT_ONCE = 500

_KEY = re.compile(r"[ -~]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer: its status, and its body as JSON."""

    status: int
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that is answered once: whose key asks, of which route, under which name, and what (canonical JSON)."""

    caller: str
    route: str
    key: str
    body: str

    @property
    def hash(self) -> str:
        """What tells its body from others."""
        return digest(self.body)

    @property
    def place(self) -> Place:
        """Where its answer is kept."""
        return self.caller, self.route, self.key


def checked(key: str | None) -> str:
    """The header's key. Raises `IdempotencyKeyMissing`, `IdempotencyKeyInvalid`."""
    if key is None or not key.strip():
        raise IdempotencyKeyMissing(
            "the header Idempotency-Key is missing or empty; it makes this safe to ask for again"
        )
    if not _KEY.fullmatch(key):
        raise IdempotencyKeyInvalid("an Idempotency-Key is 1 to 200 printable ASCII characters")
    return key


def earlier_answer(tx: Connection, asked: Asked, *, now: datetime) -> Answer | None:
    """The answer that this very request got before; None makes the key this request's own.

    Raises `IdempotencyConflict` where the key stands for another body.
    """
    store_decisions.drop_answers(tx, asked.place, before=now - KEPT_FOR)
    kept = store_decisions.claim(tx, asked.place, request_hash=asked.hash, now=now)
    return _same(asked, kept)


def keep(tx: Connection, asked: Asked, answer: Answer) -> None:
    """Keep an answer for repeats, in the transaction of what it answers."""
    store_decisions.answer_once(tx, asked.place, status=answer.status, answer=answer.body)


class Earlier:
    """What some requests' keys stand for, as one transaction sees it; what is kept meanwhile is written at its end."""

    def __init__(self, tx: Connection, asked: Sequence[Asked], *, now: datetime) -> None:
        self._tx, self._now, places = tx, now, [one.place for one in asked]
        self._kept = store_decisions.kept_answers(tx, places, before=now - KEPT_FOR)
        self._new: dict[Place, Kept] = {}

    def of(self, asked: Asked) -> Answer | None:
        """The answer that this very request got before. Raises `IdempotencyConflict`."""
        kept = self._new.get(asked.place) or self._kept.get(asked.place)
        return _same(asked, kept) if kept else None

    def keep(self, asked: Asked, answer: Answer) -> None:
        """Have an answer kept for repeats."""
        self._new[asked.place] = Kept(request_hash=asked.hash, status=answer.status, answer=answer.body)

    def keep_all(self) -> None:
        """Write what is to be kept."""
        store_decisions.keep_answers(self._tx, self._new, now=self._now)


def forget_old_answers(engine: Engine, *, now: datetime) -> int:
    """Drop what keys stood for too long ago, a few hundred at a time; answer how many that were."""
    drop = partial(store_decisions.drop_old_answers, before=now - KEPT_FOR, most=_DROPPED_AT_ONCE)
    return sum(iter(lambda: written(engine, drop), 0))


def _same(asked: Asked, kept: Kept) -> Answer | None:
    if kept.request_hash != asked.hash:
        raise IdempotencyConflict("this Idempotency-Key came with another body before")
    return Answer(status=kept.status, body=kept.answer) if kept.status else None
