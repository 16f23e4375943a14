"""Turns: threads that want the same thing have it one after the other, in the order in which they came.

SQLite lets one transaction write at a time, and has the others look again after a while, ever longer: whoever comes
just then goes first, and some wait for seconds where others do not wait at all.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock

__all__ = ["Turns"]


class Turns:
    """A lock that is handed over to whoever has waited longest."""

    def __init__(self) -> None:
        self._guard, self._taken = Lock(), False
        self._waiting: deque[Event] = deque()

    @contextmanager
    def taken(self, *, within: float) -> Iterator[None]:
        """Have it, for as long as the block runs. Raises `TimeoutError` where that is not so within some seconds."""
        mine = self._queue()
        if not mine.wait(within) and self._left(mine):
            raise TimeoutError
        try:
            yield
        finally:
            self._hand_over()

    def _queue(self) -> Event:
        mine = Event()
        with self._guard:
            if self._taken:
                self._waiting.append(mine)
            else:
                self._taken = True
                mine.set()
        return mine

    def _left(self, mine: Event) -> bool:
        """Wait no longer; false where the turn came all the same."""
        with self._guard:
            if mine.is_set():
                return False
            self._waiting.remove(mine)
            return True

    def _hand_over(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False
