"""SQL of the circuit breaker: what changed when, what was decided around it, and what was gone back from."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, case, func, select, update

from features.database import insert_new, micros, moment
from serving.breaker.tables import live_models, suspect_changes
from serving.tables import decisions, policies_in_force

__all__ = [
    "Change",
    "Suspect",
    "add",
    "changes",
    "decided",
    "go_back",
    "lift",
    "note_models",
    "note_returned",
    "of_case",
    "suspects",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """From a moment on, `subject` was of another version than before; `until` the next change came, if one did.

    `again` = that version had judged before: whoever goes back to what was known means to shift the answers.
    """

    subject: str
    before: str
    version: str
    since: datetime
    again: bool
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A change that shifted the answers, and what became of it."""

    subject: str
    version: str
    before: str
    since: datetime
    case_id: str
    figures: Mapping[str, Any]
    back_at: datetime | None = None
    done_at: datetime | None = None
    lifted_at: datetime | None = None

    @property
    def is_held_back(self) -> bool:
        """Whether the version before judges in its place."""
        return self.back_at is not None and self.lifted_at is None


def note_models(tx: Connection, versions: Mapping[str, str], *, now: datetime) -> None:
    """Note which models judge from now on; without effect for those that do already."""
    for target, version in versions.items():
        last = select(live_models.c.version).where(live_models.c.target == target)
        if tx.scalar(last.order_by(live_models.c.since.desc()).limit(1)) != version:
            insert_new(tx, live_models, [{"target": target, "since": micros(now), "version": version}])


def changes(tx: Connection, subjects: Sequence[str]) -> list[Change]:
    """Every change of these kinds of policies and targets, the first first, each until the next one of any of them."""
    found = sorted([*_of_policies(tx, subjects), *_of_models(tx, subjects)], key=lambda one: one.since)
    later = [*found[1:], None][: len(found)]
    return [replace(one, until=then.since if then else None) for one, then in zip(found, later, strict=True)]


def _of_policies(tx: Connection, subjects: Sequence[str]) -> Iterator[Change]:
    table = policies_in_force
    query = select(table.c.kind, table.c.since, table.c.hash).where(table.c.kind.in_(subjects))
    yield from _changes(tx.execute(query.order_by(table.c.kind, table.c.since)).all())


def _of_models(tx: Connection, subjects: Sequence[str]) -> Iterator[Change]:
    table = live_models
    query = select(table.c.target, table.c.since, table.c.version).where(table.c.target.in_(subjects))
    yield from _changes(tx.execute(query.order_by(table.c.target, table.c.since)).all())


def _changes(rows: Sequence[Any]) -> Iterator[Change]:
    judged: set[tuple[str, str]] = set()
    for (of, _, before), (subject, since, version) in pairwise(rows):
        judged.add((of, before))
        if of == subject:
            again = (subject, version) in judged
            yield Change(subject=subject, before=before, version=version, since=moment(since), again=again)


def decided(
    tx: Connection, kind: str, outcomes: Sequence[str], *, since: datetime, until: datetime, most: int
) -> list[tuple[int, int]]:
    """Of each merchant, how many decisions of a kind had one of these outcomes, and how many it had; the newest."""
    span = decisions.c.decided_at.between(micros(since), micros(until) - 1)
    newest = select(decisions.c.merchant_id, decisions.c.outcome).where(span, decisions.c.kind == kind)
    some = newest.order_by(decisions.c.decided_at.desc()).limit(most).subquery()
    of = func.sum(case((some.c.outcome.in_(outcomes), 1), else_=0))
    return [(int(row[0]), int(row[1])) for row in tx.execute(select(of, func.count()).group_by(some.c.merchant_id))]


def suspects(tx: Connection) -> tuple[Suspect, ...]:
    """Every change that shifted the answers."""
    rows = tx.execute(select(suspect_changes).order_by(suspect_changes.c.since, suspect_changes.c.subject))
    return tuple(_suspect(dict(row._mapping)) for row in rows)


def of_case(tx: Connection, case_id: str) -> Suspect | None:
    """The change that a case is about."""
    row = tx.execute(select(suspect_changes).where(suspect_changes.c.case_id == case_id)).one_or_none()
    return _suspect(dict(row._mapping)) if row else None


def add(tx: Connection, one: Suspect) -> None:
    """Keep a change that shifted the answers; without effect where it is kept."""
    row = {"subject": one.subject, "version": one.version, "before": one.before, "since": micros(one.since)}
    insert_new(tx, suspect_changes, [{**row, "case_id": one.case_id, "figures": json.dumps(dict(one.figures))}])


def go_back(tx: Connection, one: Suspect, *, now: datetime) -> None:
    """From now on the version before judges in its place."""
    tx.execute(update(suspect_changes).where(*_is(one)).values(back_at=micros(now)))


def note_returned(tx: Connection, one: Suspect, *, now: datetime) -> None:
    """The registry has made the version before the champion again."""
    tx.execute(update(suspect_changes).where(*_is(one)).values(done_at=micros(now)))


def lift(tx: Connection, one: Suspect, *, now: datetime) -> None:
    """The change was right: it may judge again."""
    tx.execute(update(suspect_changes).where(*_is(one)).values(lifted_at=micros(now)))


def _is(one: Suspect) -> tuple[Any, Any]:
    return suspect_changes.c.subject == one.subject, suspect_changes.c.version == one.version


def _suspect(row: dict[str, Any]) -> Suspect:
    times = {name: None if row[name] is None else moment(row[name]) for name in ("back_at", "done_at", "lifted_at")}
    return Suspect(**{**row, **times, "since": moment(row["since"]), "figures": json.loads(row["figures"])})
