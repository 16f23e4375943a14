"""SQL of settlements: what calls said of promises, events of our own, and what was paid on what."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, Connection, cast, func, insert, literal_column, select

from features.database import micros, moment, some
from serving.ledger.tables import own_events, postings, settlements

__all__ = [
    "Paid",
    "Said",
    "Settlement",
    "add_own_events",
    "add_settlement",
    "own_events_of",
    "paid_between",
    "paid_of",
    "settlements_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the settlement call says of a promise: paid, cancelled or recovered, how much, and who gave it back."""

    state: str
    cents: int
    recovered_from: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement(Said):
    """What the settlement call said of a decision, as it is kept."""

    decision_id: str
    number: int
    settled_by: str
    settled_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """What was paid on a subject in all; `refund_id` is that of a payment on it."""

    subject: str
    merchant_id: str
    refund_id: str | None
    cents: int


def add_settlement(tx: Connection, one: Settlement) -> None:
    """Keep what the settlement call was told."""
    tx.execute(insert(settlements).values({**asdict(one), "settled_at": micros(one.settled_at)}))


def settlements_of(tx: Connection, decision_ids: Iterable[str]) -> dict[str, list[Settlement]]:
    """What the settlement call was told of these decisions, in the order in which it was; the others are left out."""
    query = select(settlements).order_by(settlements.c.decision_id, settlements.c.number)
    found: dict[str, list[Settlement]] = {}
    for ids in some(sorted(decision_ids)):
        for row in tx.execute(query.where(settlements.c.decision_id.in_(ids))):
            told = Settlement(**{**row._mapping, "settled_at": moment(row.settled_at)})
            found.setdefault(row.decision_id, []).append(told)
    return found


def own_events_of(tx: Connection, decision_id: str) -> set[str]:
    """The ids of the money events that we wrote ourselves for a decision, whether or not they still stand."""
    return set(tx.scalars(select(own_events.c.event_id).where(own_events.c.decision_id == decision_id)))


def add_own_events(tx: Connection, decision_id: str, event_ids: Sequence[str]) -> None:
    """Keep which money events we wrote ourselves for a decision."""
    if event_ids:
        tx.execute(insert(own_events), [{"decision_id": decision_id, "event_id": one} for one in event_ids])


# Payments.


def paid_of(
    tx: Connection, subjects: Iterable[str], *, since: datetime | None = None, until: datetime | None = None
) -> dict[str, int]:
    """What was paid on each of these subjects (cents), or only since a moment and before another."""
    query = select(postings.c.subject, _TOTAL).where(*_paid_in(since, until)).group_by(postings.c.subject)
    pieces = some(sorted(subjects))
    rows = (row for some_of in pieces for row in tx.execute(query.where(postings.c.subject.in_(some_of))))
    return {subject: int(cents) for subject, cents in rows}


def paid_between(tx: Connection, since: datetime | None, until: datetime | None) -> tuple[Paid, ...]:
    """Subjects on which something was paid since a moment and before another, with all that was paid on them."""
    lately = select(postings.c.subject).where(*_paid_in(since, until))
    by = (postings.c.subject, postings.c.merchant_id)
    columns = (*by, func.max(postings.c.about).label("refund_id"), _TOTAL.label("cents"))
    query = select(*columns).where(by[0].in_(lately)).group_by(*by).having(_TOTAL != 0).order_by(*by)
    return tuple(Paid(**row._mapping) for row in tx.execute(query))


def _paid_in(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    # The database sees that its index of payments will do only where the movement stands in the statement itself.
    chosen = [postings.c.movement == literal_column("'pay'")]
    chosen += [postings.c.happened_at >= micros(since)] if since else []
    return chosen + ([postings.c.happened_at < micros(until)] if until else [])


#: What a payment moves to: only its own entries are looked at, so it does not matter where the money stands now.
#: PostgreSQL adds up in numeric; what comes of cents is a whole number.
_PAID: ColumnElement[int] = postings.c.advanced + postings.c.receivable + postings.c.merchant_paid
_TOTAL = cast(func.coalesce(func.sum(_PAID), 0), BigInteger)
