"""Merchants: who somebody is and what it will do when, from which everything that happens to it follows."""

from dataclasses import dataclass

import numpy as np

from features.simulator.archetypes import ARCHETYPES, EVERYDAY, Archetype
from features.simulator.attacks import Hit, hits_of
from features.simulator.exact import exp, log
from features.simulator.lot import Flags, Floats, Ints, Lot, Words
from features.simulator.market import CATEGORIES, REGIONS, Category
from features.simulator.scenario import DAY, HOUR, NEVER, Scenario

__all__ = ["Listings", "Merchant", "archetype_of", "cast", "draw_merchant", "own_lot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listings:
    """What a merchant offers (k,): numbers, prices in cents, brands (None = none), how popular, since when faked.

    Of a faked listing's orders `fake_share` are fakes; `grey` ones are genuine, but not the merchant's to sell.
    """

    number: Ints
    price: Ints
    brand: Words
    popularity: Floats
    faked_from: Ints
    fake_share: Floats
    grey: Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """Somebody who sells. Times are seconds.

    At `turned` it begins to be what its archetype becomes, at `restored` a stolen account is its owner's again, at
    `caught` the platform removes one that vanishes; from `silent_from` on it sells nothing. `late`, `cancel` and
    `defect` are log-odds by which it differs from its archetype. `noticed` is the share of buyers of its fakes that see
    through them; `peak` the part of the year in which it sells most; `growth` how much its orders grow.
    """

    number: int
    archetype: str
    category: Category
    region: str
    registered: int
    first_sale: int
    turned: int
    restored: int
    caught: int
    silent_from: int
    rate: float
    late: float
    cancel: float
    defect: float
    promise: int
    noticed: float
    deposit: int
    crew: int
    peak: float
    growth: float
    predecessor: int | None
    listings: Listings
    hits: tuple[Hit, ...]

    @property
    def kind(self) -> Archetype:
        """What its archetype means."""
        return ARCHETYPES[self.archetype]

    def is_a(self, *archetypes: str) -> bool:
        """Whether it is one of these."""
        return self.archetype in archetypes

    def hit_by(self, kind: str) -> tuple[Hit, ...]:
        """The attacks of a kind that touch it."""
        return tuple(hit for hit in self.hits if hit.kind == kind)

    def gone(self, times: Ints) -> Floats:
        """For each time, how far one that vanishes has stopped to send goods: 0 = honest, 1 = quite."""
        if not self.kind.vanishes:
            return np.zeros(len(times))
        # A thief has no stock at all; a bust-out sells off what it has.
        over = 2 * DAY if self.is_a("hijacked") else 18 * DAY
        grown = np.clip((times - self.turned) / over, 0, 1)
        return np.asarray(np.where(times < self.restored, grown, 0.0))


def own_lot(scenario: Scenario, number: int) -> Lot:
    """The lot that decides who a merchant is."""
    return Lot(scenario.seed, 1, number)


def archetype_of(number: int, *, seed: int, mix: dict[str, float] | None = None) -> str:
    """The archetype of a merchant: evenly spread over the numbers, so that few merchants have the shares too."""
    # Multiples of the golden section fall evenly into the unit interval, however many there are.
    weights = mix or EVERYDAY
    place = ((number + seed * 7919) * 2_654_435_769 % 2**32) / 2**32 * sum(weights.values())
    for archetype, share in weights.items():
        place -= share
        if place < 0:
            return archetype
    return next(iter(weights))


def cast(scenario: Scenario, number: int) -> tuple[str, tuple[Hit, ...]]:
    """The part that a merchant plays: its archetype, and the attacks that touch it."""
    archetype = archetype_of(number, seed=scenario.seed, mix=dict(scenario.mix))
    hits = hits_of(scenario, number, archetype)
    return ("bust_out" if any(hit.takes_over for hit in hits) else archetype), hits


def draw_merchant(scenario: Scenario, number: int) -> Merchant:
    """The merchant of a number, with its traits."""
    lot = own_lot(scenario, number)
    archetype, hits = cast(scenario, number)
    kind = ARCHETYPES[archetype]
    category = _category(lot, kind)
    risen = _risen(scenario, number) if archetype == "phoenix" else None
    times = _Times(lot, archetype, scenario, hits=hits, came=risen and risen[1])
    rate = _rate(lot, kind)
    return Merchant(
        number=number, archetype=archetype, hits=hits, category=category, region=REGIONS[int(lot.one(0, len(REGIONS)))],
        registered=times.registered, first_sale=times.first_sale, turned=times.turned, restored=times.restored,
        caught=times.caught, silent_from=times.silent_from,
        rate=rate * (0.25 if times.asleep else 1.0),
        late=kind.spread * float(lot.normal(1)[0]) * (0.4 if archetype == "platform_fulfilled" else 1.0),
        cancel=0.9 * float(lot.normal(1)[0]),
        defect=0.8 * float(lot.normal(1)[0]),
        promise=int(lot.pick({24 * HOUR: 0.3, 48 * HOUR: 0.5, 72 * HOUR: 0.2}, 1)[0]),
        noticed=lot.one(0.08, 0.35),
        deposit=int(lot.pick({100_000: 3, 200_000: 3, 500_000: 2, 1_000_000: 1, 3_000_000: 0.5}, 1)[0]),
        crew=int(lot.one(0, max(scenario.merchants // 40, 2))),
        peak=lot.one(), growth=lot.one(3, 7) if archetype == "overstretched" else 1.0,
        predecessor=risen and risen[0],
        listings=_listings(lot, number, archetype, category, times.turned),
    )  # fmt: skip


class _Times:
    """When what happens in a merchant's life, as far as it is its own doing or fate."""

    def __init__(
        self, lot: Lot, archetype: str, scenario: Scenario, *, hits: tuple[Hit, ...], came: int | None
    ) -> None:
        self._lot, self._scenario = lot, scenario
        registered = _registered(lot, scenario, late=archetype == "newcomer")
        self.registered = registered if came is None else came
        wait, waited_for_removal, stolen = lot.one(2, 25), lot.one(30, 80), lot.one(10, 35)
        self.first_sale = NEVER if archetype == "dormant" else self.registered + int(wait * DAY)
        trading = max(self.first_sale, scenario.begin)
        self.turned = self._turning(archetype, trading)
        silent = _between(lot, trading + 60 * DAY, scenario.end)
        self.silent_from = silent if archetype == "fading" else NEVER
        self.asleep = False
        for hit in hits:
            self._follow(hit)
        self.turned = self.turned if self.turned < scenario.end else NEVER
        vanishes, stolen_from = ARCHETYPES[archetype].vanishes and self.turned < NEVER, archetype == "hijacked"
        self.restored = self.turned + int(stolen * DAY) if stolen_from and vanishes else NEVER
        self.caught = self.turned + int(waited_for_removal * DAY) if vanishes and not stolen_from else NEVER

    def _turning(self, archetype: str, trading: int) -> int:
        """When it turns, if it does before the end."""
        kind, end = ARCHETYPES[archetype], self._scenario.end
        at_once, drawn = self._lot.one() < kind.at_once, self._lot.one()
        if kind.turns is None or trading >= end:
            return NEVER
        earliest = trading + kind.turns * DAY
        latest = end + self._scenario.days * DAY // 10 if kind.vanishes else end
        turned = trading if at_once else earliest + int(drawn * max(latest - earliest, 0))
        return turned if turned < min(latest, end) else NEVER

    def _follow(self, hit: Hit) -> None:
        """Fall in with a plan that decides when the merchant comes and when it turns."""
        if hit.kind == "sleeper":
            self.asleep, self.turned = True, max(hit.since, self.first_sale)
        elif hit.kind == "identity_hop":
            stay = max((hit.until - hit.since) // max(hit.members, 1), 20 * DAY)
            self.registered = hit.since + hit.place * stay
            self.first_sale = self.registered + 2 * DAY
            self.turned = self.first_sale + stay // 2


def _risen(scenario: Scenario, number: int) -> tuple[int, int] | None:
    """The removed bust-out that a phoenix was before, and when it came back; null where there is none."""
    latest = scenario.end - 30 * DAY
    for earlier in range(number - 1, max(number - 200, -1), -1):
        if cast(scenario, earlier)[0] == "bust_out":
            caught = draw_merchant(scenario, earlier).caught
            if caught < latest:
                return earlier, caught + int(Lot(scenario.seed, 3, number).one(4, 30) * DAY)
    return None


def _rate(lot: Lot, kind: Archetype) -> float:
    """Orders a day: half of the merchants have fewer than one in six days, a few have very many."""
    return min(0.16 * kind.manner.orders * float(exp(1.35 * lot.normal(1))[0]), kind.most_orders)


def _category(lot: Lot, kind: Archetype) -> Category:
    """A category; fakes go where they pay."""
    wanted = lot.pick({place: one.faked if kind.fakes else 1.0 for place, one in enumerate(CATEGORIES)}, 1)
    return CATEGORIES[int(wanted[0])]


def _between(lot: Lot, low: int, high: int) -> int:
    """A moment between two, or never if there is none between them."""
    drawn = lot.one()
    return low + int(drawn * (high - low)) if low < high else NEVER


def _registered(lot: Lot, scenario: Scenario, *, late: bool) -> int:
    """Three in five were there before the marketplace's log begins, the others come while it runs, some `late`."""
    before, years, place = lot.one() < 0.6, lot.one(5, 1500), lot.one(0, 0.85)
    length = scenario.end - scenario.begin
    if late:
        return scenario.end - int((0.1 + place) * min(length, 120 * DAY))
    return scenario.begin - int(years * DAY) if before else scenario.begin + int(place * length)


def _listings(lot: Lot, number: int, archetype: str, category: Category, turned: int) -> Listings:
    """Offers; a seller of fakes fakes a few or most of them, and those bear a brand."""
    kind = ARCHETYPES[archetype]
    count = 2 + int(log(lot.even(1))[0] / log(0.88))
    popularity = 1 / (1 + np.arange(count, dtype=np.float64))
    grey = lot.chance(0.8 if archetype == "grey_market" else 0.0, count)
    branded = lot.chance(0.45 if category.brands else 0.0, count) | grey
    low, high = kind.fakes or (0.0, 0.0)
    faked = lot.chance(lot.one(low, high), count)
    if kind.fakes and not faked.any():
        faked[int(lot.one(0, count))] = True
    brands = np.array(category.brands or ("Goldacre",), dtype=object)
    chosen = brands[lot.whole(len(brands), count)]
    mixed = archetype == "fakes_mixed"
    cheap = np.where(faked, 0.95 if mixed else 0.6, kind.manner.price)
    price = category.price * exp(0.6 * lot.normal(count)) * cheap
    return Listings(
        number=number * 2**12 + np.arange(count),
        price=np.maximum(np.rint(price / 100).astype(np.int64) * 100 - 10, 90),
        brand=np.where(branded | faked, chosen, np.full(count, None, dtype=object)),
        popularity=popularity / np.cumsum(popularity)[-1],
        faked_from=np.where(faked, turned, NEVER),
        fake_share=np.where(lot.chance(1.0 if mixed else 0.0, count), 0.45, 1.0),
        grey=grey & ~faked,
    )
