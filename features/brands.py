"""Brands: what each merchant's branded goods look like beside everybody's.

What its listings cost beside the brand's norm, which of its brands it may sell, how often its goods of one brand were
fakes, and how often others' were. What others sell is looked at once a week (`features/norms.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from features.authorised import Authorisations, Goods, authorisations, goods_sold, unauthorised
from features.events import OF_A_LISTING
from features.facts import Facts
from features.held import held
from features.known import Known, Rows
from features.listings import counted, learned
from features.measures import Crossed, Measure
from features.norms import Prices, mondays, norms, prices_by_norm
from features.offers import Names, Offers, offers
from features.selection import numbered
from features.sharing import distinct
from features.spells import FOREVER, Moves, Spells, heights, joined, match, peaks, union

__all__ = ["CHEAP_PERCENT", "READS", "brand_facts", "norms_at"]

Ints = npt.NDArray[np.int64]

#: Event types that facts about brands are made from.
READS = (*sorted(OF_A_LISTING), "qualification_checked")

#: A listing is cheap below so much of its brand's norm. Own proposal: the simulated sellers of fakes ask 60 %, honest
#: sales seldom go below half.
CHEAP_PERCENT = 50

#: Prices above ten times the norm are all alike, so that the lowest can be told as the highest of what is left.
_MOST_PERCENT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Brands:
    """A market's branded goods: offers, their prices by the norm, goods by merchant, and who may sell them."""

    market: Known
    names: Names
    offers: Offers
    prices: Prices
    goods: Goods
    papers: Authorisations


def brand_facts(market: Known, measures: Sequence[Measure]) -> list[Facts]:
    """Facts about the brands of each merchant: `sold`, `unauthorised`, `priced`, `cheap`, `lowest`.

    And `own:WHAT:DAYS` and `elsewhere:WHAT:DAYS`: of the brand with most, the fakes or reports here and at others.
    """
    names = Names()
    found = offers(market, names)
    brands = _Brands(
        market=market, names=names, offers=found, prices=prices_by_norm(found, norms(found)), goods=goods_sold(found),
        papers=authorisations(market, names),
    )  # fmt: skip
    return [_ABOUT[_asked(measure)[0]](brands, measure) for measure in measures]


def norms_at(market: Known, day: int) -> dict[tuple[str, str], int]:
    """The norm (cents) of each brand in each category as of the midnight that begins a day."""
    names = Names()
    found = norms(offers(market, names))
    holds = np.flatnonzero((found.spells.start < day) & (day <= found.spells.end))
    return {
        (names.text(int(found.named[0, kind])), names.text(int(found.named[1, kind]))): int(cents)
        for kind, cents in zip(found.spells.key[holds], found.cents[holds], strict=True)
    }


def _asked(measure: Measure) -> list[str]:
    if not isinstance(measure.source, Crossed):
        raise TypeError(f"{measure} crosses no merchants")
    return measure.source.of.split(":")


def _each(merchant: Ints, spells: Spells, measure: Measure) -> Facts:
    """One for each spell, of the merchant (by the spell's key)."""
    owner = merchant[spells.key]
    return held(Moves(key=owner, start=spells.start, end=spells.end, height=np.ones_like(owner)), measure)


def _sold(brands: _Brands, measure: Measure) -> Facts:
    return _each(brands.goods.merchant, brands.goods.spells, measure)


def _unauthorised(brands: _Brands, measure: Measure) -> Facts:
    return _each(brands.goods.merchant, unauthorised(brands.goods, brands.papers), measure)


def _priced(brands: _Brands, measure: Measure) -> Facts:
    """Listings beside a norm; `cheap`: those far below it."""
    prices = brands.prices
    chosen = prices.percent < (CHEAP_PERCENT if _asked(measure)[0] == "cheap" else np.inf)
    spells = Spells(key=brands.offers.listing[prices.offer], start=prices.start, end=prices.end).where(chosen)
    owner = np.full(int(brands.offers.listing.max(initial=-1)) + 1, -1)
    owner[brands.offers.listing] = brands.offers.merchant
    return _each(owner, union(spells), measure)


def _lowest(brands: _Brands, measure: Measure) -> Facts:
    """The lowest price of a merchant's listings, in percent of its norm."""
    prices = brands.prices
    spells = Spells(key=brands.offers.merchant[prices.offer], start=prices.start, end=prices.end)
    top = peaks(spells, _MOST_PERCENT - np.minimum(prices.percent, _MOST_PERCENT))
    return held(Moves(key=top.key, start=top.start, end=top.end, height=_MOST_PERCENT - top.height), measure)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs:
    """Pairs (p,) of a merchant and a brand, and spells of what there is of each, under their places."""

    merchant: Ints
    brand: Ints
    spells: Spells

    @property
    def moments(self) -> Ints:
        """The days on which anything begins or ends."""
        return np.append(self.spells.start, self.spells.end[self.spells.end < FOREVER])

    def running(self, day: int) -> Ints:
        """How many spells of each pair run as of the midnight that begins a day."""
        runs = (self.spells.start < day) & (day <= self.spells.end)
        return np.bincount(self.spells.key[runs], minlength=len(self.brand))


