"""Merchants with more events than one task should hold: their facts are made in splits, and come together as tiles.

Facts may be split and added up in any way, events only where what must be looked at together stays together. What that
is depends on what is counted: an order and what became of it share `order_id`, a buyer counted once is looked for by
`buyer_id`. So a large merchant's events are split once for each such column, and the tiles of each split say what is
counted by it. Reversals are few, and go to every split: one whose target is elsewhere has no effect.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sql
from pyspark.sql.pandas.types import from_arrow_schema

from features.events import EVENT_TYPES
from features.facts import Lexicon
from features.known import OPENED_BY, REPEATED, TYPE_CODES
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
        case Happenings(of=Events(event_type=event_type)) if "opened_at" in asks and event_type in OPENED_BY:
            # When it was opened stays with the opening event; whatever else it repeats, its order may be elsewhere.
            return Split() if asks - {"opened_at"} else Split(by=OPENED_BY[event_type][1])
        case Happenings():
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
        case Changed(by=by) if not asks:
            return Split(by=by)
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
    # Every event goes to about as many splits as there are ways to split all of a merchant's events.
    ways = sum(split.by is not None or not split.only for split in by_split)
    tasks = large.agg(sql.sum("splits")).first()[0] * ways
    to = sql.flatten(sql.array(*[_to(split, number) for number, split in enumerate(by_split)]))
    own = rows.join(sql.broadcast(large), "merchant_id").withColumn("to", sql.explode(to))
    own = own.select("merchant_id", "to.way", "to.split", *[name for name in rows.columns if name != "merchant_id"])
    task = _added_up(tuple(map(tuple, by_split.values())), tuple(measures), tuple(texts))
    return own.repartition(tasks, "merchant_id", "way", "split").mapInArrow(task, from_arrow_schema(FACTS))


def _to(split: Split, way: int) -> Column:
    """To which splits of one way an event goes, as an array; to none where nothing there can hang on it."""
    if split.by is None:
        own = sql.array(sql.lit(0).cast("bigint"))
        to = sql.when(_is(*split.only, "event_reversed"), own) if split.only else own
    else:
        # Whatever orders are, an event without one may count by itself.
        using = [name for name, event in EVENT_TYPES.items() if split.by in event.columns or split.by == "order_id"]
        own = sql.pmod(sql.xxhash64(sql.coalesce(split.by, "event_id")), "splits").cast("bigint")
        every = sql.sequence(sql.lit(0).cast("bigint"), sql.col("splits").cast("bigint") - 1)
        to = sql.when(_is(*split.everywhere), every).when(_is(*using), sql.array(own))
    return sql.transform(
        sql.coalesce(to, sql.array().cast("array<bigint>")),
        lambda one: sql.struct(sql.lit(way).alias("way"), one.alias("split")),
    )


def _is(*event_types: str) -> Column:
    return sql.col("type").isin([TYPE_CODES[name] for name in event_types])


def _added_up(by_way: Sequence[Sequence[Measure]], numbered: Sequence[Measure], texts: Sequence[str]) -> Task:
    """The tiles of what is counted in each way, of the splits that came to a task."""

    def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        here = list(batches)
        rows = pa.Table.from_batches(here) if here else pa.table({"way": pa.nulls(0, pa.int32())})
        for way in rows.column("way").unique().to_pylist():
            part = Part.of(rows.filter(pc.equal(rows.column("way"), way)))
            added = [tiles(facts) for facts in part.resolved(by_way[way], numbered, Lexicon(texts))]
            yield from fact_rows(added, part.names, numbered).to_batches()

    return task
