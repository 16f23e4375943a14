"""A load generator: HTTP/1.1 over connections that stay open, as fast as answers come or at a fixed rate.

At a fixed rate every request has its moment by the clock, and its time is counted from that moment: one that must wait
because an earlier one is late has waited (no coordinated omission). What the generator itself is late by, up to a
millisecond, counts too.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

__all__ = ["Load", "Told", "at_full_speed", "at_rate", "request"]


@dataclass(slots=True)
class Told:
    """What came of a load: the time of each answer (seconds), statuses, the last bodies, and the time of all."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    bodies: deque[bytes] = field(default_factory=lambda: deque(maxlen=2000))
    took: float = 0.0

    def milliseconds(self, percent: float) -> float:
        """The time within which so many per cent were answered."""
        return float(np.percentile(self.seconds, percent)) * 1000


def request(
    method: str, path: str, *, key: str = "", body: bytes = b"", headers: Mapping[str, str] | None = None
) -> bytes:
    """A request as it goes over the wire."""
    named = {"Host": "127.0.0.1", **({"Authorization": f"Bearer {key}"} if key else {}), **(headers or {})}
    if body:
        named |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


class Load:
    """Requests in their order, each with the moment from which its time counts, and what was told to each."""

    def __init__(self, port: int, requests: Sequence[bytes], *, per_second: float | None = None) -> None:
        self.told = Told()
        self.port = port
        self.per_second = per_second
        self._left = iter(requests)
        self._count = len(requests)
        self._waiting: deque[tuple[bytes, float]] = deque()
        self._idle: list[_Connection] = []
        self._opened: list[_Connection] = []
        self._done = asyncio.get_running_loop().create_future()

    def free(self, connection: "_Connection") -> None:
        """Give a connection its next request, if there is one."""
        if self.per_second is None:
            self._take_next(connection)
        elif self._waiting:
            connection.send(*self._waiting.popleft())
        else:
            self._idle.append(connection)

    def _take_next(self, connection: "_Connection") -> None:
        for one in self._left:
            connection.send(one, time.perf_counter())
            return

    def answered(self, since: float, status: int, body: bytes) -> None:
        """Note an answer."""
        told = self.told
        told.seconds.append(time.perf_counter() - since)
        told.statuses[status] += 1
        told.bodies.append(body)
        if len(told.seconds) == self._count:
            self._done.set_result(None)

    def lost(self, connection: "_Connection", error: Exception | None) -> None:
        """Replace a connection that was closed while it was idle; no server should close another one."""
        if self._done.done():
            return
        if connection in self._idle:
            self._idle.remove(connection)
            self._opening = asyncio.ensure_future(self.open())
        else:
            self._done.set_exception(ConnectionError(f"the server closed a connection: {error}"))

    async def open(self) -> None:
        """Open one more connection, and use it."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self.port)
        self._opened.append(connection)
        self.free(connection)

    def close(self) -> None:
        """Close every connection."""
        for connection in self._opened:
            connection.close()

    async def finish(self) -> Told:
        """Send what is to be sent at its moments, and wait for every answer."""
        began = time.perf_counter()
        if self.per_second is not None:
            for number, one in enumerate(self._left):
                await self._send_at(began + number / self.per_second, one)
        await self._done
        self.told.took = time.perf_counter() - began
        return self.told

    async def _send_at(self, moment: float, one: bytes) -> None:
        wait = moment - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        if self._idle:
            # Each in turn: one that is idle for long is closed by the server.
            self._idle.pop(0).send(one, moment)
        else:
            self._waiting.append((one, moment))


class _Connection(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._since = 0.0
        self._come = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self._load.lost(self, error)

    def close(self) -> None:
        self._transport.close()

    def send(self, what: bytes, since: float) -> None:
        self._since = since
        self._transport.write(what)

    def data_received(self, data: bytes) -> None:
        self._come += data
        head, blank, body = self._come.partition(b"\r\n\r\n")
        if blank and len(body) >= _length(head):
            self._come = b""
            self._load.answered(self._since, int(head[9:12]), body)
            self._load.free(self)


def _length(head: bytes) -> int:
    place = head.lower().index(b"content-length:") + len(b"content-length:")
    return int(head[place:].split(b"\r\n", 1)[0])


def at_full_speed(port: int, requests: Sequence[bytes], *, connections: int) -> Told:
    """Ask on every connection again as soon as it is answered."""
    return asyncio.run(_run(port, requests, connections, None))


def at_rate(port: int, requests: Sequence[bytes], *, per_second: float, connections: int) -> Told:
    """Ask so many times a second, whether or not there is an answer yet."""
    return asyncio.run(_run(port, requests, connections, per_second))


async def _run(port: int, requests: Sequence[bytes], connections: int, per_second: float | None) -> Told:
    load = Load(port, requests, per_second=per_second)
    try:
        for _ in range(connections):
            await load.open()
        return await load.finish()
    finally:
        load.close()
