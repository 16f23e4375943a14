"""Did a change shift the answers? How many of them are of a sort before and after it, and by how much at least."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from scoring.bounds import lower, upper
from scoring.breaker_policy import BreakerPolicy, Watched
from scoring.evidence import Measured

__all__ = ["Look", "Tally", "Verdict", "look", "rise", "tally"]


class Verdict(StrEnum):
    """What follows from a look at a change."""

    NOTHING = "nothing"
    CASE = "case"
    BACK = "back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Of `per` decisions, as far as they count, `of` are of the sort that is watched."""

    of: float
    per: float

    @property
    def share(self) -> float:
        """The share of them; 0 where there are none."""
        return self.of / self.per if self.per else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen of one sort of decisions before and after a change; `rise` is surely at least so much."""

    before: Tally
    after: Tally
    rise: float
    verdict: Verdict


def tally(merchants: Iterable[tuple[int, int]], *, voices: int) -> Tally:
    """Add up merchants' decisions, given for each as (of the sort, all); nobody counts for more than `voices`.

    >>> tally([(1, 2), (90, 90)], voices=3)
    Tally(of=4.0, per=5)
    """
    counted = [(min(every, voices), of / every) for of, every in merchants if every]
    return Tally(of=math.fsum(weight * share for weight, share in counted), per=sum(weight for weight, _ in counted))


def rise(before: Tally, after: Tally, confidence: float) -> float:
    """The share has risen by at least this, so surely; below 0 where it may have fallen.

    The interval of a difference from those of both rates (Newcombe 1998, method 10), here with the bounds of
    `scoring.bounds`. Of 100 each, 20 before and 50 after are 0.30 more, and at 97.5 % at least 0.17:

    >>> round(rise(Tally(of=20, per=100), Tally(of=50, per=100), 0.975), 2)
    0.17
    """
    least, most = lower(_measured(after), confidence), upper(_measured(before), confidence)
    apart = math.hypot(after.share - least, most - before.share)
    return after.share - before.share - apart


def look(watched: Watched, before: Tally, after: Tally, *, policy: BreakerPolicy) -> Look:
    """Judge what is seen before and after a change; too few decisions on either side say nothing."""
    least, enough = rise(before, after, policy.confidence), min(before.per, after.per) >= policy.least
    verdicts = {Verdict.BACK: watched.back_from, Verdict.CASE: watched.case_from}
    found = (verdict for verdict, limit in verdicts.items() if enough and least >= limit)
    return Look(before=before, after=after, rise=least, verdict=next(found, Verdict.NOTHING))


def _measured(one: Tally) -> Measured:
    return Measured(name="share", value=one.share, of=round(one.of), per=round(one.per))
