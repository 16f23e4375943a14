"""What a caller may send at all."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.auth import REFUSAL, looks_like_key
from serving.problems import problem

__all__ = ["LARGER_BODIES", "LARGEST_BODY", "Limits", "announced", "has_body"]

#: Bytes; a decision needs a few hundred. 4 MB leaves room for lists of ids.
LARGEST_BODY = 4_000_000
#: A thousand events with texts need more.
LARGER_BODIES: Mapping[str, int] = {"/v1/events": 16_000_000}

_TOO_LARGE = "the body is larger than this route takes"


class Limits:
    """ASGI middleware: a body beyond the limit is refused, whether it says how large it is or not.

    A path with a NUL names nothing: no stored text can hold one, and PostgreSQL refuses to look for it.
    """

    def __init__(self, app: ASGIApp, *, largest: int = LARGEST_BODY, larger: Mapping[str, int] = LARGER_BODIES) -> None:
        self.app, self.largest, self.larger = app, largest, larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on unless it says that it is too large; count what comes."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if "\x00" in scope["path"]:
            await problem(404, "route_unknown", "there is no such route")(scope, receive, send)
            return
        if scope["path"].startswith("/v1/") and has_body(scope) and not _shows_key(scope):
            refusal = problem(401, "unauthenticated", REFUSAL, {"WWW-Authenticate": "Bearer"})
            await refusal(scope, receive, send)
            return
        most = self.larger.get(scope["path"], self.largest)
        if announced(scope) > most:
            await problem(413, "body_too_large", _TOO_LARGE)(scope, receive, send)
            return
        await self.app(scope, _counting(receive, most), send)


def _shows_key(scope: Scope) -> bool:
    """Whether a key is shown that could be one: of anybody else the body is not even read."""
    return looks_like_key(dict(scope["headers"]).get(b"authorization", b"").decode("latin-1"))


def has_body(scope: Scope) -> bool:
    """Whether a body comes with a request."""
    headers = dict(scope["headers"])
    return b"transfer-encoding" in headers or announced(scope) > 0


def announced(scope: Scope) -> int:
    """What the header Content-Length says, 0 without one that can be read."""
    said = dict(scope["headers"]).get(b"content-length", b"0")
    return int(said[:20]) if said.isdigit() else 0


def _counting(receive: Receive, most: int) -> Receive:
    """The same, until more has come than may."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise HTTPException(413, _TOO_LARGE)
        return message

    return counted
