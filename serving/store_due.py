"""SQL about who is to be judged: merchants with events that no assessment has seen, or not judged today."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, case, func, or_, select, update

from features.database import some
from features.tables import merchants, settled

__all__ = ["clear", "due", "everybody", "lag", "newest", "set_aside", "settle_judges"]

_OF = merchants.c.merchant_id == bindparam("of")


def due(tx: Connection, *, day: int, most: int) -> list[str]:
    """Merchants to judge: those with unseen events, who waits longest first; then those not judged on this day."""
    name, since = merchants.c.merchant_id, merchants.c.due_since
    waiting = select(name).where(since.is_not(None), merchants.c.set_aside.is_(None)).order_by(since).limit(most)
    found = list(tx.scalars(waiting))
    if len(found) < most:
        old = or_(merchants.c.assessed_day.is_(None), merchants.c.assessed_day < day)
        idle = or_(since.is_(None), merchants.c.set_aside.is_not(None))
        rest = select(name).where(idle, old, merchants.c.last_seq > 0).limit(most - len(found))
        found += tx.scalars(rest)
    return found


def newest(tx: Connection, merchant_ids: Sequence[str]) -> dict[str, int]:
    """The newest event (seq) of each of these merchants that has any."""
    query = select(merchants.c.merchant_id, merchants.c.last_seq).where(merchants.c.last_seq > 0)
    rows = (row for names in some(merchant_ids) for row in tx.execute(query.where(merchants.c.merchant_id.in_(names))))
    return {row.merchant_id: row.last_seq for row in rows}


def clear(tx: Connection, seen: Mapping[str, int], *, day: int, now: int) -> None:
    """Note what was seen of whom; who has a newer event since stays due, from now on."""
    if seen:
        unseen = case((merchants.c.last_seq > bindparam("seen"), now), else_=None)
        clearing = update(merchants).where(_OF).values(
            assessed_seq=bindparam("seen"), assessed_day=day, due_since=unseen, set_aside=None
        )  # fmt: skip
        tx.execute(clearing, [{"of": name, "seen": seq} for name, seq in seen.items()])


def set_aside(tx: Connection, reasons: Mapping[str, str], *, day: int) -> None:
    """Let those who cannot be judged wait for their next event."""
    if reasons:
        putting = update(merchants).where(_OF).values(set_aside=bindparam("why"), assessed_day=day)
        tx.execute(putting, [{"of": name, "why": why} for name, why in reasons.items()])


def everybody(tx: Connection) -> None:
    """Have everybody judged again."""
    tx.execute(update(merchants).values(assessed_day=None))


def settle_judges(tx: Connection, judged_by: str) -> None:
    """Have everybody judged again where models or policy are others than those of the last time."""
    name = "judged_by"
    stands = tx.scalar(select(settled.c.value).where(settled.c.name == name))
    if stands is None:
        tx.execute(settled.insert().values(name=name, value=judged_by))
    elif stands != judged_by:
        tx.execute(update(settled).where(settled.c.name == name).values(value=judged_by))
        everybody(tx)


def lag(tx: Connection) -> tuple[int, int | None]:
    """How many merchants have unseen events, and since when the first of them waits (microseconds)."""
    since = merchants.c.due_since
    row = tx.execute(select(func.count(), func.min(since)).where(since.is_not(None), merchants.c.set_aside.is_(None)))
    count, first = row.one()
    return count, first
