"""Take events from a request into the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from features.columns import parse
from features.database import written
from features.events import Kind
from features.jsonrows import canonical, check_rows, same_event
from features.store import EventStore
from features.validation import REJECTIONS, Rejection
from serving.ingest import CLOCKS_MAY_DIFFER, take

__all__ = ["Taken", "ingest_events"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of the events of a request."""

    accepted: int
    duplicates: int
    rejected: tuple[Rejection, ...]


def ingest_events(store: EventStore, sent: Sequence[Any], *, currency: str, now: datetime) -> Taken:
    """Add events to the store, with their effect on tiles and everything else, in one transaction.

    An event that does not say when it became known became known now. Once this returns, what it calls accepted is
    durable. Of events of one id within a request the one known first stands.
    """
    undated = {row["event_id"] for row in sent if _is_undated(row)}
    checked = check_rows([_dated(row, now) for row in sent], currency=currency, clock=now + CLOCKS_MAY_DIFFER)
    standing, repeats, conflicts = _settled(checked.rows, undated)
    rows = checked.rows.take(pa.array(standing, pa.int64()))
    appended = None
    if standing:
        appended = written(store.engine, lambda tx: take(tx, rows, at=now, undated=undated))
    conflicts += [standing[place] for place in appended.conflicts] if appended else []
    rejected = [*checked.rejected, *(_conflict(checked.rows, checked.good, place) for place in conflicts)]
    return Taken(
        accepted=appended.accepted if appended else 0,
        duplicates=repeats + (appended.duplicates if appended else 0),
        rejected=tuple(sorted(rejected, key=lambda one: one.index)),
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


def _settled(rows: pa.Table, undated: set[str]) -> tuple[list[int], int, list[int]]:
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
