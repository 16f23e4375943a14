"""Feature rows on Spark: the same facts, kernel and formulas as on one machine, merchant by merchant on many tasks.

The log is read and checked piece by piece, and rows that claim one event id are brought together to find the one that
stands. Then events go to their merchant's task, with the rows of the spine that ask for it and with facts that were
worked out elsewhere: what crosses merchants, and the tiles of merchants too large for one task. Tasks go over their
part twice: first for what all merchants of a category come to, then, told the whole of that, for the answers. All
that is added up is whole numbers, so no order of adding shows in the answers (docs/decisions/0008).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import reduce

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql
from pyspark.sql.pandas.types import from_arrow_schema

from features.answers import Others, Own, measures_of
from features.catalogue import CATALOGUE
from features.catalogue.feature import Feature
from features.crossing import crossing_facts, types_read
from features.duplicates import Discarded
from features.events import COLUMNS, Kind
from features.facts import Lexicon
from features.known import TYPE_CODES, known_in
from features.log import FileLog
from features.measures import Latest, Measure, Said
from features.partition import ROWS_PER_PART, Accepted
from features.spark.large import large_merchants, tiles_of
from features.spark.reading import checked, discarded, outcome
from features.spark.rows import (
    ASKED,
    CELLS,
    EVENTS,
    WRITTEN,
    Part,
    Task,
    cells_of,
    fact_rows,
    read_again,
    sent,
    tables_of,
    written,
)
from features.spine import Spine, everybody_at

__all__ = ["ROWS_PER_MERCHANT", "features_on_spark"]

Ints = npt.NDArray[np.int64]

#: More events of one merchant than this are not held by one task (own proposal: it takes some 2 GB).
ROWS_PER_MERCHANT = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What every task is told: which features, at which days, and the numbers of all texts that they may say."""

    features: tuple[Feature, ...]
    days: Ints
    texts: tuple[str, ...]

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What is counted; facts go by their measure's place here."""
        return measures_of(self.features)


def features_on_spark(
    session: SparkSession,
    log: FileLog,
    wanted: Spine | datetime,
    *,
    features: Sequence[Feature] = CATALOGUE,
    heard: Callable[[Accepted], None] | None = None,
    most: int = ROWS_PER_MERCHANT,
) -> pa.Table:
    """`build_features` on Spark, for a spine or for everybody known by a midnight; `most` events of one merchant
    are held by one task. `heard` is told what became of the log's rows. Raises `NothingAccepted`.
    """
    with ExitStack() as stack:
        rows = _held(checked(session, log), stack)
        without = discarded(session, log, rows)
        told = outcome(rows, without)
        told.check()
        if heard:
            heard(told)
        spine = wanted if isinstance(wanted, Spine) else everybody_at(_known_before(rows, wanted), wanted)
        events = _standing(session, rows, without)
        asked = _Asked(features=tuple(features), days=np.unique(spine.day), texts=_texts(events, measures_of(features)))
        parted = _held(_parted(session, events, spine, asked, most), stack)
        others = _everybody(parted, asked)
        answers = parted.mapInArrow(_answered(asked, others), from_arrow_schema(WRITTEN)).toArrow()
        return _in_order(pa.concat_tables([_nobody(asked, others), *read_again(answers)]), spine)


def _held(rows: DataFrame, stack: ExitStack) -> DataFrame:
    """Rows that are made once, and kept on disk until the stack is left."""
    kept = rows.persist(StorageLevel.DISK_ONLY)
    stack.callback(kept.unpersist)
    return kept


def _known_before(rows: DataFrame, as_of: datetime) -> list[str]:
    """The merchants with an event known before a midnight."""
    known = rows.where("code IS NULL").where(sql.col("known_at") < sql.lit(as_of)).select("merchant_id").distinct()
    return list(known.toArrow().column("merchant_id").to_pylist())


def _standing(session: SparkSession, rows: DataFrame, without: Discarded) -> DataFrame:
    """The events that stand."""
    events = rows.where("code IS NULL")
    if len(without.numbers):
        numbers = sent(session, pa.table({"number": without.numbers}))
        events = events.join(sql.broadcast(numbers), "number", "left_anti")
    return events.select(*EVENTS.names)


