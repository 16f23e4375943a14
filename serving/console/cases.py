"""The queue, and one case: what it is about, whose it is, and how it ends."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from features.database import reading, writing
from serving import cases, decisions
from serving.cases import Case
from serving.console import store
from serving.console.complaints import complaint_of
from serving.console.decisions import told
from serving.console.desk import Desk, see_other
from serving.errors import (
    CaseClosed,
    CaseUnknown,
    OrderAlreadyDecided,
    ResolutionInvalid,
    SecondPersonNeeded,
)
from serving.people import APPROVERS
from serving.sessions import Session
from serving.statuses import answer_to

__all__ = ["add_to"]

_LIMIT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Resolution:
    """How somebody would end a case."""

    outcome: str
    reason: str
    by: str

    def stands(self, case: Case) -> bool:
        """Whether the case has ended just so already, or is proposed to: a form that was sent twice."""
        ended = (case.outcome, case.reason, case.resolved_by)
        return ended == (self.outcome, self.reason.strip(), self.by)


def add_to(router: APIRouter, desk: Desk) -> None:
    """Add the routes."""
    engine, pages, clock = desk.service.engine, desk.pages, desk.service.clock
    _add_ends(router, desk)

    @router.get("/console/cases")
    def listing(
        request: Request, _reader: Annotated[Session, Depends(desk.reader)], state: str = "open", resolved: str = ""
    ) -> Response:
        state = state if state in ("open", "resolved") else "open"
        with reading(engine) as tx:
            # One more than is shown tells whether there are more.
            found = cases.queue(tx, state=state, limit=_LIMIT + 1)
            shown = found[:_LIMIT]
            thought = store.answers_of(tx, [case.merchant_id for case in shown])
            done = _resolved(tx, resolved)
        values: dict[str, Any] = {"state": state, "done": done, "more": len(found) > len(shown)}
        return pages.page(request, "cases/list.html", cases=shown, thought=thought, **values)

    @router.get("/console/cases/{case_id}")
    def detail(request: Request, case_id: str, _reader: Annotated[Session, Depends(desk.reader)]) -> Response:
        return _detail(desk, request, case_id)

    @router.post("/console/cases/{case_id}/assign")
    def assign(request: Request, case_id: str, author: Annotated[Session, Depends(desk.author)]) -> Response:
        try:
            with writing(engine) as tx:
                cases.assign(tx, case_id, to=author.user, by=author.user, now=clock())
        except CaseClosed:
            return _detail(desk, request, case_id, status=HTTPStatus.CONFLICT, trouble="case_closed")
        return see_other(f"/console/cases/{case_id}")


def _add_ends(router: APIRouter, desk: Desk) -> None:
    """Add the routes that end a case: by one person, or by another who approves it."""
    engine, clock = desk.service.engine, desk.service.clock

    @router.post("/console/cases/{case_id}/resolve")
    def resolve(
        request: Request,
        case_id: str,
        author: Annotated[Session, Depends(desk.author)],
        outcome: Annotated[str, Form()] = "",
        reason: Annotated[str, Form()] = "",
    ) -> Response:
        # Browsers send line ends as two characters, which people did not type and the limit would count; a NUL,
        # which nobody can type, could not be kept.
        wished = _Resolution(outcome=outcome, reason=reason.replace("\r\n", "\n").replace("\0", ""), by=author.user)
        try:
            with writing(engine) as tx:
                now = clock()
                cases.resolve(tx, case_id, outcome=outcome, reason=wished.reason, by=author.user, now=now)
        except (ResolutionInvalid, OrderAlreadyDecided, CaseClosed) as error:
            if isinstance(error, OrderAlreadyDecided) or not _stands(desk, case_id, wished):
                status, code = answer_to(error)
                return _detail(desk, request, case_id, status=status, trouble=code, wished=wished)
        with reading(engine) as tx:
            return _back(cases.find(tx, case_id))

    @router.post("/console/cases/{case_id}/approve")
    def approve(
        request: Request,
        case_id: str,
        author: Annotated[Session, Depends(desk.author)],
        agrees: Annotated[str, Form()] = "",
    ) -> Response:
        try:
            if author.role not in APPROVERS:
                raise SecondPersonNeeded("a senior reviewer has to approve this")
            with writing(engine) as tx:
                ended = cases.approve(tx, case_id, agrees=agrees == "yes", by=author.user, now=clock())
        except (ResolutionInvalid, SecondPersonNeeded, CaseClosed) as error:
            status, code = answer_to(error)
            return _detail(desk, request, case_id, status=status, trouble=code)
        return _back(ended)


def _detail(desk: Desk, request: Request, case_id: str, *, status: int = 200, **values: Any) -> Response:
    """The page of a case; with a trouble and what was wished, the answer to a form that did not end it."""
    with reading(desk.service.engine) as tx:
        case = cases.find(tx, case_id)
        thought = store.answers_of(tx, [case.merchant_id]).get(case.merchant_id)
        asking = decisions.decision(tx, case.decision_id) if case.decision_id else None
        complaint = complaint_of(tx, case)
    session: Session = request.state.session
    values = {"trouble": None, "wished": None, "outcomes": cases.outcomes(case), **values}
    values["may_approve"] = session.role in APPROVERS
    values["complaint"] = complaint
    page = {"case": case, "thought": thought, "told": told(asking) if asking else None, **values}
    return desk.pages.page(request, "cases/detail.html", status=status, **page)


def _back(case: Case) -> Response:
    """To the queue, which says what was resolved; to the case where somebody has to do more about it."""
    return see_other(f"/console/cases?resolved={case.id}" if case.state == "resolved" else f"/console/cases/{case.id}")


def _stands(desk: Desk, case_id: str, wished: _Resolution) -> bool:
    with reading(desk.service.engine) as tx:
        return wished.stands(cases.find(tx, case_id))


def _resolved(tx: Connection, case_id: str) -> Case | None:
    """The case that an address says was just resolved, where that is true."""
    try:
        case = cases.find(tx, case_id)
    except CaseUnknown:
        return None
    return case if case.state == "resolved" else None