def _learned(brands: _Brands, measure: Measure) -> _Pairs:
    """What was learned within a window of brands, at whom."""
    _, what, window = _asked(measure)
    most = 1 + max(int(rows.merchant.max(initial=0)) for rows in map(brands.market.of, READS))
    things = _things(brands, what, most, days_back=int(window))
    pairs, key = np.unique(things.key, return_inverse=True)
    spells = Spells(key=key.reshape(-1), start=things.start, end=things.end)
    return _Pairs(merchant=pairs % most, brand=pairs // most, spells=spells)


def _things(brands: _Brands, what: str, most: int, *, days_back: int) -> Spells:
    """Each thing that was learned of a brand at a merchant, under their number: the brand's times `most` and its own.

    What names no brand was learned of all brands by which its listing was ever known: a new one resets nothing.
    """
    market = brands.market

    def pair(rows: Rows) -> Ints:
        brand = brands.names.of(market, rows, "brand")
        return np.where(brand < 0, -1, brand * most + rows.merchant)

    def named(rows: Rows) -> Ints:
        own, listing = pair(rows), market.keys(rows, "listing_id")
        return np.where(own >= 0, 2 * own, np.where(listing >= 0, 2 * listing + 1, -1))

    if what == "titles":
        found = learned(market, what, days_back=days_back)
        return _of_listings(market, found, pair)
    found = counted(market, what, named, days_back=days_back)
    whole = Spells(key=found.key // 2, start=found.start, end=found.end)
    branded = found.key % 2 == 0
    return joined([whole.where(branded), _of_listings(market, whole.where(~branded), pair)])


def _of_listings(market: Known, things: Spells, pair: Callable[[Rows], Ints]) -> Spells:
    """Things under their listings' keys, each under the number of every brand by which its listing is known."""
    rows = market.of("listing_changed")
    number, says = pair(rows), numbered(rows)
    says = says.where(number[says.key] >= 0)
    thing, change = match(things.key, market.keys(rows, "listing_id")[says.key])
    both, which = distinct(thing, number[says.key[change]])
    start = np.maximum(things.start[thing], says.start[change])
    end = np.minimum(things.end[thing], says.end[change])
    # Several changes may say the same brand, and the thing counts once.
    each = union(Spells(key=which, start=start, end=end).where(start < end))
    return Spells(key=both[1][each.key], start=each.start, end=each.end)


def _own(brands: _Brands, measure: Measure) -> Facts:
    learned = _learned(brands, measure)
    counts = heights(learned.spells)
    top = peaks(Spells(key=learned.merchant[counts.key], start=counts.start, end=counts.end), counts.height)
    return held(top, measure)


def _elsewhere(brands: _Brands, measure: Measure) -> Facts:
    """As of each Monday: of the brands that a merchant sells, what was learned most often of one at others."""
    learned, sold = _learned(brands, measure), _brands_sold(brands.goods)
    moments = np.append(learned.moments, sold.moments)
    weeks = mondays(int(moments.min()), int(moments.max())) if len(moments) else moments
    before = np.zeros(int(sold.merchant.max(initial=0)) + 1, dtype=np.int64)
    same, parts = _places_of(sold, learned), [np.zeros((3, 0), dtype=np.int64)]
    for monday in weeks.tolist():
        counts = learned.running(monday)
        everywhere = np.zeros(1 + max(int(one.brand.max(initial=0)) for one in (learned, sold)), dtype=np.int64)
        np.add.at(everywhere, learned.brand, counts)
        others = everywhere[sold.brand] - np.append(counts, 0)[same]
        most = np.zeros_like(before)
        np.maximum.at(most, sold.merchant, np.where(sold.running(monday) > 0, others, 0))
        moved = np.flatnonzero(most != before)
        parts.append(np.stack([moved, np.full(len(moved), monday - 1), (most - before)[moved]]))
        before = most
    merchant, day, amount = np.concatenate(parts, axis=1)
    return Facts(merchant=merchant, clock=day, known=day, amounts=amount[None, :], measures=(measure,))


def _brands_sold(goods: Goods) -> _Pairs:
    """While each merchant sells each brand, in whatever category."""
    named, key = np.unique(np.stack([goods.merchant, goods.brand]), axis=1, return_inverse=True)
    spells = Spells(key=key.reshape(-1)[goods.spells.key], start=goods.spells.start, end=goods.spells.end)
    return _Pairs(merchant=named[0], brand=named[1], spells=union(spells))


def _places_of(these: _Pairs, others: _Pairs) -> Ints:
    """Where each pair stands among the others; -1 where it does not."""
    both = np.stack([np.append(these.merchant, others.merchant), np.append(these.brand, others.brand)])
    key = np.unique(both, axis=1, return_inverse=True)[1].reshape(-1)
    place = np.full(int(key.max(initial=-1)) + 1, -1)
    place[key[len(these.brand) :]] = np.arange(len(others.brand))
    return place[key[: len(these.brand)]]


_ABOUT: MappingProxyType[str, Callable[[_Brands, Measure], Facts]] = MappingProxyType(
    {
        "sold": _sold,
        "unauthorised": _unauthorised,
        "priced": _priced,
        "cheap": _priced,
        "lowest": _lowest,
        "own": _own,
        "elsewhere": _elsewhere,
    }
)
