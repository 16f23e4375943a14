"""A log read on Spark: every task reads pieces of its files and checks them as they are checked everywhere else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql
from pyspark.sql.pandas.types import from_arrow_schema

from features.duplicates import Claim, Discarded, claims, conflict, settled
from features.known import type_codes
from features.log import ROWS_PER_BATCH, Batch, EventLog, FileLog, Piece
from features.partition import Accepted, kept
from features.spark.rows import EVENTS

__all__ = ["as_files", "checked", "discarded", "outcome"]

#: A row of a log: an event, or so many rows of a batch that were rejected for one reason.
_CHECKED = pa.schema(
    [
        pa.field("number", pa.int64()),
        *EVENTS,
        pa.field("code", pa.string()),
        pa.field("count", pa.int64()),
        pa.field("example", pa.string()),
    ]
)
_CLAIMS = pa.schema(
    [pa.field(name, pa.string() if name in ("source", "event_id", "text") else pa.int64()) for name in Claim.__slots__]
)
#: The number of a row that does not stand, or the rejection of one that says something else than the row that does.
_DISCARDED = pa.schema({"number": pa.int64(), "index": pa.int64(), "source": pa.string(), "event_id": pa.string()})


def as_files(log: EventLog, folder: Path, *, currency: str) -> FileLog:
    """A log that other machines can read: itself where it is one of files, else written into the folder."""
    if isinstance(log, FileLog):
        return FileLog([path.absolute() for path in log.paths], currency=log.currency)
    paths = []
    for number, batch in enumerate(log.batches()):
        paths.append(folder / f"{number:06}.parquet")
        pq.write_table(batch.rows, paths[-1])
    return FileLog(paths, currency=currency)


def checked(session: SparkSession, log: FileLog) -> DataFrame:
    """Every good row of a log, and what was rejected."""

    def read(batch: Batch) -> Iterator[pa.RecordBatch]:
        yield from _good(batch).to_batches()
        yield from _rejected(batch).to_batches()

    return _by_piece(session, log, read, _CHECKED)


def _by_piece(session: SparkSession, log: FileLog, read: Any, schema: pa.Schema) -> DataFrame:
    """What `read` makes of every batch of a log."""
    pieces: list[Piece] = log.pieces(rows=ROWS_PER_BATCH)

    def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for number in (number for batch in batches for number in batch.column("id").to_pylist()):
            for batch in log.read(pieces[number]):
                yield from read(batch)

    numbers = session.range(0, len(pieces), 1, max(1, len(pieces)))
    return numbers.mapInArrow(task, from_arrow_schema(schema))


def _good(batch: Batch) -> pa.Table:
    if not batch.rows.num_rows:
        return _CHECKED.empty_table()
    columns = {"number": pa.array(batch.numbers), "type": type_codes(batch.rows)}
    columns |= {name: kept(batch.rows, name) for name in EVENTS.names if name in batch.rows.column_names}
    nothing = {f.name: pa.nulls(batch.rows.num_rows, f.type) for f in _CHECKED if f.name not in columns}
    return pa.table(columns | nothing).select(_CHECKED.names).cast(_CHECKED)


def _rejected(batch: Batch) -> pa.Table:
    told = Accepted()
    told.take(batch)
    first = {rejection.code: batch.offset + rejection.index for rejection in reversed(batch.rejected)}
    rows = [
        {"number": first[code], "code": code, "count": count, "example": told.example[code]}
        for code, count in told.rejected.items()
    ]
    return pa.Table.from_pylist(rows, schema=_CHECKED)


def discarded(session: SparkSession, log: FileLog, rows: DataFrame) -> Discarded:
    """The rows that do not stand: all that claim one event id are brought together, wherever they were read."""
    repeated = rows.where("code IS NULL").groupBy("event_id").count().where("count > 1").select("event_id").toArrow()
    ids = repeated.column("event_id").combine_chunks()
    if not len(ids):
        return settled(())

    def read(batch: Batch) -> Iterator[pa.RecordBatch]:
        if batch.rows.num_rows:
            chosen = pc.is_in(batch.rows.column("event_id"), value_set=ids).to_numpy()
            yield from pa.Table.from_pylist(
                [_as_row(claim) for claim in claims(batch, np.flatnonzero(chosen))], schema=_CLAIMS
            ).to_batches()

    rivals = _by_piece(session, log, read, _CLAIMS).repartition("event_id")
    found = rivals.mapInArrow(_settle, from_arrow_schema(_DISCARDED)).toArrow().to_pylist()
    numbers = np.sort(np.array([row["number"] for row in found if row["source"] is None], dtype=np.int64))
    conflicts = tuple(
        (row["source"], conflict(row["index"], row["event_id"])) for row in found if row["source"] is not None
    )
    return Discarded(numbers=numbers, duplicates=len(numbers) - len(conflicts), conflicts=conflicts)


def _as_row(claim: Claim) -> dict[str, Any]:
    return {name: getattr(claim, name) for name in _CLAIMS.names}


def _settle(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """What does not stand of some rows, among them all that claim the same ids."""
    found = settled(Claim(**row) for batch in batches for row in batch.to_pylist())
    rows = [{"number": number} for number in found.numbers.tolist()]
    rows += [
        {"source": source, "index": rejection.index, "event_id": rejection.event_id}
        for source, rejection in found.conflicts
    ]
    yield from pa.Table.from_pylist(rows, schema=_DISCARDED).to_batches()


def outcome(rows: DataFrame, without: Discarded) -> Accepted:
    """What became of the rows of a log."""
    by_code = rows.groupBy("code").agg(
        sql.count("*").alias("rows"), sql.sum("count").alias("count"), sql.min_by("example", "number").alias("example")
    )
    told = Accepted()
    for row in by_code.toArrow().to_pylist():
        if row["code"] is None:
            told.accepted = row["rows"]
        else:
            told.rejected[row["code"]] = row["count"]
            told.example[row["code"]] = row["example"]
    told.discard(without)
    return told
