"""Merchants: the list by what is thought of them, and the page of one."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from features.database import reading
from serving import cases, decisions, store_due
from serving.answers import ScoreAnswer
from serving.console import rates, store
from serving.console.charts import Line, line
from serving.console.desk import Desk
from serving.sessions import Session
from serving.standing import category_of
from serving.unassessed import answer_unassessed

__all__ = ["add_to"]

_LISTED = 50
_SET_ASIDE = 20
_HISTORY = 60
_TABLE = 5
_DECISIONS = 50


def add_to(router: APIRouter, desk: Desk) -> None:
    """Add the routes."""
    engine, pages = desk.service.engine, desk.pages

    @router.get("/console/merchants")
    def listing(
        request: Request, _reader: Annotated[Session, Depends(desk.reader)], q: str = "", by: str = "worst"
    ) -> Response:
        order, prefix = by if by in store.ORDERS else "worst", q.strip()[:200]
        with reading(engine) as tx:
            found = store.listed(tx, prefix=prefix, order=order, limit=_LISTED + 1)
            aside = store_due.those_set_aside(tx, most=_SET_ASIDE)
        values: dict[str, Any] = {"q": prefix, "by": order, "more": len(found) > _LISTED, "set_aside": aside}
        return pages.page(request, "merchants/list.html", merchants=found[:_LISTED], **values)

    # The id may hold slashes: ids are other people's strings.
    @router.get("/console/merchants/{merchant_id:path}")
    def detail(request: Request, merchant_id: str, _reader: Annotated[Session, Depends(desk.reader)]) -> Response:
        answer = _thought(desk, merchant_id)
        past = _past(desk, merchant_id)
        with reading(engine) as tx:
            more = _known(desk, tx, merchant_id)
        return pages.page(
            request,
            "merchants/detail.html",
            merchant=answer,
            past=past[-_TABLE:][::-1],
            chart=_chart(desk, past),
            **more,
        )


def _thought(desk: Desk, merchant_id: str) -> ScoreAnswer:
    """The latest assessment, or the standing answer about a merchant without one. Raises `MerchantUnknown`."""
    service = desk.service.current()
    answer = service.assessments.latest(merchant_id) or answer_unassessed(service, merchant_id)
    return ScoreAnswer.model_validate_json(answer)


def _past(desk: Desk, merchant_id: str) -> list[ScoreAnswer]:
    """The last assessments that said something new, the oldest first by the moment they are about."""
    found = map(ScoreAnswer.model_validate_json, desk.service.assessments.past(merchant_id)[-_HISTORY:])
    return sorted(found, key=lambda one: (one.as_of, one.assessed_at))


def _chart(desk: Desk, past: list[ScoreAnswer]) -> Line | None:
    return line([(one.as_of, one.score) for one in past], desk.service.current().score.bands)


def _known(desk: Desk, tx: Connection, merchant_id: str) -> dict[str, Any]:
    """What else is known: category, counts and rates as they are now, cases, decisions."""
    found = desk.service.readings(tx, [merchant_id], (*rates.NAMES, *rates.COUNTS), desk.service.clock())[merchant_id]
    return {
        "category": category_of(tx, merchant_id),
        "set_aside": store_due.those_set_aside(tx, most=1, only=merchant_id).get(merchant_id),
        "counts": rates.counts(found),
        "rates": rates.rates(found),
        "confidence": rates.CONFIDENCE,
        "cases": cases.of_merchant(tx, merchant_id),
        "decisions": decisions.decisions_of(tx, merchant_id, _DECISIONS),
    }
