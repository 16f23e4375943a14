"""What was decided, and from what."""

import json
from typing import Annotated

from fastapi import Depends, FastAPI

from features.database import reading
from serving import decisions
from serving.api.callers import only_with
from serving.auth import Caller
from serving.cases import Case
from serving.decisions import Decision, asked_for
from serving.problems import documented
from serving.schemas import CaseAnswer, DecisionAnswer
from serving.service import Service

__all__ = ["add_to"]


def add_to(app: FastAPI, service: Service) -> None:
    """Add the route."""
    reader = only_with(service, "scores:read")

    @app.get("/v1/decisions/{decision_id}", tags=["decisions"], responses=documented(401, 403, 404, 503))
    def decision(decision_id: str, _caller: Annotated[Caller, Depends(reader)]) -> DecisionAnswer:
        """Show a decision with everything that it was made from, and how its case ended; scope `scores:read`."""
        with reading(service.engine) as tx:
            found = decisions.decision(tx, decision_id)
            case = decisions.case_of(tx, found)
        return _told(found, case)


def _told(found: Decision, case: Case | None) -> DecisionAnswer:
    return DecisionAnswer(
        decision_id=found.id,
        kind=found.kind,
        merchant_id=found.merchant_id,
        programme=found.programme,
        order_id=found.order_id,
        buyer_id=found.buyer_id,
        outcome=found.outcome,
        decided_at=found.decided_at,
        decided_by=found.decided_by,
        expires_at=found.expires_at,
        seen_seq=found.seen_seq,
        request=asked_for(found),
        answer=json.loads(found.answer),
        trace=json.loads(found.trace),
        case=CaseAnswer.model_validate(case) if case else None,
    )
