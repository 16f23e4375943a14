"""Services beside the goods: what buyers ask for where the category has it, and how merchants do it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from features.simulator.life import Life, Orders
from features.simulator.lot import Ints, Lot
from features.simulator.scenario import DAY, NEVER

__all__ = ["SERVICES", "Service", "tell_services"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service: of which share of a category's orders it is asked for, and of which where the goods are not as sold.

    It is asked for so many days `after` the delivery, and due `within` so many; without `after` it goes with the
    delivery itself, `within` days of the promised one.
    """

    shares: Mapping[str, float]
    flawed: float
    within: float
    after: float | None = None


#: How often is made up; that goods break, come damaged or spoilt follows from what they are.
SERVICES: Mapping[str, Service] = MappingProxyType(
    {
        "repair": Service(
            shares={"electronics": 0.02, "sports": 0.005}, flawed=0.25, after=12.0, within=10.0,
        ),
        "exchange": Service(
            shares={"shoes": 0.04, "apparel": 0.03, "electronics": 0.005}, flawed=0.15, after=3.0, within=7.0,
        ),
        "resend": Service(
            shares={"home": 0.01, "food": 0.005, "toys": 0.005, "beauty": 0.005}, flawed=0.2, after=1.0, within=3.0,
        ),
        "bad_order": Service(shares={"food": 0.02}, flawed=0.5, after=0.3, within=1.0),
        "home_delivery": Service(shares={"furniture": 0.6, "home": 0.05}, flawed=0.6, within=0.0),
        "installation": Service(shares={"furniture": 0.3, "electronics": 0.02}, flawed=0.3, within=2.0),
    }
)  # fmt: skip

#: So far apart are the numbers of one kind of service and of the next; those of return freights are their orders'.
_APART = 2**45


def tell_services(life: Life, orders: Orders) -> None:
    """Note which services are asked for, and what becomes of them."""
    for place, (name, service) in enumerate(SERVICES.items(), start=1):
        if life.merchant.category.name in service.shares:
            _tell(life, orders, name, service, number=orders.number + place * _APART)


def _tell(life: Life, orders: Orders, name: str, service: Service, *, number: Ints) -> None:
    lot, share = life.lot(f"service {name}"), service.shares[life.merchant.category.name]
    wanted = lot.chance(np.where(orders.defective, max(share, service.flawed), share), len(orders))
    rows = np.flatnonzero(wanted & (orders.scheme == 0) & (orders.delivered < NEVER))
    asked, due = _asked(lot, orders, rows, service)
    refused = lot.chance(0.5 * life.share("refuse", asked), len(rows))
    about: dict[str, Any] = {"since": orders.placed[rows], "service_id": number[rows], "service": name,
                             "order_id": orders.number[rows], "due_by": due}  # fmt: skip
    life.diary.add("service_requested", asked, **about)
    life.diary.add("service_completed", _done(life, lot, orders, rows, service, (asked, due)),
                   outcome=np.where(refused, "refused", "done").astype(object), **about)  # fmt: skip


def _asked(lot: Lot, orders: Orders, rows: Ints, service: Service) -> tuple[Ints, Ints]:
    """When each is asked for, and due."""
    if service.after is None:
        return orders.placed[rows], orders.deliver_by[rows] + round(service.within * DAY)
    asked = lot.later(orders.delivered[rows], days=service.after, least=0.1)
    return asked, asked + round(service.within * DAY)


def _done(life: Life, lot: Lot, orders: Orders, rows: Ints, service: Service, times: tuple[Ints, Ints]) -> Ints:
    """When each is done: with the delivery, or before it is due unless the merchant is late, or never."""
    asked, due = times
    n = len(rows)
    late = lot.chance(life.share("late", asked), n)
    heard = ~lot.chance(life.share("silent", asked) + 0.9 * life.merchant.gone(asked), n)
    if service.after is None:
        soonest = orders.delivered[rows] + np.rint(lot.between(0.0, 0.8, n) * service.within * DAY).astype(np.int64)
    else:
        soonest = asked + np.rint(lot.between(0.1, 0.9, n) * service.within * DAY).astype(np.int64)
    done = np.where(late, lot.later(np.maximum(due, soonest), days=2.0, least=0.1), soonest)
    return np.where(heard, done, NEVER)
