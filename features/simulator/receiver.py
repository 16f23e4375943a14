"""A running service as a sender of events sees it: one connection, and patience where that can help."""

import json
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from features.errors import StreamFailed

__all__ = ["AT_ONCE", "Address", "Receiver", "Taken"]

#: Events in a request: the API takes no more.
AT_ONCE = 1000

#: Seconds: for one answer; between tries, the first and the longest; in which a service may be gone altogether.
_TIMEOUT, _FIRST_PAUSE, _LONGEST_PAUSE, _PATIENCE = 60.0, 0.5, 15.0, 300.0
_LARGEST_ANSWER = 4_000_000
_ROUTE = "/v1/events"

#: What the connection itself may raise; a host that is no name at all is a `UnicodeError`.
_LOST = (OSError, HTTPException, UnicodeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a service answers; a key goes there, so it is this machine or encrypted."""

    secure: bool
    host: str
    port: int | None
    path: str

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Read a URL, as `goodfaith serve` prints it. Raises `ValueError` with what is wrong.

        >>> str(Address.parse("http://127.0.0.1:8000/"))
        'http://127.0.0.1:8000'
        """
        parts = urlsplit(url)
        # Line ends are dropped by `urlsplit`, and are no part of any address.
        if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable() or " " in url:
            raise ValueError("it is no URL like http://127.0.0.1:8000")
        host, port = parts.hostname, parts.port
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            raise ValueError("it is more than the address of a service; the key is read from GOODFAITH_KEY")
        if parts.scheme == "http" and not _is_loopback(host):
            raise ValueError("the key would travel unencrypted; plain http is for this machine only, use https")
        return cls(secure=parts.scheme == "https", host=host, port=port, path=parts.path.rstrip("/"))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' * self.secure}://{host}{f':{self.port}' if self.port is not None else ''}{self.path}"

    def connection(self) -> HTTPConnection:
        """A connection that is opened by its first request."""
        if not self.secure:
            return HTTPConnection(self.host, self.port, timeout=_TIMEOUT)
        return HTTPSConnection(self.host, self.port, timeout=_TIMEOUT, context=ssl.create_default_context())


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of the events of one request; `rejected` are pairs of a code and a sentence."""

    accepted: int
    duplicates: int
    rejected: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    content: Any


class _NotNow(Exception):
    """It may work later; `wait` is in how many seconds, where the service says so."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class Receiver:
    """Sends events to a service.

    A request is tried again, under the same Idempotency-Key, when the connection fails or the answer is 429 or 5xx.
    Not so at first: a service that was never reached is not waited for. `say` is told when waiting begins and ends.
    """

    def __init__(
        self, address: Address, key: str, *, sleep: Callable[[float], None], say: Callable[[str], None]
    ) -> None:
        self._address, self._sleep, self._say = address, sleep, say
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._connection = address.connection()
        self._reached = False

    def greet(self) -> None:
        """Find out whether events would be taken, by sending none. Raises `StreamFailed`."""
        self.send([])

    def send(self, events: Sequence[str]) -> Taken:
        """Send events (JSON texts, at most `AT_ONCE`); once this returns, what was accepted is durable.

        Raises `StreamFailed` when the service refuses them, or does not answer for minutes.
        """
        body = f'{{"events":[{",".join(events)}]}}'.encode()
        headers = {**self._headers, "Idempotency-Key": uuid4().hex}
        waited, pause = 0.0, _FIRST_PAUSE
        while True:
            try:
                taken = self._once(body, headers)
            except _NotNow as later:
                wait = pause if later.wait is None else later.wait
                if waited + wait > _PATIENCE:
                    raise StreamFailed(f"{self._address} {later}; gave up after {waited:.0f} s") from later
                if not waited:
                    self._say(f"{self._address} {later}; trying again for up to {_PATIENCE / 60:.0f} minutes")
                self._sleep(wait)
                waited, pause = waited + wait, min(2 * pause, _LONGEST_PAUSE)
                continue
            if waited:
                self._say(f"{self._address} answers again after {waited:.1f} s")
            return taken

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _once(self, body: bytes, headers: Mapping[str, str]) -> Taken:
        try:
            answer = self._ask(body, headers)
        except _LOST as error:
            why = f"does not answer: {_plain(getattr(error, 'strerror', None) or str(error) or type(error).__name__)}"
            if self._reached:
                raise _NotNow(why) from error
            raise StreamFailed(f"{self._address} {why}") from error
        self._reached = True
        if answer.status == 200:
            return self._taken(answer.content)
        if answer.status == 429 or answer.status >= 500:
            raise _NotNow(f"answers {_told(answer)}", _retry_after(answer.headers))
        raise StreamFailed(f"{self._address} answers {_told(answer)}{_advice(answer)}")

    def _ask(self, body: bytes, headers: Mapping[str, str]) -> _Answer:
        """One request and its answer. A connection that the service closed while it was idle is opened anew."""
        idle = self._connection.sock is not None
        try:
            return self._exchange(body, headers)
        except _LOST:
            self.close()
            if not idle:
                raise
        try:
            return self._exchange(body, headers)
        except _LOST:
            self.close()
            raise

    def _exchange(self, body: bytes, headers: Mapping[str, str]) -> _Answer:
        try:
            self._connection.request("POST", self._address.path + _ROUTE, body, dict(headers))
        except (BrokenPipeError, ConnectionResetError):
            # A service may refuse before it has read all of a body: why is worth more than that it hung up.
            answer = self._read()
            self.close()
            return answer
        return self._read()

    def _read(self) -> _Answer:
        with self._connection.getresponse() as response:
            text = response.read(_LARGEST_ANSWER)
            named = {name.lower(): value for name, value in response.getheaders()}
        return _Answer(status=response.status, headers=named, content=_parsed(text))

    def _taken(self, content: Any) -> Taken:
        try:
            rejected = tuple((_plain(str(one["code"])), _plain(str(one["detail"]))) for one in content["rejected"])
            return Taken(accepted=int(content["accepted"]), duplicates=int(content["duplicates"]), rejected=rejected)
        except (TypeError, ValueError, LookupError) as error:
            raise StreamFailed(f"{self._address} does not answer as Goodfaith does") from error


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _plain(text: str) -> str:
    """What another system says, fit for a terminal.

    >>> _plain("gone" + chr(27) + "[31m")
    'gone?[31m'
    """
    return "".join(c if c.isprintable() else "?" for c in text[:300])


def _told(answer: _Answer) -> str:
    """Status, code and detail of an answer that is a problem (RFC 9457), or else the status alone."""
    if not isinstance(answer.content, dict):
        return str(answer.status)
    said = [str(answer.content[name]) for name in ("code", "detail") if name in answer.content]
    return _plain(" ".join([str(answer.status), ": ".join(said)]).strip())


def _advice(answer: _Answer) -> str:
    """What mends an answer that waiting does not mend."""
    if answer.status in (301, 302, 303, 307, 308):
        return f" and points to {_plain(answer.headers.get('location', 'nowhere'))}; give that address"
    return _ADVICE.get(answer.status, "")


_ADVICE = {
    401: "; GOODFAITH_KEY is not a key of this service: `goodfaith keys add NAME --scope events:write` makes one",
    403: "; the key in GOODFAITH_KEY needs the scope events:write",
    404: "; is this the address of Goodfaith, as `goodfaith serve` prints it?",
}


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from the header Retry-After: a number, or a moment by the service's own clock.

    >>> _retry_after({"retry-after": "3"})
    3.0
    >>> _retry_after({"retry-after": "Fri, 31 Dec 2027 23:59:59 GMT", "date": "Fri, 31 Dec 2027 23:59:49 GMT"})
    10.0
    """
    said = headers.get("retry-after", "")
    if said.isascii() and said.isdigit():
        return float(said[:9])
    try:
        wait = parsedate_to_datetime(said) - parsedate_to_datetime(headers["date"])
    except (ValueError, TypeError, LookupError):
        return None
    return max(wait.total_seconds(), 0.0)
