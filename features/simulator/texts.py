"""Texts: reviews, complaints and titles of adverts in three languages, from templates and slots, with noise and typos.

A text says what happened, but not always: some are ironic, some mistake one thing for another, many are mistyped. So
there is something to learn from them, and something to fail on.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from features.simulator.life import Life
from features.simulator.lot import Floats, Ints, Lot, Words

__all__ = ["complaints_of", "language_of", "mistyped", "reviews_of", "titles_of"]

#: The shares of texts that are mistyped, that say the opposite of what is meant, and of reviews that say anything.
_MISTYPED, _IRONIC, _WRITTEN = 0.12, 0.03, 0.7


@cache
def _words(language: str) -> Mapping[str, Any]:
    return tomllib.loads(files("features").joinpath(f"simulator/words/{language}.toml").read_text("utf-8"))


def language_of(people: Ints, shares: Mapping[str, float]) -> Words:
    """Which language persons write: each always the same one, and all together in these shares."""
    place = (people * 2_654_435_769 % 2**32) / 2**32 * sum(shares.values())
    which = np.searchsorted(np.cumsum(list(shares.values())), place, side="right")
    return np.asarray(np.array(list(shares), dtype=object)[np.minimum(which, len(shares) - 1)])


def reviews_of(life: Life, people: Ints, *, stars: Ints, about: Words) -> Words:
    """What persons (n,) write with their stars about what happened; some write nothing (None)."""
    lot, n = life.lot("review texts"), len(people)
    low = np.isin(about, ["missing", "fake", "late", "boast", "defect"])
    pleased = np.where(about == "bought", "bought", "good")
    mood = np.select([stars == 3, stars > 3, low], ["middle", pleased, about], "poor")
    ironic = lot.chance(_IRONIC, n) & (stars < 3)
    texts = _written(life, lot, people, part="reviews", keys=np.where(ironic, "good", mood).astype(object))
    texts[~lot.chance(_WRITTEN, n)] = None
    return texts


def complaints_of(life: Life, people: Ints, *, topics: Words) -> Words:
    """What persons (n,) complain of, by topic."""
    lot = life.lot("complaint texts")
    known = set(_words("en")["complaints"])
    keys = np.array([one if one in known else "other" for one in topics], dtype=object)
    return _written(life, lot, people, part="complaints", keys=keys)


def _written(life: Life, lot: Lot, people: Ints, *, part: str, keys: Words) -> Words:
    """Texts (n,) by language and key of a part: opening, body, ending, slots filled, some mistyped."""
    n = len(people)
    language = language_of(people, life.scenario.languages)
    draws = [lot.even(n) for _ in range(6)]
    brands = sorted({one for one in life.merchant.listings.brand.tolist() if one}) or ["?"]
    rows = zip(language, keys, *draws, strict=True)
    texts = [
        _sentence(_words(words), part, key, life.merchant.category.name, brands, (a, b, c, d, e, f))
        for words, key, a, b, c, d, e, f in rows
    ]
    typos = np.flatnonzero(lot.chance(_MISTYPED, n)).tolist()
    for row, place in zip(typos, lot.even(len(typos)).tolist(), strict=True):
        texts[row] = mistyped(texts[row], place)
    result = np.empty(n, dtype=object)
    result[:] = texts
    return result


def _sentence(
    words: Mapping[str, Any], part: str, key: str, category: str, brands: Sequence[str], draws: tuple[float, ...]
) -> str:
    said = [_one(words["openings"], draws[0]), _one(words[part][key], draws[1]), _one(words["endings"], draws[2])]
    text: str = words["join"].join(one for one in said if one)
    if "{" not in text:
        return text
    item, brand = _one(words["items"][category], draws[3]), _one(brands, draws[4])
    return text.replace("{item}", item).replace("{brand}", brand).replace("{days}", str(2 + int(draws[5] ** 2 * 40)))


def _one(options: Sequence[str], place: float) -> str:
    return options[int(place * len(options))]


def mistyped(text: str, place: float) -> str:
    """The text with a slip of the fingers at a place (0 to 1): letters swapped, doubled or lost, or all in one breath.

    >>> [mistyped("Good shop.", place / 1000) for place in (300, 301, 302, 303, 304)]
    ['Goo dshop.', 'Goodd shop.', 'Goo shop.', 'good shop', 'Good shop!!']
    """
    spot, kind = int(place * len(text)), int(place * 1000 + 0.5) % 5
    if kind == 0:
        return text[:spot] + text[spot + 1 : spot + 2] + text[spot : spot + 1] + text[spot + 2 :]
    if kind == 1:
        return text[:spot] + text[spot : spot + 1] + text[spot:]
    if kind == 2:
        return text[:spot] + text[spot + 1 :]
    return text.lower().rstrip(".!。！") if kind == 3 else text.rstrip(".。") + "!!"


def titles_of(life: Life) -> Words:
    """The titles of a merchant's listings (k,), in its own language; the bold ones boast."""
    lot, listings = life.lot("titles"), life.merchant.listings
    n = len(listings.number)
    own = language_of(np.array([life.merchant.number]), life.scenario.languages)[0]
    words = _words(str(own))
    boasting: Floats = np.full(n, 0.6 * life.merchant.kind.manner.bold)
    draws, bold = [lot.even(n).tolist() for _ in range(3)], lot.chance(boasting, n).tolist()
    titles = np.empty(n, dtype=object)
    for row, (brand, a, b, c) in enumerate(zip(listings.brand.tolist(), *draws, strict=True)):
        item = _one(words["items"][life.merchant.category.name], a)
        praise = _one(words["boasts" if bold[row] else "praise"], b)
        title = _one(words["titles"], c).format(brand=brand or "", item=item, praise=praise)
        titles[row] = " ".join(title.split())
    return titles
