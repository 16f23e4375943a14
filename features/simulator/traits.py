"""Traits over time: what a merchant is like on each day. Events follow from them; the log never tells them."""

from dataclasses import dataclass

import numpy as np

from features.simulator.exact import exp, log, wave
from features.simulator.lot import Floats, Ints, Lot, log_odds, share_of
from features.simulator.market import Climate
from features.simulator.merchants import Merchant
from features.simulator.scenario import DAY, HOUR, NEVER, Scenario

__all__ = ["Traits", "traits_of", "walk"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """A merchant day by day (days,): orders wanted, and shares of what it does wrong.

    `late`, `cancel` and `defect` of orders placed that day; `refuse` of returns, `silent` of returns and messages that
    it never answers, `bold` of adverts; `gone` is how far it takes money and sends nothing, `faked` which share of what
    it sells that day is fake.
    """

    orders: Floats
    late: Floats
    cancel: Floats
    defect: Floats
    refuse: Floats
    silent: Floats
    bold: Floats
    gone: Floats
    faked: Floats
    price: Floats

    def on(self, name: str, days: Ints) -> Floats:
        """One of them on some days; what happens after the last day is as on the last."""
        values: Floats = getattr(self, name)
        return values[np.clip(days, 0, len(values) - 1)]


def traits_of(scenario: Scenario, climate: Climate, merchant: Merchant, lot: Lot) -> Traits:
    """What a merchant is like on each day of a scenario."""
    days = np.arange(scenario.days)
    noon = scenario.begin + days * DAY + 12 * HOUR
    turned = _turning(merchant, noon)
    orders = _orders(climate, merchant, lot, noon)
    strained = _strain(merchant, orders)
    odds = {name: _odds(merchant, name, turned) for name in _SHARES}
    wander = {name: walk(lot, scenario.days, 0.30) + getattr(merchant, name) for name in ("late", "cancel", "defect")}
    return Traits(
        orders=orders,
        late=share_of(odds["late"] + wander["late"] + strained + climate.strain),
        cancel=share_of(odds["cancel"] + wander["cancel"] + 0.5 * strained),
        defect=share_of(odds["defect"] + wander["defect"] + 0.3 * strained),
        refuse=share_of(odds["refuse"]), silent=share_of(odds["silent"]), bold=share_of(odds["bold"]),
        gone=merchant.gone(noon), faked=_faked(merchant, noon),
        price=np.where(merchant.is_a("hijacked") & (merchant.gone(noon) > 0), 0.6, 1.0),
    )  # fmt: skip


_SHARES = ("late", "cancel", "defect", "refuse", "silent", "bold")


def _turning(merchant: Merchant, noon: Ints) -> Floats:
    """How far it has become what it becomes: 0 before it turns, 1 when that is done."""
    if merchant.kind.then is None:
        return np.zeros(len(noon))
    return np.clip((noon - merchant.turned) / (merchant.kind.over * DAY), 0.0, 1.0)


def _odds(merchant: Merchant, name: str, turned: Floats) -> Floats:
    before = log_odds(getattr(merchant.kind.manner, name))
    after = log_odds(getattr(merchant.kind.then or merchant.kind.manner, name))
    return before + (after - before) * turned


def _orders(climate: Climate, merchant: Merchant, lot: Lot, noon: Ints) -> Floats:
    """Orders expected per day: the merchant's rate under the season, while it is open."""
    opening = np.clip((noon - merchant.first_sale) / (60 * DAY), 0.15, 1.0)
    open_ = (noon >= merchant.first_sale) & (noon < merchant.silent_from)
    fortune = exp(walk(lot, len(noon), 0.35))
    wanted: Floats = merchant.rate * climate.demand * opening * fortune * open_
    return np.minimum(wanted * _surge(merchant, noon) * _season(merchant, noon) * _growth(merchant, noon), 60.0)


def _surge(merchant: Merchant, noon: Ints) -> Floats:
    """Who is about to vanish sells all it can before it is gone, and never less than an order a day."""
    if not merchant.kind.vanishes:
        return np.ones(len(noon))
    grown = np.clip((noon - merchant.turned) / (14 * DAY), 0, 1) * (noon < merchant.restored)
    most = min(max(4.0, 2.0 / merchant.rate), 40.0 if merchant.rate > 0.05 else 100.0)
    return 1 + (most - 1) * grown


def _season(merchant: Merchant, noon: Ints) -> Floats:
    """A seasonal merchant sells eight times as much in its season as out of it."""
    if not merchant.is_a("seasonal"):
        return np.ones(len(noon))
    return np.asarray(exp(1.05 * wave(noon / (365 * DAY) + merchant.peak)) / 1.3)


def _growth(merchant: Merchant, noon: Ints) -> Floats:
    """An overstretched merchant's orders grow from its first sale on, as far as they do within a year."""
    if merchant.growth == 1.0 or merchant.first_sale >= NEVER:
        return np.ones(len(noon))
    grown: Floats = np.clip((noon - max(merchant.first_sale, int(noon[0]))) / (365 * DAY), 0.0, 1.0)
    return 1 + (merchant.growth - 1) * grown


def _strain(merchant: Merchant, orders: Floats) -> Floats:
    """Log-odds that work beyond what a merchant can handle adds; who is seasonal or outgrown meets it."""
    if not merchant.is_a("seasonal", "overstretched"):
        return np.zeros(len(orders))
    capacity = merchant.rate * (2.2 if merchant.is_a("seasonal") else 1.6)
    return 1.6 * log(np.maximum(orders / capacity, 1.0))


def _faked(merchant: Merchant, noon: Ints) -> Floats:
    listings = merchant.listings
    faked = listings.faked_from < NEVER
    share = float(np.cumsum(listings.popularity * listings.fake_share * faked)[-1])
    return np.where(noon >= merchant.turned, share, 0.0)


def walk(lot: Lot, days: int, spread: float) -> Floats:
    """Better and worse months: straight lines between values that half remember the last one."""
    knots = days // 30 + 2
    steps = lot.normal(knots) * spread
    for knot in range(1, knots):
        steps[knot] = 0.6 * steps[knot - 1] + 0.8 * steps[knot]
    last, part = np.arange(days) // 30, np.arange(days) % 30 / 30
    return np.asarray(steps[last] * (1 - part) + steps[last + 1] * part)
