"""The time as the service tells it: never earlier than before, and in doubt where the machine's clock has jumped.

A machine's clock may be put forwards or back by hours. What expires would expire too soon or never, and a decision
could look back past the one before it. So a service that runs goes on by its own ticks, and says so, until the
machine's clock agrees with them again.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

__all__ = ["TOLERANCE", "SteadyClock", "uptime"]

#: How far the machine's clock may be from what the ticks say, and from what the store has seen. As far ahead of us as
#: a sender's clock may be.
TOLERANCE = timedelta(minutes=5)


def uptime() -> float:
    """Seconds since the machine was started, also those in which it slept; nobody can put them forwards or back."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class SteadyClock:
    """Tells the time by a clock on the wall, as long as that agrees with `ticks`, and by the ticks where it does not.

    Any thread may ask.
    """

    def __init__(self, wall: Callable[[], datetime], ticks: Callable[[], float] = uptime) -> None:
        self._wall, self._ticks = wall, ticks
        self._lock = threading.Lock()
        self._line, self._at = wall(), ticks()
        self._told = self._floor = self._line
        self._apart = timedelta(0)

    def __call__(self) -> datetime:
        """The time, aware, UTC."""
        with self._lock:
            wall, ticks = self._wall(), self._ticks()
            due = self._line + timedelta(seconds=ticks - self._at)
            self._apart = wall - due
            self._line, self._at = wall if abs(self._apart) <= TOLERANCE else due, ticks
            self._told = max(self._told, self._line, self._floor)
            return self._told

    def saw(self, moment: datetime) -> None:
        """Learn that the store has seen a moment: while that is yet to come, time stands still, and is in doubt."""
        if moment - self() > TOLERANCE:
            self._floor = moment

    @property
    def trouble(self) -> str:
        """Why the time may be wrong; "" where nothing says so."""
        self()
        behind = self._floor - self._line
        if abs(self._apart) > TOLERANCE:
            way = "forwards" if self._apart > timedelta(0) else "back"
            return f"the machine's clock has jumped {way} by {abs(self._apart).total_seconds():.0f} seconds"
        if behind > TOLERANCE:
            return f"the machine's clock is {behind.total_seconds():.0f} seconds behind what the store has seen"
        return ""
