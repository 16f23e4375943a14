"""SQL of complaints: what their cases go by."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from features.database import micros, moment
from serving.tables import cases, complaints

__all__ = ["Filed", "add", "change", "find", "overdue"]

_MOMENTS = ("answer_by", "accept_by")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A complaint that has a case: where it came from and how it was sorted."""

    case_id: str
    merchant_id: str
    complaint_id: str
    topic: str
    topic_by: str
    tier: int
    causes: str
    route: str
    channel: str
    region: str | None
    reference: str | None
    answer_by: datetime
    accept_by: datetime | None
    policy_version: str
    model_version: str | None


def add(tx: Connection, filed: Filed) -> None:
    """Keep a complaint that has just got its case."""
    tx.execute(insert(complaints).values(_kept(asdict(filed))))


def find(tx: Connection, case_id: str) -> Filed | None:
    """The complaint that a case is about."""
    row = tx.execute(select(complaints).where(complaints.c.case_id == case_id)).one_or_none()
    if row is None:
        return None
    values = dict(row._mapping)
    times = {name: None if values[name] is None else moment(values[name]) for name in _MOMENTS}
    return Filed(**{**values, **times})


def change(tx: Connection, case_id: str, **values: Any) -> None:
    """Set some columns of a complaint."""
    tx.execute(update(complaints).where(complaints.c.case_id == case_id).values(_kept(values)))


def overdue(tx: Connection, *, now: datetime, below: int, most: int = 500) -> list[str]:
    """Open cases about complaints below a tier whose time has run out, the longest waiting first."""
    query = select(cases.c.id).join(complaints, complaints.c.case_id == cases.c.id)
    late = (cases.c.state == "open", cases.c.due_at <= micros(now), complaints.c.tier < below)
    return list(tx.scalars(query.where(*late).order_by(cases.c.due_at, cases.c.id).limit(most)))


def _kept(values: dict[str, Any]) -> dict[str, Any]:
    """Values as the table keeps them."""
    return {name: micros(value) if isinstance(value, datetime) else value for name, value in values.items()}