def _texts(events: DataFrame, measures: Sequence[Measure]) -> tuple[str, ...]:
    """Every text that the latest event of some kind says, so that it has one number on all tasks."""
    latest = [m.source for m in measures if isinstance(m.source, Latest) and isinstance(m.amount, Said)]
    named = {(source.column, event.event_type) for source in latest for event in source.of}
    found: set[str] = set()
    for column, event_type in named:
        if COLUMNS[column].kind is Kind.TEXT:
            own = events.where(sql.col("type") == TYPE_CODES[event_type]).select(column).distinct()
            found |= set(own.toArrow().column(column).drop_null().to_pylist())
    return tuple(sorted(found))


def _parted(session: SparkSession, events: DataFrame, spine: Spine, asked: _Asked, most: int) -> DataFrame:
    """Everything that answers hang on, by merchant."""
    parts = max(-(-events.count() // ROWS_PER_PART), session.sparkContext.defaultParallelism)
    large = large_merchants(events, most=most)
    elsewhere = _crossing(session, events, asked)
    if large.count():
        elsewhere = elsewhere.union(tiles_of(events, large, asked.measures, asked.texts))
        events = events.join(sql.broadcast(large), "merchant_id", "left_anti")
    rows = pa.table({"merchant_id": spine.merchant_id, "row": np.arange(len(spine)), "day": spine.day}).cast(ASKED)
    every = [events, elsewhere, sent(session, rows)]
    together = reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), every)
    return together.repartition(parts, "merchant_id")


def _crossing(session: SparkSession, events: DataFrame, asked: _Asked) -> DataFrame:
    """The facts that cross merchants: the few events that they are made of are worked out here, all together."""
    codes = [TYPE_CODES[name] for name in types_read(asked.measures)]
    market = Part.of(events.where(sql.col("type").isin(codes)).toArrow())
    facts = crossing_facts(known_in(market.events), asked.measures) if len(market.events) else []
    return sent(session, fact_rows(facts, market.names, asked.measures))


def _everybody(parted: DataFrame, asked: _Asked) -> Others:
    """What all merchants come to: Spark adds up what their parts do."""
    total = _others(EVENTS.empty_table(), asked)
    if total.measures:
        cells = parted.mapInArrow(_pooled(asked), from_arrow_schema(CELLS)).groupBy("place", "cell").agg(sql.sum("sum"))
        total.plus(tables_of(cells.toArrow().rename_columns(CELLS.names), like=total.tables))
    return total


def _others(rows: pa.Table, asked: _Asked) -> Others:
    """What the merchants of some rows come to."""
    others = Others(asked.days, asked.features)
    others.add(Part.of(rows).resolved(others.measures, asked.measures, Lexicon(asked.texts)))
    return others


def _pooled(asked: _Asked) -> Task:
    """What a task's merchants come to, cell by cell."""

    def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        here = list(batches)
        if here:
            yield from cells_of(_others(pa.Table.from_batches(here), asked).tables).to_batches()

    return task


def _answered(asked: _Asked, others: Others) -> Task:
    """The features of the spine's rows that came to a task, with their places in it: written down, as one value."""

    def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        here = list(batches)
        part = Part.of(pa.Table.from_batches(here)) if here else None
        if part and len(part.asked):
            rows, merchant, day = (part.asked.column(name).to_numpy() for name in ("row", "merchant", "day"))
            own, lexicon = Own(day, merchant, asked.features), Lexicon(asked.texts)
            own.add(part.resolved(asked.measures, asked.measures, lexicon), np.arange(len(rows)))
            yield written(pa.table({"row": rows, **own.features(others, lexicon)}))

    return task


def _nobody(asked: _Asked, others: Others) -> pa.Table:
    """The answers of a task that nobody was asked of."""
    nothing = np.zeros(0, dtype=np.int64)
    return pa.table({"row": nothing, **Own(nothing, nothing, asked.features).features(others, Lexicon())})


def _in_order(answers: pa.Table, spine: Spine) -> pa.Table:
    """The answers in the order in which they were asked for."""
    rows = answers.sort_by("row").drop_columns(["row"])
    columns = dict(zip(rows.column_names, rows.columns, strict=True))
    return pa.table({"merchant_id": spine.merchant_id, "as_of": spine.as_of, **columns})
