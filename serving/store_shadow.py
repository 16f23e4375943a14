"""SQL of shadows: what challengers think and would have decided, beside what counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from features.database import insert_newer, micros
from serving.champions import TARGETS
from serving.tables import shadow_assessments, shadow_days, shadow_decisions

__all__ = ["Beside", "add_decisions", "beside", "forget", "remember"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What a target's challenger thinks of a merchant; `answer` is a score's body, as JSON."""

    target: str
    champion: str | None
    challenger: str
    answer: str


def remember(tx: Connection, *, latest: Sequence[Mapping[str, Any]], days: Sequence[Mapping[str, Any]]) -> None:
    """Keep rows of what challengers think now, and of what was thought on each day; what is newer stands."""
    for table, rows in ((shadow_assessments, latest), (shadow_days, days)):
        # In one order, so that two who judge at once never wait for each other crosswise.
        ordered = sorted(rows, key=lambda row: (row["target"], row["merchant_id"]))
        insert_newer(tx, table, ordered, by="as_of")


def forget(tx: Connection, target: str) -> None:
    """Drop what a target's challenger thinks now, which nobody is to be asked of any more; the days stay."""
    tx.execute(delete(shadow_assessments).where(shadow_assessments.c.target == target))


def beside(tx: Connection, merchant_id: str, *, assessed_at: datetime) -> tuple[Beside, ...]:
    """What challengers think of a merchant, from the very facts of its assessment of that moment."""
    kept = shadow_assessments.c
    query = select(kept.target, kept.champion, kept.challenger, kept.answer).where(
        kept.merchant_id == merchant_id, kept.target.in_(TARGETS), kept.assessed_at == micros(assessed_at)
    )
    return tuple(Beside(**row._mapping) for row in tx.execute(query.order_by(kept.target)))


def add_decisions(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what would have been decided."""
    if rows:
        tx.execute(insert(shadow_decisions), list(rows))
