"""One decision: what was asked, what was answered, and what it was judged from."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy import Connection, Row, select

from features.database import moment, reading
from serving.console.desk import Desk
from serving.errors import DecisionUnknown
from serving.sessions import Session
from serving.tables import decisions

__all__ = ["Decision", "add_to", "of_merchant", "shown"]

_MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A decision as people see it; `answer` is what the caller got, `request` what it asked."""

    id: str
    kind: str
    merchant_id: str
    order_id: str | None
    buyer_id: str | None
    programme: str | None
    outcome: str
    decided_at: datetime
    decided_by: str
    expires_at: datetime
    request: dict[str, Any]
    answer: dict[str, Any]

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
            decision = shown(tx, decision_id)
        if decision is None:
            raise DecisionUnknown("no decision has this id")
        return desk.pages.page(request, "decisions/detail.html", decision=decision)


def shown(tx: Connection, decision_id: str) -> Decision | None:
    """The decision with this id."""
    row = tx.execute(select(decisions).where(decisions.c.id == decision_id)).one_or_none()
    return _decision(row) if row else None


def of_merchant(tx: Connection, merchant_id: str) -> tuple[Decision, ...]:
    """The last decisions about a merchant, the newest first."""
    query = select(decisions).where(decisions.c.merchant_id == merchant_id)
    newest = query.order_by(decisions.c.decided_at.desc(), decisions.c.id).limit(_MOST)
    return tuple(map(_decision, tx.execute(newest)))


def _decision(row: Row[Any]) -> Decision:
    told = dict(row._mapping)
    kept = {name: told[name] for name in Decision.__slots__}
    times = {name: moment(told[name]) for name in ("decided_at", "expires_at")}
    texts = {name: json.loads(told[name]) for name in ("request", "answer")}
    return Decision(**{**kept, **times, **texts})
