"""Nobody waits for ever: a request that takes too long is answered, whatever it is still waiting for."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.errors import OutOfTime
from serving.metrics import Metrics
from serving.problems import problem_of

__all__ = ["LONGEST", "Deadline"]

#: Seconds. The goal is milliseconds; the store itself gives up after half as long, and says more than we can here.
LONGEST = 10.0

_TOLD = "no answer was found in time; it may be done all the same: ask again, with the same idempotency key"


class Deadline:
    """ASGI middleware: answers 503 where the app has not begun to answer in time; what it says later is dropped.

    What is under way is not broken off: a thread cannot be, and half a transaction is worse than a late one.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, longest: float = LONGEST) -> None:
        self.app, self.metrics, self.longest = app, metrics, longest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and see to its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer(scope=scope, receive=receive, send=send, metrics=self.metrics)
        alarm = asyncio.get_running_loop().call_later(self.longest, answer.give_up)
        try:
            await self.app(scope, receive, answer.send_in_time)
        finally:
            alarm.cancel()


class _Answer:
    """One answer: the app's, or ours where that is late."""

    def __init__(self, *, scope: Scope, receive: Receive, send: Send, metrics: Metrics) -> None:
        self._scope, self._receive, self._send, self._metrics = scope, receive, send, metrics
        self._begun = False
        self._late: asyncio.Task[None] | None = None

    async def send_in_time(self, message: Message) -> None:
        self._begun = True
        if self._late is None:
            await self._send(message)

    def give_up(self) -> None:
        """Answer in the app's place, unless it has begun to."""
        if not self._begun:
            self._metrics.out_of_time(self._scope["method"])
            refusal = problem_of(OutOfTime(_TOLD))
            self._late = asyncio.ensure_future(refusal(self._scope, self._receive, self._send))
