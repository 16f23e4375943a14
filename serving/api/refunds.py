"""Fast refunds: may this money be paid back at once?"""

from typing import Annotated

from fastapi import Depends, FastAPI, Query, Response
from pydantic import BaseModel, ConfigDict

from serving.api.callers import only_with
from serving.api.programmes import IdempotencyKey
from serving.auth import Caller
from serving.idempotency import Asked, checked
from serving.plain import as_json
from serving.problems import documented
from serving.refunds import decide_on_refund, try_refund
from serving.schemas import RefundAnswer, RefundBody
from serving.service import Service

__all__ = ["add_to"]

_ROUTE = "/v1/refunds/decisions"


class Manner(BaseModel):
    """How a decision is asked for."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = False


def add_to(app: FastAPI, service: Service) -> None:
    """Add the route."""
    decider = only_with(service, "refunds:decide")

    @app.post(
        _ROUTE,
        tags=["refunds"],
        response_model=RefundAnswer,
        responses=documented(401, 403, 404, 409, 413, 422, 429, 503),
    )
    def refund(
        body: RefundBody,
        manner: Annotated[Manner, Query()],
        caller: Annotated[Caller, Depends(decider)],
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Decide how a refund is paid, and hold the money where it is paid at once; scope `refunds:decide`.

        With `dry_run` nothing is kept, no key is needed, and `decision_id` is null.
        """
        if manner.dry_run:
            answer = try_refund(service, body)
        else:
            text = as_json(body.model_dump(mode="json"))
            asked = Asked(caller=caller.key_id, route=_ROUTE, key=checked(idempotency_key), body=text)
            answer = decide_on_refund(service, body, asked)
        return Response(answer.body, answer.status, media_type="application/json")
