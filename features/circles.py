"""Circles: people who belong together, since they were seen with the same account, phone, device, address or entity."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.known import Known, days
from features.links import tokens

__all__ = ["ALONE", "Circle", "Circles", "circles_of"]

Ints = npt.NDArray[np.int64]

#: A person was seen with a token from one day on until another.
Sighting = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """People who are ever linked, directly or through others; from each of `days` on, `first[i]` of each person.

    People who are linked on a day have the same first person; whoever is not named is alone.
    """

    days: Sequence[int] = ()
    first: Sequence[Mapping[int, int]] = ()

    def on(self, day: int) -> Mapping[int, int]:
        """The first person of each person's linked ones, on a day."""
        at = bisect_right(self.days, day)
        return self.first[at - 1] if at else {}


ALONE = Circle()


@dataclass(frozen=True, slots=True, kw_only=True)
class Circles:
    """Everybody's circle: `of` (n,) are their numbers, by person; `linked` are those in which several are asked for."""

    of: Ints
    linked: Mapping[int, Circle] = field(default_factory=dict)


def circles_of(market: Known, ids: pa.Array) -> tuple[Ints, Circles]:
    """A number for each person whose ids (n,) these are, equal ids one number, and the circles of the people."""
    seen = market.of("link_observed")
    seen = seen.where(market.filled(seen, "buyer_id") & (days(seen.start) < days(seen.end)))
    everybody = pa.concat_arrays([ids, market.texts(seen, "buyer_id")]).dictionary_encode()
    person = np.asarray(everybody.indices.to_numpy(zero_copy_only=False)).astype(np.int64)
    asked, buyer, count = person[: len(ids)], person[len(ids) :], len(everybody.dictionary)
    token, _ = tokens(market, seen)
    of = _widest(buyer, token, count)
    # Only where two or more of those asked for are ever linked, it matters since when.
    several = np.flatnonzero(np.bincount(of[np.unique(asked)], minlength=1) > 1)
    found: dict[int, list[Sighting]] = {int(circle): [] for circle in several}
    for row in np.flatnonzero(np.isin(of[buyer], several)).tolist():
        sighting = (int(buyer[row]), count + int(token[row]), int(days(seen.start[row])), int(days(seen.end[row])))
        found[int(of[buyer[row]])].append(sighting)
    return asked, Circles(of=of, linked={circle: _circle(sightings) for circle, sightings in found.items()})


def _widest(buyer: Ints, token: Ints, count: int) -> Ints:
    """The circle (count,) of each person, if nothing that was ever seen were taken back."""
    # SciPy's graphs take half of the time in which everything else is imported, and few need them.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = count + int(token.max(initial=-1)) + 1
    if not size:
        return np.zeros(0, dtype=np.int64)
    graph = coo_array((np.ones(len(buyer), dtype=np.int8), (buyer, count + token)), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1][:count]).astype(np.int64)


def _circle(sightings: Sequence[Sighting]) -> Circle:
    moments = sorted({moment for _, _, *spell in sightings for moment in spell})
    stands = [(day, _first([(one, token) for one, token, start, end in sightings if start <= day < end]))
              for day, _ in pairwise(moments)]  # fmt: skip
    stands += [(moments[-1], {})] if moments else []
    return Circle(days=[day for day, _ in stands], first=[first for _, first in stands])


def _first(seen: Iterable[tuple[int, int]]) -> dict[int, int]:
    """For each of some people and tokens, the least of all that are linked with it."""
    above: dict[int, int] = {}

    def top(one: int) -> int:
        while above.setdefault(one, one) != one:
            above[one] = above[above[one]]
            one = above[one]
        return one

    for pair in seen:
        low, high = sorted(map(top, pair))
        above[high] = low
    return {one: top(one) for one in above}
