"""The lot: a few of those who are refused for their score are let in on trial, so that it is learned who they are.

Whoever is never let in is never seen, and a model that learns from the others alone cannot find out that it is wrong
(docs/decisions/0015-selective-labels.md). Nothing is drawn here: who decides hands in the lot, which hangs on the
merchant, the programme and the time alone. So asking again changes nothing, and every answer can be given once more.
"""

import hashlib
import hmac
from datetime import date
from typing import Annotated

from pydantic import Field

from scoring.policy_text import BandName, PolicyPart, Text

__all__ = ["Exploration", "lot_of"]

Positive = Annotated[int, Field(gt=0)]

#: Lots are whole steps of this size, exact as floats and more than there are merchants.
_STEPS = 2**53


class Exploration(PolicyPart):
    """Who may be let in by lot, and on what terms; only the `programmes` that are named take part.

    A `share` of those whom nothing but their score or a lack of evidence keeps out, and who stand in `band_at_worst`
    or better, gets `cap` orders a month for `valid_days`. A lot holds for `period_days`.
    """

    programmes: Annotated[tuple[Text, ...], Field(min_length=1)]
    share: Annotated[float, Field(gt=0, le=0.02, allow_inf_nan=False)]
    band_at_worst: BandName
    cap: Positive
    valid_days: Positive
    period_days: Positive

    def period(self, day: date) -> int:
        """The number of the period that a day lies in; within one, the lot stays the same."""
        return (day - date(1970, 1, 1)).days // self.period_days


def lot_of(salt: str, *, merchant_id: str, programme: str, period: int) -> float:
    """A merchant's lot for a programme in a period, from [0, 1): whoever does not know the salt cannot foretell it.

    >>> lot_of("s" * 16, merchant_id="m1", programme="p", period=1) < 1
    True
    >>> lot_of("s", merchant_id="m1", programme="p", period=1) == lot_of("s", merchant_id="m1", programme="p", period=2)
    False
    """
    # Lengths go in, so that no two merchants and programmes can be written alike.
    text = f"{len(merchant_id)}:{merchant_id}:{programme}:{period}"
    digest = hmac.new(salt.encode(), text.encode(), hashlib.sha256).digest()
    return (int.from_bytes(digest[:8], "big") % _STEPS) / _STEPS
