"""Whose fault it was: what others answer for of what went wrong with a merchant's orders.

A ruling decides. Without one it is the kind of event that tells: a parcel that the carrier says it lost, goods that
came back empty, swapped or used, who cancelled, who finally pays a refund. Only what is the merchant's own makes a
label bad.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from features.faults import (
    CLAIMED,
    LOST,
    LOST_DISPUTES,
    PROMISED_DELIVERY,
    PROMISED_DISPATCH,
    OrderFaults,
    own_faults,
    unless,
)
from features.known import NO_TIME, Known, Rows
from features.measures import Events, Is
from features.selection import holds, numbered, presence
from features.spells import Spells, intersect, joined, minus, union

__all__ = ["BY_PLATFORM", "PARTIES", "attributed_faults", "blamed_on_others", "excused"]

Ints = npt.NDArray[np.int64]

#: Who may be at fault, and nobody.
PARTIES = ("merchant", "buyer", "carrier", "platform", "nobody")

#: What is a matter of record: no ruling about the goods changes when they were dispatched, or who cancelled.
_ON_RECORD = frozenset({"dispatch_late", "cancelled", "dispute_lost"})

#: The platform sees to the order.
BY_PLATFORM = Is(column="fulfilled_by", words=("platform",))
_CAME_BACK_WRONG = Events(
    event_type="return_inspected", where=(Is(column="outcome", words=("empty", "swapped", "used")),)
)
_SHIPMENTS = Events(event_type="order_shipped")
_DELIVERIES = Events(event_type="order_delivered")


def _ruled(*words: str) -> Events:
    return Events(event_type="dispute_resolved", where=(Is(column="outcome", words=words),))


def _paid_by(*words: str) -> Events:
    """Refunds for what went wrong that somebody else finally pays."""
    wrong = Is(column="reason", words=CLAIMED)
    return Events(event_type="refund_paid", where=(wrong, Is(column="finally_liable", words=words)))


def _cancelled_by(*words: str) -> Events:
    return Events(event_type="order_cancelled", where=(Is(column="actor", words=words),))


_OTHERS_RULED = _ruled("buyer_at_fault", "carrier_at_fault", "platform_at_fault", "nobody_at_fault")


def _any_of(*events: Events) -> Callable[[Known, Rows], Spells]:
    def found(known: Known, orders: Rows) -> Spells:
        return presence(known, orders, events, by="order_id", own=True)

    return found


def _slow_carrier(known: Known, orders: Rows) -> Spells:
    """Dispatched as promised, or without a promise, and delivered after the promised time."""
    ship_by, deliver_by = known.times(orders, "ship_by"), known.times(orders, "deliver_by")
    came = presence(known, orders, [_DELIVERIES], by="order_id")
    in_time = presence(known, orders, [_DELIVERIES], by="order_id", until=PROMISED_DELIVERY)
    late = minus(came.where(deliver_by[came.key] != NO_TIME), in_time)
    free = numbered(orders)
    sent = presence(known, orders, [_SHIPMENTS], by="order_id", until=PROMISED_DISPATCH)
    return intersect(late, union(joined([free.where(ship_by[free.key] == NO_TIME), sent])))


def _late_platform(known: Known, orders: Rows) -> Spells:
    """Dispatched late, or never, by the platform that fulfils the order."""
    (late,) = own_faults(known, orders, ("dispatch_late",))
    return late.spells.where(holds(known, orders, (BY_PLATFORM,))[late.spells.key])


#: Whose fault it is, and how that shows, in the order in which it decides.
_BLAMED: tuple[tuple[str, Callable[[Known, Rows], Spells]], ...] = (
    ("buyer", _any_of(_ruled("buyer_at_fault"))),
    ("carrier", _any_of(_ruled("carrier_at_fault"))),
    ("platform", _any_of(_ruled("platform_at_fault"))),
    ("nobody", _any_of(_ruled("nobody_at_fault"))),
    ("buyer", _any_of(_CAME_BACK_WRONG)),
    ("carrier", _any_of(LOST)),
    ("buyer", _any_of(_paid_by("buyer"))),
    ("carrier", _any_of(_paid_by("carrier"))),
    ("platform", _any_of(_paid_by("platform"))),
    ("platform", _late_platform),
    ("buyer", _any_of(_cancelled_by("buyer"))),
    ("platform", _any_of(_cancelled_by("platform"))),
    ("carrier", _slow_carrier),
    ("nobody", _any_of(_ruled("settled", "withdrawn"), _paid_by("undecided"))),
)


def excused(known: Known, orders: Rows) -> Spells:
    """While what went wrong with an order, by place, is somebody else's: by a ruling, or by what came back of it.

    Never while a dispute about the same order is known as the merchant's fault.
    """
    others = presence(known, orders, [_OTHERS_RULED, _CAME_BACK_WRONG], by="order_id", own=True)
    return minus(others, presence(known, orders, [LOST_DISPUTES], by="order_id", own=True))


def attributed_faults(known: Known, orders: Rows, components: Sequence[str]) -> list[OrderFaults]:
    """The faults in `orders`, component by component, less what others answer for."""
    others, by_platform = excused(known, orders), holds(known, orders, (BY_PLATFORM,))
    found = []
    for fault in own_faults(known, orders, components):
        spells, happened = fault.spells, fault.happened
        if fault.component not in _ON_RECORD:
            spells, happened = unless(spells, happened, others)
        elif fault.component == "dispatch_late":
            own = ~by_platform[spells.key]
            spells, happened = spells.where(own), happened[own]
        found.append(OrderFaults(component=fault.component, happened=happened, spells=spells))
    return found


def blamed_on_others(known: Known, orders: Rows) -> list[tuple[str, Spells]]:
    """Whose fault it may be but the merchant's, and while that shows of which orders, the first to decide first."""
    return [(party, shown(known, orders)) for party, shown in _BLAMED]
