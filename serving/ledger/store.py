"""SQL of the ledger: postings, what they add up to, and the sums that limits read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Executable,
    Row,
    bindparam,
    cast,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from features.database import insert_all, insert_new, micros, moment, some
from features.queries import Query, listed
from serving.ledger.accounts import ACCOUNTS, FAST_REFUND, Posting
from serving.ledger.tables import RESERVED, held_days, merchant_balances, postings, reservations
from serving.record.store_audit import hold

__all__ = [
    "BUYER_WINDOW",
    "Reservation",
    "Sum",
    "add_reservations",
    "change_reservations",
    "due_to_expire",
    "hold_buyer",
    "hold_fund",
    "money_of",
    "post",
    "reservations_with",
    "sums_of",
    "weigh",
]

#: How far back the promises to a buyer count against their limit (contracts: 90 days).
BUYER_WINDOW = timedelta(days=90)

#: A merchant's accounts whose balances are kept.
_KEPT = tuple(column.name for column in merchant_balances.c if column.name != "merchant_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Money that a decision promised; `cents` is what weighs of it: promised, or paid once anything was paid.

    `state` is reserved, paid, cancelled, expired, recovered or written_off; what is reserved weighs until it expires.
    """

    decision_id: str
    merchant_id: str
    order_id: str
    buyer_id: str
    promised_cents: int
    cents: int
    state: str
    reserved_at: datetime
    expires_at: datetime
    fund: str | None = None

    @property
    def source(self) -> str:
        """The account that the money comes from."""
        return "escrow" if self.fund is None else "fund"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """What a subject's postings of one movement, about one thing of a merchant, add up to (cents by account)."""

    subject: str
    merchant_id: str
    about: str | None
    movement: str
    amounts: Mapping[str, int]


# Locks. They are taken in one order everywhere: merchant, buyer, fund, and the audit chain last.


def hold_buyer(tx: Connection, *buyer_ids: str) -> None:
    """Let nobody else promise these buyers anything until the transaction ends.

    The merchant's row is locked before; so an order, which has one merchant, needs no lock of its own.
    """
    hold(tx, *(f"buyer:{one}" for one in sorted(set(buyer_ids))))


def hold_fund(tx: Connection, fund: str = FAST_REFUND) -> None:
    """Let nobody else promise anything out of a fund until the transaction ends.

    Everybody who promises waits here, so it is to be held late.
    """
    hold(tx, f"fund:{fund}")


# Postings.


def post(tx: Connection, moved: Sequence[Posting]) -> None:
    """Book some movements, with the balances of their merchants; those are locked."""
    if not moved:
        return
    insert_all(tx, postings, _posting_columns(moved))
    changes: dict[str, dict[str, int]] = {}
    for one in moved:
        for account in _KEPT:
            if one.amounts.get(account):
                own = changes.setdefault(one.merchant_id, dict.fromkeys(_KEPT, 0))
                own[account] += one.amounts[account]
    if changes:
        insert_new(tx, merchant_balances, [{"merchant_id": name, **dict.fromkeys(_KEPT, 0)} for name in changes])
        tx.execute(_MOVE_BALANCES, [{"of": name, **_by(own)} for name, own in changes.items()])


def _by(own: Mapping[str, int]) -> dict[str, int]:
    return {f"by_{account}": cents for account, cents in own.items()}


_MOVE_BALANCES = (
    update(merchant_balances)
    .where(merchant_balances.c.merchant_id == bindparam("of"))
    .values({account: merchant_balances.c[account] + bindparam(f"by_{account}") for account in _KEPT})
)


def _posting_columns(moved: Sequence[Posting]) -> dict[str, list[Any]]:
    return {
        "subject": [one.subject for one in moved],
        "id": [one.id for one in moved],
        "movement": [one.movement.value for one in moved],
        "merchant_id": [one.merchant_id for one in moved],
        "about": [one.about for one in moved],
        "happened_at": [micros(one.happened_at) for one in moved],
        "booked_at": [micros(one.booked_at) for one in moved],
        **{account: [one.amounts.get(account, 0) for one in moved] for account in ACCOUNTS},
    }


