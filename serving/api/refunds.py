"""Fast refunds: may this money be paid back at once?"""

from typing import Annotated

from fastapi import Depends, FastAPI, Query, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict

from serving.api.callers import only_with
from serving.api.programmes import IdempotencyKey
from serving.auth import Caller
from serving.idempotency import Answer, Asked, checked
from serving.owed import OwedBy
from serving.plain import as_json
from serving.problems import documented
from serving.refunds import RefundAsked, decide_on_refunds, try_refund
from serving.schemas import RefundAnswer, RefundBody
from serving.service import Service
from serving.together import Together

__all__ = ["ROUTE", "add_to", "asked_by"]

#: Where decisions on refunds are asked for.
ROUTE = "/v1/refunds/decisions"
#: Seconds; a transaction on a disk takes longer, and what two of them share costs half.
_LINGERS = 0.002


class Manner(BaseModel):
    """How a decision is asked for."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = False


def add_to(app: FastAPI, service: Service) -> Together[RefundAsked, Answer]:
    """Add the route; answers who decides on what is asked for at the same time, to be closed at the end."""
    decider, owed = only_with(service, "refunds:decide"), OwedBy()
    together: Together[RefundAsked, Answer] = Together(
        lambda wishes: decide_on_refunds(service.current(), wishes, owed), lingers=_LINGERS
    )

    @app.post(
        ROUTE,
        tags=["refunds"],
        response_model=RefundAnswer,
        responses=documented(401, 403, 404, 409, 413, 422, 429, 503),
    )
    async def refund(
        body: RefundBody,
        manner: Annotated[Manner, Query()],
        caller: Annotated[Caller, Depends(decider)],
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Decide how a refund is paid, and hold the money where it is paid at once; scope `refunds:decide`.

        With `dry_run` nothing is kept, no key is needed, and `decision_id` is null.
        """
        if manner.dry_run:
            answer = await run_in_threadpool(try_refund, service.current(), body)
        else:
            answer = await together.ask(asked_by(caller, body, idempotency_key))
        return Response(answer.body, answer.status, media_type="application/json")

    return together


def asked_by(caller: Caller, body: RefundBody, key: str | None) -> RefundAsked:
    """A refund as it is decided on once. Raises `IdempotencyKeyMissing`, `IdempotencyKeyInvalid`."""
    text = as_json(body.model_dump(mode="json"))
    return RefundAsked(body=body, asked=Asked(caller=caller.key_id, route=ROUTE, key=checked(key), body=text))
