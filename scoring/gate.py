"""The gate at a programme's door: admit, conditions, review or refuse, with reasons and a path to qualify.

Everything that speaks against a plain yes is a finding; the table `_OUTCOMES` says what each kind of finding leads
to, the worst decides, and a good record takes no finding away.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from types import MappingProxyType

from scoring.admission import (
    Admission,
    Applicant,
    Application,
    ConditionResult,
    ConditionState,
    Drawn,
    GateReason,
    Outcome,
    Paper,
    PathStep,
)
from scoring.conditions import failures, has_expired, judge_condition, valid_papers, went_well
from scoring.counterfeit import Level
from scoring.errors import TimeNaive
from scoring.exploration import Exploration
from scoring.gate_words import GateState, gate_reason
from scoring.path import band_step, condition_step, debt_step, dispatch_step, fake_step
from scoring.programmes import Condition, ProgrammePolicy, StopRule

__all__ = [
    "MOST_REASONS",
    "Admission",
    "Applicant",
    "Application",
    "ConditionResult",
    "ConditionState",
    "Drawn",
    "GateReason",
    "Outcome",
    "Paper",
    "PathStep",
    "gate",
    "gate_by_lot",
]

#: How many reasons are named; more than four help nobody (US Regulation B, interpretation of 12 CFR 1002.9(b)(2)).
MOST_REASONS = 4


class _Kind(IntEnum):
    """Kinds of findings, in the order in which they are told."""

    STOPPED = 0
    EXCLUDED = 1
    FAILED = 2
    MISSING = 3
    BAND = 4
    FLAGGED = 5
    NO_MODEL = 6
    STALE = 7
    NOTHING_KNOWN = 8
    UNPROVEN = 9


#: What each kind of finding leads to; without any, the merchant is admitted.
_OUTCOMES = MappingProxyType(
    {
        _Kind.STOPPED: Outcome.REFUSE,
        _Kind.EXCLUDED: Outcome.REFUSE,
        _Kind.FAILED: Outcome.REFUSE,
        _Kind.MISSING: Outcome.REFUSE,
        _Kind.BAND: Outcome.REFUSE,
        _Kind.FLAGGED: Outcome.REFUSE,
        _Kind.NO_MODEL: Outcome.REVIEW,
        _Kind.STALE: Outcome.REVIEW,
        _Kind.NOTHING_KNOWN: Outcome.REVIEW,
        _Kind.UNPROVEN: Outcome.CONDITIONS,
    }
)

#: What a lot may set aside: the score, and that little is known; never what was found out, nor what is missing.
_LEFT_TO_A_LOT = frozenset({_Kind.BAND, _Kind.NOTHING_KNOWN, _Kind.UNPROVEN})

_SEVERITY = tuple(Outcome)

_FINDING_OF = MappingProxyType(
    {
        ConditionState.FAILED: _Kind.FAILED,
        ConditionState.MISSING: _Kind.MISSING,
        ConditionState.NOT_YET_PROVEN: _Kind.UNPROVEN,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    """Something that speaks against a plain yes, and what would undo it."""

    kind: _Kind
    reason: GateReason
    step: PathStep | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One application at the door, on its day."""

    application: Application
    applicant: Applicant
    policy: ProgrammePolicy
    day: date

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The programme's conditions, those switched off among them."""
        return self.application.programme.entry


def gate(application: Application, applicant: Applicant, *, policy: ProgrammePolicy, as_of: datetime) -> Admission:
    """May this merchant carry this programme, for these goods, from this moment (aware) on? TimeNaive if it is not."""
    return gate_by_lot(application, applicant, policy=policy, as_of=as_of, lot=None).admission


def gate_by_lot(
    application: Application, applicant: Applicant, *, policy: ProgrammePolicy, as_of: datetime, lot: float | None
) -> Drawn:
    """The same where the policy lets a share in by lot: with a `lot` from [0, 1), or None where none is drawn."""
    if as_of.utcoffset() is None:
        raise TimeNaive(as_of=as_of)
    at = as_of.astimezone(UTC)
    case = _Case(application=application, applicant=applicant, policy=policy, day=at.date())
    results = tuple(judge_condition(condition, application, applicant, day=case.day) for condition in case.conditions)
    findings = sorted(_findings(case, results), key=lambda one: (one.kind, one.reason.code))
    admission = _admission(case, results, findings, at)
    terms = _open_to_a_lot(case, findings, admission.outcome)
    if lot is None or terms is None:
        return Drawn(admission=admission)
    if lot >= terms.share:
        return Drawn(admission=admission, propensity=1 - terms.share)
    return Drawn(admission=_let_in(case, admission, terms, at), propensity=terms.share, explored=True)


