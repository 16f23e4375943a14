"""SQL about who was judged, by whom, and how long others wait; `store_claims` says who is to be judged next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, case, func, select, update

from features.database import some
from features.tables import merchants, settled
from serving import store_shadow
from serving.champions import TARGETS

__all__ = [
    "Seen",
    "beat",
    "challengers",
    "champions",
    "clear",
    "everybody",
    "judged_on",
    "lag",
    "last_beat",
    "newest",
    "set_aside",
    "settle_challengers",
    "settle_judges",
    "settled_already",
    "those_set_aside",
    "why_set_aside",
]

_CHALLENGER = "challenger of "
_WORKER = "worker seen at"

_OF = merchants.c.merchant_id == bindparam("of")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What there was to see of a merchant: its newest event (seq), and since when it was due (microseconds)."""

    seq: int
    since: int | None


def newest(tx: Connection, merchant_ids: Sequence[str]) -> dict[str, Seen]:
    """What there is to see of each of these merchants that has any event."""
    columns = (merchants.c.merchant_id, merchants.c.last_seq, merchants.c.due_since)
    query = select(*columns).where(merchants.c.last_seq > 0)
    rows = (row for names in some(merchant_ids) for row in tx.execute(query.where(merchants.c.merchant_id.in_(names))))
    return {row.merchant_id: Seen(seq=row.last_seq, since=row.due_since) for row in rows}


def clear(tx: Connection, seen: Mapping[str, Seen], *, day: int, now: int) -> None:
    """Note what was seen of whom; who has a newer event since, or fell due again, stays due."""
    since = merchants.c.due_since
    again = since.is_not(None) & since.is_distinct_from(bindparam("since"))
    unseen = case((merchants.c.last_seq > bindparam("seen"), now), (again, since), else_=None)
    clearing = update(merchants).where(_OF).values(
        assessed_seq=bindparam("seen"), assessed_day=day, due_since=unseen, set_aside=None
    )  # fmt: skip
    rows = [{"of": name, "seen": one.seq, "since": one.since} for name, one in sorted(seen.items())]
    if rows:
        tx.execute(clearing, rows)


def set_aside(tx: Connection, reasons: Mapping[str, str], seen: Mapping[str, Seen], *, day: int) -> None:
    """Let those who cannot be judged wait for their next event; for some it has come meanwhile."""
    putting = update(merchants).where(_OF, merchants.c.last_seq == bindparam("seen"))
    rows = [{"of": name, "why": why, "seen": seen[name].seq} for name, why in sorted(reasons.items())]
    if rows:
        tx.execute(putting.values(set_aside=bindparam("why"), assessed_day=day), rows)


def why_set_aside(tx: Connection) -> dict[str, int]:
    """How many merchants could not be judged, by the reason."""
    reasons = (merchants.c.set_aside, func.count())
    rows = tx.execute(select(*reasons).where(merchants.c.set_aside.is_not(None)).group_by(merchants.c.set_aside))
    return {row[0]: row[1] for row in rows}


def those_set_aside(tx: Connection, *, most: int, only: str | None = None) -> dict[str, str]:
    """Some merchants that could not be judged, or one if it could not be, with the reason."""
    columns = (merchants.c.merchant_id, merchants.c.set_aside)
    query = select(*columns).where(merchants.c.set_aside.is_not(None)).order_by(merchants.c.merchant_id)
    query = query if only is None else query.where(merchants.c.merchant_id == only)
    return {row.merchant_id: row.set_aside for row in tx.execute(query.limit(most))}


def everybody(tx: Connection) -> None:
    """Have everybody judged again."""
    tx.execute(update(merchants).values(assessed_day=None))


def settle_judges(tx: Connection, judged_by: str) -> None:
    """Have everybody judged again where models or policy are others than those of the last time."""
    if _settle(tx, "judged_by", judged_by) not in (None, judged_by):
        everybody(tx)


def champions(tx: Connection) -> dict[str, str]:
    """The versions of the models that judged the last time, by target, where one did."""
    judged_by = tx.scalar(select(settled.c.value).where(settled.c.name == "judged_by")) or ""
    return {target: version for target, version in zip(TARGETS, judged_by.split(), strict=False) if version != "none"}


def settle_challengers(tx: Connection, versions: Mapping[str, str]) -> None:
    """Have everybody judged again where a challenger is new; where there is none any more, forget what it thinks.

    `versions` are those of targets of which that is sure, "" for none.
    """
    for target, version in versions.items():
        before = _settle(tx, f"{_CHALLENGER}{target}", version)
        if version and before != version:
            everybody(tx)
        elif before and not version:
            store_shadow.forget(tx, target)


def challengers(tx: Connection) -> dict[str, str]:
    """The version that judges beside each target's champion, of targets where one does."""
    rows = tx.execute(select(settled.c.name, settled.c.value).where(settled.c.name.startswith(_CHALLENGER)))
    return {name.removeprefix(_CHALLENGER): version for name, version in rows if version}


def judged_on(tx: Connection, day: int) -> int:
    """How many merchants were last judged on a day."""
    answered = (merchants.c.assessed_day == day, merchants.c.set_aside.is_(None))
    return int(tx.scalar(select(func.count()).where(*answered)) or 0)


def settled_already(tx: Connection, judged_by: str, versions: Mapping[str, str]) -> bool:
    """Whether the same as the last time judge, and judge beside."""
    noted = {row.name: row.value for row in tx.execute(select(settled.c.name, settled.c.value))}
    beside = all(noted.get(f"{_CHALLENGER}{target}") == version for target, version in versions.items())
    return noted.get("judged_by") == judged_by and beside


def _settle(tx: Connection, name: str, value: str) -> str | None:
    """Note what is so; answer what was before, None where nothing was noted."""
    stood = tx.scalar(select(settled.c.value).where(settled.c.name == name))
    if stood is None:
        tx.execute(settled.insert().values(name=name, value=value))
    elif stood != value:
        tx.execute(update(settled).where(settled.c.name == name).values(value=value))
    return stood


def beat(tx: Connection, *, now: int) -> None:
    """Note that a worker is at work."""
    _settle(tx, _WORKER, str(now))


def last_beat(tx: Connection) -> int | None:
    """When a worker was last at work (microseconds); None where none ever was."""
    seen = tx.scalar(select(settled.c.value).where(settled.c.name == _WORKER))
    return None if seen is None else int(seen)


def lag(tx: Connection) -> tuple[int, int | None]:
    """How many merchants have unseen events, and since when the first of them waits (microseconds)."""
    since = merchants.c.due_since
    row = tx.execute(select(func.count(), func.min(since)).where(since.is_not(None), merchants.c.set_aside.is_(None)))
    count, first = row.one()
    return count, first
