"""The standing of members: who carries a programme is looked at again, and keeps it, is warned, suspended or expelled.

Stop rules are judged every night; whatever else a programme asks is judged once in a period, and costs the place only
when it fails several times running and several buyers were let down. So nobody's place changes twice in a period but
by a stop rule. An end comes after notice; then the door stays shut for a while.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from scoring.admission import Applicant, Application, ConditionResult, GateReason
from scoring.errors import TimeNaive
from scoring.findings import Finding, Kind
from scoring.gate import MOST_REASONS, examine
from scoring.gate_words import GateState, gate_reason
from scoring.programmes import ProgrammePolicy

__all__ = ["Place", "Review", "Standing", "review"]


class Standing(StrEnum):
    """How a member stands, the best first."""

    KEEP = "keep"
    WARN = "warn"
    SUSPEND = "suspend"
    EXPEL = "expel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A member's place: since when it stands as it does, when it was last judged, and how often it failed running.

    `ends_at` is set once notice was given. `stopped` = it is suspended by a stop rule, not by how it kept the promise.
    """

    standing: Standing
    joined_at: datetime
    since: datetime
    judged_at: datetime
    failed_running: int = 0
    ends_at: datetime | None = None
    stopped: bool = False

    @classmethod
    def new(cls, joined_at: datetime) -> "Place":
        """The place of somebody who has just joined."""
        return cls(standing=Standing.KEEP, joined_at=joined_at, since=joined_at, judged_at=joined_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What became of a place. `may_return_at` is when whoever was expelled may apply again."""

    place: Place
    reasons: tuple[GateReason, ...]
    conditions: tuple[ConditionResult, ...]
    may_return_at: datetime | None
    policy_version: str

    def changes(self, before: Place) -> bool:
        """Whether the member must be told: it stands otherwise than before, or was given or spared notice."""
        return (self.place.standing, self.place.ends_at) != (before.standing, before.ends_at)


#: What costs a place without anybody having been let down: it is the merchant's to put in order.
_OWN_AFFAIRS = frozenset({Kind.MISSING, Kind.FLAGGED, Kind.PLEDGED, Kind.BAND})


def review(
    place: Place, application: Application, applicant: Applicant, *, policy: ProgrammePolicy, as_of: datetime
) -> Review:
    """How a member stands at this moment (aware), after how it stood before. TimeNaive if the moment is not."""
    if as_of.utcoffset() is None:
        raise TimeNaive(as_of=as_of)
    results, findings = examine(application, applicant, policy=policy, as_of=as_of, member=True)
    stops = [one for one in findings if one.kind is Kind.STOPPED]
    if place.standing is Standing.EXPEL:
        found, told = place, [gate_reason(GateState.EXPELLED)]
    elif stops:
        found, told = _stopped(place, stops, policy, as_of), [one.reason for one in stops]
    else:
        failing = _failing(place, application, applicant, findings, policy, as_of)
        found, told = _judged(place, bool(failing), application, policy, as_of), [one.reason for one in failing]
    expelled = found.standing is Standing.EXPEL
    return Review(
        place=found,
        reasons=tuple(told[:MOST_REASONS]),
        conditions=results,
        may_return_at=found.since + timedelta(days=policy.standing.return_days) if expelled else None,
        policy_version=policy.version,
    )


def _stopped(place: Place, stops: Sequence[Finding], policy: ProgrammePolicy, as_of: datetime) -> Place:
    """Suspended at once; where the rule ends the place, after notice."""
    codes = {one.reason.code for one in stops}
    ends = any(rule.ends for rule in policy.stop_rules.all if rule.code in codes)
    held = _moved(place, Standing.SUSPEND, as_of, stopped=True)
    return _ended(replace(held, ends_at=_notice(place, policy, as_of) if ends else None), as_of)


def _judged(place: Place, failing: bool, application: Application, policy: ProgrammePolicy, as_of: datetime) -> Place:
    """The monthly judgement; between two of them nothing changes, but that a notice runs out."""
    rules = policy.standing
    if as_of - place.judged_at < timedelta(days=rules.every_days):
        return _ended(place, as_of)
    place = replace(place, judged_at=as_of, failed_running=place.failed_running + 1 if failing else 0)
    if not failing:
        return replace(_moved(place, Standing.KEEP, as_of, stopped=False), ends_at=None)
    if place.failed_running < rules.failures_running and not _demoted(place):
        return replace(_moved(place, Standing.WARN, as_of, stopped=False), ends_at=None)
    held = _moved(place, Standing.SUSPEND, as_of, stopped=False)
    grace = timedelta(days=application.programme.grace_days)
    ends = _notice(place, policy, as_of) if as_of - held.since >= grace else None
    return _ended(replace(held, ends_at=ends), as_of)


def _demoted(place: Place) -> bool:
    return place.standing is Standing.SUSPEND and not place.stopped


def _moved(place: Place, to: Standing, as_of: datetime, *, stopped: bool) -> Place:
    since = place.since if place.standing is to and place.stopped == stopped else as_of
    return replace(place, standing=to, since=since, stopped=stopped)


def _notice(place: Place, policy: ProgrammePolicy, as_of: datetime) -> datetime:
    """When the place ends: what was said once stands."""
    return place.ends_at or as_of + timedelta(days=policy.standing.notice_of_end_days)


def _ended(place: Place, as_of: datetime) -> Place:
    if place.ends_at is None or as_of < place.ends_at:
        return place
    return replace(place, standing=Standing.EXPEL, since=as_of)


def _failing(
    place: Place,
    application: Application,
    applicant: Applicant,
    findings: Sequence[Finding],
    policy: ProgrammePolicy,
    as_of: datetime,
) -> list[Finding]:
    """What speaks against keeping the place: promises that were broken to several buyers, and affairs out of order.

    Rules that are newer than the membership bind only after their notice.
    """
    rules = policy.standing
    changed_at = datetime.combine(application.programme.since, datetime.min.time(), as_of.tzinfo)
    if place.joined_at < changed_at and as_of - changed_at < timedelta(days=rules.notice_of_rules_days):
        return []
    measured = applicant.measured.get(rules.affected_metric)
    affected = measured.value if measured and isinstance(measured.value, (int, float)) else 0
    let_down = affected >= rules.affected_buyers
    return [one for one in findings if one.kind in _OWN_AFFAIRS or (one.kind is Kind.FAILED and let_down)]
