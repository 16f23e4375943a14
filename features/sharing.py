"""What several share: while which two of them are known by the same token."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.spells import Spells, heights, match, minus, union

__all__ = ["Pairs", "Sightings", "distinct", "not_public", "pairs"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sightings:
    """Tokens seen on owners, each once: the owner of each, and while it is known; spells carry the token as key."""

    owner: Ints
    spells: Spells

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Sightings":
        """Only those chosen by a mask."""
        return Sightings(owner=self.owner[chosen], spells=self.spells.where(chosen))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Two that share something: of each pair (by key) one and the other, and while which pairs do."""

    one: Ints
    other: Ints
    spells: Spells


def distinct(one: Ints, other: Ints) -> tuple[Ints, Ints]:
    """The distinct pairs (2, k), and which of them each is."""
    named, which = np.unique(np.stack([one, other]), axis=1, return_inverse=True)
    return named, which.reshape(-1)


def not_public(token: Ints, owner: Ints, known: Spells, *, most: int | Ints) -> Sightings:
    """Which tokens are known of which owners, while they are known of no more than `most`, for all or by token.

    Of each sighting: its token, its owner, and by its place in `known` while it counts.
    """
    named, key = distinct(token, owner)
    each = union(Spells(key=key[known.key], start=known.start, end=known.end))
    token, owner = named[:, each.key]
    seen = Spells(key=token, start=each.start, end=each.end)
    crowd = heights(seen)
    many = crowd.height > (most if isinstance(most, int) else most[crowd.key])
    public = union(Spells(key=crowd.key[many], start=crowd.start[many], end=crowd.end[many]))
    # Each sighting keeps a place of its own, so that what is taken from it stays apart from other owners'.
    place, stretch = match(token, public.key)
    taken = Spells(key=place, start=public.start[stretch], end=public.end[stretch])
    left = minus(Spells(key=np.arange(len(token)), start=each.start, end=each.end), taken)
    return Sightings(owner=owner[left.key], spells=Spells(key=token[left.key], start=left.start, end=left.end))


def pairs(seen: Sightings, *, of: Ints | None = None) -> Pairs:
    """While which two owners share a token; each pair once, whichever way round and through however many tokens.

    With `of`, only the pairs whose other is one of these owners.
    """
    asked = np.arange(len(seen.owner)) if of is None else np.flatnonzero(np.isin(seen.owner, of))
    one, other = match(seen.spells.key, seen.spells.key[asked])
    other = asked[other]
    apart = seen.owner[one] != seen.owner[other]
    one, other = one[apart], other[apart]
    named, key = distinct(seen.owner[one], seen.owner[other])
    start = np.maximum(seen.spells.start[one], seen.spells.start[other])
    end = np.minimum(seen.spells.end[one], seen.spells.end[other])
    return Pairs(one=named[0], other=named[1], spells=union(Spells(key=key, start=start, end=end).where(start < end)))
