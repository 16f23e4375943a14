"""Where notifications go: a web address, a stream of Redis, or a file of JSON lines.

Each is told of a message once more when it was not sure to have it, so whoever reads there goes by the id.
"""

import hashlib
import hmac
import os
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit, urlunsplit

from serving.errors import NotHandedOn, TargetUnusable
from serving.notifications.outbox import Message

__all__ = ["JsonLines", "Target", "WebAddress", "target_at"]

#: Seconds that another system may take to answer.
_PATIENCE = 5.0


class Target(Protocol):
    """Takes messages."""

    def send(self, message: Message) -> None:
        """Hand a message on. Raises `NotHandedOn`."""

    def close(self) -> None:
        """Hang up."""


def target_at(url: str, *, secret: str = "") -> Target:
    """What takes messages at a URL: `https://...`, `redis://.../0?stream=NAME`, `file:///...`.

    Raises `TargetUnusable`.
    """
    parts = urlsplit(url)
    match parts.scheme:
        case "http" | "https" if parts.hostname:
            return WebAddress(parts, secret=secret)
        case "redis" | "rediss" if parts.hostname:
            return _stream_at(parts)
        case "file" if parts.path and not parts.netloc:
            return JsonLines(Path(unquote(parts.path)))
        case _:
            raise TargetUnusable("GOODFAITH_NOTIFY_URL begins with https://, http://, redis://, rediss:// or file:///")


class WebAddress:
    """Posts each message as JSON; any answer of 2xx means that it was taken.

    With a secret each is signed: `Goodfaith-Signature` is `sha256=` and the HMAC of the body in hex.
    """

    def __init__(self, parts: SplitResult, *, secret: str) -> None:
        self._parts, self._secret = parts, secret.encode()

    def send(self, message: Message) -> None:
        """Post a message. Raises `NotHandedOn`."""
        body = message.text().encode()
        headers = {"Content-Type": "application/json", "Goodfaith-Message": str(message.id)}
        if self._secret:
            headers["Goodfaith-Signature"] = f"sha256={hmac.new(self._secret, body, hashlib.sha256).hexdigest()}"
        connection = self._connection()
        try:
            connection.request("POST", self._path(), body, headers)
            status = connection.getresponse().status
        except (OSError, HTTPException) as error:
            raise NotHandedOn(f"it does not answer: {type(error).__name__}") from error
        finally:
            connection.close()
        # What points elsewhere is not followed: the address is one that somebody chose.
        if not 200 <= status < 300:
            raise NotHandedOn(f"it answers {status}")

    def close(self) -> None:
        """Hang up; nothing is kept open."""

    def _connection(self) -> HTTPConnection:
        kind: Callable[..., HTTPConnection] = HTTPSConnection if self._parts.scheme == "https" else HTTPConnection
        return kind(self._parts.hostname, self._parts.port, timeout=_PATIENCE)

    def _path(self) -> str:
        return (self._parts.path or "/") + (f"?{self._parts.query}" if self._parts.query else "")


class JsonLines:
    """Appends each message to a file as a line, which is on disk when it counts as handed on."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, message: Message) -> None:
        """Append a message. Raises `NotHandedOn`."""
        try:
            with self._path.open("ab+") as file:
                # A line that was cut off by a crash stays a line of its own.
                begins = b"\n" if file.tell() and not _ends_line(file.fileno(), file.tell()) else b""
                file.write(begins + message.text().encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise NotHandedOn(f"the file cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """Hang up; nothing is kept open."""


def _ends_line(file: int, size: int) -> bool:
    return os.pread(file, 1, size - 1) == b"\n"


class _RedisStream:
    """Adds each message to a stream, in the field `message`."""

    def __init__(self, url: str, stream: str) -> None:
        from redis import Redis

        self._redis, self._stream = (
            Redis.from_url(url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE),
            stream,
        )

    def send(self, message: Message) -> None:
        from redis.exceptions import RedisError

        try:
            self._redis.xadd(self._stream, {"message": message.text()})
        except (RedisError, OSError) as error:
            raise NotHandedOn(f"it does not answer: {type(error).__name__}") from error

    def close(self) -> None:
        self._redis.close()


def _stream_at(parts: SplitResult) -> Target:
    asked = parse_qs(parts.query)
    streams = asked.pop("stream", [])
    if len(streams) != 1 or asked:
        raise TargetUnusable("a Redis that is notified names its stream: redis://HOST:PORT/0?stream=NAME")
    try:
        return _RedisStream(urlunsplit(parts._replace(query="")), streams[0])
    except ImportError as error:
        raise TargetUnusable("a stream of Redis needs the extra: pip install 'goodfaith[broker]'") from error
