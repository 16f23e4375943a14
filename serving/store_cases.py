"""SQL of reviewers' cases."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select, update

from features.database import insert_new, micros, moment
from serving.tables import cases

__all__ = ["Case", "about", "add", "change", "find", "lock", "of_merchant", "queue"]

_MOMENTS = ("opened_at", "due_at", "resolved_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Work for a reviewer: what it is about, by when, whose it is, and how it ended.

    `priority` 1 comes before 2. `state` is open or resolved; one that is open and has an outcome waits for a second
    person to approve it.
    """

    id: str
    kind: str
    merchant_id: str
    about: str
    summary: str
    priority: int
    opened_at: datetime
    due_at: datetime
    state: str
    decision_id: str | None = None
    assigned_to: str | None = None
    outcome: str | None = None
    reason: str | None = None
    resolved_by: str | None = None
    resolved_at: datetime | None = None
    approved_by: str | None = None

    @property
    def waits(self) -> bool:
        """Whether somebody has proposed how it ends, and nobody else has agreed yet."""
        return self.state == "open" and self.outcome is not None


def add(tx: Connection, case: Case) -> None:
    """Keep a new case; without effect where one is open about the same."""
    values = {name: getattr(case, name) for name in cases.c.keys()}  # noqa: SIM118 - columns are no dictionary
    insert_new(tx, cases, [_kept(values)])


def find(tx: Connection, case_id: str) -> Case | None:
    """The case with this id."""
    return _one(tx, select(cases).where(cases.c.id == case_id))


def lock(tx: Connection, case_id: str) -> Case | None:
    """The case with this id, which nobody else may change until the transaction ends."""
    return _one(tx, select(cases).where(cases.c.id == case_id).with_for_update())


def about(tx: Connection, what: str) -> Case | None:
    """The open case about something."""
    return _one(tx, select(cases).where(cases.c.about == what, cases.c.state == "open"))


def queue(tx: Connection, *, state: str, limit: int) -> tuple[Case, ...]:
    """Cases in a state: open ones with the most urgent first, resolved ones with the last resolved first."""
    urgent, recent = (cases.c.priority, cases.c.due_at), (cases.c.resolved_at.desc(),)
    order = recent if state == "resolved" else urgent
    return _all(tx.execute(select(cases).where(cases.c.state == state).order_by(*order, cases.c.id).limit(limit)))


def of_merchant(tx: Connection, merchant_id: str) -> tuple[Case, ...]:
    """Every case about a merchant, the newest first."""
    query = select(cases).where(cases.c.merchant_id == merchant_id)
    return _all(tx.execute(query.order_by(cases.c.opened_at.desc(), cases.c.id)))


def change(tx: Connection, case_id: str, **values: Any) -> None:
    """Set some columns of a case."""
    tx.execute(update(cases).where(cases.c.id == case_id).values(_kept(values)))


def _one(tx: Connection, query: Select[Any]) -> Case | None:
    row = tx.execute(query).one_or_none()
    return _case(row) if row else None


def _all(rows: Iterable[Row[Any]]) -> tuple[Case, ...]:
    return tuple(map(_case, rows))


def _case(row: Row[Any]) -> Case:
    values = dict(row._mapping)
    times = {name: None if values[name] is None else moment(values[name]) for name in _MOMENTS}
    return Case(**{**values, **times})


def _kept(values: dict[str, Any]) -> dict[str, Any]:
    """Values as the table keeps them."""
    return {name: micros(value) if isinstance(value, datetime) else value for name, value in values.items()}
