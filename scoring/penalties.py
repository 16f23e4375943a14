"""Penalties: which step of the ladder a merchant stands on, why, from when, and how long it may object.

Points count for a while and then no more; of one kind only so many come together in a short time; what an appeal
overturned never counted. A step that needs a person is a proposal until somebody has agreed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scoring.errors import TimeNaive
from scoring.penalty_policy import PenaltyPolicy, StepName

__all__ = ["Deed", "Penalty", "Statement", "penalty_of", "points_at"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One violation that was found, at a moment (aware); `overturned` = an appeal took it back."""

    kind: str
    found_at: datetime
    overturned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one kind of deed comes to now: so often, for so many points."""

    code: str
    times: int
    points: int
    text: str
    text_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalty:
    """The step that a merchant stands on; None = none. `proposed` = a person must agree before it holds.

    It holds from `begins_at` (its `notice_days` have run out by then) to `ends_at` (None: for good). An objection may
    come until `appeal_until`, and is answered within `appeal_answer_days`.
    """

    step: StepName | None
    points: int
    proposed: bool
    notice_days: int
    begins_at: datetime | None
    ends_at: datetime | None
    appeal_until: datetime | None
    appeal_answer_days: int
    text: str
    text_zh: str
    statements: tuple[Statement, ...]
    policy_version: str


def points_at(deeds: Sequence[Deed], *, policy: PenaltyPolicy, as_of: datetime) -> int:
    """The points that count at this moment. TimeNaive if it is not aware, ViolationUnknown for an unknown kind."""
    return sum(one.points for one in _statements(deeds, policy, as_of))


def penalty_of(deeds: Sequence[Deed], *, policy: PenaltyPolicy, as_of: datetime) -> Penalty:
    """The penalty at this moment (aware), by everything that was found until then."""
    statements = _statements(deeds, policy, as_of)
    points = sum(one.points for one in statements)
    step = policy.step(points)
    latest = max((one.found_at for one in _counting(deeds, policy, as_of)), default=None)
    begins = latest + timedelta(days=step.notice_days) if step and latest else None
    return Penalty(
        step=step.name if step else None,
        points=points,
        proposed=bool(step and step.needs_a_person),
        notice_days=step.notice_days if step else 0,
        begins_at=begins,
        ends_at=begins + timedelta(days=step.days) if begins and step and step.days else None,
        appeal_until=latest + timedelta(days=policy.appeal_days) if step and latest else None,
        appeal_answer_days=policy.appeal_answer_days,
        text=step.text if step else "",
        text_zh=step.text_zh if step else "",
        statements=statements,
        policy_version=policy.version,
    )


def _counting(deeds: Sequence[Deed], policy: PenaltyPolicy, as_of: datetime) -> list[Deed]:
    """The deeds whose points count, the first found first."""
    if as_of.utcoffset() is None:
        raise TimeNaive(as_of=as_of)
    since = as_of.astimezone(UTC) - timedelta(days=policy.counts_days)
    counting = [one for one in deeds if not one.overturned and since <= one.found_at < as_of]
    return sorted(counting, key=lambda one: (one.found_at, one.kind))


def _statements(deeds: Sequence[Deed], policy: PenaltyPolicy, as_of: datetime) -> tuple[Statement, ...]:
    """Every kind of deed that counts, the heaviest first."""
    counting = _counting(deeds, policy, as_of)
    told = (_statement(kind, counting, policy) for kind in {one.kind for one in counting})
    return tuple(sorted(told, key=lambda one: (-one.points, one.code)))


def _statement(kind: str, counting: Sequence[Deed], policy: PenaltyPolicy) -> Statement:
    told = policy.violation(kind)
    found = [one.found_at for one in counting if one.kind == kind]
    points = _together(found, told.points, told.most_points, timedelta(days=told.most_within_days))
    return Statement(code=told.code, times=len(found), points=points, text=told.text, text_zh=told.text_zh)


def _together(found: Sequence[datetime], each: int, most: int, within: timedelta) -> int:
    """The points of one kind of deed: in stretches of `within`, from its first deed each, at most `most`."""
    total, begun, inside = 0, None, 0
    for moment in found:
        if begun is None or moment - begun >= within:
            begun, inside = moment, 0
        more = min(each, most - inside)
        total, inside = total + more, inside + more
    return total
