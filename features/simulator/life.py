"""What is at hand while one merchant's life is told, and the orders that it is made of."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import TypeVar
from zlib import crc32

import numpy as np

from features.simulator.diary import Diary
from features.simulator.lot import Flags, Floats, Ints, Lot, Words
from features.simulator.market import Climate
from features.simulator.merchants import Merchant
from features.simulator.scenario import DAY, NEVER, Scenario
from features.simulator.traits import Traits

__all__ = ["ABUSES", "SCHEMES", "Life", "Orders", "Placed", "in_order", "joined", "where"]

Part = TypeVar("Part")

#: Why somebody orders: the goods ("" = nearly everybody), or a scheme; an order keeps the place in this list.
SCHEMES = ("", "brushing", "refund_abuse", "one_buyer", "collusion", "freight_farming", "claiming", "splitting")
ABUSES = ("refund_abuse", "one_buyer", "collusion", "splitting")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Orders as they are placed (n,): when, by whom, of which listing (its place), how many, as part of which scheme.

    `attack` is the place of the attack in the scenario that made or changed the order, -1 for none.
    """

    time: Ints
    buyer: Ints
    listing: Ints
    quantity: Ints
    scheme: Ints
    attack: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """A merchant's orders (n,): what it brushes itself, ordinary ones by time, then those of attacks; times in seconds,
    never where something does not happen.

    `sent` is when the parcel went, `shipped` when the platform is told that it did. `defective` goods are not what was
    sold (`misdescribed`: a boast), `fake` ones are counterfeit and `noticed` those whose buyer sees it. `forced` were
    cancelled by their buyers because the merchant asked for it; `stuck` came late because carriers stood still; of
    `unheard` ones the carrier's feed told nothing while it was silent.
    """

    number: Ints
    placed: Ints
    buyer: Ints
    listing: Ints
    quantity: Ints
    amount: Ints
    ship_by: Ints
    deliver_by: Ints
    sent: Ints
    shipped: Ints
    delivered: Ints
    cancelled: Ints
    actor: Words
    forced: Flags
    defective: Flags
    misdescribed: Flags
    fake: Flags
    noticed: Flags
    lost: Flags
    stuck: Flags
    unheard: Flags
    gone: Flags
    scheme: Ints
    attack: Ints

    def __len__(self) -> int:
        return len(self.placed)

    @property
    def ordinary(self) -> Ints:
        """The places of the ordinary ones, which are in the order of time."""
        return np.flatnonzero(self.scheme == 0)

    @property
    def missing(self) -> Ints:
        """The places of orders that were neither delivered nor cancelled."""
        return np.flatnonzero((self.delivered >= NEVER) & (self.cancelled >= NEVER))

    def part_of(self, *schemes: str) -> Flags:
        """Whether each is part of one of these schemes."""
        return np.isin(self.scheme, [SCHEMES.index(name) for name in schemes])

    @property
    def abusive(self) -> Flags:
        """Whether the buyer abuses refunds: as part of a scheme, or as one of the few who do so anywhere."""
        return np.asarray((self.buyer % 199 == 0) & (self.scheme == 0)) | self.part_of(*ABUSES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What is at hand while one merchant's life is told; `joined` says since when it is in which programme."""

    scenario: Scenario
    climate: Climate
    merchant: Merchant
    traits: Traits
    diary: Diary
    joined: MappingProxyType[str, int]

    def lot(self, side: str) -> Lot:
        """A lot for one side of this life, which no other side uses up."""
        return Lot(self.scenario.seed, 2, self.merchant.number, crc32(side.encode()))

    def day(self, times: Ints) -> Ints:
        """The days of the scenario on which moments lie; before its first and after its last, these."""
        return np.clip((times - self.scenario.begin) // DAY, 0, self.scenario.days - 1)

    def share(self, trait: str, times: Ints) -> Floats:
        """What a trait is at some moments."""
        return self.traits.on(trait, self.day(times))


def joined(parts: Sequence[Part]) -> Part:
    """Several values of one kind, column by column one after another."""
    names = [one.name for one in fields(parts[0])]  # type: ignore[arg-type]  # every part is a dataclass of columns
    return type(parts[0])(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def in_order(part: Part, orders: Orders, row: Ints, time: Ints) -> Part:
    """By time, and last what is about an attack's own orders (`row`): nothing hangs on what follows it."""
    added = (orders.scheme[row] > 0) & (orders.attack[row] >= 0)
    return where(part, np.lexsort((time, added)))


def where(part: Part, mask: Flags | Ints) -> Part:
    """Those under a mask (n,), or at some places, of a value of columns (n,)."""
    names = [one.name for one in fields(part)]  # type: ignore[arg-type]  # every part is a dataclass of columns
    return type(part)(**{name: getattr(part, name)[mask] for name in names})
