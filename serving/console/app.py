"""The reviewer's console, put on the app: pages for people beside the API for programs."""

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response

from serving.console import cases, decisions, login, merchants
from serving.console.desk import Desk, see_other
from serving.console.pages import Pages
from serving.errors import PageUnknown
from serving.service import Service

__all__ = ["add_to"]


def add_to(app: FastAPI, service: Service) -> None:
    """Add the console's routes; they need a log-in, and no API key opens them."""
    desk = Desk(service=service, pages=Pages(service))
    router = APIRouter(route_class=desk.route(), include_in_schema=False)

    @router.get("/console")
    def front() -> Response:
        return see_other("/console/cases")

    @router.get("/console/static/console.css")
    def style() -> Response:
        # The address holds the text's hash, so a browser may keep it until there is another.
        forever = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(desk.pages.style, media_type="text/css", headers=forever)

    for noun in (login, cases, merchants, decisions):
        noun.add_to(router, desk)

    # The last route of all: whatever else is asked for below the console.
    @router.get("/console/{rest:path}")
    def nowhere(request: Request, rest: str) -> Response:
        desk.reader(request)
        raise PageUnknown("the console has no such page")

    # The routes themselves, not a router of them: so whoever lists the app's routes sees each of these too.
    app.router.routes.extend(router.routes)
