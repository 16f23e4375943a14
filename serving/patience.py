"""A registry that may say nothing at all: it is waited for a little, and then is as good as gone."""

import threading
import time
from collections.abc import Callable

from scoring.bundle import Bundle
from serving.champions import Champions

__all__ = ["Patient"]

Found = tuple[str, Bundle] | None

#: Seconds; a registry looks a name up in milliseconds, and a new bundle takes one or two.
_WAITS = 3.0


#: Seconds; what talks to a registry is loaded with the first question.
_WAITS_AT_FIRST = 30.0


class Patient:
    """The champions of a registry, or `TimeoutError` where it does not answer in time.

    Whoever asks holds others up, such as all who want to know whether the service is ready. So the question goes on in
    a thread of its own, one for each model, and nobody waits for one that has taken too long already.
    """

    def __init__(self, champions: Champions, *, waits: float = _WAITS) -> None:
        self._champions, self._waits = champions, waits
        self._lock = threading.Lock()
        self._asked: dict[tuple[str, str], _Question] = {}
        self._heard = False

    def champion(self, target: str) -> Found:
        """As `Champions.champion`."""
        return self._answer("champion", target, self._champions.champion)

    def challenger(self, target: str) -> Found:
        """As `Champions.challenger`."""
        return self._answer("challenger", target, self._champions.challenger)

    def _answer(self, role: str, target: str, find: Callable[[str], Found]) -> Found:
        waits = self._waits if self._heard else max(self._waits, _WAITS_AT_FIRST)
        found = self._question(role, target, find).answer(waits)
        self._heard = True
        return found

    def _question(self, role: str, target: str, find: Callable[[str], Found]) -> "_Question":
        with self._lock:
            asked = self._asked.get((role, target))
            if asked is None or asked.answered:
                asked = self._asked[role, target] = _Question(lambda: find(target))
            return asked


class _Question:
    """Something that was asked, and is being answered in a thread of its own."""

    def __init__(self, find: Callable[[], Found]) -> None:
        self._find = find
        self._found: Found = None
        self._error: Exception | None = None
        self._done, self._since = threading.Event(), time.monotonic()
        threading.Thread(target=self._run, name="registry", daemon=True).start()

    @property
    def answered(self) -> bool:
        return self._done.is_set()

    def answer(self, waits: float) -> Found:
        """The answer, which may be an error, once it is there; `TimeoutError` where all in all it takes longer."""
        if not self._done.wait(max(self._since + waits - time.monotonic(), 0)):
            raise TimeoutError
        if self._error:
            raise self._error
        return self._found

    def _run(self) -> None:
        try:
            self._found = self._find()
        except Exception as error:
            self._error = error
        self._done.set()
