"""Events of a request, or from a broker, looked at before they go into the store (`serving/ingest/requests.py`)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import BaseModel

from features.columns import parse
from features.events import Kind
from features.jsonrows import canonical, check_rows, same_event
from features.validation import REJECTIONS, Rejection
from serving.idempotency import Asked
from serving.ingest.feeds import ANYBODY, NOT_ALLOWED, Feed
from serving.ingest.files import CLOCKS_MAY_DIFFER

__all__ = ["CONFLICT", "Good", "Ready", "RejectedEvent", "Taken", "check_events", "taken_of"]

CONFLICT = ("event_id_conflict", REJECTIONS["event_id_conflict"])


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
class Good:
    """Events of a request with nothing wrong about them, each with its place in the request."""

    rows: pa.Table
    places: Sequence[int]

    def of(self, chosen: Sequence[int]) -> "Good":
        """Only some of them, by their place among these."""
        return Good(rows=self.rows.take(pa.array(chosen, pa.int64())), places=[self.places[one] for one in chosen])

    def without(self, others: Collection[int]) -> "Good":
        """All but some."""
        return self.of([one for one in range(len(self.places)) if one not in others]) if others else self

    def rejected(self, chosen: Iterable[int], why: tuple[str, str]) -> list[Rejection]:
        """Some of them, with a reason why they stay out all the same."""
        ids = self.rows.column("event_id") if self.places else ()
        code, detail = why
        return [
            Rejection(index=self.places[one], code=code, detail=detail, event_id=ids[one].as_py()) for one in chosen
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A request, checked: the events that stand, how many only repeat them, what is rejected, and whose it is.

    `asked` names it, where its sender wants the first answer again for a repeat.
    """

    standing: Good
    undated: frozenset[str]
    repeats: int
    rejected: Sequence[Rejection]
    feed: Feed
    asked: Asked | None = None


def check_events(
    sent: Sequence[Any], *, currency: str, now: datetime, asked: Asked | None = None, feed: Feed = ANYBODY
) -> Ready:
    """Look at the events of a request, without the store.

    An event that does not say when it became known became known now. Of events of one id within a request the one
    known first stands; what its feed may not write is rejected.
    """
    undated = frozenset(row["event_id"] for row in sent if _is_undated(row))
    checked = check_rows([_dated(row, now) for row in sent], currency=currency, clock=now + CLOCKS_MAY_DIFFER)
    good = Good(rows=checked.rows, places=checked.good.tolist())
    forbidden = np.flatnonzero(~feed.allowed(good.rows)).tolist() if good.places else []
    allowed = good.without(set(forbidden))
    standing, repeats, conflicts = _settled(allowed.rows, undated)
    return Ready(
        standing=allowed.of(standing),
        undated=undated,
        repeats=repeats,
        rejected=(*checked.rejected, *good.rejected(forbidden, NOT_ALLOWED), *allowed.rejected(conflicts, CONFLICT)),
        feed=feed,
        asked=asked,
    )


def taken_of(rejected: Iterable[Rejection], *, accepted: int = 0, duplicates: int) -> Taken:
    """What a sender is told."""
    told = sorted(rejected, key=lambda one: one.index)
    return Taken(
        accepted=accepted,
        duplicates=duplicates,
        rejected=[RejectedEvent(index=one.index, code=one.code, detail=one.detail) for one in told],
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
    ids = rows.column("event_id").to_pylist()
    if len(set(ids)) == len(ids):
        return list(range(len(ids))), 0, []
    texts = canonical(rows)
    known = rows.column("known_at").cast(pa.int64()).to_pylist()
    first: dict[str, int] = {}
    for place in sorted(range(len(ids)), key=lambda place: (known[place], texts[place], place)):
        first.setdefault(ids[place], place)
    others = [place for place, event_id in enumerate(ids) if first[event_id] != place]
    conflicts = [p for p in others if not same_event(texts[first[ids[p]]], texts[p], undated=ids[p] in undated)]
    return sorted(first.values()), len(others) - len(conflicts), conflicts
