"""Event ids that a log says more than once: which row stands, and what becomes of the others.

Of rows with one event id the one known first stands, then the one whose canonical text sorts first, so the
order of rows never matters. A row that says the same as the one that stands is a duplicate; any other is
rejected as `event_id_conflict`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.jsonrows import canonical
from features.log import Batch, EventLog
from features.validation import REJECTIONS, Rejection

__all__ = ["Claim", "Discarded", "EventIds", "claims", "conflict", "settled"]

_BUCKETS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Discarded:
    """Rows that do not stand: `numbers` (k,) sorted positions in the log, and why."""

    numbers: npt.NDArray[np.int64]
    duplicates: int = 0
    conflicts: tuple[tuple[str, Rejection], ...] = ()


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One for the whole program: to open it takes longer than to hash a small log."""
    return duckdb.connect(config={"threads": 1})


class EventIds:
    """The event ids of a log, as 64-bit hashes: 8 bytes a row. Equal hashes are compared in full afterwards."""

    def __init__(self) -> None:
        self._duckdb = _database().cursor()
        self._hashes: list[npt.NDArray[np.uint64]] = []

    def see(self, batch: Batch) -> None:
        """Take in the ids of a batch."""
        if batch.rows.num_rows:
            self._hashes.append(np.sort(self._hash(batch.rows)))

    def discarded(self, log: EventLog, *, clock: datetime | None = None) -> Discarded:
        """The rows of `log`, all of whose batches were seen, that do not stand. The hashes are forgotten after it."""
        suspects = self._seen_twice()
        self._hashes = []
        if not len(suspects):
            return Discarded(numbers=np.array([], dtype=np.int64))
        return settled(claim for batch in log.batches(clock=clock) for claim in self._suspicious(batch, suspects))

    def _hash(self, rows: pa.Table) -> npt.NDArray[np.uint64]:
        ids = rows.select(["event_id"])  # noqa: F841  DuckDB finds the table by this name.
        return np.asarray(self._duckdb.sql("SELECT hash(event_id) AS h FROM ids").fetchnumpy()["h"])

    def _seen_twice(self) -> npt.NDArray[np.uint64]:
        found = [_repeated(np.concatenate(part)) for part in self._by_bucket()]
        return np.concatenate(found) if found else np.array([], dtype=np.uint64)

    def _by_bucket(self) -> Iterator[list[npt.NDArray[np.uint64]]]:
        """The sorted hashes cut into ranges, so that a copy of one range at a time is enough."""
        edges = np.array([2**64 // _BUCKETS * bucket for bucket in range(1, _BUCKETS)], dtype=np.uint64)
        cuts = [np.searchsorted(hashes, edges) for hashes in self._hashes]
        split = [np.split(hashes, cut) for hashes, cut in zip(self._hashes, cuts, strict=True)]
        for bucket in range(_BUCKETS if split else 0):
            yield [parts[bucket] for parts in split]

    def _suspicious(self, batch: Batch, suspects: npt.NDArray[np.uint64]) -> "Iterator[Claim]":
        if batch.rows.num_rows:
            yield from claims(batch, np.flatnonzero(np.isin(self._hash(batch.rows), suspects)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A row that claims an event id: its position in the log and in its source, and by what it may stand."""

    number: int
    index: int
    source: str
    event_id: str
    known_at: int
    text: str


def claims(batch: Batch, chosen: npt.NDArray[np.int64]) -> Iterator[Claim]:
    """What some rows of a batch, by place, claim."""
    rows = batch.rows.take(pa.array(chosen))
    known = rows.column("known_at").cast(pa.int64()).to_pylist()
    told = zip(chosen.tolist(), rows.column("event_id").to_pylist(), known, canonical(rows), strict=True)
    for place, event_id, known_at, text in told:
        number = int(batch.numbers[place])
        yield Claim(
            number=number, index=number - batch.offset, source=batch.source, event_id=event_id, known_at=known_at,
            text=text,
        )  # fmt: skip


def _repeated(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    hashes.sort()
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])


def settled(claimed: Iterable[Claim]) -> Discarded:
    """Which of some rows do not stand; all rows that claim one id must be among them."""
    rivals: defaultdict[str, list[Claim]] = defaultdict(list)
    for claim in claimed:
        rivals[claim.event_id].append(claim)
    numbers: list[int] = []
    conflicts: list[tuple[str, Rejection]] = []
    for rows in rivals.values():
        first, *others = sorted(rows, key=lambda row: (row.known_at, row.text, row.number))
        numbers += [row.number for row in others]
        conflicts += [(row.source, conflict(row.index, row.event_id)) for row in others if row.text != first.text]
    return Discarded(
        numbers=np.sort(np.array(numbers, dtype=np.int64)),
        duplicates=len(numbers) - len(conflicts),
        conflicts=tuple(conflicts),
    )


def conflict(index: int, event_id: str) -> Rejection:
    """The rejection of a row that says something else than the row that stands, by its position in its source."""
    return Rejection(index=index, code="event_id_conflict", detail=REJECTIONS["event_id_conflict"], event_id=event_id)
