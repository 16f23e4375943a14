"""Who may sell a brand: its authorisation counts for that brand, and for the category that it names or for all.

The latest check of a brand and category tells; one that was passed holds up to the end of the day `valid_until`. The
gate asks the same of papers (`scoring.conditions`).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.catalogue.papers import AUTHORISATIONS
from features.known import Known
from features.offers import Names, Offers
from features.selection import select
from features.spells import Spells, match, minus, union
from features.standing import standing

__all__ = ["Authorisations", "Goods", "authorisations", "goods_sold", "unauthorised"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorisations:
    """Authorisations (n,) and while they hold; `category` is -1 where one is for all categories."""

    merchant: Ints
    brand: Ints
    category: Ints
    start: Ints
    end: Ints

    def hold_for(self, brand: int, category: int, *, day: int) -> bool:
        """Whether any of them holds on a day for a brand in a category (-1 where that is not known)."""
        these = (self.brand == brand) & ((self.category == -1) | (self.category == category))
        return bool((these & (self.start <= day) & (day < self.end)).any())


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """Brands that merchants sell, each category by itself, (g,); spells under their numbers."""

    merchant: Ints
    brand: Ints
    category: Ints
    spells: Spells


def authorisations(known: Known, names: Names) -> Authorisations:
    """All authorisations that were ever known to hold; a check that names no brand is none."""
    stands, rows = standing(known, AUTHORISATIONS), select(known, AUTHORISATIONS.of[0])
    brand = names.of(known, rows, "brand")[stands.event]
    category = names.of(known, rows, "category")[stands.event]
    named = brand >= 0
    return Authorisations(
        merchant=stands.merchant[named], brand=brand[named], category=category[named], start=stands.start[named],
        end=stands.end[named],
    )  # fmt: skip


def goods_sold(offers: Offers) -> Goods:
    """While each brand is up for sale, by merchant and category."""
    of = np.stack([offers.merchant, offers.brand, offers.category])
    named, goods = np.unique(of, axis=1, return_inverse=True)
    merchant, brand, category = named
    spells = union(offers.spells(goods.reshape(-1)))
    return Goods(merchant=merchant, brand=brand, category=category, spells=spells)


def unauthorised(goods: Goods, papers: Authorisations) -> Spells:
    """While which goods are sold without an authorisation that covers them."""
    both = np.stack([np.append(goods.merchant, papers.merchant), np.append(goods.brand, papers.brand)])
    key = np.unique(both, axis=1, return_inverse=True)[1].reshape(-1)
    good, paper = match(key[: len(goods.merchant)], key[len(goods.merchant) :])
    covers = (papers.category[paper] == -1) | (papers.category[paper] == goods.category[good])
    good, paper = good[covers], paper[covers]
    return minus(goods.spells, Spells(key=good, start=papers.start[paper], end=papers.end[paper]))
