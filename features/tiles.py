"""Tiles: facts of one merchant, clock day and known day added up.

A tile has the form of a fact, so everything that takes facts takes tiles: training, batch and live need no
code of their own. Facts may be split in any way before they are added up.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from features.facts import Facts

__all__ = ["added", "tiles"]

Ints = npt.NDArray[np.int64]


def tiles(facts: Facts) -> Facts:
    """One tile for each merchant, clock day and known day, in that order; those that come to nothing are left out."""
    order = np.lexsort((facts.known, facts.clock, facts.merchant))
    places = np.stack([facts.merchant, facts.clock, facts.known])[:, order]
    if not len(order):
        return facts
    first = np.append(True, (places[:, 1:] != places[:, :-1]).any(axis=0))
    sums = np.add.reduceat(facts.amounts[:, order], np.flatnonzero(first), axis=1)
    some = sums.any(axis=0)
    merchant, clock, known = places[:, first][:, some]
    return Facts(merchant=merchant, clock=clock, known=known, amounts=sums[:, some], measures=facts.measures)


def added(parts: Sequence[Facts]) -> Facts:
    """The tiles of several parts' facts, or tiles, together. All must be of the same measures."""
    first = parts[0]
    if any(part.measures != first.measures for part in parts):
        raise ValueError("facts of different measures cannot be added up")
    return tiles(
        Facts(
            merchant=np.concatenate([part.merchant for part in parts]),
            clock=np.concatenate([part.clock for part in parts]),
            known=np.concatenate([part.known for part in parts]),
            amounts=np.concatenate([part.amounts for part in parts], axis=1),
            measures=first.measures,
        )
    )
