"""Merchants and their traits: what somebody is like, from which everything that happens follows."""

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from features.simulator.lot import Floats, Ints, Lot, Words, log_odds
from features.simulator.market import CATEGORIES, REGIONS, Category
from features.simulator.scenario import DAY, HOUR, NEVER, Scenario

__all__ = ["ARCHETYPES", "Listings", "Merchant", "draw_merchant"]

#: What merchants there are, and in which shares. The first five are honest.
ARCHETYPES = MappingProxyType(
    {
        "reliable": 0.62,
        "decaying": 0.06,  # reliable until something breaks, then worse from week to week
        "victim": 0.03,  # reliable, and accused of fakes in bad faith
        "fading": 0.04,  # reliable until it stops trading
        "dormant": 0.03,  # registers and never sells
        "sloppy": 0.10,
        "fake_seller": 0.07,
        "bust_out": 0.05,  # months of honest trade, then money without goods
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a kind of merchant does its work, as shares; `reply_hours` on average."""

    late: float
    cancel: float
    defect: float
    refuse: float
    silent: float
    reply_hours: float
    orders: float = 1.0


_RELIABLE = Manner(late=0.036, cancel=0.005, defect=0.020, refuse=0.03, silent=0.02, reply_hours=4)
_MANNERS = MappingProxyType(
    {
        "sloppy": Manner(late=0.24, cancel=0.05, defect=0.13, refuse=0.25, silent=0.10, reply_hours=16, orders=0.8),
        "fake_seller": Manner(
            late=0.03, cancel=0.008, defect=0.04, refuse=0.15, silent=0.05, reply_hours=7, orders=2.0
        ),
        "bust_out": Manner(late=0.025, cancel=0.006, defect=0.03, refuse=0.05, silent=0.03, reply_hours=5, orders=1.2),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listings:
    """What a merchant offers (k,): numbers, prices in cents, brands (None = none), how popular, since when faked."""

    number: Ints
    price: Ints
    brand: Words
    popularity: Floats
    faked_from: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """Somebody who sells. Times are seconds; `late`, `cancel` and `defect` are log-odds per order.

    At `turned` a bust-out, a seller of fakes or a decaying merchant begins to be one; `silent_from` it sells nothing.
    `noticed` is the share of buyers of its fakes that see through them.
    """

    number: int
    archetype: str
    category: Category
    region: str
    registered: int
    first_sale: int
    turned: int
    silent_from: int
    manner: Manner
    rate: float
    late: float
    cancel: float
    defect: float
    promise: int
    noticed: float
    deposit: int
    crew: int
    listings: Listings

    def is_a(self, *archetypes: str) -> bool:
        """Whether it is one of these."""
        return self.archetype in archetypes

    def gone(self, times: Ints) -> Floats:
        """For each time, how far a bust-out has stopped to send goods: 0 = honest, 1 = quite."""
        if not self.is_a("bust_out"):
            return np.zeros(len(times))
        return np.asarray(np.clip((times - self.turned) / (18 * DAY), 0, 1))


def archetype_of(number: int, *, seed: int) -> str:
    """The archetype of a merchant: evenly spread over the numbers, so that few merchants have the shares too."""
    # Multiples of the golden section fall evenly into the unit interval, however many there are.
    place = ((number + seed * 7919) * 2_654_435_769 % 2**32) / 2**32
    for archetype, share in ARCHETYPES.items():
        place -= share
        if place < 0:
            return archetype
    return "reliable"


def draw_merchant(lot: Lot, number: int, scenario: Scenario) -> Merchant:
    """The merchant of a number, with its traits."""
    archetype = archetype_of(number, seed=scenario.seed)
    manner = _MANNERS.get(archetype, _RELIABLE)
    category = _category(lot, archetype)
    registered = _registered(lot, scenario)
    first_sale = NEVER if archetype == "dormant" else registered + int(lot.one(2, 25) * DAY)
    trading = max(first_sale, scenario.begin)
    turned = _turned(lot, archetype, trading, scenario)
    fading = archetype == "fading"
    return Merchant(
        number=number, archetype=archetype, category=category, region=REGIONS[int(lot.one(0, len(REGIONS)))],
        registered=registered, first_sale=first_sale, turned=turned,
        silent_from=_between(lot, trading + 60 * DAY, scenario.end) if fading else NEVER,
        manner=manner, rate=_rate(lot, manner),
        late=_individual(lot, manner.late, 1.45),
        cancel=_individual(lot, manner.cancel, 0.9),
        defect=_individual(lot, manner.defect, 0.8),
        promise=int(lot.pick({24 * HOUR: 0.3, 48 * HOUR: 0.5, 72 * HOUR: 0.2}, 1)[0]),
        noticed=lot.one(0.08, 0.35),
        deposit=int(lot.pick({100_000: 3, 200_000: 3, 500_000: 2, 1_000_000: 1, 3_000_000: 0.5}, 1)[0]),
        crew=int(lot.one(0, max(scenario.merchants // 40, 2))),
        listings=_listings(lot, number, archetype, category, turned),
    )  # fmt: skip


def _individual(lot: Lot, share: float, spread: float) -> float:
    return log_odds(share) + spread * float(lot.rng.standard_normal())


def _rate(lot: Lot, manner: Manner) -> float:
    """Orders a day: half of the merchants have fewer than one in six days, a few have very many."""
    return min(0.16 * manner.orders * float(np.exp(1.35 * lot.rng.standard_normal())), 25.0)


def _category(lot: Lot, archetype: str) -> Category:
    """A category; fakes go where they pay."""
    faking = archetype == "fake_seller"
    wanted = lot.pick({place: one.faked if faking else 1.0 for place, one in enumerate(CATEGORIES)}, 1)
    return CATEGORIES[int(wanted[0])]


def _between(lot: Lot, low: int, high: int) -> int:
    """A moment between two, or never if there is none between them."""
    drawn = lot.one()
    return low + int(drawn * (high - low)) if low < high else NEVER


def _registered(lot: Lot, scenario: Scenario) -> int:
    """Three in five were there before the marketplace's log begins, the others come while it runs."""
    if lot.one() < 0.6:
        return scenario.begin - int(lot.one(5, 1500) * DAY)
    return scenario.begin + int(lot.one(0, 0.85) * (scenario.end - scenario.begin))


def _turned(lot: Lot, archetype: str, trading: int, scenario: Scenario) -> int:
    """When a merchant turns, if it does before the end."""
    late = scenario.end + scenario.days * DAY // 10
    earliest = {"fake_seller": trading, "decaying": trading + 45 * DAY, "bust_out": trading + 110 * DAY}
    if archetype not in earliest:
        return NEVER
    from_the_start = lot.one() < 0.55
    drawn = _between(lot, earliest[archetype], late if archetype == "bust_out" else scenario.end)
    turned = trading if archetype == "fake_seller" and from_the_start else drawn
    return turned if turned < scenario.end else NEVER


def _listings(lot: Lot, number: int, archetype: str, category: Category, turned: int) -> Listings:
    """Offers; a seller of fakes fakes a few, most or a middling part of them, and those bear a brand."""
    count = 2 + int(lot.rng.geometric(0.12))
    popularity = 1 / (1 + np.arange(count, dtype=np.float64))
    branded = lot.chance(0.45 if category.brands else 0.0, count)
    faked = lot.chance(lot.one(0.35, 1.0) if archetype == "fake_seller" else 0.0, count)
    brands = np.array(category.brands or ("Goldacre",), dtype=object)
    chosen = brands[lot.rng.integers(0, len(brands), count)]
    price = category.price * np.exp(0.6 * lot.rng.standard_normal(count)) * np.where(faked, 0.6, 1.0)
    return Listings(
        number=number * 2**12 + np.arange(count),
        price=np.maximum(np.rint(price / 100).astype(np.int64) * 100 - 10, 90),
        brand=np.where(branded | faked, chosen, np.full(count, None, dtype=object)),
        popularity=popularity / popularity.sum(),
        faked_from=np.where(faked, turned, NEVER),
    )
