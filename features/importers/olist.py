"""Import of Olist's tables, a real marketplace in Brazil, as an event log.

Data: Olist, "Brazilian E-Commerce Public Dataset by Olist" and "Marketing Funnel by Olist" (Kaggle,
CC BY-NC-SA 4.0). What each trap of these tables is and how it is met stands in docs/howto/import-olist.md.
"""

import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from features.events import SCHEMA
from features.importers.errors import OutputNotWritable
from features.importers.olist_events import EVENTS, PREPARATION
from features.importers.olist_facts import FACTS, LEFT_OUT, answer
from features.importers.olist_tables import load_tables

__all__ = ["ImportReport", "import_olist"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import made.

    `events` counts per event type, `left_out` per reason; `facts` are shares (0 to 1, None of nothing) and counts
    that can be checked against what is published about the tables.
    """

    events: dict[str, int]
    left_out: dict[str, int]
    facts: dict[str, int | float | None]


def import_olist(source: Path, out: Path) -> ImportReport:
    """Write the Olist tables in the folder `source` as one Parquet event log `out`, and report on it.

    The tables name no time zone: their wall clock is kept and read as UTC. Money is BRL cents. Rows are ordered by
    (event_time, event_id), so that the same tables give the same bytes. `out` appears whole or not at all.
    Raises `ImportFailed`.
    """
    with duckdb.connect(":memory:") as connection:
        load_tables(connection, source)
        for statement in PREPARATION:
            connection.execute(statement)
        with _appearing(out) as partial:
            pq.write_table(_events(connection), partial, compression="zstd")
            return _report(connection, partial)


@contextmanager
def _appearing(out: Path) -> Iterator[Path]:
    """A path to write to, which becomes `out` when the block ends well and vanishes when it does not."""
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            partial.replace(out)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise OutputNotWritable(f"{out} cannot be written: {error.strerror or error}") from error


def _events(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    rows = connection.sql(EVENTS).to_arrow_table()
    used = pa.schema([column for column in SCHEMA if column.name in rows.column_names])
    # Arrow reads a time without a zone as UTC when it is given that zone.
    return rows.select(used.names).cast(used)


def _report(connection: duckdb.DuckDBPyConnection, written: Path) -> ImportReport:
    # The facts are taken from the file itself, so that they also prove the file.
    connection.read_parquet(glob.escape(str(written))).create_view("log")
    counts = connection.sql("SELECT event_type, count(*) FROM log GROUP BY event_type ORDER BY event_type").fetchall()
    left_out = {reason: int(count or 0) for reason, count in answer(connection, LEFT_OUT).items()}
    return ImportReport(events=dict(counts), left_out=left_out, facts=answer(connection, FACTS))
