"""Whether every sum that is kept is the sum of its postings."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, String, func, literal, select, union_all

from serving.ledger.accounts import ACCOUNTS, FAST_REFUND
from serving.ledger.tables import held_days, merchant_balances, postings, reservations

__all__ = ["Difference", "differences"]

_DAY = 86_400_000_000
_SUBJECT: ColumnElement[str] = literal("decision:").concat(reservations.c.decision_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A sum that is not the sum of its postings: whose, what is kept, and what the postings say (cents)."""

    of: str
    kept_cents: int
    booked_cents: int

    def __str__(self) -> str:
        return f"{self.of}: {self.kept_cents} cents are kept, the postings say {self.booked_cents}"


def differences(tx: Connection) -> Iterator[Difference]:
    """Everything in the ledger that does not add up; nothing if all is well."""
    for query in _queries():
        for row in tx.execute(query):
            yield Difference(of=row.of, kept_cents=int(row.kept), booked_cents=int(row.booked))


@cache
def _queries() -> tuple[Select[Any], ...]:
    return (_postings(), *map(_compared, (_promises(), _days(), _balances())))


def _postings() -> Select[Any]:
    """Postings whose entries do not sum to zero: the store lets none in, but files can be written by others."""
    total = sum((postings.c[account] for account in ACCOUNTS[1:]), start=postings.c[ACCOUNTS[0]])
    of = literal("posting ").concat(postings.c.subject).concat(literal(" ")).concat(postings.c.id)
    return select(of.label("of"), literal(0).label("kept"), total.label("booked")).where(total != 0)


def _compared(told: Select[Any]) -> Select[Any]:
    """Sums that differ, of rows (of, kept, booked) that say either."""
    each = told.subquery()
    kept, booked = func.sum(each.c.kept), func.sum(each.c.booked)
    by_name = select(each.c.of, kept.label("kept"), booked.label("booked")).group_by(each.c.of)
    return by_name.having(kept != booked).order_by(each.c.of)


def _both(kept: Select[str, int, int], booked: Select[str, int, int]) -> Select[Any]:
    return select(union_all(kept, booked).subquery())


def _kept(of: ColumnElement[str], cents: ColumnElement[int]) -> Select[str, int, int]:
    return select(of.label("of"), cents.label("kept"), literal(0).label("booked"))


def _booked(of: ColumnElement[str], cents: ColumnElement[int]) -> Select[str, int, int]:
    return select(of.label("of"), literal(0).label("kept"), cents.label("booked"))


def _drawn() -> ColumnElement[int]:
    return -(postings.c.fund + postings.c.escrow)


def _promises() -> Select[Any]:
    """What each decision weighs."""
    booked = _booked(postings.c.subject, _drawn()).where(postings.c.subject.like("decision:%"))
    return _both(_kept(_SUBJECT, reservations.c.cents), booked)


def _days() -> Select[Any]:
    """What weighs on funds and merchants, by day."""
    day = reservations.c.reserved_at.op("/")(literal(_DAY))
    fund = _booked(_day_of(literal(f"fund:{FAST_REFUND}"), day), -postings.c.fund)
    merchant = _booked(_day_of(literal("merchant:").concat(reservations.c.merchant_id), day), _drawn())
    booked = [one.join_from(postings, reservations, postings.c.subject == _SUBJECT) for one in (fund, merchant)]
    kept = _kept(_day_of(held_days.c.holder, held_days.c.day), held_days.c.cents)
    return select(union_all(kept, *booked).subquery())


def _day_of(holder: ColumnElement[str], day: ColumnElement[int]) -> ColumnElement[str]:
    return holder.concat(literal(" on day ")).concat(day.cast(String))


def _balances() -> Select[Any]:
    """A merchant's balances."""
    pieces = []
    for account in ("advanced", "receivable", "deposit", "pledge"):
        said = literal(f"{account} of merchant ")
        pieces.append(_kept(said.concat(merchant_balances.c.merchant_id), merchant_balances.c[account]))
        pieces.append(_booked(said.concat(postings.c.merchant_id), postings.c[account]))
    return select(union_all(*pieces).subquery())
