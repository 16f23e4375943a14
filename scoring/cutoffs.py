"""The score from which on a promise may be made: where it stands, and where it would cost the least."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate

from scoring.admission import Outcome
from scoring.cost_policy import CostPolicy
from scoring.policy_text import BandName
from scoring.programmes import Programme
from scoring.promise_cost import Cost, Promise, cost_of
from scoring.score_policy import ScorePolicy
from scoring.what_if import Judged, Policies, Subject, at_the_door, judged_at

__all__ = ["Cutoff", "Point", "cutoffs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A cut-off that was tried: cents a month, as the costs are, and with losses lower and higher by so much."""

    score: int
    cost: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutoff:
    """The least score of the band that programmes ask for, before and after, and what other scores would cost.

    `best` costs least; `best_low` and `best_high` would, if losses were lower and higher by so much. Of cut-offs that
    cost the same the one nearest to `before` is named. `places` are the doors that hang on it.
    """

    band: BandName
    programmes: tuple[str, ...]
    places: int
    before: int
    after: int
    best: int
    best_low: int
    best_high: int
    points: tuple[Point, ...]

    def cost_at(self, score: int) -> float:
        """What a cut-off that was tried costs a month (cents)."""
        return next(one.cost for one in self.points if one.score == score)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Door:
    """A door that a good enough score opens: what it costs with such a score, and without."""

    score: int
    within: Cost
    without: Cost


def cutoffs(
    subjects: Sequence[Subject], before: Policies, after: Policies, *, costs: CostPolicy, as_of: datetime
) -> tuple[Cutoff, ...]:
    """One cut-off for each band that programmes of `after` ask for, the best band first.

    A door hangs on it where a model has spoken, and where everything but the score is settled: with the best band that
    the merchant could have, the gate does not refuse. So a link that a worse band would make a review of, is not seen.
    """
    found = []
    for band, programmes in sorted(_asking(after).items()):
        doors = [*_doors(subjects, programmes, after, costs, as_of)]
        if doors:
            found.append(_cutoff(band, programmes, doors, (before.score, after.score), costs))
    return tuple(found)


def _asking(policies: Policies) -> Mapping[BandName, list[Programme]]:
    """The programmes by the worst band that they take; where any will do, no score shuts the door."""
    found: dict[BandName, list[Programme]] = {}
    for one in policies.programmes.programmes:
        if one.band_at_worst != "E":
            found.setdefault(one.band_at_worst, []).append(one)
    return found


def _doors(
    subjects: Sequence[Subject], programmes: Sequence[Programme], policies: Policies, costs: CostPolicy, as_of: datetime
) -> Iterator[_Door]:
    shut = Judged(outcome=Outcome.REFUSE)
    for subject in subjects:
        best = subject.thought.best_band(policies.score)
        for programme in programmes if subject.thought.modelled else ():
            applicant = replace(at_the_door(subject, programme, policies, as_of), band=best)
            judged = judged_at(subject, programme, applicant, policies.programmes, as_of)
            if judged.outcome is not Outcome.REFUSE:
                thought = subject.thought
                promise = Promise(
                    value_cents=subject.value_cents, orders_a_month=subject.orders_a_month, p_bad=thought.p_bad
                )
                yield _Door(
                    score=thought.score,
                    within=cost_of(judged, promise, costs),
                    without=cost_of(shut, promise, costs),
                )


def _cutoff(
    band: BandName, programmes: Sequence[Programme], doors: Sequence[_Door], policies: tuple[ScorePolicy, ScorePolicy],
    costs: CostPolicy,
) -> Cutoff:  # fmt: skip
    now, then = (_edge(policy, band) for policy in policies)
    points = tuple(_points(_tried(doors, (now, then), costs.step), doors, costs.give_or_take))
    return Cutoff(
        band=band,
        programmes=tuple(one.id for one in programmes),
        places=len(doors),
        before=now,
        after=then,
        best=_cheapest(points, "cost", now),
        best_low=_cheapest(points, "low", now),
        best_high=_cheapest(points, "high", now),
        points=points,
    )


def _edge(policy: ScorePolicy, band: BandName) -> int:
    return next(one.least for one in policy.bands if one.name == band)


def _tried(doors: Sequence[_Door], edges: tuple[int, int], step: int) -> list[int]:
    """From under the worst to over the best score, and both edges."""
    scores = [*(one.score for one in doors), *edges]
    least, most = min(scores) // step * step, max(scores) // step * step + step
    return sorted({*range(least, most + 1, step), *edges})


def _points(tried: Sequence[int], doors: Sequence[_Door], give_or_take: float) -> Iterator[Point]:
    """What each cut-off costs: those below it without a place, all others within."""
    ordered = sorted(doors, key=lambda one: one.score)
    scores = [one.score for one in ordered]
    below = [*accumulate((one.without for one in ordered), initial=Cost())]
    above = [*accumulate((one.within for one in reversed(ordered)), initial=Cost())]
    for score in tried:
        place = bisect_left(scores, score)
        total = below[place] + above[len(scores) - place]
        by = give_or_take * total.loss
        yield Point(score=score, cost=total.total, low=total.total - by, high=total.total + by)


def _cheapest(points: Sequence[Point], which: str, near: int) -> int:
    return min(points, key=lambda one: (round(getattr(one, which), 6), abs(one.score - near))).score
