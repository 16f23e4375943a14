"""The rows that Spark sends about: events, facts that were worked out elsewhere, and the rows of the spine.

All of them name a merchant, and Spark brings those of one merchant together. What they say besides stands in columns
of their own, which are null in the other two.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from features.engine import COLUMNS_KEPT
from features.events import SCHEMA
from features.facts import Facts, Lexicon, resolve
from features.known import known_in
from features.measures import Crossed, Measure

__all__ = [
    "ASKED", "CELLS", "EVENTS", "FACTS", "WRITTEN", "Part", "Task", "cells_of", "fact_rows", "read_again", "sent",
    "tables_of", "written",
]  # fmt: skip

Ints = npt.NDArray[np.int64]

#: What Spark has done to the rows of a partition, which come a batch at a time.
Task = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]

_MERCHANT = SCHEMA.field("merchant_id")
EVENTS = pa.schema([_MERCHANT, pa.field("type", pa.int8()), *(SCHEMA.field(name) for name in COLUMNS_KEPT)])
#: One fact of one measure, which goes by its number among those of the features.
FACTS = pa.schema([_MERCHANT, *(pa.field(name, pa.int64()) for name in ("measure", "clock", "known", "amount"))])
#: One row of the spine, and which one it is.
ASKED = pa.schema([_MERCHANT, pa.field("row", pa.int64()), pa.field("day", pa.int64())])
#: One number of one of several tables, by the place of the table and, row after row, of the number.
CELLS = pa.schema([pa.field(name, pa.int64()) for name in ("place", "cell", "sum")])
#: A table as one value: Spark carries hundreds of columns dearly, and most of their numbers are zeros.
WRITTEN = pa.schema([pa.field("table", pa.binary())])


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The rows of some merchants, all that there are of each; a merchant's number is its place in `names`."""

    names: pa.Array
    events: pa.Table
    facts: pa.Table
    asked: pa.Table

    @classmethod
    def of(cls, table: pa.Table) -> "Part":
        """From rows of any of the three forms, or of several."""
        named = table.column("merchant_id").combine_chunks().dictionary_encode()
        table = table.append_column("merchant", named.indices.cast(pa.int64()))
        return cls(
            names=named.dictionary,
            events=_told(table, "type", ["merchant", *EVENTS.names[1:]]),
            facts=_told(table, "measure", ["merchant", *FACTS.names[1:]]),
            asked=_told(table, "row", ["merchant", *ASKED.names[1:]]),
        )

    def resolved(self, measures: Sequence[Measure], numbered: Sequence[Measure], lexicon: Lexicon) -> list[Facts]:
        """The facts of the events, with those that were worked out elsewhere: one `Facts` for each source."""
        elsewhere = [_nothing(measure) for measure in measures if isinstance(measure.source, Crossed)]
        own = resolve(known_in(self.events), measures, lexicon)
        return [self._with_given(facts, numbered) for facts in [*own, *elsewhere]]

    def _with_given(self, facts: Facts, numbered: Sequence[Measure]) -> Facts:
        place = np.array([numbered.index(measure) for measure in facts.measures])
        measure = _ints(self.facts, "measure")
        rows = np.flatnonzero(np.isin(measure, place))
        if not len(rows):
            return facts
        amounts = np.where(place[:, None] == measure[rows], _ints(self.facts, "amount")[rows], 0)
        return Facts(
            merchant=np.append(facts.merchant, _ints(self.facts, "merchant")[rows]),
            clock=np.append(facts.clock, _ints(self.facts, "clock")[rows]),
            known=np.append(facts.known, _ints(self.facts, "known")[rows]),
            amounts=np.append(facts.amounts, amounts, axis=1),
            measures=facts.measures,
        )


def sent(session: SparkSession, rows: pa.Table) -> DataFrame:
    """Rows of here as rows of Spark."""
    # Spark reads no further than to the first chunk without rows.
    return session.createDataFrame(rows.combine_chunks())


def _told(table: pa.Table, by: str, columns: Sequence[str]) -> pa.Table:
    """The rows that say anything in a column, with those of some columns that the table has."""
    present = [name for name in columns if name in table.column_names]
    if by not in present:
        return pa.table({name: pa.nulls(0, pa.int64()) for name in columns})
    return table.select(present).filter(table.column(by).is_valid())


def _nothing(measure: Measure) -> Facts:
    none = np.zeros(0, dtype=np.int64)
    return Facts(merchant=none, clock=none, known=none, amounts=none[None, :], measures=(measure,))


def _ints(table: pa.Table, column: str) -> Ints:
    return np.asarray(table.column(column).to_numpy())


def fact_rows(resolved: Iterable[Facts], names: pa.Array, numbered: Sequence[Measure]) -> pa.Table:
    """Facts as rows, those that come to nothing left out."""
    parts = [FACTS.empty_table()]
    for facts in resolved:
        for measure, amounts in zip(facts.measures, facts.amounts, strict=True):
            at = np.flatnonzero(amounts)
            columns = {"clock": facts.clock[at], "known": facts.known[at], "amount": amounts[at]}
            columns["measure"] = np.full(len(at), numbered.index(measure))
            merchants = names.take(pa.array(facts.merchant[at]))
            parts.append(pa.table({"merchant_id": merchants, **columns}).select(FACTS.names).cast(FACTS))
    return pa.concat_tables(parts)


def cells_of(tables: Sequence[Ints]) -> pa.Table:
    """Tables as rows, zeros left out."""
    parts = [CELLS.empty_table()]
    for place, table in enumerate(tables):
        at = np.flatnonzero(table)
        columns = {"place": np.full(len(at), place), "cell": at, "sum": table.reshape(-1)[at]}
        parts.append(pa.table(columns).cast(CELLS))
    return pa.concat_tables(parts)


def tables_of(cells: pa.Table, *, like: Sequence[Ints]) -> list[Ints]:
    """Rows as tables, each as wide as that of `like` in its place, and all as long as the longest must be."""
    at, cell, amount = (_ints(cells, name) for name in CELLS.names)
    width = np.array([table.shape[1] for table in like])
    length = int((cell // width[at]).max(initial=-1)) + 1
    found = [np.zeros((length, own), dtype=np.int64) for own in width.tolist()]
    for place, table in enumerate(found):
        table.reshape(-1)[cell[at == place]] = amount[at == place]
    return found


def written(table: pa.Table) -> pa.RecordBatch:
    """A table as one value."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return pa.record_batch({"table": [sink.getvalue().to_pybytes()]}, schema=WRITTEN)


def read_again(tables: pa.Table) -> list[pa.Table]:
    """The tables that were written so."""
    return [pa.ipc.open_stream(one.as_buffer()).read_all() for one in tables.column("table")]