def _admission(case: _Case, results: tuple[ConditionResult, ...], findings: list[_Finding], at: datetime) -> Admission:
    outcome = max((_OUTCOMES[one.kind] for one in findings), key=_SEVERITY.index, default=Outcome.ADMIT)
    return Admission(
        outcome=outcome,
        conditions=results,
        reasons=tuple(one.reason for one in findings[:MOST_REASONS]),
        path_to_qualify=_path(findings),
        cap=_cap(case, results, outcome),
        expires_at=_expiry(case, outcome, at),
        policy_version=case.policy.version,
    )


# The lot.


def _open_to_a_lot(case: _Case, findings: list[_Finding], outcome: Outcome) -> Exploration | None:
    """On what terms a lot may let this merchant in after all; None where it may not, or needs none."""
    terms, applicant = case.policy.exploration, case.applicant
    if terms is None or case.application.programme.id not in terms.programmes:
        return None
    if outcome in (Outcome.ADMIT, Outcome.CONDITIONS) or any(one.kind not in _LEFT_TO_A_LOT for one in findings):
        return None
    # Not even somebody to keep an eye on is tried out on buyers, whatever the programme itself would allow.
    trusted = applicant.counterfeit_level == Level.NONE and applicant.band <= terms.band_at_worst
    return terms if trusted else None


def _let_in(case: _Case, admission: Admission, terms: Exploration, at: datetime) -> Admission:
    told = gate_reason(GateState.EXPLORED, cap=terms.cap)
    ends = _ends_with_papers(case, at + timedelta(days=terms.valid_days))
    reasons = (told, *admission.reasons[: MOST_REASONS - 1])
    return replace(admission, outcome=Outcome.CONDITIONS, reasons=reasons, cap=terms.cap, expires_at=ends)


def _findings(case: _Case, results: tuple[ConditionResult, ...]) -> Iterator[_Finding]:
    yield from _stops(case)
    yield from _not_for_these_goods(case)
    yield from _of_conditions(case, results)
    yield from _of_assessment(case)
    if not _something_good_is_known(case):
        yield _Finding(kind=_Kind.NOTHING_KNOWN, reason=gate_reason(GateState.NOTHING_KNOWN))


# Stop rules.


def _stops(case: _Case) -> Iterator[_Finding]:
    rules = case.policy.stop_rules
    if case.applicant.counterfeit_level == Level.CONFIRMED:
        yield _stopped(rules.fake_confirmed, "n_fakes_confirmed_365d", fake_step(day=case.day))
    expired = [one for one in case.application.programme.papers if _expired(case, one)]
    if expired:
        # The step that mends it is the condition's own.
        yield _stopped(rules.paper_expired, expired[0].metric)
    yield from _indebted(case)
    yield from _dispatch_broken(case)


def _expired(case: _Case, condition: Condition) -> bool:
    return has_expired(condition, case.application, case.applicant, day=case.day)


def _indebted(case: _Case) -> Iterator[_Finding]:
    debt, deposit = _cents(case, "merchant_debt_cents"), _cents(case, "deposit_cents")
    if debt > max(deposit, 0):
        step = debt_step(debt, max(deposit, 0), day=case.day)
        yield _stopped(case.policy.stop_rules.debt_above_deposit, "merchant_debt_cents", step)


def _dispatch_broken(case: _Case) -> Iterator[_Finding]:
    rule = case.policy.stop_rules.dispatch_broken
    kept = case.applicant.measured.get(rule.metric)
    if kept is None or not kept.per or kept.of is None:
        return
    if kept.per - kept.of >= rule.failures_at_least and kept.of < rule.under * kept.per:
        yield _stopped(rule, rule.metric, dispatch_step(rule, kept, case.applicant, day=case.day))


def _stopped(rule: StopRule, metric: str, step: PathStep | None = None) -> _Finding:
    reason = GateReason(code=rule.code, text=rule.text, text_zh=rule.text_zh, metric=metric)
    return _Finding(kind=_Kind.STOPPED, reason=reason, step=step)


def _cents(case: _Case, metric: str) -> int:
    """An amount; one that nobody knows covers nothing, and one that nobody wrote down is not owed."""
    measured = case.applicant.measured.get(metric)
    value = measured.value if measured else None
    return int(value) if isinstance(value, (int, float)) else 0


# Goods, conditions and the assessment.


def _not_for_these_goods(case: _Case) -> Iterator[_Finding]:
    category = case.application.category
    if category in case.application.programme.excludes:
        yield _Finding(kind=_Kind.EXCLUDED, reason=gate_reason(GateState.EXCLUDED, "category", category=category))


