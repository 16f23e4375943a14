"""The norm of a brand's price: what its goods of one category cost at most of the merchants that offer them.

It is the middle one of the merchants' own middle prices, so that nobody has more than one voice, however many listings
he has; where few merchants offer a brand there is none. Each Monday's midnight it is taken from the offers known then,
and it holds for the week: nobody moves it within a day.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.offers import Offers
from features.spells import FOREVER, Spells, match

__all__ = ["LEAST_MERCHANTS", "Norms", "Prices", "mondays", "norms", "prices_by_norm"]

Ints = npt.NDArray[np.int64]

#: A brand in a category has a norm while at least so many merchants offer it. Own proposal: three of five would have to
#: agree to move it.
LEAST_MERCHANTS = 5

#: A Monday, counted from 1970.
_A_MONDAY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Norms:
    """Norms (k,) in cents, and while which of them hold: spells under the numbers of goods.

    `goods` is the number of each offer's goods (-1 where it has no price or no category); `named` are the brand and the
    category of each number, (2, g).
    """

    goods: Ints
    named: Ints
    spells: Spells
    cents: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Offers by their norm (m,): the place of each offer, percent of the norm (rounded down), and while that is so."""

    offer: Ints
    percent: Ints
    start: Ints
    end: Ints


def mondays(first: int, last: int) -> Ints:
    """The Mondays at whose midnight something is known that begins on a day, up to the first one after the last day."""
    begin = first + 1 + (_A_MONDAY - first - 1) % 7
    return np.arange(begin, last + 8, 7)


def norms(offers: Offers) -> Norms:
    """The norms of all goods at all times."""
    named, goods = np.unique(np.stack([offers.brand, offers.category]), axis=1, return_inverse=True)
    goods = np.where((offers.category >= 0) & (offers.price >= 0), goods.reshape(-1), -1)
    moments = np.append(offers.start, offers.end[offers.end < FOREVER])
    weeks = mondays(int(moments.min()), int(moments.max())) if len(moments) else moments
    table = _by_week(offers, goods, weeks, named.shape[1])
    kind, week = np.nonzero(np.diff(table, axis=0).T)
    start = weeks[week] - 1
    end = np.append(np.where(kind[1:] == kind[:-1], start[1:], FOREVER), FOREVER)[: len(kind)]
    cents = table[week + 1, kind]
    spells = Spells(key=kind, start=start, end=end).where(cents > 0)
    return Norms(goods=goods, named=named, spells=spells, cents=cents[cents > 0])


def _by_week(offers: Offers, goods: Ints, weeks: Ints, count: int) -> Ints:
    """The norm of each of `count` goods at some Mondays, below a row of zeros: (weeks + 1, count); 0 where none."""
    pairs, pair = np.unique(np.stack([goods, offers.merchant]), axis=1, return_inverse=True)
    # In order once and for all, so that it need not be found for each week.
    order = np.lexsort((offers.price, pair.reshape(-1)))
    order = order[goods[order] >= 0]
    start, end = offers.start[order], offers.end[order]
    table = np.zeros((len(weeks) + 1, count), dtype=np.int64)
    for week, monday in enumerate(weeks.tolist(), start=1):
        running = order[(start < monday) & (monday <= end)]
        own, middle, _ = _middles(pair.reshape(-1)[running], offers.price[running])
        by_goods = np.lexsort((middle, pairs[0, own]))
        kind, cents, merchants = _middles(pairs[0, own][by_goods], middle[by_goods])
        enough = merchants >= LEAST_MERCHANTS
        table[week, kind[enough]] = cents[enough]
    return table


def _middles(key: Ints, value: Ints) -> tuple[Ints, Ints, Ints]:
    """Of each key the middle one of its values (of two the lower), and how many there are; both in order."""
    first = np.flatnonzero(np.append(True, key[1:] != key[:-1])[: len(key)])
    count = np.diff(np.append(first, len(key)))
    return key[first], value[first + (count - 1) // 2], count


def prices_by_norm(offers: Offers, found: Norms) -> Prices:
    """Every offer beside its norm, while there is one."""
    offer, norm = match(found.goods, found.spells.key)
    start = np.maximum(offers.start[offer], found.spells.start[norm])
    end = np.minimum(offers.end[offer], found.spells.end[norm])
    lasting = start < end
    offer, norm = offer[lasting], norm[lasting]
    percent = offers.price[offer] * 100 // found.cents[norm]
    return Prices(offer=offer, percent=percent, start=start[lasting], end=end[lasting])
