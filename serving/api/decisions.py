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
from serving.ledger.settlement import money_of_decision
from serving.problems import documented
from serving.schemas import CaseAnswer
from serving.service import Service
from serving.settlement_schemas import DecisionWithMoney, SettlementAnswer

__all__ = ["add_to"]


def add_to(app: FastAPI, service: Service) -> None:
    """Add the route."""
    reader = only_with(service, "scores:read")

    @app.get("/v1/decisions/{decision_id}", tags=["decisions"], responses=documented(401, 403, 404, 503))
    def decision(decision_id: str, _caller: Annotated[Caller, Depends(reader)]) -> DecisionWithMoney:
        """Show a decision with all that it was made from, how its case ended, and its money; scope `scores:read`."""
        with reading(service.engine) as tx:
            found = decisions.decision(tx, decision_id)
            case = decisions.case_of(tx, found)
            money = money_of_decision(tx, decision_id, now=service.clock())
        return _told(found, case, money)


def _told(found: Decision, case: Case | None, money: SettlementAnswer | None) -> DecisionWithMoney:
    return DecisionWithMoney(
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
        money=money,
    )
