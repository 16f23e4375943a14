"""Judge merchants as of now, from live features, and remember it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from sqlalchemy import Engine

from features.database import day_of, micros, reading, writing
from features.live import outdated, rebuild, take_in_waiting
from features.midnights import ensure_midnight
from features.moment import features_now
from scoring.assessment import Assessment
from scoring.evidence import Row
from serving import store_due
from serving.answers import stored
from serving.assess import Judge
from serving.store import remember

__all__ = ["Judged", "make_current", "reassess"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Merchants judged, with the facts that they were judged from, and those who could not be, with why not."""

    assessments: tuple[Assessment, ...]
    rows: tuple[Row, ...]
    set_aside: Mapping[str, str]


def reassess(engine: Engine, judge: Judge, merchant_ids: Sequence[str], *, now: datetime) -> Judged:
    """Judge these merchants from all that is known now; what comes in meanwhile leaves them due.

    A merchant that cannot be judged is set aside with a reason and holds up nobody else.
    """
    with reading(engine) as tx:
        seen = store_due.newest(tx, merchant_ids)
        table = features_now(tx, list(seen), now=now, features=judge.features())
    judged = _judge(table, judge)
    with writing(engine) as tx:
        remember(tx, [stored(one, assessed_at=now) for one in judged.assessments])
        done = {one.merchant_id: seen[one.merchant_id] for one in judged.assessments}
        store_due.clear(tx, done, day=day_of(now), now=micros(now))
        store_due.set_aside(tx, judged.set_aside, day=day_of(now))
    return judged


def make_current(engine: Engine, merchant_ids: Sequence[str], *, now: datetime) -> None:
    """See to it that the tiles of these merchants hold everything, and that the day's midnight was added up."""
    ensure_midnight(engine, day_of(now))
    with writing(engine) as tx:
        take_in_waiting(tx, at=micros(now))
        names = outdated(tx, most=len(merchant_ids), chosen=merchant_ids)
        if names:
            rebuild(tx, names, at=micros(now))


def _judge(table: pa.Table, judge: Judge) -> Judged:
    rows = tuple(table.to_pylist())
    try:
        return Judged(assessments=judge.of(rows), rows=rows, set_aside={})
    except Exception:
        # Whatever it was, it was one of them: each is tried alone, so that the others have their answer.
        return _one_by_one(rows, judge)


def _one_by_one(rows: Sequence[Row], judge: Judge) -> Judged:
    assessments: list[Assessment] = []
    kept: list[Row] = []
    failed: dict[str, str] = {}
    for row in rows:
        try:
            assessments += judge.of([row])
            kept.append(row)
        except Exception as error:
            # The reason is for the people who mend it; an error's words may quote values, so its kind is told only.
            failed[row["merchant_id"]] = type(error).__name__
    return Judged(assessments=tuple(assessments), rows=tuple(kept), set_aside=failed)
