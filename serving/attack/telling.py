"""The events of a scheme: what is told of its orders, reports and messages, spread over its days."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

__all__ = ["LEAD", "Effort", "Event", "Subject", "Teller"]

#: One event, as JSON rows are.
Event = dict[str, Any]

#: Days that an order takes until all of it is known: sent, delivered, confirmed, praised or complained of.
LEAD = 7
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The merchant that is cheated for or against, as of a midnight: its own events, its goods, its orders of 90 days.

    `price_cents` is its usual order's amount, `cheap_cents` its smallest.
    """

    merchant_id: str
    as_of: datetime
    category: str
    price_cents: int
    cheap_cents: int
    orders_90d: int
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much is done: so many things, by so many for each account, within so many days."""

    things: int
    days: int
    per_account: int

    @property
    def accounts(self) -> int:
        """How many accounts that takes.

        >>> Effort(things=7, days=1, per_account=3).accounts
        3
        """
        return -(-self.things // self.per_account)


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Tells a scheme's events about its subject, evenly over the days of the effort."""

    subject: Subject
    effort: Effort
    scheme: str

    def begun(self, number: int) -> datetime:
        """When the thing of a number begins; the last day leaves time for all of it to become known."""
        last = self.subject.as_of - LEAD * _DAY
        return last - number * self.effort.days * _DAY / self.effort.things - _HOUR

    def account(self, number: int) -> str:
        """Whoever does the thing of a number."""
        return f"{self.scheme}-account-{number % self.effort.accounts}"

    def event(self, event_type: str, at: datetime, name: str, **columns: Any) -> Event:
        """One event of the subject."""
        named = {"event_id": f"{self.scheme}-{event_type}-{name}", "event_type": event_type}
        told = {key: value for key, value in columns.items() if value is not None}
        return {**named, "merchant_id": self.subject.merchant_id, "event_time": at.isoformat(), **told}

    def bought(self, number: int, *, cents: int | None = None, buyer: str | None = None) -> Iterator[Event]:
        """An order that is sent, scanned and delivered as promised."""
        order = self.order(number)
        yield self.event("order_placed", self.begun(number), order["order_id"], **order,
                         amount_cents=cents or self.subject.price_cents, buyer_id=buyer or self.account(number),
                         category=self.subject.category)  # fmt: skip
        yield from self.sent(number)

    def sent(self, number: int) -> Iterator[Event]:
        """A parcel that goes, is scanned and comes in time."""
        order, placed = self.order(number), self.begun(number)
        name, due, own = order["order_id"], order["ship_by"], {"order_id": order["order_id"]}
        since = {"placed_at": placed.isoformat()}
        yield self.event("order_shipped", placed + 6 * _HOUR, name, tracked=True, ship_by=due, **own, **since)
        yield self.event("parcel_scanned", placed + 8 * _HOUR, f"{name}-pickup", leg="out", scan="pickup", **own)
        yield self.event("parcel_scanned", placed + 2 * _DAY, f"{name}-door", leg="out", scan="delivered", **own)
        yield self.event("order_delivered", placed + 2 * _DAY, name, deliver_by=order["deliver_by"], **own, **since)

    def order(self, number: int) -> dict[str, str]:
        """What later events repeat of an order."""
        placed = self.begun(number)
        return {
            "order_id": f"{self.scheme}-{number}",
            "ship_by": (placed + _DAY).isoformat(),
            "deliver_by": (placed + 5 * _DAY).isoformat(),
        }

    def reviewed(self, number: int, *, stars: int) -> Event:
        """The stars that the order gets."""
        at, order = self.begun(number) + 3 * _DAY, f"{self.scheme}-{number}"
        return self.event("review_posted", at, order, order_id=order, stars=stars, buyer_id=self.account(number))

    def numbers(self) -> range:
        """The numbers of the things that are done."""
        return range(self.effort.things)


def as_told(rows: list[Mapping[str, Any]]) -> tuple[Event, ...]:
    """Rows of an event table as JSON rows are: times as text, nothing where there is nothing."""
    return tuple({key: _plain(value) for key, value in row.items() if value is not None} for row in rows)


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
