"""Trade: who orders what and when, and how the orders are told."""

import numpy as np

from features.simulator.attacks import Hit
from features.simulator.fulfilment import fulfil
from features.simulator.life import Life, Orders, Placed, joined
from features.simulator.lot import Flags, Ints, Lot, Words
from features.simulator.market import PROGRAMMES
from features.simulator.scenario import DAY, HOUR, NEVER
from features.simulator.schemes import brushing, scheming

__all__ = ["heard_later", "take_orders", "tell_orders"]


def take_orders(life: Life) -> Orders:
    """All orders that a merchant receives, and what becomes of them."""
    ordinary = _ordinary(life)
    return fulfil(life, joined([*brushing(life), ordinary, *scheming(life, ordinary)]))


def _ordinary(life: Life) -> Placed:
    """The orders of those who want the goods."""
    lot, listings = life.lot("demand"), life.merchant.listings
    time = _times(life, lot)
    n = len(time)
    nothing = np.zeros(n, dtype=np.int64)
    return Placed(
        time=time, buyer=_buyers(life, lot, n),
        listing=np.searchsorted(np.cumsum(listings.popularity)[:-1], lot.even(n), side="right"),
        quantity=np.array([1, 1, 1, 1, 1, 2, 2, 3])[lot.whole(8, n)], scheme=nothing, attack=nothing - 1,
    )  # fmt: skip


def _times(life: Life, lot: Lot) -> Ints:
    """When they are placed, in order: people buy in the day and the evening more than at night."""
    counts = lot.poisson(life.traits.orders)
    day = np.repeat(np.arange(life.scenario.days), counts)
    clock = (lot.even(len(day)) + lot.even(len(day))) / 2
    return np.sort(life.scenario.begin + day * DAY + np.floor(clock * DAY).astype(np.int64))


def _buyers(life: Life, lot: Lot, n: int) -> Ints:
    """Who buys: every other order comes from the busiest fifth, and one in eight from somebody who was here before."""
    people = life.scenario.buyers
    busy = lot.chance(0.5, n)
    buyer = np.where(busy, lot.whole(max(people // 5, 1), n), lot.whole(people, n))
    again = lot.chance(0.12, n) & (np.arange(n) > 0)
    earlier = lot.whole(np.arange(n), n)
    return np.where(again, buyer[earlier], buyer)


def tell_orders(life: Life, orders: Orders) -> None:
    """Note what happened to the orders themselves."""
    lot, n = life.lot("orders"), len(orders)
    shipped, delivered = _heard(life, orders)
    brushed = orders.part_of("brushing", "collusion")
    tracked = lot.chance(np.where(brushed, 0.55, 0.96 - 0.5 * life.merchant.gone(orders.placed)), n)
    _tell_placed(life, lot, orders)
    _note(life, orders, "order_shipped", shipped, ship_by=orders.ship_by,
          tracked=tracked & (orders.sent == orders.shipped),
          known_at=heard_later(life, lot, shipped, days=0.2))  # fmt: skip
    _note(life, orders, "order_delivered", delivered, deliver_by=orders.deliver_by,
          known_at=heard_later(life, lot, delivered, days=0.3))  # fmt: skip
    _note(life, orders, "order_cancelled", orders.cancelled, actor=orders.actor, buyer_id=orders.buyer,
          reason=np.where(orders.actor == "merchant", "out_of_stock", "changed_mind").astype(object))  # fmt: skip
    confirmed = np.minimum(lot.later(orders.delivered, days=3.0, least=0.2), orders.delivered + 10 * DAY)
    at_once = orders.delivered + np.floor(lot.between(0.02, 0.3, n) * DAY).astype(np.int64)
    _note(life, orders, "order_confirmed", np.where(brushed, at_once, confirmed))
    _tell_scans(life, lot, orders)


def _tell_scans(life: Life, lot: Lot, orders: Orders) -> None:
    seen = orders.lost | lot.chance(0.03, len(orders))
    outages = life.merchant.hit_by("feed_outage")
    times = {"pickup": lot.later(orders.sent + HOUR, days=0.2), "lost": lot.later(orders.sent, days=4.0)}
    for scan, time in times.items():
        told = seen & (orders.lost | (scan == "pickup")) & (orders.sent < NEVER)
        scanned = _silenced(np.where(told, time, NEVER), orders, outages)
        life.diary.add("parcel_scanned", scanned, since=orders.placed, order_id=orders.number, leg="out", scan=scan)


def _heard(life: Life, orders: Orders) -> tuple[Ints, Ints]:
    """Shipments and deliveries as they are told: never, while the carriers' feed is silent."""
    outages = life.merchant.hit_by("feed_outage")
    return _silenced(orders.shipped, orders, outages), _silenced(orders.delivered, orders, outages)


def _silenced(time: Ints, orders: Orders, outages: tuple[Hit, ...]) -> Ints:
    for hit in outages:
        time = np.where(orders.unheard & (time >= hit.since) & (time < hit.until), NEVER, time)
    return time


def heard_later(life: Life, lot: Lot, time: Ints, *, days: float) -> Ints:
    """When the platform learns of what two in five carriers or forms tell it late; -1 = at once."""
    late = lot.chance(0.4, len(time))
    known = np.minimum(lot.later(time, days=days, least=0.0), life.scenario.end - 1)
    return np.where(late & (time < NEVER), known, -1)


def _note(life: Life, orders: Orders, event_type: str, time: Ints, **columns: Ints | Words | Flags) -> None:
    placed = {} if event_type == "order_confirmed" else {"placed_at": orders.placed}
    life.diary.add(event_type, time, since=orders.placed, order_id=orders.number, **placed, **columns)


def _tell_placed(life: Life, lot: Lot, orders: Orders) -> None:
    merchant, n = life.merchant, len(orders)
    slow = orders.ship_by - orders.placed > 4 * DAY
    custom = lot.chance(merchant.category.custom, n)
    life.diary.add(
        "order_placed", orders.placed, order_id=orders.number, amount_cents=orders.amount, buyer_id=orders.buyer,
        listing_id=merchant.listings.number[orders.listing], category=merchant.category.name,
        brand=merchant.listings.brand[orders.listing], quantity=orders.quantity,
        ship_by=orders.ship_by, deliver_by=orders.deliver_by,
        fulfilled_by="platform" if merchant.is_a("platform_fulfilled") else "merchant",
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
