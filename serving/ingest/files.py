"""Take events into the store: from files; `serving/ingest/requests.py` takes them from requests."""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import Connection

from features.database import look_over, written
from features.duplicates import EventIds
from features.log import Batch, FileLog
from features.midnights import forget_midnights
from features.store import Appended, EventStore, append
from features.tables import event_ids, event_keys, events
from features.validation import REJECTIONS, Rejection
from serving.ledger.booking import book

__all__ = ["CLOCKS_MAY_DIFFER", "Ingested", "ingest_file", "rejects_of", "take"]

#: A sender's clock may be this far ahead; the event then counts from its own `known_at` on.
CLOCKS_MAY_DIFFER = timedelta(minutes=5)

_ROWS_AT_ONCE = 10_000


@dataclass(slots=True, kw_only=True)
class Ingested:
    """What became of a file's rows."""

    accepted: int = 0
    duplicates: int = 0
    rejected: Counter[str] = field(default_factory=Counter)

    def plain(self) -> dict[str, object]:
        """As JSON shows it."""
        return {"accepted": self.accepted, "duplicates": self.duplicates, "rejected": dict(self.rejected)}


def rejects_of(path: Path) -> Path:
    """Where the rejected rows of a file are written, with their reasons."""
    return path.with_name(f"{path.name}.rejected.jsonl")


def ingest_file(
    store: EventStore, path: Path, *, currency: str, now: datetime, rejects: Path | None = None
) -> Ingested:
    """Add a file's events to the store; rows that cannot be added are written down with their reasons.

    They go to the file `rejects`, by default one beside the events.

    The same file may be taken in again: what is there already has no effect. Which of a file's rows stands for a
    repeated id does not depend on their order; what the store has already always stands.
    """
    log, clock = FileLog([path], currency=currency), now + CLOCKS_MAY_DIFFER
    ids = EventIds()
    for batch in log.batches(clock=clock):
        ids.see(batch)
    discarded = ids.discarded(log, clock=clock)
    outcome, first = Ingested(duplicates=discarded.duplicates), None
    with _Rejects(rejects or rejects_of(path), outcome.rejected) as refused:
        refused.write([rejection for _, rejection in discarded.conflicts])
        for batch in log.batches(clock=clock):
            refused.write(batch.rejected)
            for rows, numbers in _standing(batch, discarded.numbers):
                appended = written(store.engine, partial(take, rows=rows, at=now, later=True))
                outcome.accepted += appended.accepted
                first = _earliest(rows, appended, first)
                outcome.duplicates += appended.duplicates
                refused.write([_conflict(rows, numbers, place) for place in appended.conflicts])
    store.catch_up(at=now)
    if first is not None:
        look_over(store.engine, (events, event_ids, event_keys))
        forget_midnights(store.engine, after=first)
    return outcome


def take(
    tx: Connection,
    rows: pa.Table,
    *,
    at: datetime,
    later: bool = False,
    undated: Collection[str] = (),
    sources: Sequence[str | None] = (),
) -> Appended:
    """Add validated events and all that follows from them; what they say of money is booked in the ledger.

    `sources` (n,) are noted beside those that name none.
    """
    appended = append(tx, rows, at=at, later=later, undated=undated, sources=sources)
    if appended.new:
        book(tx, rows.take(pa.array(appended.new, pa.int64())), at=at, later=later)
    return appended


def _standing(batch: Batch, discarded: npt.NDArray[np.int64]) -> Iterator[tuple[pa.Table, npt.NDArray[np.int64]]]:
    """The batch's rows that stand, some at a time, with their numbers."""
    stands = np.flatnonzero(~np.isin(batch.numbers, discarded))
    for begin in range(0, len(stands), _ROWS_AT_ONCE):
        some = stands[begin : begin + _ROWS_AT_ONCE]
        yield batch.rows.take(pa.array(some)), batch.numbers[some]


def _conflict(rows: pa.Table, numbers: npt.NDArray[np.int64], place: int) -> Rejection:
    code = "event_id_conflict"
    event_id = rows.column("event_id")[place].as_py()
    return Rejection(index=int(numbers[place]), code=code, detail=REJECTIONS[code], event_id=event_id)


def _earliest(rows: pa.Table, appended: Appended, first: datetime | None) -> datetime | None:
    """When the first of all new events became known."""
    known = rows.column("known_at").take(pa.array(appended.new, pa.int64())).to_pylist()
    return min([*known, *([first] if first else [])], default=None)


class _Rejects:
    """Rejected rows as JSON lines; the file is there only while something was rejected."""

    def __init__(self, path: Path, count: Counter[str]) -> None:
        self._path, self._count = path, count
        self._stack = ExitStack()
        self._file: IO[str] | None = None

    def __enter__(self) -> "_Rejects":
        self._path.unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def write(self, rejections: "list[Rejection] | tuple[Rejection, ...]") -> None:
        """Count and keep some."""
        if rejections and self._file is None:
            self._file = self._stack.enter_context(self._path.open("w", encoding="utf-8"))
        for rejection in rejections:
            self._count[rejection.code] += 1
            told = {"index": rejection.index, "event_id": rejection.event_id, "code": rejection.code}
            text = json.dumps(told | {"detail": rejection.detail}, ensure_ascii=False)
            print(text, file=self._file)
