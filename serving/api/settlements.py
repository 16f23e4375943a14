"""What became of the money that a decision promised."""

from typing import Annotated

from fastapi import Depends, FastAPI, Response

from serving.api.callers import only_with
from serving.api.programmes import IdempotencyKey
from serving.auth import Caller
from serving.idempotency import Asked, checked
from serving.ledger.settlement import settle
from serving.ledger.store_settlements import Said
from serving.plain import as_json
from serving.problems import documented
from serving.service import Service
from serving.settlement_schemas import CancelledBody, PaidBody, RecoveredBody, SettlementAnswer, SettlementBody

__all__ = ["add_to"]

_ROUTE = "/v1/refunds/decisions/{decision_id}/settlement"


def add_to(app: FastAPI, service: Service) -> None:
    """Add the route."""
    decider = only_with(service, "refunds:decide")

    @app.post(
        _ROUTE,
        tags=["refunds"],
        response_model=SettlementAnswer,
        responses=documented(401, 403, 404, 409, 413, 422, 429, 503),
    )
    def settlement(
        decision_id: str,
        body: SettlementBody,
        caller: Annotated[Caller, Depends(decider)],
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Tell what became of the money of a decision, and get where it stands now; scope `refunds:decide`.

        `paid` and `recovered` write the money event themselves; an event of the same money that is sent besides counts
        once with it. With an `Idempotency-Key` a repeated request gets the answer that its first one got.
        """
        asked = None
        if idempotency_key is not None:
            route = _ROUTE.format(decision_id=decision_id)
            text = as_json(body.model_dump(mode="json"))
            asked = Asked(caller=caller.key_id, route=route, key=checked(idempotency_key), body=text)
        answer = settle(service, decision_id, _said(body), by=caller.key_id, asked=asked)
        return Response(answer.body, answer.status, media_type="application/json")


def _said(body: PaidBody | CancelledBody | RecoveredBody) -> Said:
    source = body.recovered_from if isinstance(body, RecoveredBody) else None
    return Said(state=body.state, cents=body.amount_cents or 0, recovered_from=source)
