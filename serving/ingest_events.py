"""Take events from a request into the store."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
from pydantic import BaseModel
from sqlalchemy import Connection

from features.columns import parse
from features.database import written
from features.events import Kind
from features.jsonrows import canonical, check_rows, same_event
from features.store import Appended, EventStore
from features.validation import REJECTIONS, Checked, Rejection
from serving.idempotency import Answer, Asked, earlier_answer, keep
from serving.ingest import CLOCKS_MAY_DIFFER, take

__all__ = ["RejectedEvent", "Taken", "ingest_events"]


class RejectedEvent(BaseModel):
    """One event that was not taken, by its place in the request."""

    index: int
    code: str
    detail: str


class Taken(BaseModel):
    """What became of the events; what is accepted is durable."""

    accepted: int
    duplicates: int
    rejected: list[RejectedEvent]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """Events of a request, checked: those that stand, by their places among the good ones, and the others."""

    checked: Checked
    undated: frozenset[str]
    standing: Sequence[int]
    repeats: int
    conflicts: Sequence[int]


def ingest_events(
    store: EventStore, sent: Sequence[Any], *, currency: str, now: datetime, asked: Asked | None = None
) -> Taken:
    """Add events to the store, with their effect on tiles and everything else, in one transaction.

    An event that does not say when it became known became known now. Once this returns, what it calls accepted is
    durable. Of events of one id within a request the one known first stands. `asked` names the request, where its
    sender wants the first answer again for a repeat; raises `IdempotencyConflict`.
    """
    ready = _checked(sent, currency, now)
    if asked is None and not ready.standing:
        return _taken(ready, None)
    return written(store.engine, lambda tx: _add(tx, ready, now, asked))


def _checked(sent: Sequence[Any], currency: str, now: datetime) -> _Ready:
    undated = frozenset(row["event_id"] for row in sent if _is_undated(row))
    checked = check_rows([_dated(row, now) for row in sent], currency=currency, clock=now + CLOCKS_MAY_DIFFER)
    standing, repeats, conflicts = _settled(checked.rows, undated)
    return _Ready(checked=checked, undated=undated, standing=standing, repeats=repeats, conflicts=conflicts)


def _add(tx: Connection, ready: _Ready, now: datetime, asked: Asked | None) -> Taken:
    earlier = earlier_answer(tx, asked, now=now) if asked else None
    if earlier:
        return Taken.model_validate_json(earlier.body)
    rows = ready.checked.rows.take(pa.array(ready.standing, pa.int64())) if ready.standing else None
    taken = _taken(ready, take(tx, rows, at=now, undated=ready.undated) if rows else None)
    if asked:
        keep(tx, asked, Answer(status=200, body=taken.model_dump_json()))
    return taken


def _taken(ready: _Ready, appended: Appended | None) -> Taken:
    checked = ready.checked
    places = [*ready.conflicts, *(ready.standing[place] for place in (appended.conflicts if appended else ()))]
    rejected = [*checked.rejected, *(_conflict(checked.rows, checked.good, place) for place in places)]
    return Taken(
        accepted=appended.accepted if appended else 0,
        duplicates=ready.repeats + (appended.duplicates if appended else 0),
        rejected=[
            RejectedEvent(index=one.index, code=one.code, detail=one.detail)
            for one in sorted(rejected, key=lambda one: one.index)
        ],
    )


def _is_undated(row: Any) -> bool:
    return isinstance(row, dict) and row.get("known_at") in (None, "") and isinstance(row.get("event_id"), str)


def _dated(row: Any, now: datetime) -> Any:
    """The same event, known now where it does not say when; a clock that is a little ahead knows of it at once."""
    if not isinstance(row, dict) or row.get("known_at") not in (None, ""):
        return row
    happened, _ = parse(row.get("event_time"), Kind.TIME)
    known = happened if happened and now < happened <= now + CLOCKS_MAY_DIFFER else now
    return {**row, "known_at": known.isoformat()}


def _settled(rows: pa.Table, undated: Collection[str]) -> tuple[list[int], int, list[int]]:
    """Which rows (by place) stand, how many only repeat them, and which contradict them."""
    if not rows.num_rows:
        return [], 0, []
    texts, ids = canonical(rows), rows.column("event_id").to_pylist()
    known = rows.column("known_at").cast(pa.int64()).to_pylist()
    first: dict[str, int] = {}
    for place in sorted(range(len(ids)), key=lambda place: (known[place], texts[place], place)):
        first.setdefault(ids[place], place)
    others = [place for place, event_id in enumerate(ids) if first[event_id] != place]
    conflicts = [p for p in others if not same_event(texts[first[ids[p]]], texts[p], undated=ids[p] in undated)]
    return sorted(first.values()), len(others) - len(conflicts), conflicts


def _conflict(rows: pa.Table, good: Any, place: int) -> Rejection:
    code, event_id = "event_id_conflict", rows.column("event_id")[place].as_py()
    return Rejection(index=int(good[place]), code=code, detail=REJECTIONS[code], event_id=event_id)
