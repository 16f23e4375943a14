"""What weighs on limits at a moment, of many orders and buyers at once, and stays true while more is promised."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)

from features.database import day_of, micros, moment
from features.queries import Query, given, listed, paired
from serving.ledger.accounts import FAST_REFUND
from serving.ledger.store import BUYER_WINDOW, Reservation
from serving.ledger.tables import RESERVED, held_days, reservations

__all__ = ["Order", "Weights"]

#: A merchant's id and its order's: what names an order among all merchants.
Order = tuple[str, str]

#: How many days, with today, count against the limits of a merchant (the first one whole) and of the fund.
_MERCHANT_DAYS, _FUND_DAYS = 31, 30
_DAY = 86_400_000_000


class Weights:
    """What weighs now on some orders and buyers, their merchants, and the fund that pays for them.

    What has run out weighs nothing, whether or not that was booked yet. Orders and buyers are looked up at once; what
    is told of their merchants and the fund is when it is first asked for, and they are held by then.
    """

    def __init__(self, tx: Connection, *, orders: Collection[Order], buyers: Collection[str], now: datetime) -> None:
        self._tx, self._now, self._merchants = tx, now, sorted({merchant_id for merchant_id, _ in orders})
        self._on: defaultdict[Order, dict[str, Reservation]] = defaultdict(dict)
        self._of: defaultdict[str, dict[str, Reservation]] = defaultdict(dict)
        at = micros(now)
        for row in _ON_ORDERS.rows(tx, orders=sorted(orders), now=at):
            self._note_on_order(_reservation(row))
        for row in _OF_BUYERS.rows(tx, buyers=sorted(buyers), now=at, since=micros(now - BUYER_WINDOW)):
            self._note_of_buyer(_reservation(row))

    def on(self, order: Order) -> Collection[Reservation]:
        """What was promised on an order."""
        return self._on[order].values()

    def of(self, buyer_id: str) -> Collection[Reservation]:
        """What was promised to a buyer in the last 90 days."""
        return self._of[buyer_id].values()

    def held(self, order: Order, buyer_id: str) -> dict[str, int]:
        """Cents that weigh on an order, its buyer, its merchant, the fund, and the fund's day, under their locks."""
        return {
            "order_cents": sum(one.cents for one in self.on(order)),
            "buyer_cents": sum(one.cents for one in self.of(buyer_id)),
            "merchant_cents": self._sums[f"merchant:{order[0]}"],
            "fund_cents": self._sums["fund"],
            "day_cents": self._sums["day"],
        }

    def promise(self, new: Reservation) -> None:
        """Let what is promised just now weigh too."""
        self._note_on_order(new)
        self._note_of_buyer(new)
        self._sums[f"merchant:{new.merchant_id}"] += new.cents
        if new.fund is not None:
            self._sums["fund"] += new.cents
            self._sums["day"] += new.cents

    def _note_on_order(self, one: Reservation) -> None:
        self._on[one.merchant_id, one.order_id][one.decision_id] = one

    def _note_of_buyer(self, one: Reservation) -> None:
        self._of[one.buyer_id][one.decision_id] = one

    @cached_property
    def _sums(self) -> Counter[str]:
        """What weighs on merchants, the fund, and its day: what is booked, less what has run out since."""
        today, found = day_of(self._now), Counter[str]()
        days = {"first": today - _MERCHANT_DAYS + 1, "funds": today - _FUND_DAYS + 1, "today": today}
        holders = [f"merchant:{one}" for one in self._merchants]
        for holder, *cents in _BOOKED.rows(self._tx, holders=[*holders, f"fund:{FAST_REFUND}"], **days):
            _add(found, holder, cents, sign=1)
        since = {name: day * _DAY for name, day in days.items()}
        for holder, *cents in _RUN_OUT.rows(self._tx, now=micros(self._now), merchants=self._merchants, **since):
            _add(found, holder, cents, sign=-1)
        return found


def _add(to: Counter[str], holder: str, cents: Iterable[int], *, sign: int) -> None:
    of_merchant, of_fund, of_day = (sign * int(one) for one in cents)
    if holder.startswith("fund:"):
        to["fund"] += of_fund
        to["day"] += of_day
    else:
        to[holder] += of_merchant


def _reservation(row: Iterable[Any]) -> Reservation:
    decision_id, merchant_id, order_id, buyer_id, cents, state, reserved_at, expires_at, fund = row
    return Reservation(
        decision_id=decision_id, merchant_id=merchant_id, order_id=order_id, buyer_id=buyer_id, promised_cents=cents,
        cents=cents, state=state, reserved_at=moment(reserved_at), expires_at=moment(expires_at), fund=fund,
    )  # fmt: skip


_KEPT, _DAYS = reservations.c, held_days.c
_COLUMNS = (
    _KEPT.decision_id, _KEPT.merchant_id, _KEPT.order_id, _KEPT.buyer_id, _KEPT.cents, _KEPT.state, _KEPT.reserved_at,
    _KEPT.expires_at, _KEPT.fund,
)  # fmt: skip
_WEIGHS = and_(_KEPT.cents > 0, or_(_KEPT.state != RESERVED, _KEPT.expires_at > given("now")))
_ON_ORDERS = Query(select(*_COLUMNS).where(paired(_KEPT.merchant_id, _KEPT.order_id, "orders"), _WEIGHS))
_OF_BUYERS = Query(
    select(*_COLUMNS).where(listed(_KEPT.buyer_id, "buyers"), _KEPT.reserved_at >= given("since"), _WEIGHS)
)


def _sums(cents: ColumnElement[int], clock: ColumnElement[int]) -> list[ColumnElement[int]]:
    """What there is since the merchants' first day, the fund's, and today."""
    parts = (cents, *(case((clock >= given(name), cents), else_=0) for name in ("funds", "today")))
    # PostgreSQL adds up in numeric; what comes of cents is a whole number all the same.
    return [cast(func.coalesce(func.sum(one), 0), BigInteger) for one in parts]


_BOOKED = Query(
    select(_DAYS.holder, *_sums(_DAYS.cents, _DAYS.day))
    .where(listed(_DAYS.holder, "holders"), _DAYS.day >= given("first"))
    .group_by(_DAYS.holder)
)


def _run_out(holder: ColumnElement[str], *whose: ColumnElement[bool]) -> Any:
    ran_out = (_KEPT.state == RESERVED, _KEPT.expires_at <= given("now"), _KEPT.reserved_at >= given("first"))
    return select(holder, *_sums(_KEPT.cents, _KEPT.reserved_at)).where(*ran_out, *whose).group_by(holder)


# An index of all promises of a merchant must not be taken for this: of those that are open few have run out.
_MERCHANT = literal("").concat(_KEPT.merchant_id)
#: What has run out and still stands in the sums: little, since that is booked every minute.
_RUN_OUT = Query(
    union_all(
        _run_out(literal("merchant:").concat(_KEPT.merchant_id), listed(_MERCHANT, "merchants")),
        _run_out(literal("fund:").concat(_KEPT.fund), _KEPT.fund == FAST_REFUND),
    )
)
