"""Back-pressure: who comes when too much is waiting is told so at once, instead of waiting with all others.

A process that takes in more than it can do answers ever later, until callers give up and ask again. A room holds what
it can do in good time; the next caller gets 429 and when to ask again, before a byte of the body is read.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock

from starlette.types import ASGIApp, Receive, Scope, Send

from serving.errors import TooBusy
from serving.limits import LARGEST_BODY, announced, has_body
from serving.metrics import Metrics
from serving.problems import problem_of

__all__ = ["Pressure", "Room", "rooms"]

_TOLD = "too much is waiting to be done; nothing of this was done, ask again a little later"


class Room:
    """What may be under way at once: so many requests, and so many bytes of what they sent. Any thread may use it."""

    def __init__(self, *, requests: int, size: int) -> None:
        self._requests, self._size = requests, size
        self._here, self._held = 0, 0
        self._lock = Lock()

    @contextmanager
    def entered(self, size: int = 0) -> Iterator[None]:
        """Be in it, with a body of some bytes. Raises `TooBusy` where it is full."""
        self._enter(size)
        try:
            yield
        finally:
            with self._lock:
                self._here, self._held = self._here - 1, self._held - size

    def _enter(self, size: int) -> None:
        with self._lock:
            # Whoever is alone gets in, however much it brings: else it never would.
            if self._here and (self._here >= self._requests or self._held + size > self._size):
                raise TooBusy(_TOLD)
            self._here, self._held = self._here + 1, self._held + size


def rooms() -> Mapping[str, Room]:
    """A process's rooms, by the beginning of the paths that lead into each.

    What comes at the same time is taken in, or decided, together, some thousands of events and some hundreds of
    decisions a second; so the last in a room waits a few seconds, half of what a caller waits for.
    """
    return {
        "/v1/events": Room(requests=256, size=8_000_000),
        "/v1/refunds/decisions": Room(requests=512, size=8_000_000),
        "/v1/programmes/": Room(requests=128, size=8_000_000),
        "/v1/complaints": Room(requests=128, size=32_000_000),
    }


class Pressure:
    """ASGI middleware: what changes something waits in its room, or is turned away with 429."""

    def __init__(self, app: ASGIApp, *, rooms: Mapping[str, Room], metrics: Metrics) -> None:
        self.app, self.rooms, self.metrics = app, rooms, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on where there is room."""
        found = self._room_of(scope)
        if found is None:
            await self.app(scope, receive, send)
            return
        path, room = found
        try:
            with room.entered(_size_of(scope)):
                await self.app(scope, receive, send)
        except TooBusy as full:
            self.metrics.turned_away(path)
            await problem_of(full)(scope, receive, send)

    def _room_of(self, scope: Scope) -> tuple[str, Room] | None:
        if scope["type"] != "http" or scope["method"] != "POST":
            return None
        return next(((path, room) for path, room in self.rooms.items() if scope["path"].startswith(path)), None)


def _size_of(scope: Scope) -> int:
    """How large a body is, as far as it says so."""
    return announced(scope) or (LARGEST_BODY if has_body(scope) else 0)
