"""Reviewers' cases for programs, and objections to decisions."""

from typing import Annotated, Literal

from fastapi import Depends, FastAPI, Query

from features.database import reading, writing
from serving import cases
from serving.api.callers import only_with
from serving.appeals import appeal
from serving.auth import Caller
from serving.case_schemas import (
    AppealAnswer,
    AppealBody,
    ApprovalBody,
    AssignmentBody,
    CasesAnswer,
    ResolutionBody,
    WholeCase,
)
from serving.cases import Case
from serving.problems import documented
from serving.service import Service

__all__ = ["add_to"]

_STATUSES = (401, 403, 404, 409, 413, 422, 503)


def add_to(app: FastAPI, service: Service) -> None:
    """Add the routes."""
    writer, engine = only_with(service, "cases:write"), service.engine

    @app.get("/v1/cases", tags=["cases"], responses=documented(401, 403, 422, 503))
    def listing(
        _caller: Annotated[Caller, Depends(writer)],
        state: Literal["open", "resolved"] = "open",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> CasesAnswer:
        """List open cases, the most urgent first, or resolved ones, the last first; scope `cases:write`."""
        with reading(engine) as tx:
            return CasesAnswer(cases=[_told(one) for one in cases.queue(tx, state=state, limit=limit)])

    @app.post("/v1/cases/{case_id}/assign", tags=["cases"], responses=documented(*_STATUSES))
    def assign(case_id: str, body: AssignmentBody, caller: Annotated[Caller, Depends(writer)]) -> WholeCase:
        """Make an open case somebody's; scope `cases:write`."""
        by = _name(caller)
        with writing(engine) as tx:
            return _told(cases.assign(tx, case_id, to=body.to or by, by=by, now=service.clock()))

    @app.post("/v1/cases/{case_id}/resolve", tags=["cases"], responses=documented(*_STATUSES))
    def resolve(case_id: str, body: ResolutionBody, caller: Annotated[Caller, Depends(writer)]) -> WholeCase:
        """End a case with a reason, or propose its end where that takes two; scope `cases:write`."""
        said = {"outcome": body.outcome, "reason": body.reason}
        with writing(engine) as tx:
            return _told(cases.resolve(tx, case_id, **said, by=_name(caller), now=service.clock()))

    @app.post("/v1/cases/{case_id}/approve", tags=["cases"], responses=documented(*_STATUSES))
    def approve(case_id: str, body: ApprovalBody, caller: Annotated[Caller, Depends(writer)]) -> WholeCase:
        """Agree, with another key than the one that proposed it, to how a case would end; scope `cases:write`."""
        with writing(engine) as tx:
            return _told(cases.approve(tx, case_id, agrees=body.agrees, by=_name(caller), now=service.clock()))

    @app.post("/v1/decisions/{decision_id}/appeals", tags=["decisions"], responses=documented(*_STATUSES))
    def objection(decision_id: str, body: AppealBody, caller: Annotated[Caller, Depends(writer)]) -> AppealAnswer:
        """Object to a decision: a case opens, with a clock, for somebody who had no part in it; scope `cases:write`."""
        return appeal(service, decision_id, body, by=caller.key_id)


def _name(caller: Caller) -> str:
    """What a key is called among people, whose names hold no colon."""
    return f"{cases.KEY}{caller.key_id}"


def _told(case: Case) -> WholeCase:
    return WholeCase.model_validate(case)
