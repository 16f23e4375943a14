"""The two calls that come by the thousand, answered before the framework looks at them.

A framework's way from layer to layer costs more than a decision. So what is asked for plainly is answered here: a
refund to be decided on, or a latest score, with a key that is known, and nothing unusual about it. All else, and every
mistake, goes on to the framework's routes, which are the documented contract. Both use the same parts, and a test holds
them to the same answers.
"""

from collections.abc import Mapping
from types import SimpleNamespace

from pydantic import ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from features.errors import FeaturesError
from serving.api import refunds, scores
from serving.api.callers import known_caller
from serving.auth import Caller
from serving.errors import GoodfaithError, IdempotencyKeyInvalid, IdempotencyKeyMissing
from serving.idempotency import Answer
from serving.problems import problem_of
from serving.refunds import RefundAsked
from serving.schemas import RefundBody
from serving.service import Service
from serving.together import Together

__all__ = ["Shortcut"]

_Headers = Mapping[bytes, bytes]

#: Bytes; a decision needs a few hundred.
_PLAIN_BODY = 16_384
_SCORE_BEGINS, _SCORE_ENDS = scores.ROUTE.split("{merchant_id:path}")


class Shortcut:
    """ASGI middleware next to the framework's routes; what it does not know it leaves to them."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        service: Service,
        refunds: Together[RefundAsked, Answer],
        scores: Together[str, str | None],
    ) -> None:
        self.app, self.service, self.refunds, self.scores = app, service, refunds, scores

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is asked for plainly, and pass on the rest."""
        if scope["type"] == "http" and not scope["query_string"]:
            method, path = scope["method"], scope["path"]
            if method == "POST" and path == refunds.ROUTE:
                return await self._refund(scope, receive, send)
            if method == "GET" and path.startswith(_SCORE_BEGINS) and path.endswith(_SCORE_ENDS):
                return await self._score(scope, receive, send)
        return await self.app(scope, receive, send)

    async def _refund(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        caller = self._caller(headers, "refunds:decide")
        if caller is None or not _is_plain(headers):
            return await self.app(scope, receive, send)
        body = await _whole(receive)
        wish = _wish(body, caller, headers) if body is not None else None
        if wish is None:
            return await self.app(scope, _again(body, receive), send)
        scope["route"] = _REFUNDS
        try:
            answer = await self.refunds.ask(wish)
        except (GoodfaithError, FeaturesError) as error:
            return await problem_of(error)(scope, receive, send)
        return await _answer(send, answer.status, answer.body)

    async def _score(self, scope: Scope, receive: Receive, send: Send) -> None:
        merchant_id = scope["path"][len(_SCORE_BEGINS) : -len(_SCORE_ENDS)]
        if not merchant_id or self._caller(dict(scope["headers"]), "scores:read") is None:
            return await self.app(scope, receive, send)
        try:
            found = await self.scores.ask(merchant_id)
        except (GoodfaithError, FeaturesError) as error:
            return await problem_of(error)(scope, receive, send)
        if found is None:
            return await self.app(scope, receive, send)
        scope["route"] = _SCORES
        return await _answer(send, 200, found)

    def _caller(self, headers: _Headers, scope: str) -> Caller | None:
        """Who calls, where that was found out a moment ago, and the scope is theirs."""
        scheme, _, presented = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        caller = known_caller(self.service, presented) if scheme == "Bearer" else None
        return caller if caller and scope in caller.scopes else None


#: What the log calls the routes.
_REFUNDS, _SCORES = SimpleNamespace(path=refunds.ROUTE), SimpleNamespace(path=scores.ROUTE)


def _is_plain(headers: _Headers) -> bool:
    length = headers.get(b"content-length", b"")
    return headers.get(b"content-type") == b"application/json" and length.isdigit() and int(length) <= _PLAIN_BODY


async def _whole(receive: Receive) -> bytes | None:
    """The body, read to its end; None where the caller went away."""
    body = bytearray()
    while (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)
    return None


def _again(body: bytes | None, receive: Receive) -> Receive:
    """The same once more, for whoever is next."""
    first = [{"type": "http.disconnect"} if body is None else {"type": "http.request", "body": body}]

    async def again() -> Message:
        return first.pop() if first else await receive()

    return again


def _wish(body: bytes, caller: Caller, headers: _Headers) -> RefundAsked | None:
    """What is asked for; None where there is anything wrong with it."""
    try:
        wanted = RefundBody.model_validate_json(body)
        return refunds.asked_by(caller, wanted, headers.get(b"idempotency-key", b"").decode("latin-1"))
    except (ValidationError, IdempotencyKeyMissing, IdempotencyKeyInvalid):
        return None


async def _answer(send: Send, status: int, text: str) -> None:
    body = text.encode()
    headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
