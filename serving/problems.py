"""Errors as callers see them: RFC 9457 problem details with a stable `code`."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from features.errors import FeaturesError
from serving.errors import GoodfaithError
from serving.statuses import answer_to

__all__ = ["Problem", "documented", "explain", "problem", "problem_of"]

_REFUSALS = {
    404: ("route_unknown", "there is no such route"),
    405: ("method_not_allowed", "this route does not take that method; see the header Allow"),
    413: ("body_too_large", "the body is larger than this route takes"),
}
_LONGEST_DETAIL = 200

#: What an answer's header says besides: how to be let in, and after how many seconds to ask again.
_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "1"}, 503: {"Retry-After": "5"}}


class Problem(BaseModel):
    """What went wrong (RFC 9457); `code` is stable, the sentences are not."""

    type: str = "about:blank"
    title: str = Field(description="The HTTP status in words")
    status: int
    code: str = Field(description="What went wrong, for programs")
    detail: str = Field(description="What went wrong, for people")


def problem(status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A problem as an HTTP answer."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, code=code, detail=detail[:_LONGEST_DETAIL])
    return JSONResponse(body.model_dump(), status, headers, media_type="application/problem+json")


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of the problems that a route may answer with."""
    content = {"application/problem+json": {"schema": Problem.model_json_schema()}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def explain(app: FastAPI) -> None:
    """Make every error of `app` answer as a problem."""
    app.add_exception_handler(GoodfaithError, _known)
    app.add_exception_handler(FeaturesError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def _known(_: Request, error: Exception) -> JSONResponse:
    return problem_of(error)


def problem_of(error: Exception) -> JSONResponse:
    """What a caller is told of an error of ours."""
    status, code = answer_to(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        # An error without a row of the table was never meant for callers, so neither is its sentence.
        return problem(status, code, "something went wrong on our side")
    if isinstance(error, FeaturesError):
        return problem(status, code, "the store does not answer", _HEADERS.get(status))
    return problem(status, code, str(error), _HEADERS.get(status))


def _invalid(_: Request, error: Exception) -> JSONResponse:
    """The first mistake only: enough to mend it, and no tour of the schema."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - narrows the type that Starlette declares too widely
    first = error.errors()[0]
    where = " ".join(str(part) for part in first["loc"])[:80]
    return problem(422, "invalid", f"{where}: {first['msg']}")


def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - narrows the type that Starlette declares too widely
    if error.status_code == HTTPStatus.BAD_REQUEST:
        # What the framework says of a body that is no text, or nested too deeply to be read.
        return problem(422, "invalid", "body: it cannot be read as JSON")
    code, detail = _REFUSALS.get(error.status_code, ("refused", str(error.detail)))
    return problem(error.status_code, code, detail, error.headers)
