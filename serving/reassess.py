"""Judge merchants as of now, from live features, and remember it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import pyarrow as pa
from sqlalchemy import Connection, Engine

from features.database import day_of, micros, reading, written
from features.errors import StoreUnavailable
from features.live import anything_waits, lock_merchants, outdated, rebuild, take_in_waiting
from features.midnights import ensure_midnight
from features.moment import features_now
from scoring.assessment import Assessment
from scoring.evidence import Row
from scoring.score_policy import ScorePolicy
from serving import store_due
from serving.answers import stored
from serving.assess import Judge
from serving.notifications import outbox
from serving.notifications.outbox import set_aside_notices
from serving.shadow import keep_shadows, shadows_of
from serving.store import remember
from serving.store_due import Seen
from serving.suspicion import open_suspicions

__all__ = ["Judged", "reassess", "take_in_whatever_came"]

#: Merchants whose tiles are made anew in one transaction: others write in between.
_AT_ONCE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Merchants judged, with the facts that they were judged from, and those who could not be, with why not."""

    assessments: tuple[Assessment, ...] = ()
    rows: tuple[Row, ...] = ()
    set_aside: Mapping[str, str] = field(default_factory=dict)

    def plus(self, other: "Judged") -> "Judged":
        """Both."""
        return Judged(
            assessments=self.assessments + other.assessments,
            rows=self.rows + other.rows,
            set_aside={**self.set_aside, **other.set_aside},
        )


def reassess(engine: Engine, judge: Judge, merchant_ids: Sequence[str], *, now: datetime) -> Judged:
    """Judge these merchants from all that is known now; what comes in meanwhile leaves them due.

    A merchant that cannot be judged is set aside with a reason and holds up nobody else; one whose tiles were put off
    a moment ago is left out, and stays due. What challengers think is kept once the answers are.
    """
    ensure_midnight(engine, day_of(now))
    take_in_whatever_came(engine, now=now)
    return _reassess(engine, judge, merchant_ids, now)


def take_in_whatever_came(engine: Engine, *, now: datetime) -> None:
    """Let events count whose moment has come; where that fails, their merchants' tiles are put off and fail alone."""
    with reading(engine) as tx:
        if not anything_waits(tx, at=micros(now)):
            return
    try:
        written(engine, partial(take_in_waiting, at=micros(now)))
    except StoreUnavailable:
        raise
    except Exception:
        written(engine, partial(take_in_waiting, at=micros(now), later=True))


def _reassess(engine: Engine, judge: Judge, merchant_ids: Sequence[str], now: datetime) -> Judged:
    seen = _newest(engine, merchant_ids)
    try:
        _make_current(engine, merchant_ids, now)
        return _reassess_together(engine, judge, merchant_ids, now)
    except StoreUnavailable:
        raise
    except Exception as error:
        if len(merchant_ids) == 1 and judge.challengers.present:
            # It may be a figure that nobody but a challenger asks for.
            return _reassess(engine, judge.alone, merchant_ids, now)
        if len(merchant_ids) == 1:
            return _put_aside(engine, judge, seen, error, now)
    # Whatever it was, it was one of them: in ever smaller parts, so that the others have their answer.
    half = len(merchant_ids) // 2
    first = _reassess(engine, judge, merchant_ids[:half], now)
    return first.plus(_reassess(engine, judge, merchant_ids[half:], now))


def _make_current(engine: Engine, merchant_ids: Sequence[str], now: datetime) -> None:
    """See to it that the tiles of these merchants hold everything."""
    with reading(engine) as tx:
        names = sorted(outdated(tx, most=len(merchant_ids), chosen=merchant_ids))
    for begin in range(0, len(names), _AT_ONCE):
        written(engine, partial(rebuild, merchant_ids=names[begin : begin + _AT_ONCE], at=micros(now)))


def _reassess_together(engine: Engine, judge: Judge, merchant_ids: Sequence[str], now: datetime) -> Judged:
    with reading(engine) as tx:
        late = set(outdated(tx, most=len(merchant_ids), chosen=merchant_ids))
        seen = store_due.newest(tx, [name for name in merchant_ids if name not in late])
        table = features_now(tx, list(seen), now=now, features=judge.features())
    judged = _judge(table, judge)
    written(engine, _recording(judged, seen, now, policy=judge.policy))
    keep_shadows(engine, shadows_of(judge, judged.rows, judged.assessments), now=now)
    return judged


def _recording(
    judged: Judged, seen: Mapping[str, Seen], now: datetime, *, policy: ScorePolicy
) -> Callable[[Connection], None]:
    done = {one.merchant_id: seen[one.merchant_id] for one in judged.assessments}

    def record(tx: Connection) -> None:
        # Two may judge one merchant at once, and in any order.
        lock_merchants(tx, list(seen))
        remember(tx, [stored(one, assessed_at=now) for one in judged.assessments])
        store_due.clear(tx, done, day=day_of(now), now=micros(now))
        store_due.set_aside(tx, judged.set_aside, seen, day=day_of(now))
        outbox.tell(tx, set_aside_notices(judged.set_aside), now=now)
        open_suspicions(tx, policy, zip(judged.assessments, judged.rows, strict=True), now=now)

    return record


def _newest(engine: Engine, merchant_ids: Sequence[str]) -> dict[str, Seen]:
    with reading(engine) as tx:
        return store_due.newest(tx, merchant_ids)


def _put_aside(engine: Engine, judge: Judge, seen: Mapping[str, Seen], error: Exception, now: datetime) -> Judged:
    # The reason is for the people who mend it; an error's words may quote values, so its kind is told only.
    judged = Judged(set_aside=dict.fromkeys(seen, type(error).__name__))
    written(engine, _recording(judged, seen, now, policy=judge.policy))
    return judged


def _judge(table: pa.Table, judge: Judge) -> Judged:
    rows = tuple(table.to_pylist())
    return Judged(assessments=judge.of(rows), rows=rows)
