"""SQL of funds: what is promised and paid out of each, kept as sums by day."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, select, update

from features.database import day_of, insert_new, micros
from serving.store_audit import hold
from serving.tables import fund_days

__all__ = ["FAST_REFUND", "add", "drawn", "hold_fund"]

#: The platform's own money for fast refunds.
FAST_REFUND = "fast_refund"

_HOUR = 3_600_000_000
#: The `until` of what was paid: it weighs for good.
_PAID = 2**62


def hold_fund(tx: Connection, fund: str) -> None:
    """Let nobody else promise anything out of a fund until the transaction ends.

    To be held after the merchant and the buyer, and before the audit chain: whoever takes them in one order waits, but
    never crosswise. Everybody who promises waits here, so it is to be held late.
    """
    hold(tx, f"fund:{fund}")


def drawn(tx: Connection, fund: str, *, now: datetime, days: int) -> int:
    """Cents that weigh now on a fund: reserved or paid today, and on so many days less one before (days of UTC)."""
    lately = and_(fund_days.c.fund == fund, fund_days.c.day > day_of(now) - days, fund_days.c.day <= day_of(now))
    query = select(func.coalesce(func.sum(fund_days.c.cents), 0)).where(lately, fund_days.c.until > micros(now))
    return int(tx.execute(query).scalar_one())


def add(tx: Connection, fund: str, cents: int, *, reserved_at: datetime, expires_at: datetime | None) -> None:
    """Have `cents` more (or fewer, if negative) weigh on a fund; without an end, they were paid. The fund is held.

    A reservation weighs until the full hour after it has expired: so there are few sums to a day.
    """
    until = _PAID if expires_at is None else -(-micros(expires_at) // _HOUR) * _HOUR
    row = {"fund": fund, "day": day_of(reserved_at), "until": until}
    insert_new(tx, fund_days, [{**row, "cents": 0}])
    tx.execute(update(fund_days).where(*_same(row)).values(cents=fund_days.c.cents + cents))


def _same(row: dict[str, object]) -> list[ColumnElement[bool]]:
    return [fund_days.c[name] == value for name, value in row.items()]
