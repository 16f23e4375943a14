"""A log read for checking: validated row by row as ever, then kept in a database of its own for questions,
in bounded memory and on disk beyond it.

Rows of the table `log` are the events that stand (`number` is their place in the log), and, with `past`, the store's
newest ones; all times are microseconds since 1970 in UTC, and `source` is empty where none is named. `timed` adds the
`day` on which an event became known and a `period`: days, weeks or four weeks, as a type's and feed's number asks for.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.checks.limits import Limits
from features.checks.past import Past
from features.duplicates import Discarded, EventIds
from features.events import COLUMNS, SCHEMA, Kind
from features.log import ROWS_PER_BATCH, Batch, FileLog
from features.progress import Watch, silently

__all__ = ["DAY", "EXAMPLES", "Loaded", "Outcome", "loaded"]

#: Microseconds.
DAY = 86_400_000_000
_HOUR = 3_600_000_000

#: How many ids a finding shows.
EXAMPLES = 3

#: Columns that are only asked whether they say anything.
_LONG = ("title", "text")
_MEMORY = "1GB"


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What became of the rows of a log: as `ingest` would tell it of an empty store, with some examples."""

    accepted: int = 0
    duplicates: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    examples: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @property
    def rows(self) -> int:
        """All of them."""
        return self.accepted + self.duplicates + self.rejected.total()

    def take(self, batch: Batch) -> None:
        """Count a batch."""
        self.accepted += batch.rows.num_rows
        for one in batch.rejected:
            self._reject(one.code, f"row {one.index}: {one.detail}")

    def discard(self, discarded: Discarded) -> None:
        """Count the rows that do not stand."""
        self.accepted -= len(discarded.numbers)
        self.duplicates += discarded.duplicates
        for _, one in discarded.conflicts:
            self._reject(one.code, f"row {one.index}: {one.event_id}")

    def _reject(self, code: str, example: str) -> None:
        self.rejected[code] += 1
        if len(self.examples[code]) < EXAMPLES:
            self.examples[code].append(example)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A log ready for questions, with what the store says of the weeks before it, where there is a store.

    `clock` is the time that days are told by; `sample` are some of its events in full, to be looked up in the store.
    """

    outcome: Outcome
    limits: Limits
    past: Past | None
    clock: str
    sample: pa.Table | None
    _database: duckdb.DuckDBPyConnection

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a query answers."""
        return self._database.execute(sql, list(values)).fetchall()

    def keep(self, name: str, sql: str) -> None:
        """Keep what a query answers as a table, in place of any other of that name."""
        self._database.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")

    def one(self, sql: str, *values: Any) -> tuple[Any, ...]:
        """The only row that a query answers."""
        (row,) = self.rows(sql, *values)
        return row

    def examples(self, where: str, *values: Any) -> list[str]:
        """Some ids of the log's own events for which a condition holds, the same each time."""
        query = f"SELECT event_id FROM timed WHERE NOT past AND {where} ORDER BY number LIMIT {EXAMPLES}"
        return [row[0] for row in self.rows(query, *values)]


@contextmanager
def loaded(
    log: FileLog, *, limits: Limits, clock: datetime | None = None, past: Past | None = None, watch: Watch = silently
) -> Iterator[Loaded]:
    """Read a log; the store's newest events are read beside it. Nothing is left on disk."""
    with TemporaryDirectory(prefix="goodfaith-") as folder:
        database = _opened(Path(folder))
        try:
            outcome, sample = _fill(database, log, clock, limits, watch)
            if past is not None:
                for rows in past.newest(limits.past_events):
                    _insert(database, rows, None)
                # What is in the log already is not its own past.
                database.execute("DELETE FROM log WHERE past AND event_id IN (SELECT event_id FROM log WHERE NOT past)")
            learned = _learned(database, limits)
            _time(database, learned, limits)
            yield Loaded(outcome=outcome, limits=limits, past=past, clock=learned, sample=sample, _database=database)
        finally:
            database.close()


def _opened(folder: Path) -> duckdb.DuckDBPyConnection:
    # In memory with somewhere to spill: a database in a file would compress all that it is asked for but once.
    options: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": _MEMORY, "temp_directory": str(folder), "preserve_insertion_order": "false",
    }  # fmt: skip
    database = duckdb.connect(config=options)
    columns = ", ".join(f"{name} {_TYPES[column.kind]}" for name, column in COLUMNS.items())
    database.execute(f"CREATE TABLE log (number BIGINT, past BOOLEAN, {columns})")
    return database


