"""Reads that only the console makes: lists of merchants by what is thought of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from serving.answers import ScoreAnswer
from serving.tables import assessments

__all__ = ["ORDERS", "answers_of", "listed"]

#: Ways to list merchants: the lowest score first, or what was judged last first.
ORDERS: Mapping[str, tuple[ColumnElement[Any], ...]] = {
    "worst": (assessments.c.score, assessments.c.merchant_id),
    "recent": (assessments.c.assessed_at.desc(), assessments.c.merchant_id),
}


def listed(tx: Connection, *, prefix: str, order: str, limit: int) -> tuple[ScoreAnswer, ...]:
    """The latest assessments of merchants whose ids begin with something, in one of `ORDERS`."""
    named = assessments.c.merchant_id.startswith(prefix, autoescape=True)
    query = select(assessments.c.answer).where(named).order_by(*ORDERS[order]).limit(limit)
    return tuple(map(ScoreAnswer.model_validate_json, tx.scalars(query)))


def answers_of(tx: Connection, merchant_ids: Sequence[str]) -> dict[str, ScoreAnswer]:
    """Merchant -> its latest assessment, for those that have one."""
    query = select(assessments.c.answer).where(assessments.c.merchant_id.in_(set(merchant_ids)))
    return {one.merchant_id: one for one in map(ScoreAnswer.model_validate_json, tx.scalars(query))}
