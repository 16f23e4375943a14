"""Which orders are real: those that show something about a merchant and that volume alone cannot buy."""

import numpy as np
import numpy.typing as npt

from features.known import NO_TIME, Known, Rows, days, once
from features.measures import Events, Is, Ticked
from features.selection import numbered, presence, select
from features.spells import NO_SPELLS, Spells, joined, match, minus, union

__all__ = ["READS", "of_strangers", "real"]

Ints = npt.NDArray[np.int64]

_CANCELLED = Events(event_type="order_cancelled")
_UNTRACKED = Events(event_type="order_shipped", where=(Ticked(column="tracked", yes=False),))
#: A shipment of which nobody says whether a carrier scanned it is believed; a delivery alone proves no parcel.
_SENT = (
    Events(event_type="order_shipped", where=(Ticked(column="tracked", untold=True),)),
    Events(event_type="parcel_scanned", where=(Is(column="leg", words=("out",)),)),
)
_LINKED = Events(event_type="link_observed")

#: The types of the events that tell whether an order is real.
READS = frozenset({"order_placed", *(one.event_type for one in (_CANCELLED, _UNTRACKED, *_SENT, _LINKED))})


def real(known: Known, orders: Rows, spells: Spells) -> Spells:
    """The stretches of `spells` (under the places of `orders`) during which the order counts for its merchant.

    It does not while it is known to be cancelled, or to be of a buyer who shares an account, phone, device, address or
    entity with the merchant; nor while it is doubtful and not known to have been sent. It is doubtful once it is known
    to have been shipped without a carrier's scan, and once the time by which it was to be shipped, or else delivered,
    has passed. So a parcel that no carrier scanned is worth what silence is worth: leaving out makes no order count.
    """
    return minus(spells, _unreal(known, orders))


def of_strangers(known: Known, asked: Rows, spells: Spells) -> Spells:
    """The stretches during which what is asked is not known to be of a buyer who shares anything with the merchant."""
    return minus(spells, _of_linked(known, asked))


@once
def _unreal(known: Known, orders: Rows) -> Spells:
    """While which of some orders, by place, does not count."""
    doubtful = joined([presence(known, orders, [_UNTRACKED], by="order_id"), _past_promise(known, orders)])
    unsent = minus(doubtful, presence(known, orders, _SENT, by="order_id"))
    cancelled = presence(known, orders, [_CANCELLED], by="order_id")
    return union(joined([cancelled, unsent, _of_linked(known, orders)]))


def _past_promise(known: Known, orders: Rows) -> Spells:
    """Since the time by which it was to be shipped, or else delivered, has passed."""
    ship_by, deliver_by = known.times(orders, "ship_by"), known.times(orders, "deliver_by")
    promise = np.where(ship_by == NO_TIME, deliver_by, ship_by)
    promised = numbered(orders)
    promised = promised.where(promise[promised.key] != NO_TIME)
    return promised.since(known.due(promise)[promised.key])


def _of_linked(known: Known, orders: Rows) -> Spells:
    """While the order's buyer is known to share something with the merchant."""
    links = select(known, _LINKED)
    mine = known.keys(links, "buyer_id") < 0
    if not len(links) or mine.all() or not mine.any():
        return NO_SPELLS
    buyers, own = links.where(~mine), links.where(mine)
    row, other = _same_token(known, buyers, own)
    start = np.maximum(days(buyers.start)[row], days(own.start)[other])
    end = np.minimum(days(buyers.end)[row], days(own.end)[other])
    shared = Spells(key=known.keys(buyers, "buyer_id")[row], start=start, end=end).where(start < end)
    at, whose = match(known.keys(orders, "buyer_id"), shared.key)
    return union(Spells(key=at, start=shared.start[whose], end=shared.end[whose]))


def _same_token(known: Known, buyers: Rows, own: Rows) -> tuple[Ints, Ints]:
    """The pairs of a buyer's link and one of the merchant's own with the same token of the same kind."""
    row, other = match(known.keys(buyers, "link_token"), known.keys(own, "link_token"))
    same = known.keys(buyers, "link_kind")[row] == known.keys(own, "link_kind")[other]
    return row[same], other[same]