def _of_conditions(case: _Case, results: tuple[ConditionResult, ...]) -> Iterator[_Finding]:
    for condition, result in zip(case.conditions, results, strict=True):
        if result.state in _FINDING_OF:
            reason = GateReason(code=result.code, text=result.text, text_zh=result.text_zh, metric=result.metric)
            step = condition_step(condition, result, case.applicant, day=case.day)
            yield _Finding(kind=_FINDING_OF[result.state], reason=reason, step=step)


def _of_assessment(case: _Case) -> Iterator[_Finding]:
    programme, applicant = case.application.programme, case.applicant
    if applicant.basis != "model":
        # A fallback's band is nobody's record, so that nobody is refused for it.
        yield _Finding(kind=_Kind.NO_MODEL, reason=gate_reason(GateState.NO_MODEL))
    elif applicant.band > programme.band_at_worst:
        reason = gate_reason(GateState.BAND, "band", need=programme.band_at_worst, have=applicant.band)
        yield _Finding(kind=_Kind.BAND, reason=reason, step=band_step(programme, applicant))
    if _worse_flag(applicant.counterfeit_level, programme.counterfeit_at_worst):
        values = {"need": programme.counterfeit_at_worst, "have": applicant.counterfeit_level}
        yield _Finding(kind=_Kind.FLAGGED, reason=gate_reason(GateState.FLAGGED, "counterfeit", **values))
    if applicant.assessed_stale:
        yield _Finding(kind=_Kind.STALE, reason=gate_reason(GateState.STALE))


def _worse_flag(level: str, allowed: str) -> bool:
    order = list(Level)
    return order.index(Level(level)) > order.index(Level(allowed))


def _something_good_is_known(case: _Case) -> bool:
    """Whether a place on trial has anything to stand on.

    A thing that went well does; so do orders, as long as nothing went wrong: but what went wrong alone must not
    serve as the first evidence.
    """
    rates = [(one, case.applicant.measured.get(one.metric)) for one in _rates(case)]
    if not rates or any(went_well(condition, measured) for condition, measured in rates):
        return True
    unharmed = not any(measured and failures(condition, measured) for condition, measured in rates)
    return case.applicant.orders_365d > 0 and unharmed


def _rates(case: _Case) -> tuple[Condition, ...]:
    return tuple(one for one in case.application.programme.conditions if one.kind == "rate")


# What goes with the outcome.


def _path(findings: list[_Finding]) -> tuple[PathStep, ...]:
    """Every step, unless the goods themselves are the obstacle: then nothing that the merchant does would help."""
    if any(one.kind is _Kind.EXCLUDED for one in findings):
        return ()
    return tuple(one.step for one in findings if one.step is not None)


def _cap(case: _Case, results: tuple[ConditionResult, ...], outcome: Outcome) -> int | None:
    """Orders per month on trial: by what went well behind the least proven condition, or by a short history."""
    provisional = case.application.programme.provisional
    if outcome is Outcome.ADMIT and not case.applicant.evidence_sufficient:
        return provisional.cap(case.applicant.orders_365d)
    if outcome is not Outcome.CONDITIONS:
        return None
    unproven = {one.code for one in results if one.state is ConditionState.NOT_YET_PROVEN}
    rates = (one for one in _rates(case) if one.code in unproven)
    return provisional.cap(min(went_well(one, case.applicant.measured.get(one.metric)) for one in rates))


def _expiry(case: _Case, outcome: Outcome, at: datetime) -> datetime:
    """When the answer ends: after its time, and where it is a yes never later than a paper that it rests on."""
    programme = case.application.programme
    days = programme.valid_days if outcome is Outcome.ADMIT else programme.provisional.valid_days
    ends = at + timedelta(days=days)
    return _ends_with_papers(case, ends) if outcome in (Outcome.ADMIT, Outcome.CONDITIONS) else ends


def _ends_with_papers(case: _Case, ends: datetime) -> datetime:
    lasts = (_lasts_until(case, condition) for condition in case.application.programme.papers)
    return min((ends, *(end for end in lasts if end is not None)))


def _lasts_until(case: _Case, condition: Condition) -> datetime | None:
    """When the last of the papers for a condition ends, its last day included; None where one never does."""
    papers = valid_papers(condition, case.application, case.applicant, day=case.day)
    days = [one.valid_until for one in papers]
    last = max((day for day in days if day is not None), default=None)
    if last is None or None in days or last == date.max:
        return None
    return datetime.combine(last + timedelta(days=1), time(), UTC)