def sums_of(tx: Connection, subjects: Iterable[str]) -> tuple[Sum, ...]:
    """What the postings of some subjects add up to, by what they are about and by movement."""
    rows = _SUMS.rows(tx, subjects=sorted(subjects))
    return tuple(
        Sum(subject=subject, merchant_id=merchant_id, about=about, movement=movement,
            amounts=dict(zip(ACCOUNTS, map(int, cents), strict=True)))
        for subject, merchant_id, about, movement, *cents in rows
    )  # fmt: skip


def money_of(tx: Connection, merchant_id: str) -> dict[str, int]:
    """A merchant's balances (cents by account); all nothing where nothing was ever booked."""
    row = tx.execute(select(merchant_balances).where(merchant_balances.c.merchant_id == merchant_id)).one_or_none()
    return {account: int(getattr(row, account)) if row else 0 for account in _KEPT}


# Reservations.


def add_reservations(tx: Connection, new: Sequence[Reservation]) -> None:
    """Keep what some decisions promised."""
    names = Reservation.__slots__
    insert_all(tx, reservations, {name: [_kept(getattr(one, name)) for one in new] for name in names})


def change_reservations(tx: Connection, changed: Sequence[Reservation]) -> None:
    """Keep what some reservations weigh now, how far they have come, and what pays them."""
    if changed:
        tx.execute(_CHANGE, [{"of": one.decision_id, "now": one.cents, "as": one.state} for one in changed])


_CHANGE = (
    update(reservations)
    .where(reservations.c.decision_id == bindparam("of"))
    .values(cents=bindparam("now"), state=bindparam("as"))
)


def reservations_with(tx: Connection, decision_ids: Iterable[str]) -> dict[str, Reservation]:
    """What these decisions promised, by decision, whether or not it still weighs; the others promised nothing."""
    pieces = some(sorted(decision_ids))
    rows = (row for ids in pieces for row in tx.execute(_PROMISED, {"decision_ids": ids}))
    return {row.decision_id: _reservation(row) for row in rows}


def due_to_expire(tx: Connection, *, now: datetime, most: int) -> tuple[Reservation, ...]:
    """Reservations whose time has run out, the oldest first."""
    ran_out = (reservations.c.state == RESERVED, reservations.c.expires_at <= micros(now))
    query = select(reservations).where(*ran_out).order_by(reservations.c.expires_at).limit(most)
    return tuple(map(_reservation, tx.execute(query)))


def _reservation(row: Row[Any]) -> Reservation:
    values = dict(row._mapping)
    return Reservation(**{**values, **{name: moment(values[name]) for name in ("reserved_at", "expires_at")}})


def _kept(value: Any) -> Any:
    return micros(value) if isinstance(value, datetime) else value


# What weighs on limits.


def weigh(tx: Connection, changes: Mapping[tuple[str, int], int]) -> None:
    """Have cents more, or fewer, weigh on holders, by (holder, day); holders are locked."""
    more = [{"holder": holder, "day": day, "cents": cents} for (holder, day), cents in changes.items() if cents > 0]
    fewer = [{"of": holder, "on": day, "by": cents} for (holder, day), cents in changes.items() if cents < 0]
    if more:
        tx.execute(_MORE[tx.dialect.name], more)
    # An insertion of fewer than nothing would be refused before the store sees that the row is there already.
    if fewer:
        tx.execute(_LESS, fewer)


def _added(inserting: sqlite.Insert | postgresql.Insert) -> Executable:
    more = {"cents": held_days.c.cents + inserting.excluded.cents}
    return inserting.on_conflict_do_update(index_elements=[held_days.c.holder, held_days.c.day], set_=more)


# Made once: to put a statement together costs more than the store needs to carry it out.
_MORE = {"sqlite": _added(sqlite.insert(held_days)), "postgresql": _added(postgresql.insert(held_days))}
_LESS = (
    update(held_days)
    .where(held_days.c.holder == bindparam("of"), held_days.c.day == bindparam("on"))
    .values(cents=held_days.c.cents + bindparam("by"))
)


def _total(column: ColumnElement[int]) -> ColumnElement[int]:
    # PostgreSQL adds up in numeric; what comes of cents is a whole number all the same.
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


_BY = (postings.c.subject, postings.c.merchant_id, postings.c.about, postings.c.movement)
_SUMS = Query(
    select(*_BY, *(_total(postings.c[account]) for account in ACCOUNTS))
    .where(listed(postings.c.subject, "subjects"))
    .group_by(*_BY)
)
_PROMISED = select(reservations).where(reservations.c.decision_id.in_(bindparam("decision_ids", expanding=True)))
