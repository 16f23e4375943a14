"""Asking twice is like asking once: a repeated request gets the answer that its first one got."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from serving import store_decisions
from serving.errors import IdempotencyConflict, IdempotencyKeyInvalid, IdempotencyKeyMissing
from serving.plain import digest
from serving.store_decisions import Kept

__all__ = ["KEPT_FOR", "Answer", "Asked", "Earlier", "checked", "earlier_answer", "keep"]

#: How long an answer is kept for repeats (contracts 3.4).
KEPT_FOR = timedelta(days=30)

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
    def place(self) -> tuple[str, str, str]:
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
    kept = store_decisions.claim(tx, asked.place, request_hash=digest(asked.body), now=now)
    return _same(asked, kept)


def keep(tx: Connection, asked: Asked, answer: Answer) -> None:
    """Keep an answer for repeats, in the transaction of what it answers."""
    store_decisions.answer_once(tx, asked.place, status=answer.status, answer=answer.body)


class Earlier:
    """What some requests' keys stand for, from the start of a transaction on; no key is anybody's before it is kept."""

    def __init__(self, tx: Connection, asked: Sequence[Asked], *, now: datetime) -> None:
        self._tx, self._now = tx, now
        places = [one.place for one in asked]
        store_decisions.drop_answers(tx, *places, before=now - KEPT_FOR)
        self._kept = store_decisions.kept_answers(tx, places)

    def of(self, asked: Asked) -> Answer | None:
        """The answer that this very request got before. Raises `IdempotencyConflict`."""
        kept = self._kept.get(asked.place)
        return _same(asked, kept) if kept else None

    def keep(self, asked: Asked, answer: Answer) -> None:
        """Keep an answer for repeats, those within the same transaction among them."""
        kept = Kept(request_hash=digest(asked.body), status=answer.status, answer=answer.body)
        store_decisions.keep_answer(self._tx, asked.place, kept, now=self._now)
        self._kept[asked.place] = kept


def _same(asked: Asked, kept: Kept) -> Answer | None:
    if kept.request_hash != digest(asked.body):
        raise IdempotencyConflict("this Idempotency-Key came with another body before")
    return Answer(status=kept.status, body=kept.answer) if kept.status else None
