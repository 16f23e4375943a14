"""The merchant's own faults, order by order: what made an order go wrong that nobody else answers for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from features.known import NO_TIME, Known, Rows, days, once
from features.measures import Asked, AtLeast, AtMost, Events, Is, IsNot
from features.selection import Until, numbered, presence, select, speaks
from features.spells import Spells, intersect, joined, match, minus

__all__ = [
    "CLAIMED", "COMPONENTS", "LOST", "LOST_DISPUTES", "PROMISED_DELIVERY", "PROMISED_DISPATCH", "READS",
    "SILENCE_PROOF", "TOLD", "OrderFaults", "own_faults", "unless",
]  # fmt: skip

Ints = npt.NDArray[np.int64]

_SHIPMENTS = Events(event_type="order_shipped")
_DELIVERIES = Events(event_type="order_delivered")
_OWN_CANCELLATIONS = Events(event_type="order_cancelled", where=(Is(column="actor", words=("merchant",)),))
_OTHER_CANCELLATIONS = Events(event_type="order_cancelled", where=(IsNot(column="actor", words=("merchant",)),))
LOST_DISPUTES = Events(event_type="dispute_resolved", where=(Is(column="outcome", words=("merchant_at_fault",)),))
_LOW_REVIEWS = Events(event_type="review_posted", where=(AtMost(column="stars", most=2),))
_FAULTY_RETURNS = Events(
    event_type="return_requested", where=(Is(column="reason", words=("quality", "not_as_described")),)
)
PROMISED_DISPATCH, PROMISED_DELIVERY = Until(clock="ship_by"), Until(clock="deliver_by")
_ANSWERS = Events(event_type="return_answered")
_SILENT_RETURNS = Asked(of=_FAULTY_RETURNS, by="return_id", clock="answer_by", lacking=(_ANSWERS,))
_ACCEPTED_RETURNS = Events(event_type="return_answered", where=(Is(column="outcome", words=("accepted",)),))
_OWN = Is(column="finally_liable", words=("merchant",))
_ABOUT_GOODS = (
    "quality", "counterfeit", "not_as_described", "damaged", "wrong_item", "missing_parts", "unsafe",
)  # fmt: skip
_GOODS_REFUNDED = Events(event_type="refund_paid", where=(Is(column="reason", words=_ABOUT_GOODS), _OWN))
_NOTHING_CAME = Events(event_type="refund_paid", where=(Is(column="reason", words=("not_received",)), _OWN))
#: What a refund is paid for when something was wrong.
CLAIMED = (*_ABOUT_GOODS, "not_received")
_SETTLED = Is(column="outcome", words=("settled",))
_SETTLEMENTS = Events(event_type="dispute_resolved", where=(_SETTLED,))
_COMPENSATED = Events(event_type="dispute_resolved", where=(_SETTLED, AtLeast(column="amount_cents", least=1)))
#: The carrier says that it lost the parcel.
LOST = Events(event_type="parcel_scanned", where=(Is(column="leg", words=("out",)), Is(column="scan", words=("lost",))))

#: The types of the events that any fault is told from.
READS = frozenset(
    {
        "order_placed", "order_shipped", "order_delivered", "order_cancelled", "parcel_scanned", "review_posted",
        "dispute_resolved", "return_requested", "return_answered", "refund_paid",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFaults:
    """Faults of one component (n,): the order of each by place, when it happened (microseconds), when known (days)."""

    component: str
    happened: Ints
    spells: Spells


def _beside_orders(known: Known, orders: Rows, events: Events | Asked) -> tuple[Rows, Spells, Ints]:
    """Events with the orders they name: the events, spells under the orders' places, and which event each is of.

    An event that names another buyer than the order's says nothing of it.
    """
    found = select(known, events)
    row, other = match(known.keys(orders, "order_id"), known.keys(found, "order_id"))
    own = speaks(known, orders, row, found, other)
    row, other = row[own], other[own]
    start = np.maximum(days(orders.start)[row], days(found.start)[other])
    end = np.minimum(days(orders.end)[row], days(found.end)[other])
    lasting = start < end
    return found, Spells(key=row[lasting], start=start[lasting], end=end[lasting]), other[lasting]


def _reported(events: Events) -> "_Component":
    """A fault that an event reports by itself."""

    def component(known: Known, orders: Rows) -> tuple[Spells, Ints]:
        found, spells, event = _beside_orders(known, orders, events)
        return spells, found.time[event]

    return component


def _dispatch_late(known: Known, orders: Rows) -> tuple[Spells, Ints]:
    """Not shipped by the promised time, and not cancelled by anyone but the merchant before it."""
    ship_by = known.times(orders, "ship_by")
    promised = ship_by != NO_TIME
    kept = presence(known, orders, [_SHIPMENTS], by="order_id", until=PROMISED_DISPATCH)
    excused = presence(known, orders, [_OTHER_CANCELLATIONS], by="order_id", until=PROMISED_DISPATCH, own=True)
    due = numbered(orders).where(promised[numbered(orders).key])
    # That nothing came is known once the promised time has passed.
    late = minus(minus(due.since(known.due(ship_by)[due.key]), kept), excused)
    return late, ship_by[late.key]


def _low_stars_on_time(known: Known, orders: Rows) -> tuple[Spells, Ints]:
    """One or two stars for an order that came by the promised time: the carrier is not to blame."""
    on_time = presence(known, orders, [_DELIVERIES], by="order_id", until=PROMISED_DELIVERY)
    reviews, spells, event = _beside_orders(known, orders, _LOW_REVIEWS)
    return _while(spells, reviews.time[event], on_time)


def _low_stars_not_late(known: Known, orders: Rows) -> tuple[Spells, Ints]:
    """One or two stars for an order that is not known to have come late: silence about it excuses none."""
    deliver_by = known.times(orders, "deliver_by")
    in_time = presence(known, orders, [_DELIVERIES], by="order_id", until=PROMISED_DELIVERY)
    came = presence(known, orders, [_DELIVERIES], by="order_id")
    late = minus(came.where(deliver_by[came.key] != NO_TIME), in_time)
    reviews, spells, event = _beside_orders(known, orders, _LOW_REVIEWS)
    return unless(spells, reviews.time[event], late)


def _return_accepted(known: Known, orders: Rows) -> tuple[Spells, Ints]:
    """A return for quality, or for goods not as described, that the merchant accepted."""
    requests, spells, event = _beside_orders(known, orders, _FAULTY_RETURNS)
    accepted = presence(known, requests, [_ACCEPTED_RETURNS], by="return_id")
    row, other = match(event, accepted.key)
    by_pair = Spells(key=row, start=accepted.start[other], end=accepted.end[other])
    pairs = Spells(key=np.arange(len(event)), start=spells.start, end=spells.end)
    both = intersect(pairs, by_pair)
    return Spells(key=spells.key[both.key], start=both.start, end=both.end), requests.time[event[both.key]]


def _return_not_refused(known: Known, orders: Rows) -> tuple[Spells, Ints]:
    """The same, or one that the merchant let pass without an answer in time: silence is no better than a yes."""
    accepted, when = _return_accepted(known, orders)
    silences, spells, silence = _beside_orders(known, orders, _SILENT_RETURNS)
    return joined([accepted, spells]), np.concatenate([when, silences.time[silence]])


def _claims(known: Known, orders: Rows) -> tuple[Spells, Ints]:
    """Refunds for what was wrong with the goods, or for goods that never came, unless the carrier lost them."""
    goods, spells, event = _beside_orders(known, orders, _GOODS_REFUNDED)
    missing, unseen, other = _beside_orders(known, orders, _NOTHING_CAME)
    unseen, when = unless(unseen, missing.time[other], presence(known, orders, [LOST], by="order_id"))
    return joined([spells, unseen]), np.concatenate([goods.time[event], when])


def _refunded(known: Known, orders: Rows) -> tuple[Spells, Ints]:
    """A refund, finally the merchant's, for quality, fakes, damage, unsafe, wrong, missing or misdescribed goods.

    Or for goods that never came, unless the carrier says that it lost them; whether or not a dispute followed. What
    was refunded of an order whose dispute was settled is the settlement's.
    """
    return unless(*_claims(known, orders), presence(known, orders, [_SETTLEMENTS], by="order_id", own=True))


def _settled(known: Known, orders: Rows) -> tuple[Spells, Ints]:
    """A dispute settled with compensation: the settlement names an amount, or the order was refunded as above."""
    settled = presence(known, orders, [_SETTLEMENTS], by="order_id", own=True)
    refunds, paid = _while(*_claims(known, orders), settled)
    named, spells, event = _beside_orders(known, orders, _COMPENSATED)
    return joined([spells, refunds]), np.concatenate([named.time[event], paid])


def unless(spells: Spells, happened: Ints, other: Spells) -> tuple[Spells, Ints]:
    """The stretches of faults (n,) during which no spell of `other` with the same key runs, and when each happened."""
    row, beside = match(spells.key, other.key)
    excused = Spells(key=row, start=other.start[beside], end=other.end[beside])
    rest = minus(Spells(key=np.arange(len(happened)), start=spells.start, end=spells.end), excused)
    return Spells(key=spells.key[rest.key], start=rest.start, end=rest.end), happened[rest.key]


def _while(spells: Spells, happened: Ints, other: Spells) -> tuple[Spells, Ints]:
    """The faults during which a spell of `other` with the same key runs too."""
    row, beside = match(spells.key, other.key)
    start = np.maximum(spells.start[row], other.start[beside])
    end = np.minimum(spells.end[row], other.end[beside])
    lasting = start < end
    return Spells(key=spells.key[row], start=start, end=end).where(lasting), happened[row[lasting]]


_Component = Callable[[Known, Rows], tuple[Spells, Ints]]

#: What counts as the merchant's own fault: name -> how to find it.
COMPONENTS: MappingProxyType[str, _Component] = MappingProxyType(
    {
        "dispatch_late": _dispatch_late,
        "cancelled": _reported(_OWN_CANCELLATIONS),
        "dispute_lost": _reported(LOST_DISPUTES),
        "low_stars_on_time": _low_stars_on_time,
        "return_accepted": _return_accepted,
        "low_stars_not_late": _low_stars_not_late,
        "return_not_refused": _return_not_refused,
        "refunded": _refunded,
        "settled": _settled,
    }
)

#: What the plain rate counts, where everything that happened is told; labels name their components themselves.
TOLD = ("dispatch_late", "cancelled", "dispute_lost", "low_stars_on_time", "return_accepted")
#: The same for models: no fault can be kept out of it by leaving out a delivery or an answer.
SILENCE_PROOF = ("dispatch_late", "cancelled", "dispute_lost", "low_stars_not_late", "return_not_refused")


def own_faults(known: Known, orders: Rows, components: Sequence[str]) -> list[OrderFaults]:
    """The merchant's own faults in `orders` (rows of `order_placed`), component by component."""
    return [_faults(known, orders, name) for name in components]


@once
def _faults(known: Known, orders: Rows, component: str) -> OrderFaults:
    spells, happened = COMPONENTS[component](known, orders)
    return OrderFaults(component=component, spells=spells, happened=happened)
