"""What every console route stands on: the service, the pages, and who is sitting in front of them."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Form, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from features.errors import FeaturesError
from serving.console import words
from serving.console.pages import HEADERS, Pages
from serving.errors import GoodfaithError, SessionMissing
from serving.people import People
from serving.service import Service
from serving.sessions import Session, Sessions
from serving.statuses import answer_to

__all__ = ["COOKIE", "Desk", "see_other"]

COOKIE = "goodfaith_session"

_EXPECTED = (GoodfaithError, FeaturesError, RequestValidationError, HTTPException)
_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A reviewer's desk."""

    service: Service
    pages: Pages

    @property
    def people(self) -> People:
        """Who may log in."""
        return People(self.service.engine)

    @property
    def sessions(self) -> Sessions:
        """Who is logged in."""
        return Sessions(self.service.engine)

    def reader(self, request: Request) -> Session:
        """Whoever is logged in; a dependency of every page. Raises `SessionMissing`."""
        token = request.cookies.get(COOKIE)
        session = self.sessions.find(token, now=self.service.clock()) if token else None
        if session is None:
            raise SessionMissing("nobody is logged in here, or no longer")
        request.state.session = session
        return session

    def author(self, request: Request, csrf: Annotated[str, Form()] = "") -> Session:
        """Whoever is logged in and sent a form of ours; a dependency of every change. Raises `FormForged` too."""
        session = self.reader(request)
        session.check(csrf)
        return session

    async def trouble(self, request: Request, error: Exception) -> Response:
        """An error as a page. What somebody wrote into a form stands on it: their words must not be lost."""
        if isinstance(error, SessionMissing) and request.method == "GET":
            return see_other(f"/console/login?next={quote(_address(request), safe='')}")
        status, code = _answer_to(error)
        otherwise = "unavailable" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid"
        headline, advice = words.TROUBLES.get(code, words.TROUBLES[otherwise])
        written = (await request.form()).get("reason", "") if isinstance(error, GoodfaithError) else ""
        return self.pages.page(
            request, "trouble.html", status=status, headline=headline, advice=advice, written=str(written)[:10_000]
        )

    def route(self) -> type[APIRoute]:
        """The kind of route that the console has: errors are pages, and every answer carries the headers."""
        desk = self

        class ConsoleRoute(APIRoute):
            def get_route_handler(self) -> _Handler:
                answer = super().get_route_handler()

                async def handle(request: Request) -> Response:
                    try:
                        _check_address(request)
                        response = await answer(request)
                    except _EXPECTED as error:
                        response = await desk.trouble(request, error)
                    for name, value in HEADERS.items():
                        response.headers.setdefault(name, value)
                    return response

                return handle

        return ConsoleRoute


def see_other(where: str) -> RedirectResponse:
    """An answer that sends the browser on with a GET, so that reloading the next page repeats nothing."""
    return RedirectResponse(where, HTTPStatus.SEE_OTHER.value)


def _check_address(request: Request) -> None:
    """Refuse a NUL, which no stored text can hold and PostgreSQL refuses to look for."""
    if "%00" in request.url.query:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY.value)


def _answer_to(error: Exception) -> tuple[int, str]:
    if isinstance(error, RequestValidationError):
        return HTTPStatus.UNPROCESSABLE_ENTITY, "invalid"
    if isinstance(error, HTTPException):
        return error.status_code, "invalid"
    return answer_to(error)


def _address(request: Request) -> str:
    return quote(request.url.path) + (f"?{request.url.query}" if request.url.query else "")
