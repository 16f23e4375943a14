"""Event ids that a log says more than once: which row stands, and what becomes of the others.

Of rows with one event id the one known first stands, then the one whose canonical text sorts first, so the
order of rows never matters. A row that says the same as the one that stands is a duplicate; any other is
rejected as `event_id_conflict`.
"""

from collections import defaultdict
from collections.abc import Iterator
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

__all__ = ["Discarded", "EventIds"]

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
        """The rows of `log`, all of whose batches were seen, that do not stand."""
        suspects = self._seen_twice()
        if not len(suspects):
            return Discarded(numbers=np.array([], dtype=np.int64))
        rivals: defaultdict[str, list[_Row]] = defaultdict(list)
        for batch in log.batches(clock=clock):
            for row in self._suspicious(batch, suspects):
                rivals[row.event_id].append(row)
        return _settle([rows for rows in rivals.values() if len(rows) > 1])

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

    def _suspicious(self, batch: Batch, suspects: npt.NDArray[np.uint64]) -> "Iterator[_Row]":
        if not batch.rows.num_rows:
            return
        chosen = np.flatnonzero(np.isin(self._hash(batch.rows), suspects))
        rows = batch.rows.take(pa.array(chosen))
        known = rows.column("known_at").cast(pa.int64()).to_pylist()
        ids, texts = rows.column("event_id").to_pylist(), canonical(rows)
        for place, event_id, *stands_by in zip(chosen.tolist(), ids, known, texts, strict=True):
            number = int(batch.numbers[place])
            yield _Row(
                number=number, index=number - batch.offset, source=batch.source, event_id=event_id,
                stands_by=tuple(stands_by),
            )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    number: int
    index: int
    source: str
    event_id: str
    stands_by: tuple[int, str]


def _repeated(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    hashes.sort()
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])


def _settle(rivals: list[list[_Row]]) -> Discarded:
    numbers: list[int] = []
    conflicts: list[tuple[str, Rejection]] = []
    for rows in rivals:
        first, *others = sorted(rows, key=lambda row: (row.stands_by, row.number))
        numbers += [row.number for row in others]
        conflicts += [(row.source, _conflict(row)) for row in others if row.stands_by != first.stands_by]
    return Discarded(
        numbers=np.sort(np.array(numbers, dtype=np.int64)),
        duplicates=len(numbers) - len(conflicts),
        conflicts=tuple(conflicts),
    )


def _conflict(row: _Row) -> Rejection:
    detail = REJECTIONS["event_id_conflict"]
    return Rejection(index=row.index, code="event_id_conflict", detail=detail, event_id=row.event_id)
