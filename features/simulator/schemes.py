"""Orders that nobody places for the goods: bought reputation, and buyers who mean to be paid."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from features.simulator.attacks import Hit
from features.simulator.life import SCHEMES, Life, Placed
from features.simulator.lot import Ints, Lot
from features.simulator.scenario import DAY

__all__ = ["PEOPLE", "brushing", "pool", "scheming"]

#: Persons from this number on belong to a scheme's pool; below are buyers, and strangers who only report.
PEOPLE = 2**41


def pool(number: int, size: int) -> Ints:
    """The persons of a scheme's pool."""
    return PEOPLE + number * 256 + np.arange(size)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """How an attack orders: as which scheme, how many persons, and how many orders at full strength.

    `per_order` for each ordinary order in its window, `least` besides, `per_day` on each of its days; of listings that
    are `cheap`, dear or any; in bursts of `burst` within an hour.
    """

    scheme: str
    persons: int
    per_order: float = 0.0
    least: float = 0.0
    per_day: float = 0.0
    cheap: bool | None = None
    burst: int = 1


_PLANS = {
    "brushing_ring": _Plan(scheme="brushing", persons=40, per_order=1.2, per_day=0.4, cheap=True),
    "refund_abusers": _Plan(scheme="refund_abuse", persons=60, per_order=0.06, least=0.3),
    "one_buyer_many_merchants": _Plan(scheme="one_buyer", persons=3, least=3.0),
    "collusion": _Plan(scheme="collusion", persons=10, per_day=0.8, cheap=False),
    "freight_farming": _Plan(scheme="freight_farming", persons=25, per_order=0.06, least=0.3, cheap=True),
    "professional_claimants": _Plan(scheme="claiming", persons=12, per_order=0.04, least=0.5),
    "threshold_splitting": _Plan(scheme="splitting", persons=20, per_order=0.01, least=0.2, burst=4),
}


def scheming(life: Life, ordinary: Placed) -> Iterator[Placed]:
    """The orders of every attack on or by a merchant, beside its ordinary ones."""
    for hit in life.merchant.hits:
        if hit.kind in _PLANS:
            yield _of(life, hit, _PLANS[hit.kind], ordinary)


def brushing(life: Life) -> Iterator[Placed]:
    """The orders of a brusher from its own linked buyers."""
    if life.merchant.is_a("brusher"):
        yield _brushed(life)


def _window(life: Life, since: int, until: int) -> tuple[int, int]:
    """The part of a window in which the merchant is open."""
    first = max(since, life.merchant.first_sale, life.scenario.begin)
    return first, max(first, min(until, life.merchant.silent_from, life.scenario.end))


def _of(life: Life, hit: Hit, plan: _Plan, ordinary: Placed) -> Placed:
    lot = life.lot(f"{hit.kind} {hit.index}")
    since, until = _window(life, hit.since, hit.until)
    usual = int(((ordinary.time >= since) & (ordinary.time < until)).sum())
    expected = plan.per_order * usual + plan.least * (until > since) + plan.per_day * (until - since) / DAY
    n = lot.often(min(hit.strength * expected, 600.0))
    begun = since + np.floor(lot.even(n) * (until - since)).astype(np.int64)
    buyer = pool(2**20 + hit.index, plan.persons)[lot.whole(plan.persons, n)]
    time = np.repeat(begun, plan.burst) + np.floor(lot.between(0, 3600, n * plan.burst)).astype(np.int64)
    return _placed(life, lot, time, np.repeat(buyer, plan.burst), plan=plan, attack=hit.index)


def _brushed(life: Life) -> Placed:
    """A brusher's orders from its own linked buyers: as many again as it has, and never few."""
    lot = life.lot("brushing")
    since, until = _window(life, 0, life.scenario.end)
    n = lot.often(min((until - since) / DAY * max(0.25, 0.9 * life.merchant.rate), 600.0))
    time = since + np.floor(lot.even(n) * (until - since)).astype(np.int64)
    persons = pool(life.merchant.number, 14)
    plan = _PLANS["brushing_ring"]
    return _placed(life, lot, time, persons[lot.whole(14, n)], plan=plan, attack=-1)


def _placed(life: Life, lot: Lot, time: Ints, buyer: Ints, *, plan: _Plan, attack: int) -> Placed:
    n, prices = len(time), life.merchant.listings.price
    listing = lot.whole(len(prices), n)
    if plan.cheap is not None:
        by_price = np.argsort(prices, kind="stable")
        few = by_price[:2] if plan.cheap else by_price[-2:]
        listing = few[lot.whole(len(few), n)]
    return Placed(
        time=time, buyer=buyer, listing=listing, quantity=np.ones(n, dtype=np.int64),
        scheme=np.full(n, SCHEMES.index(plan.scheme)), attack=np.full(n, attack),
    )  # fmt: skip
