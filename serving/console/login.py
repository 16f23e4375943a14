"""Logging in and out."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from serving.console.desk import COOKIE, Desk, see_other
from serving.errors import FormForged, LogInRefused, SessionMissing
from serving.sessions import LASTS, Session, same

__all__ = ["add_to"]

#: Holds the token of the log-in form: nobody is logged in yet, so no session can hold it.
FORM_COOKIE = "goodfaith_login"
HOME = "/console/cases"


def add_to(router: APIRouter, desk: Desk) -> None:
    """Add the routes."""

    @router.get("/console/login")
    def form(request: Request, next: str = HOME) -> Response:
        try:
            desk.reader(request)
        except SessionMissing:
            return _form(desk, request, onward=next)
        return see_other(_ours(next))

    @router.post("/console/login")
    def log_in(
        request: Request,
        name: Annotated[str, Form()] = "",
        password: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = HOME,
    ) -> Response:
        if not same(csrf, request.cookies.get(FORM_COOKIE, "")):
            raise FormForged("this log-in form is not one of ours, or is too old")
        now = desk.service.clock()
        try:
            user = desk.people.recognise(name.replace("\0", ""), password, now=now)
        except LogInRefused:
            return _form(desk, request, onward=next, name=name)
        # Whatever session the browser came with ends here: somebody else may know its token.
        desk.sessions.close(request.cookies.get(COOKIE, ""))
        response = see_other(_ours(next))
        response.delete_cookie(FORM_COOKIE, path="/console")
        _set(response, request, COOKIE, desk.sessions.open(user, now=now), seconds=int(LASTS.total_seconds()))
        return response

    @router.post("/console/logout")
    def log_out(request: Request, _author: Annotated[Session, Depends(desk.author)]) -> Response:
        desk.sessions.close(request.cookies[COOKIE])
        response = see_other("/console/login")
        response.delete_cookie(COOKIE, path="/console")
        return response


def _form(desk: Desk, request: Request, *, onward: str, name: str | None = None) -> Response:
    """The log-in form; with a name, after that name was refused."""
    token = secrets.token_urlsafe(32)
    values = {"csrf": token, "next": _ours(onward), "name": name or "", "refused": name is not None}
    response = desk.pages.page(request, "login/detail.html", status=200 if name is None else 401, **values)
    _set(response, request, FORM_COOKIE, token, seconds=3600)
    return response


def _set(response: Response, request: Request, name: str, value: str, *, seconds: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path="/console",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def _ours(address: str) -> str:
    """An address to go on to, where it is a page of the console; else the queue.

    >>> _ours("/console/merchants/m1"), _ours("//elsewhere.example"), _ours("/console/../v1")
    ('/console/merchants/m1', '/console/cases', '/console/cases')
    """
    plain = address.isascii() and address.isprintable() and "\\" not in address and "/../" not in address
    return address if plain and address.startswith("/console/") else HOME
