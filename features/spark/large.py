"""Merchants with more events than one task should hold: their facts are made in splits, and come together as tiles.

Facts may be split and added up in any way, events only where what must be looked at together stays together. What that
is depends on what is counted: an order and what became of it share `order_id`, a buyer counted once is looked for by
`buyer_id`. So a large merchant's events are split once for each such column, and the tiles of each split say what is
counted by it. Reversals are few, and go to every split: one whose target is elsewhere has no effect.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sql
from pyspark.sql.pandas.types import from_arrow_schema

from features.facts import Lexicon
from features.known import REPEATED, TYPE_CODES
from features.measures import (
    After,
    Asked,
    Carries,
    Changed,
    Condition,
    Crossed,
    Distinct,
    Events,
    Flag,
    Following,
    Happenings,
    Late,
    Latest,
    Measure,
    Open,
    OwnFaults,
    Soonest,
    Source,
    Standing,
    Uncovered,
)
from features.spark.rows import FACTS, Part, Task, fact_rows
from features.tiles import tiles

__all__ = ["Split", "large_merchants", "split_of", "tiles_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """How events may be split: those with the same `by` stay together, those of some types go everywhere.

    Where `by` is None they stay together all of them, or all of the types in `only` where any are named.
    """

    by: str | None = None
    everywhere: tuple[str, ...] = ("event_reversed",)
    only: tuple[str, ...] = ()


def split_of(measure: Measure) -> Split:
    """How the events may be split of which a measure's facts are made."""
    asks = _asks(measure)
    match measure.source:
        case Happenings(of=Events(event_type="event_reversed")):
            # They go to every split, and would be counted in each.
            return Split()
        case Happenings() if "opened_at" not in asks:
            return Split(by="order_id")
        case Asked(by=by) as asked if {one.by for one in _within(asked)} == {by}:
            # What an order's events repeat of it stays with them.
            return Split() if asks - (REPEATED - {"opened_at"} if by == "order_id" else set()) else Split(by=by)
        case OwnFaults():
            # An answer belongs to a return, whatever order it names.
            return Split(by="order_id", everywhere=("event_reversed", "return_answered"))
        case Distinct(by=by) | Open(by=by) if not asks:
            return Split(by=by)
        case Following(of=Happenings(of=of), after=after, each="") if not asks:
            return Split(by="order_id", everywhere=("event_reversed", after.event_type))
        case Following(of=Changed(of=of), after=after) if not asks:
            return Split(only=(of.event_type, after.event_type))
        case Uncovered(papers=papers) if not asks:
            checks = tuple(events.event_type for events in papers.of)
            return Split(by="order_id", everywhere=("event_reversed", *checks))
        case Latest(of=of) | Standing(of=of) | Soonest(of=Standing(of=of)) if not asks:
            return Split(only=tuple(dict.fromkeys(events.event_type for events in of)))
    return Split()


def _asks(measure: Measure) -> set[str]:
    """The columns that a measure looks at and that events may repeat from others, which may be in another split."""
    found = {condition.column for condition in _conditions(measure) if isinstance(condition, Carries | After)}
    clocks = {one.clock for one in _within(measure.source)} if isinstance(measure.source, Asked) else set()
    return (found | clocks | ({measure.amount.column} if isinstance(measure.amount, Late) else set())) & REPEATED


def _conditions(measure: Measure) -> list[Condition]:
    weighed = measure.amount.where if isinstance(measure.amount, Flag) else ()
    return [*weighed, *(condition for events in _events(measure.source) for condition in events.where)]


def _events(source: Source) -> tuple[Events, ...]:
    match source:
        case Happenings(of=one):
            return (one,)
        case Asked():
            every = (one for asked in _within(source) for one in (asked.of, *asked.having, *asked.lacking))
            return tuple(one for one in every if isinstance(one, Events))
        case Distinct(of=of) | Latest(of=of):
            return of
    return ()


def _within(asked: Asked) -> Iterator[Asked]:
    """What is asked, and all that is asked within it."""
    yield asked
    for one in (asked.of, *asked.having, *asked.lacking):
        if isinstance(one, Asked):
            yield from _within(one)


def large_merchants(rows: DataFrame, *, most: int) -> DataFrame:
    """The merchants with more than so many events, and into how many splits they go."""
    counted = rows.groupBy("merchant_id").count().where(sql.col("count") > most)
    return counted.select("merchant_id", sql.ceil(sql.col("count") / most).cast("int").alias("splits"))


def tiles_of(rows: DataFrame, large: DataFrame, measures: Sequence[Measure], texts: Sequence[str]) -> DataFrame:
    """The tiles of some merchants, as rows of facts."""
    by_split: dict[Split, list[Measure]] = {}
    for measure in measures:
        if not isinstance(measure.source, Crossed):
            by_split.setdefault(split_of(measure), []).append(measure)
    tasks = large.agg(sql.sum("splits")).first()[0]
    own = rows.join(sql.broadcast(large), "merchant_id")
    parts = [
        _split(own, split).repartition(tasks, "merchant_id", "split").mapInArrow(
            _added_up(tuple(asked), tuple(measures), tuple(texts)), from_arrow_schema(FACTS)
        )
        for split, asked in by_split.items()
    ]  # fmt: skip
    return reduce(DataFrame.union, parts)


def _split(rows: DataFrame, split: Split) -> DataFrame:
    """The rows with the split that each goes to; those that go everywhere as often as there are splits."""
    if split.by is None:
        return (rows.where(_is(*split.only, "event_reversed")) if split.only else rows).withColumn("split", sql.lit(0))
    own = sql.pmod(sql.xxhash64(sql.coalesce(split.by, "event_id")), "splits")
    every = sql.sequence(sql.lit(0).cast("bigint"), sql.col("splits").cast("bigint") - 1)
    to = sql.when(_is(*split.everywhere), every).otherwise(sql.array(own))
    return rows.withColumn("split", sql.explode(to))


def _is(*event_types: str) -> Column:
    return sql.col("type").isin([TYPE_CODES[name] for name in event_types])


def _added_up(asked: Sequence[Measure], numbered: Sequence[Measure], texts: Sequence[str]) -> Task:
    def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        here = list(batches)
        if here:
            part = Part.of(pa.Table.from_batches(here))
            added = [tiles(facts) for facts in part.resolved(asked, numbered, Lexicon(texts))]
            yield from fact_rows(added, part.names, numbered).to_batches()

    return task
