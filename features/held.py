"""Facts of what is so for a while: an amount of its merchant from when it is so until it no longer is."""

import numpy as np

from features.facts import Facts
from features.measures import Measure
from features.spells import FOREVER, Moves

__all__ = ["held"]


def held(moves: Moves, measure: Measure) -> Facts:
    """Facts of one measure: of each merchant (the key of the moves) so much (their height) while it is that."""
    back = np.flatnonzero(moves.end < FOREVER)
    return Facts(
        merchant=np.concatenate([moves.key, moves.key[back]]),
        clock=np.concatenate([moves.start, moves.end[back]]),
        known=np.concatenate([moves.start, moves.end[back]]),
        amounts=np.concatenate([moves.height, -moves.height[back]])[None, :],
        measures=(measure,),
    )
