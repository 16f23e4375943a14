"""SQL of shadows: what challengers think and would have decided, beside what counts."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, insert, select

from features.database import day_of, insert_newer, micros, moment
from features.queries import Query, listed
from serving.champions import TARGETS
from serving.tables import shadow_assessments, shadow_days, shadow_decisions

__all__ = [
    "Beside",
    "Day",
    "Outcome",
    "Pair",
    "add_decisions",
    "beside",
    "days",
    "drop_oldest_day",
    "forget",
    "grades_of_day",
    "latest_days",
    "newest_day",
    "newest_pair",
    "outcomes",
    "remember",
]

_ROWS_AT_ONCE = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A champion and its challenger, by version; `champion` is None where none was promoted."""

    target: str
    champion: str | None
    challenger: str

    def of(self, table: Table) -> ColumnElement[bool]:
        """Whether a row is theirs."""
        kept = table.c
        versions = and_(kept.champion.is_not_distinct_from(self.champion), kept.challenger == self.challenger)
        return and_(kept.target == self.target, versions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What champion (live) and challenger (shadow) thought of a merchant on a day (since 1970)."""

    merchant_id: str
    day: int
    live_grade: str
    shadow_grade: str
    live_score: int
    shadow_score: int
    live_p: float | None
    shadow_p: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How many decisions ended so by the champion and so by the challenger; `cents` were asked for, 0 where nothing."""

    kind: str
    live: str
    shadow: str
    decisions: int
    cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What a target's challenger thinks of a merchant; `answer` is a score's body, as JSON."""

    target: str
    champion: str | None
    challenger: str
    answer: str


def remember(tx: Connection, *, latest: Sequence[Mapping[str, Any]], days: Sequence[Mapping[str, Any]]) -> None:
    """Keep rows of what challengers think now, and of what was thought on each day; what is newer stands."""
    for table, rows in ((shadow_assessments, latest), (shadow_days, days)):
        # In one order, so that two who judge at once never wait for each other crosswise.
        ordered = sorted(rows, key=lambda row: (row["target"], row["merchant_id"]))
        insert_newer(tx, table, ordered, by="as_of")


def forget(tx: Connection, target: str) -> None:
    """Drop what a target's challenger thinks now, which nobody is to be asked of any more; the days stay."""
    tx.execute(delete(shadow_assessments).where(shadow_assessments.c.target == target))


def beside(tx: Connection, judged: Mapping[str, datetime]) -> dict[str, list[Beside]]:
    """What challengers think of merchants, each from the very facts of its assessment of a moment; by merchant."""
    found: dict[str, list[Beside]] = {}
    for merchant_id, assessed_at, target, champion, challenger, answer in _BESIDE.rows(tx, merchants=list(judged)):
        if assessed_at == micros(judged[merchant_id]):
            told = Beside(target=target, champion=champion, challenger=challenger, answer=answer)
            found.setdefault(merchant_id, []).append(told)
    return found


_NOW = shadow_assessments.c
_BESIDE = Query(
    select(_NOW.merchant_id, _NOW.assessed_at, _NOW.target, _NOW.champion, _NOW.challenger, _NOW.answer)
    .where(_NOW.target.in_(TARGETS), listed(_NOW.merchant_id, "merchants"))
    .order_by(_NOW.target)
)


def add_decisions(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what would have been decided."""
    if rows:
        tx.execute(insert(shadow_decisions), list(rows))


def newest_pair(tx: Connection, target: str) -> Pair | None:
    """The champion and the challenger that judged last."""
    kept = shadow_days.c
    query = select(kept.champion, kept.challenger).where(kept.target == target)
    row = tx.execute(query.order_by(kept.day.desc(), kept.as_of.desc()).limit(1)).one_or_none()
    return Pair(target=target, champion=row.champion, challenger=row.challenger) if row else None


def days(tx: Connection, pair: Pair, *, since: int, until: int) -> Generator[Day, None, None]:
    """What a pair thought of merchants on the days from one on, until another (exclusive); by merchant and day."""
    kept = shadow_days.c
    chosen = and_(pair.of(shadow_days), kept.day >= since, kept.day < until)
    query = select(*_DAY).where(chosen).order_by(kept.merchant_id, kept.day)
    with tx.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}) as found:
        for row in found:
            yield Day(**row._mapping)


def latest_days(tx: Connection, pair: Pair, *, since: int) -> Generator[Day, None, None]:
    """What a pair last thought of each merchant, on a day or later."""
    kept = shadow_days.c
    last = func.row_number().over(partition_by=kept.merchant_id, order_by=kept.day.desc()).label("last")
    ranked = select(*_DAY, last).where(pair.of(shadow_days), kept.day >= since).subquery()
    query = select(*(ranked.c[column.name] for column in _DAY)).where(ranked.c.last == 1)
    with tx.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}) as found:
        for row in found:
            yield Day(**row._mapping)


_DAY = tuple(shadow_days.c[one.name] for one in fields(Day))


def outcomes(tx: Connection, pair: Pair, *, since: datetime) -> tuple[Outcome, ...]:
    """How decisions ended by a pair, from a moment on."""
    kept = shadow_decisions.c
    ends = (kept.kind, kept.live_outcome, kept.shadow_outcome)
    cents = func.coalesce(func.sum(kept.cents), 0)
    query = select(*ends, func.count().label("count"), cents.label("cents")).where(
        pair.of(shadow_decisions), kept.decided_at >= micros(since)
    )
    return tuple(
        Outcome(kind=row[0], live=row[1], shadow=row[2], decisions=row[3], cents=int(row[4]))
        for row in tx.execute(query.group_by(*ends).order_by(*ends))
    )


def newest_day(tx: Connection, pair: Pair) -> int | None:
    """The last day (since 1970) on which a pair judged."""
    day: int | None = tx.scalar(select(func.max(shadow_days.c.day)).where(pair.of(shadow_days)))
    return day


def grades_of_day(tx: Connection, pair: Pair, *, day: int) -> dict[tuple[str, str], int]:
    """How many merchants got which grade by the champion and which by the challenger, on a day."""
    ends = (shadow_days.c.live_grade, shadow_days.c.shadow_grade)
    query = select(*ends, func.count()).where(pair.of(shadow_days), shadow_days.c.day == day).group_by(*ends)
    return {(live, shadow): count for live, shadow, count in tx.execute(query)}


def drop_oldest_day(tx: Connection, target: str, *, before: datetime) -> int:
    """Drop what was thought, and would have been decided, on the first day of each that lies before a midnight.

    Answers how many rows it were; day by day, so that nobody waits long for a transaction to end.
    """
    days, decisions = shadow_days.c, shadow_decisions.c
    first = tx.scalar(select(func.min(days.day)).where(days.target == target, days.day < day_of(before)))
    begun = decisions.target == target, decisions.decided_at < micros(before)
    earliest = tx.scalar(select(func.min(decisions.decided_at)).where(*begun))
    count = 0
    if first is not None:
        count += tx.execute(delete(shadow_days).where(days.target == target, days.day == first)).rowcount
    if earliest is not None:
        end = micros(moment(earliest) + timedelta(days=1))
        count += tx.execute(delete(shadow_decisions).where(*begun, decisions.decided_at < end)).rowcount
    return count
