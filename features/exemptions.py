"""Exemptions: declared days on which nobody could keep a promise, such as a flood or a lock-down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from features.known import Known, Rows
from features.measures import Events, Is
from features.selection import holds, numbered, select
from features.spells import Spells, intersect, joined, match, union

__all__ = ["Exemption", "exempted"]

_DAY = 86_400_000_000
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """From day `first` until day `until` (UTC, not itself); of some regions or categories, where any are named."""

    first: date
    until: date
    regions: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    reason: str


def exempted(known: Known, orders: Rows, exemptions: Sequence[Exemption]) -> Spells:
    """While which of `orders`, by place, is known to be exempt: one of its promises falls within an exemption.

    A region is the merchant's, as registered; a category the order's, or the merchant's where the order names none.
    """
    nothing = np.zeros(0, dtype=np.int64)
    none = Spells(key=nothing, start=nothing, end=nothing)
    return joined([none, *(_exempted(known, orders, one) for one in exemptions)])


def _exempted(known: Known, orders: Rows, exemption: Exemption) -> Spells:
    promised = numbered(orders)
    promised = promised.where(_promised(known, orders, exemption)[promised.key])
    if exemption.regions:
        promised = intersect(promised, _registered(known, orders, "region", exemption.regions))
    if not exemption.categories:
        return promised
    named = known.filled(orders, "category")
    says = holds(known, orders, (Is(column="category", words=exemption.categories),))
    registered = _registered(known, orders, "category", exemption.categories)
    return joined([promised.where(says[promised.key]), intersect(promised.where(~named[promised.key]), registered)])


def _promised(known: Known, orders: Rows, exemption: Exemption) -> npt.NDArray[np.bool_]:
    first, until = ((day - _EPOCH).days * _DAY for day in (exemption.first, exemption.until))
    promises = [known.times(orders, name) for name in ("ship_by", "deliver_by")]
    return np.asarray(np.logical_or.reduce([(first <= promise) & (promise < until) for promise in promises]))


def _registered(known: Known, orders: Rows, column: str, words: tuple[str, ...]) -> Spells:
    """While a registration of each order's merchant that says one of these words is known."""
    rows = select(known, Events(event_type="merchant_registered", where=(Is(column=column, words=words),)))
    spells = union(rows.spells(rows.merchant))
    order, other = match(orders.merchant, spells.key)
    return Spells(key=order, start=spells.start[other], end=spells.end[other])
