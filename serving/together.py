"""Doing at once what many callers ask for: whoever asks while others are being answered goes next, together."""

import asyncio
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["MOST_AT_ONCE", "Together"]

Wish = TypeVar("Wish")
Told = TypeVar("Told")

#: A longer queue is answered in parts, so that the first of it do not wait for the last.
MOST_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Wish, Told]):
    """A caller that waits for its answer, on its own event loop."""

    wish: Wish
    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[Told]"


class Together(Generic[Wish, Told]):
    """Answers wishes by a work that takes many of them at once, in a thread of its own.

    Who comes when nobody is here is answered at once, alone, and what comes meanwhile is the next batch. So batches
    grow by themselves with the load, until they weigh `most`. Under load, whoever was just answered tends to ask again
    at once: for them the next batch waits, `lingers` seconds at most. `work` answers each wish, in their order, by what
    it is told or by the error that is its own; an error that it raises is everybody's.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Wish]], Sequence[Told | Exception]],
        *,
        most: int = MOST_AT_ONCE,
        weigh: Callable[[Wish], int] = lambda _: 1,
        lingers: float = 0.0,
    ) -> None:
        self._work, self._most, self._weigh, self._lingers = work, most, weigh, lingers
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="together")
        self._lock = threading.Lock()
        self._came, self._awaited = threading.Condition(self._lock), 0
        self._waiting: deque[_Waiting[Wish, Told]] = deque()
        self._busy = False

    async def ask(self, wish: Wish) -> Told:
        """The answer to a wish; raises the error that is its own, or everybody's."""
        loop = asyncio.get_running_loop()
        mine: _Waiting[Wish, Told] = _Waiting(wish, loop, loop.create_future())
        with self._lock:
            self._waiting.append(mine)
            idle, self._busy = not self._busy, True
            if self._awaited and len(self._waiting) >= self._awaited:
                self._came.notify()
        if idle:
            self._thread.submit(self._answer_all)
        return await mine.answer

    def close(self) -> None:
        """Answer whoever still waits, and end the thread."""
        self._thread.shutdown()

    def _answer_all(self) -> None:
        while batch := self._next():
            _tell(batch, self._answers_to([one.wish for one in batch]))
            if self._lingers and len(batch) > 1:
                self._linger(len(batch))

    def _linger(self, answered: int) -> None:
        """Wait a moment for as many as were just answered to come again."""
        with self._lock:
            self._awaited = min(len(self._waiting) + answered, self._most)
            self._came.wait_for(lambda: len(self._waiting) >= self._awaited, self._lingers)
            self._awaited = 0

    def _next(self) -> list[_Waiting[Wish, Told]]:
        with self._lock:
            batch: list[_Waiting[Wish, Told]] = []
            room = self._most
            # The first goes in whatever it weighs: else it never would.
            while self._waiting and (not batch or self._weigh(self._waiting[0].wish) <= room):
                batch.append(self._waiting.popleft())
                room -= self._weigh(batch[-1].wish)
            self._busy = bool(batch)
            return batch

    def _answers_to(self, wishes: Sequence[Wish]) -> Sequence[Told | BaseException]:
        try:
            return self._work(wishes)
        except BaseException as error:  # Whatever it is, nobody may wait for ever.
            return [error] * len(wishes)


def _tell(batch: Sequence[_Waiting[Wish, Told]], answers: Sequence[Told | BaseException]) -> None:
    """Hand each its answer; every loop is woken once."""
    by_loop = defaultdict(list)
    for one, answer in zip(batch, answers, strict=True):
        by_loop[one.loop].append((one.answer, answer))
    for loop, told in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, told)


def _settle(told: "Sequence[tuple[asyncio.Future[Told], Told | BaseException]]") -> None:
    for future, answer in told:
        if future.done():
            continue  # Its caller went away.
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        else:
            future.set_result(answer)
