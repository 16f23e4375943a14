"""Complaints about a merchant, from buyers, authorities and courts."""

from typing import Annotated

from fastapi import Depends, FastAPI, Response

from serving.api.callers import only_with
from serving.api.programmes import IdempotencyKey
from serving.auth import Caller
from serving.complaints.bodies import ComplaintAnswer, ComplaintBody
from serving.complaints.intake import receive
from serving.complaints.reader import Reader
from serving.idempotency import Asked, checked
from serving.plain import as_json
from serving.problems import documented
from serving.service import Service

__all__ = ["add_to"]

_ROUTE = "/v1/complaints"


def add_to(app: FastAPI, service: Service) -> None:
    """Add the route."""
    writer, reader = only_with(service, "cases:write"), Reader(service.champions)

    @app.post(
        _ROUTE,
        tags=["complaints"],
        response_model=ComplaintAnswer,
        responses=documented(401, 403, 404, 409, 413, 422, 429, 503),
    )
    def complaint(
        body: ComplaintBody, caller: Annotated[Caller, Depends(writer)], idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Take in a complaint: how grave it is, who deals with it, and by when; scope `cases:write`.

        It is stored as an event and given a case. With an `Idempotency-Key` a repeated request gets the answer that
        its first one got.
        """
        asked = None
        if idempotency_key is not None:
            text = as_json(body.model_dump(mode="json"))
            asked = Asked(caller=caller.key_id, route=_ROUTE, key=checked(idempotency_key), body=text)
        answer = receive(service.current(), body, reader, by=caller.key_id, asked=asked)
        return Response(answer.body, answer.status, media_type="application/json")
