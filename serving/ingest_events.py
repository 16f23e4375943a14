"""Take events from a request into the store."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection

from features.columns import parse
from features.database import written
from features.events import Kind
from features.jsonrows import canonical, check_rows, same_event
from features.store import Appended, EventStore
from features.validation import REJECTIONS, Checked, Rejection
from serving.idempotency import Answer, Asked, earlier_answer, keep
from serving.ingest import CLOCKS_MAY_DIFFER, take
from serving.plain import as_json

__all__ = ["Taken", "ingest_events", "ingest_events_once"]

_NOTHING = Appended(accepted=0, duplicates=0, conflicts=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of the events of a request."""

    accepted: int
    duplicates: int
    rejected: tuple[Rejection, ...]

    def plain(self) -> dict[str, Any]:
        """As an answer says it."""
        rejected = [{"index": one.index, "code": one.code, "detail": one.detail} for one in self.rejected]
        return {"accepted": self.accepted, "duplicates": self.duplicates, "rejected": rejected}


def ingest_events(store: EventStore, sent: Sequence[Any], *, currency: str, now: datetime) -> Taken:
    """Add events to the store, with their effect on tiles and everything else, in one transaction.

    An event that does not say when it became known became known now. Once this returns, what it calls accepted is
    durable. Of events of one id within a request the one known first stands.
    """
    some = _sorted_out(sent, currency=currency, now=now)
    # Where nothing is new to the store, nobody who writes is made to wait.
    return written(store.engine, lambda tx: some.into(tx, now)) if some.standing else some.told()


def ingest_events_once(store: EventStore, sent: Sequence[Any], asked: Asked, *, currency: str, now: datetime) -> Answer:
    """The same under an idempotency key: a repeat gets the answer that its first got. Raises `IdempotencyConflict`."""
    some = _sorted_out(sent, currency=currency, now=now)

    def take_once(tx: Connection) -> Answer:
        earlier = earlier_answer(tx, asked, now=now)
        if earlier:
            return earlier
        answer = Answer(status=200, body=as_json(some.into(tx, now).plain()))
        keep(tx, asked, answer)
        return answer

    return written(store.engine, take_once)


@dataclass(frozen=True, slots=True, kw_only=True)
class _SortedOut:
    """The events of a request, checked; `standing` and `conflicts` are places among those that can be read."""

    checked: Checked
    standing: Sequence[int]
    repeats: int
    conflicts: Sequence[int]
    undated: Set[str]

    def into(self, tx: Connection, now: datetime) -> Taken:
        """Add those that stand to the store."""
        if not self.standing:
            return self.told()
        rows = self.checked.rows.take(pa.array(self.standing, pa.int64()))
        return self.told(take(tx, rows, at=now, undated=self.undated))

    def told(self, appended: Appended = _NOTHING) -> Taken:
        """What became of all of them."""
        places = [*self.conflicts, *(self.standing[place] for place in appended.conflicts)]
        conflicts = [_conflict(self.checked.rows, self.checked.good, place) for place in places]
        return Taken(
            accepted=appended.accepted,
            duplicates=self.repeats + appended.duplicates,
            rejected=tuple(sorted([*self.checked.rejected, *conflicts], key=lambda one: one.index)),
        )


def _sorted_out(sent: Sequence[Any], *, currency: str, now: datetime) -> _SortedOut:
    undated = {row["event_id"] for row in sent if _is_undated(row)}
    checked = check_rows([_dated(row, now) for row in sent], currency=currency, clock=now + CLOCKS_MAY_DIFFER)
    standing, repeats, conflicts = _settled(checked.rows, undated)
    return _SortedOut(checked=checked, standing=standing, repeats=repeats, conflicts=conflicts, undated=undated)


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
