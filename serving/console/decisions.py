"""One decision: what was asked, what was answered, and what it was judged from."""

import json
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from features.database import reading
from serving import decisions
from serving.console.desk import Desk
from serving.decisions import Decision
from serving.sessions import Session

__all__ = ["Told", "add_to", "told"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A decision as people are told it: question, answer, and what it was judged from."""

    decision: Decision
    request: dict[str, Any]
    answer: dict[str, Any]
    trace: dict[str, Any]

    @property
    def conditions(self) -> list[dict[str, Any]]:
        """What was asked of the merchant and how each stood, without those that are switched off."""
        return [one for one in self.answer.get("conditions", ()) if not one.get("switched_off")]

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """Why it is no plain yes."""
        return list(self.answer.get("reasons", ()))

    @property
    def path(self) -> list[dict[str, Any]]:
        """What the merchant would have to change."""
        return list(self.answer.get("path_to_qualify", ()))


def add_to(router: APIRouter, desk: Desk) -> None:
    """Add the routes."""

    @router.get("/console/decisions/{decision_id}")
    def detail(request: Request, decision_id: str, _reader: Annotated[Session, Depends(desk.reader)]) -> Response:
        with reading(desk.service.engine) as tx:
            found = decisions.decision(tx, decision_id)
        caller = desk.service.keys.find(found.decided_by)
        return desk.pages.page(request, "decisions/detail.html", decision=found, told=told(found), caller=caller)


def told(decision: Decision) -> Told:
    """A decision in words."""
    texts = {name: json.loads(getattr(decision, name)) for name in ("request", "answer", "trace")}
    return Told(decision=decision, **texts)
