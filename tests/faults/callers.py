"""Callers who tell events, ask for refunds and settle them, and ask again until they are answered.

Each has a story of its own, by its seed; what it was answered, and what it was not, is kept for the check at the end.
"""

import http.client
import json
import random
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

from tests.serving.shop import PRICE
from tests.serving.world import NOON

MERCHANTS = ("m0", "m1", "m2", "m3")
CENTS, BACK = 500, 200

#: Orders of a batch of events; each has three events.
_ORDERS = 4
#: Nobody is answered at once after a kill.
_PAUSE = 0.02
_BUSY = (429, 503)


@dataclass(slots=True, kw_only=True)
class Wish:
    """One request, the same however often it is sent; `answer` is None until it is acknowledged.

    `asked_at` is when that was sent which was answered, in seconds.
    """

    kind: str
    path: str
    key: str | None
    body: str
    answer: dict[str, Any] | None = None
    unanswered: int = 0
    asked_at: float = 0.0

    @property
    def says(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


class NotAsAgreed(Exception):
    """An answer that no kill explains."""


@dataclass
class Progress:
    """How many requests were acknowledged by now, for whoever waits for more."""

    answered: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def add(self) -> None:
        with self.changed:
            self.answered += 1
            self.changed.notify_all()

    def wait_for(self, more: int, *, at_most: float) -> bool:
        """Wait until so many more were acknowledged; False where nothing moves."""
        with self.changed:
            goal = self.answered + more
            return self.changed.wait_for(lambda: self.answered >= goal, timeout=at_most)


class Caller(threading.Thread):
    """Somebody who calls without a pause until told to stop, and then until the last request is answered."""

    def __init__(self, name: str, *, port: int, key: str, progress: Progress, stop: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self.wishes: list[Wish] = []
        self.trouble: Exception | None = None
        self._port, self._key, self._progress, self._stop_told = port, key, progress, stop
        self._line: http.client.HTTPConnection | None = None
        self._random, self._numbers = random.Random(name), count()  # noqa: S311 - a story, not a secret

    def run(self) -> None:
        try:
            while not self._stop_told.is_set():
                self._story()
        except Exception as error:
            self.trouble = error
        finally:
            self.close()

    def close(self) -> None:
        """Hang up."""
        if self._line:
            self._line.close()
        self._line = None

    def _story(self) -> None:
        """Some orders of a merchant, a refund of each, and what became of the money."""
        merchant, orders = (
            self._random.choice(MERCHANTS),
            [f"{self.name}-{next(self._numbers)}" for _ in range(_ORDERS)],
        )
        self.get(self.events(merchant, orders))
        for order in orders:
            told = self.get(self.refund(merchant, order))
            if told["outcome"] == "instant":
                for wish in self._settlements(told["decision_id"]):
                    self.get(wish)

    def get(self, wish: Wish) -> dict[str, Any]:
        """Send a request until it is acknowledged."""
        self.wishes.append(wish)
        while wish.answer is None:
            wish.asked_at = time.time()
            wish.answer = self.ask(wish)
            if wish.answer is None:
                wish.unanswered += 1
                time.sleep(_PAUSE)
        self._progress.add()
        return wish.answer

    def ask(self, wish: Wish) -> dict[str, Any] | None:
        """Send a request once; None where nobody answered it."""
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        if wish.key:
            headers["Idempotency-Key"] = wish.key
        try:
            self._line = self._line or http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
            self._line.request("POST", wish.path, wish.body, headers)
            got = self._line.getresponse()
            status, text = got.status, got.read()
        except (OSError, http.client.HTTPException):
            self.close()
            return None
        if status in _BUSY:
            return None
        if status != 200:
            raise NotAsAgreed(f"{wish.kind} {wish.key}: {status} {text.decode()}")
        return dict(json.loads(text))

    def _wish(self, kind: str, path: str, body: dict[str, Any], *, named: bool = True) -> Wish:
        key = f"{self.name}-{kind}-{next(self._numbers)}" if named else None
        return Wish(kind=kind, path=path, key=key, body=json.dumps(body))

    def events(self, merchant: str, orders: list[str]) -> Wish:
        sent = [event for order in orders for event in _events_of(merchant, order)]
        return self._wish("events", "/v1/events", {"events": sent}, named=self._random.random() < 0.5)

    def refund(self, merchant: str, order: str) -> Wish:
        body = {"order_id": order, "merchant_id": merchant, "amount_cents": CENTS, "currency": "CNY"}
        buyer = {"id": f"b-{order}", "credit": 800, "refunds_90d": 0, "orders_90d": 10}
        asked = {**body, "category": "toys", "reason": "quality", "buyer": buyer}
        return self._wish("refund", "/v1/refunds/decisions", asked)

    def _settlements(self, decision_id: str) -> list[Wish]:
        paid = {"state": "paid", "amount_cents": CENTS}
        part = {"state": "recovered", "amount_cents": BACK}
        told = self._random.choice([[], [{"state": "cancelled"}], [paid], [paid, part, part]])
        path = f"/v1/refunds/decisions/{decision_id}/settlement"
        # What came back in parts needs a name: two parts may be alike. The others are told once by what they say.
        return [self._wish("settlement", path, one, named=one is part or self._random.random() < 0.5) for one in told]


def _events_of(merchant: str, order: str) -> list[dict[str, Any]]:
    placed, of = NOON - timedelta(days=1), {"merchant_id": merchant, "order_id": order}
    paid = {"amount_cents": PRICE, "buyer_id": f"b-{order}", "category": "toys"}
    told = [("order_placed", placed, paid), ("order_shipped", placed + timedelta(hours=2), {}),
            ("order_delivered", NOON - timedelta(hours=1), {})]  # fmt: skip
    return [
        {"event_id": f"{order}-{kind}", "event_type": kind, "event_time": at.isoformat(), **of, **more}
        for kind, at, more in told
    ]