_TYPES = {
    Kind.TEXT: "VARCHAR", Kind.TIME: "BIGINT", Kind.DATE: "DATE", Kind.INTEGER: "BIGINT", Kind.FLAG: "BOOLEAN",
    Kind.TEXTS: "VARCHAR[]",
}  # fmt: skip


def _fill(
    database: duckdb.DuckDBPyConnection, log: FileLog, clock: datetime | None, limits: Limits, watch: Watch
) -> tuple[Outcome, pa.Table | None]:
    """Keep all events that stand; answer what became of the rows, and a part of them in full."""
    outcome, ids, some = Outcome(), EventIds(), list[pa.Table]()
    every = -(-log.rows // limits.looked_up) or 1
    for batch in watch(log.batches(clock=clock), title="reading events", total=-(-log.rows // ROWS_PER_BATCH)):
        outcome.take(batch)
        if batch.rows.num_rows:
            ids.see(batch)
            some.append(batch.rows.filter(pa.array(batch.numbers % every == 0)))
            _insert(database, batch.rows, batch.numbers)
    discarded = ids.discarded(log, clock=clock)
    outcome.discard(discarded)
    if len(discarded.numbers):
        database.register("gone", pa.table({"number": discarded.numbers}))
        database.execute("DELETE FROM log WHERE number IN (SELECT number FROM gone)")
        database.unregister("gone")
    return outcome, pa.concat_tables(some, promote_options="default") if some else None


def _insert(database: duckdb.DuckDBPyConnection, rows: pa.Table, numbers: Any) -> None:
    """Keep some events; without numbers they are the store's."""
    past = numbers is None
    head = {"number": pa.array(np.full(rows.num_rows, -1) if past else numbers)}
    told = {name: _kept(rows, name) for name in SCHEMA.names if name in rows.column_names}
    database.register("batch", pa.table(head | {"past": pa.repeat(past, rows.num_rows)} | told))
    named = ", ".join(["number", "past", *told])
    database.execute(f"INSERT INTO log ({named}) SELECT {named} FROM batch")
    database.unregister("batch")


def _kept(rows: pa.Table, name: str) -> pa.ChunkedArray:
    values = rows.column(name)
    if COLUMNS[name].kind is Kind.TIME:
        return values.cast(pa.int64())
    return pc.if_else(values.is_valid(), "", None).cast(pa.string()) if name in _LONG else values


def _learned(database: duckdb.DuckDBPyConnection, limits: Limits) -> str:
    """By which time the days of a log are told: when it became known, or, where the export said that, when it was."""
    ((share, days),) = database.execute(
        f"""SELECT max(n) / sum(n), any_value(days) FROM
            (SELECT count(*) AS n FROM log WHERE NOT past GROUP BY known_at // {DAY}),
            (SELECT (quantile_disc(event_time, 0.95) - quantile_disc(event_time, 0.05)) / {DAY} AS days
             FROM log WHERE NOT past)"""
    ).fetchall()
    exported = share is not None and share >= limits.once_share and days >= limits.once_days
    return "event_time" if exported else "known_at"


def _time(database: duckdb.DuckDBPyConnection, learned: str, limits: Limits) -> None:
    """Say of each type and feed in which periods it is looked at, so that one has enough events where that can be."""
    database.execute(
        f"""CREATE TABLE units AS
            SELECT event_type, source, CASE WHEN often >= {limits.least_rows} THEN 1
                WHEN often * 7 >= {limits.least_rows} THEN 7 ELSE 28 END AS unit
            FROM (SELECT event_type, coalesce(source, '') AS source,
                  count(*) / count(DISTINCT {learned} // {DAY}) AS often FROM log GROUP BY ALL)"""
    )
    database.execute(
        f"""CREATE VIEW timed AS
            SELECT log.* REPLACE (coalesce(log.source, '') AS source), {learned} // {DAY} AS day,
                {learned} // {DAY} // unit AS period, unit
            FROM log JOIN units ON units.event_type = log.event_type AND units.source = coalesce(log.source, '')"""
    )
