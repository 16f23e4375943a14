"""Tiles: facts of one merchant, clock day and known day added up.

A tile has the form of a fact, so everything that takes facts takes tiles: training, batch and live need no
code of their own. Facts may be split in any way before they are added up.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from features.facts import Facts
from features.measures import Measure

__all__ = ["added", "by_day", "tiles"]

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


def by_day(facts: Facts, measure: Measure) -> Facts:
    """One for each clock day on which a measure comes to more than nothing, while it is known to: of that measure only.

    All facts of a merchant must be here.
    """
    row = facts.measures.index(measure)
    own = Facts(
        merchant=facts.merchant, clock=facts.clock, known=facts.known, amounts=facts.amounts[row : row + 1],
        measures=(measure,),
    )  # fmt: skip
    steps = tiles(own)
    more = steps.amounts[0]
    new = np.append(True, (np.diff(steps.merchant) != 0) | (np.diff(steps.clock) != 0))[: len(more)]
    total = np.cumsum(more)
    # What earlier days came to is taken off again.
    total -= (total - more)[np.maximum.accumulate(np.where(new, np.arange(len(more)), 0))]
    turns = (total > 0).astype(np.int64) - (total - more > 0)
    return replace(steps, amounts=turns[None, :])
