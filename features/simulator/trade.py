"""Orders and how they are fulfilled: placed, shipped, delivered, confirmed, or cancelled."""

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from features.simulator.diary import Diary
from features.simulator.lot import Flags, Floats, Ints, Lot, Words, share_of
from features.simulator.market import PROGRAMMES, Climate
from features.simulator.merchants import Merchant
from features.simulator.scenario import DAY, HOUR, NEVER, Scenario

__all__ = ["Life", "Orders", "heard_later", "take_orders", "tell_orders"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What is at hand while one merchant's life is told."""

    scenario: Scenario
    climate: Climate
    merchant: Merchant
    lot: Lot
    diary: Diary
    joined: MappingProxyType[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """A merchant's orders (n,), by time; times in seconds, never where something does not happen.

    `defective` goods are not what was sold, `fake` ones are counterfeit and `noticed` those whose buyer sees it.
    """

    number: Ints
    placed: Ints
    buyer: Ints
    listing: Ints
    amount: Ints
    ship_by: Ints
    deliver_by: Ints
    shipped: Ints
    delivered: Ints
    cancelled: Ints
    actor: Words
    defective: Flags
    fake: Flags
    noticed: Flags
    lost: Flags

    def __len__(self) -> int:
        return len(self.placed)

    @property
    def missing(self) -> Ints:
        """The places of orders that were neither delivered nor cancelled."""
        return np.flatnonzero((self.delivered >= NEVER) & (self.cancelled >= NEVER))

    @property
    def abusive(self) -> Flags:
        """Whether the buyer is one of the few that abuse refunds."""
        return np.asarray(self.buyer % 199 == 0)


def take_orders(life: Life) -> Orders:
    """All orders that a merchant receives, and what becomes of them."""
    lot, merchant = life.lot, life.merchant
    placed, day = _placed(life)
    n = len(placed)
    place = np.searchsorted(np.cumsum(merchant.listings.popularity)[:-1], lot.between(0, 1, n), side="right")
    late, cancel, defect = (_drift(life, base)[day] for base in (merchant.late, merchant.cancel, merchant.defect))
    wait = np.where(lot.chance(merchant.category.presale, n), lot.between(4, 12, n), 0) * DAY
    handling = merchant.promise + wait.astype(np.int64)
    ship_by = placed + handling
    deliver_by = (ship_by + np.rint(lot.between(4.5, 8.5, n) * DAY).astype(np.int64)) // DAY * DAY + DAY
    shipped = _late_by(lot, placed, handling, late + life.climate.strain[day], 0.32)
    shipped, cancelled, actor = _cancelled(life, (placed, shipped, ship_by), share_of(cancel))
    lost = lot.chance(0.003, n)
    arrival = _late_by(lot, shipped, deliver_by - ship_by, life.climate.weather[day] - 2.5, 0.30)
    fake = placed >= merchant.listings.faked_from[place]
    return Orders(
        number=merchant.number * 2**24 + np.arange(n), placed=placed, buyer=_buyers(life, n),
        listing=place, amount=merchant.listings.price[place] * lot.rng.choice([1, 1, 1, 1, 1, 2, 2, 3], n),
        ship_by=ship_by, deliver_by=deliver_by, shipped=shipped,
        delivered=np.where(lost | (shipped >= NEVER), NEVER, arrival),
        cancelled=cancelled, actor=actor, defective=lot.chance(share_of(defect), n),
        fake=fake, noticed=fake & lot.chance(merchant.noticed, n), lost=lost & (shipped < NEVER),
    )  # fmt: skip


def _placed(life: Life) -> tuple[Ints, Ints]:
    """When orders are placed, in order, and on which day of the scenario."""
    lot, begin = life.lot, life.scenario.begin
    counts = lot.rng.poisson(_wanted(life))
    day = np.repeat(np.arange(life.scenario.days), counts)
    # People buy in the day and the evening more than at night.
    clock = (lot.between(0, 1, len(day)) + lot.between(0, 1, len(day))) / 2
    placed = begin + day * DAY + np.floor(clock * DAY).astype(np.int64)
    return np.sort(placed), day


def _wanted(life: Life) -> Floats:
    """Orders expected per day: the merchant's rate under the season, while it is open."""
    merchant, days = life.merchant, np.arange(life.scenario.days)
    noon = life.scenario.begin + days * DAY + 12 * HOUR
    growing = np.clip((noon - merchant.first_sale) / (60 * DAY), 0.15, 1.0)
    open_ = (noon >= merchant.first_sale) & (noon < merchant.silent_from)
    fortune = np.exp(_walk(life.lot, life.scenario.days, 0.35))
    wanted = merchant.rate * life.climate.demand * growing * fortune * open_
    return np.asarray(np.minimum(wanted * _surge(merchant, noon), 60.0))


def _surge(merchant: Merchant, noon: Ints) -> Floats:
    """A bust-out sells all it can before it is gone, and never less than an order a day."""
    if not merchant.is_a("bust_out"):
        return np.ones(len(noon))
    grown = np.clip((noon - merchant.turned) / (14 * DAY), 0, 1)
    most = min(max(4.0, 2.0 / merchant.rate), 40.0)
    return np.asarray(1 + (most - 1) * grown)


def _walk(lot: Lot, days: int, spread: float) -> Floats:
    """Better and worse months: straight lines between values that half remember the last one."""
    knots = days // 30 + 2
    steps = lot.rng.standard_normal(knots) * spread
    for knot in range(1, knots):
        steps[knot] = 0.6 * steps[knot - 1] + 0.8 * steps[knot]
    return np.interp(np.arange(days) / 30, np.arange(knots), steps)


def _drift(life: Life, base: float) -> Floats:
    """The log-odds of going wrong, day by day; a decaying merchant's grow for three months once it turns."""
    merchant, days = life.merchant, np.arange(life.scenario.days)
    odds = base + _walk(life.lot, life.scenario.days, 0.30)
    if merchant.is_a("decaying"):
        odds = odds + 2.2 * np.clip((life.scenario.begin + days * DAY - merchant.turned) / (90 * DAY), 0, 1)
    return np.asarray(odds)


def _late_by(lot: Lot, since: Ints, allowed: Ints, odds: Floats, spread: float) -> Ints:
    """When something is done: later than allowed with just the share that the log-odds mean."""
    taken = allowed * np.exp(spread * (odds + lot.odds(len(since))))
    return np.asarray(since + np.rint(np.clip(taken, HOUR, 90 * DAY)).astype(np.int64))


def _cancelled(life: Life, times: tuple[Ints, Ints, Ints], cancel: Floats) -> tuple[Ints, Ints, Words]:
    """Shipments that remain, and when who cancelled the others (placed, shipped, ship_by are given)."""
    lot, (placed, shipped, ship_by) = life.lot, times
    n = len(placed)
    ghosted = lot.chance(0.002 + 0.96 * life.merchant.gone(placed), n)
    own = lot.chance(cancel, n) & ~ghosted
    regretted = lot.chance(0.018, n) & ~own & ~ghosted
    weary = ghosted & lot.chance(0.35, n)
    cancelled = np.full(n, NEVER)
    cancelled[regretted] = (placed + (shipped - placed) * lot.between(0.02, 0.9, n).astype(np.float64))[regretted]
    cancelled[own] = (placed + (ship_by - placed) * lot.between(0.3, 1.6, n))[own]
    cancelled[weary] = lot.later(ship_by[weary], days=2.0, least=0.4)
    actor = np.where(own, "merchant", "buyer").astype(object)
    return np.where(ghosted | own | regretted, NEVER, shipped), cancelled, actor


def _buyers(life: Life, n: int) -> Ints:
    """Who buys: every other order comes from the busiest fifth, and one in eight from somebody who was here before."""
    lot, people = life.lot, life.scenario.buyers
    busy = lot.chance(0.5, n)
    buyer = np.where(busy, lot.rng.integers(0, max(people // 5, 1), n), lot.rng.integers(0, people, n))
    again = lot.chance(0.12, n) & (np.arange(n) > 0)
    earlier = np.floor(lot.between(0, 1, n) * np.arange(n)).astype(np.int64)
    return np.asarray(np.where(again, buyer[earlier], buyer))


def tell_orders(life: Life, orders: Orders) -> None:
    """Note what happened to the orders themselves."""
    lot, n = life.lot, len(orders)
    _tell_placed(life, orders)
    _note(life, orders, "order_shipped", orders.shipped, ship_by=orders.ship_by,
          tracked=lot.chance(0.96 - 0.5 * life.merchant.gone(orders.placed), n),
          known_at=heard_later(life, orders.shipped, days=0.2))  # fmt: skip
    _note(life, orders, "order_delivered", orders.delivered, deliver_by=orders.deliver_by,
          known_at=heard_later(life, orders.delivered, days=0.3))  # fmt: skip
    _note(life, orders, "order_cancelled", orders.cancelled, actor=orders.actor, buyer_id=orders.buyer,
          reason=np.where(orders.actor == "merchant", "out_of_stock", "changed_mind").astype(object))  # fmt: skip
    confirmed = np.minimum(lot.later(orders.delivered, days=3.0, least=0.2), orders.delivered + 10 * DAY)
    _note(life, orders, "order_confirmed", confirmed)
    for scan, time in (("pickup", orders.shipped + HOUR), ("lost", np.where(orders.lost, orders.shipped, NEVER))):
        seen = orders.lost | lot.chance(0.03, n)
        scanned = np.where(seen, lot.later(time, days=4.0 if scan == "lost" else 0.2), NEVER)
        life.diary.add("parcel_scanned", scanned, since=orders.placed, order_id=orders.number, leg="out", scan=scan)


def heard_later(life: Life, time: Ints, *, days: float) -> Ints:
    """When the platform learns of what two in five carriers or forms tell it late; -1 = at once."""
    late = life.lot.chance(0.4, len(time))
    known = np.minimum(life.lot.later(time, days=days, least=0.0), life.scenario.end - 1)
    return np.where(late & (time < NEVER), known, -1)


def _note(life: Life, orders: Orders, event_type: str, time: Ints, **columns: Ints | Words | Flags) -> None:
    placed = {} if event_type == "order_confirmed" else {"placed_at": orders.placed}
    life.diary.add(event_type, time, since=orders.placed, order_id=orders.number, **placed, **columns)


def _tell_placed(life: Life, orders: Orders) -> None:
    merchant, lot, n = life.merchant, life.lot, len(orders)
    slow = orders.ship_by - orders.placed > 4 * DAY
    custom = lot.chance(merchant.category.custom, n)
    life.diary.add(
        "order_placed", orders.placed, order_id=orders.number, amount_cents=orders.amount, buyer_id=orders.buyer,
        listing_id=merchant.listings.number[orders.listing], category=merchant.category.name,
        brand=merchant.listings.brand[orders.listing],
        quantity=orders.amount // merchant.listings.price[orders.listing],
        ship_by=orders.ship_by, deliver_by=orders.deliver_by, fulfilled_by="merchant",
        kind=np.where(slow, "presale", np.where(custom, "custom", "spot")).astype(object),
        programmes=_promised(life, orders.placed),
    )  # fmt: skip


def _promised(life: Life, placed: Ints) -> Words:
    """The promises that each order carries: the programmes that the merchant had joined."""
    sets = np.empty(2 ** len(PROGRAMMES), dtype=object)
    for number in range(len(sets)):
        sets[number] = [name for place, name in enumerate(PROGRAMMES) if number >> place & 1] or None
    chosen = np.zeros(len(placed), dtype=np.int64)
    for place, name in enumerate(PROGRAMMES):
        chosen += (placed >= life.joined.get(name, NEVER)).astype(np.int64) << place
    return np.asarray(sets[chosen])
