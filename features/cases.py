"""What a kind of label finds in label windows: the orders that count, what speaks against the merchant, whose fault."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.exemptions import exempted
from features.known import Known, Rows
from features.label_spec import LabelSpec
from features.label_windows import Windows
from features.measures import Events, Is
from features.outcomes import PARTIES, blamed_on_others
from features.selection import select
from features.spells import Spells
from features.verdicts import Charge

__all__ = ["Case", "Counted", "orders_of", "orders_placed", "parties", "without"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The orders that count in which windows (n,): of each pair the window, and the order's place in `orders`."""

    orders: Rows
    window: Ints
    order: Ints

    def per(self, windows: Windows) -> Ints:
        """How many orders count in each window."""
        return np.bincount(self.window, minlength=len(windows))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What speaks against merchants in label windows, and what the evidence is.

    `count` is how many orders count in each window; `party` (n,) is, for each pair of `counted`, a place in `PARTIES`,
    or -1 where the order went well.
    """

    charges: tuple[Charge, ...]
    counted: Counted
    count: Ints
    party: Ints


def orders_of(known: Known, spec: LabelSpec) -> Rows:
    """The orders that a label is about."""
    where = (Is(column="source", words=spec.sources),) if spec.sources else ()
    return select(known, Events(event_type="order_placed", where=where))


def orders_placed(known: Known, windows: Windows, spec: LabelSpec) -> Counted:
    """Orders placed in the windows, less the exempt ones."""
    orders = orders_of(known, spec)
    window, order = windows.pairs(orders)
    kept = without(windows, window, order, exempted(known, orders, spec.exemptions))
    return Counted(orders=orders, window=window[kept], order=order[kept])


def without(windows: Windows, window: Ints, key: Ints, spells: Spells) -> npt.NDArray[np.bool_]:
    """Which pairs (n,) remain when those with a spell known under their key are left out."""
    pair, _ = windows.standing(window, key, spells)
    kept = np.ones(len(window), dtype=np.bool_)
    kept[pair] = False
    return kept


def parties(known: Known, windows: Windows, counted: Counted, own: Ints) -> Ints:
    """Whose fault each counted order's going wrong was; `own` are the pairs where it was the merchant's."""
    party = np.full(len(counted.window), -1)
    # The first to decide is written last.
    for name, spells in reversed(blamed_on_others(known, counted.orders)):
        pair, _ = windows.standing(counted.window, counted.order, spells)
        party[pair] = PARTIES.index(name)
    party[own] = PARTIES.index("merchant")
    return party
