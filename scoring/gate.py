"""The gate at a programme's door: admit, conditions, review or refuse, with reasons and a path to qualify.

Everything that speaks against a plain yes is a finding; the table `OUTCOMES` says what each kind of finding leads
to, the worst decides, and a good record takes no finding away.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
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
from scoring.condition_policy import Condition
from scoring.conditions import failures, judge_condition, valid_papers, went_well
from scoring.counterfeit import Level
from scoring.errors import TimeNaive
from scoring.exploration import Exploration
from scoring.findings import OUTCOMES, Case, Finding, Kind
from scoring.gate_words import GateState, gate_reason
from scoring.path import band_step, condition_step, deposit_step, hands_step, link_step, return_step, suspended_step
from scoring.policy_text import BAND_NAMES, BandName
from scoring.programmes import ProgrammePolicy
from scoring.stops import stops
from scoring.wording import money

__all__ = [
    "ALWAYS_READ",
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
    "examine",
    "gate",
    "gate_by_lot",
]

#: How many reasons are named; more than four help nobody (US Regulation B, interpretation of 12 CFR 1002.9(b)(2)).
MOST_REASONS = 4

#: Features that the gate itself looks at, whatever the programme.
LINKED, HANDS_CHANGED = "n_linked_removed", "n_owner_or_bank_account_changed_14d"
ALWAYS_READ = (LINKED, HANDS_CHANGED)

#: What a lot may set aside: the score, and that little is known; never what was found out, nor what is missing.
_LEFT_TO_A_LOT = frozenset({Kind.BAND, Kind.NOTHING_KNOWN, Kind.UNPROVEN})

_SEVERITY = tuple(Outcome)

_FINDING_OF = MappingProxyType(
    {
        ConditionState.FAILED: Kind.FAILED,
        ConditionState.MISSING: Kind.MISSING,
        ConditionState.NOT_YET_PROVEN: Kind.UNPROVEN,
    }
)


def gate(application: Application, applicant: Applicant, *, policy: ProgrammePolicy, as_of: datetime) -> Admission:
    """May this merchant carry this programme, for these goods, from this moment (aware) on? TimeNaive if it is not."""
    return gate_by_lot(application, applicant, policy=policy, as_of=as_of, lot=None).admission


def gate_by_lot(
    application: Application, applicant: Applicant, *, policy: ProgrammePolicy, as_of: datetime, lot: float | None
) -> Drawn:
    """The same where the policy lets a share in by lot: with a `lot` from [0, 1), or None where none is drawn."""
    case, at = _case(application, applicant, policy, as_of)
    results, findings = _examined(case)
    admission = _admission(case, results, findings, at)
    terms = _open_to_a_lot(case, findings, admission.outcome)
    if lot is None or terms is None:
        return Drawn(admission=admission)
    if lot >= terms.share:
        return Drawn(admission=admission, propensity=1 - terms.share)
    return Drawn(admission=_let_in(case, admission, terms, at), propensity=terms.share, explored=True)


def examine(
    application: Application, applicant: Applicant, *, policy: ProgrammePolicy, as_of: datetime, member: bool = False
) -> tuple[tuple[ConditionResult, ...], list[Finding]]:
    """How every condition stands, and everything that speaks against a plain yes; `member` = to what it is to keep."""
    return _examined(_case(application, applicant, policy, as_of, member=member)[0])


def _case(
    application: Application, applicant: Applicant, policy: ProgrammePolicy, as_of: datetime, *, member: bool = False
) -> tuple[Case, datetime]:
    if as_of.utcoffset() is None:
        raise TimeNaive(as_of=as_of)
    at = as_of.astimezone(UTC)
    return Case(application=application, applicant=applicant, policy=policy, day=at.date(), member=member), at


def _examined(case: Case) -> tuple[tuple[ConditionResult, ...], list[Finding]]:
    results = tuple(judge_condition(one, case.application, case.applicant, day=case.day) for one in case.conditions)
    return results, sorted(_findings(case, results), key=lambda one: (one.kind, one.reason.code))


def _admission(case: Case, results: tuple[ConditionResult, ...], findings: list[Finding], at: datetime) -> Admission:
    outcome = max((OUTCOMES[one.kind] for one in findings), key=_SEVERITY.index, default=Outcome.ADMIT)
    return Admission(
        outcome=outcome,
        conditions=results,
        reasons=tuple(one.reason for one in findings[:MOST_REASONS]),
        path_to_qualify=_path(findings),
        cap=_cap(case, findings, outcome),
        expires_at=_expiry(case, outcome, at),
        policy_version=case.policy.version,
    )


# The lot.


def _open_to_a_lot(case: Case, findings: list[Finding], outcome: Outcome) -> Exploration | None:
    """On what terms a lot may let this merchant in after all; None where it may not, or needs none."""
    terms, applicant = case.policy.exploration, case.applicant
    if terms is None or case.application.programme.id not in terms.programmes:
        return None
    if outcome in (Outcome.ADMIT, Outcome.CONDITIONS) or any(one.kind not in _LEFT_TO_A_LOT for one in findings):
        return None
    # Not even somebody to keep an eye on is tried out on buyers, whatever the programme itself would allow.
    trusted = applicant.counterfeit_level == Level.NONE and applicant.band <= terms.band_at_worst
    return terms if trusted else None


def _let_in(case: Case, admission: Admission, terms: Exploration, at: datetime) -> Admission:
    told = gate_reason(GateState.EXPLORED, cap=terms.cap)
    ends = _ends_with_papers(case, at + timedelta(days=terms.valid_days))
    reasons = (told, *admission.reasons[: MOST_REASONS - 1])
    return replace(admission, outcome=Outcome.CONDITIONS, reasons=reasons, cap=terms.cap, expires_at=ends)


def _findings(case: Case, results: tuple[ConditionResult, ...]) -> Iterator[Finding]:
    yield from stops(case)
    yield from _not_for_these_goods(case)
    yield from _of_conditions(case, results)
    yield from _of_assessment(case)
    yield from _of_the_account(case)
    yield from _of_the_place(case)
    if not _something_good_is_known(case):
        yield Finding(kind=Kind.NOTHING_KNOWN, reason=gate_reason(GateState.NOTHING_KNOWN))


# Goods, conditions and the assessment.


def _not_for_these_goods(case: Case) -> Iterator[Finding]:
    category = case.application.category
    if category in case.application.programme.excludes:
        yield Finding(kind=Kind.EXCLUDED, reason=gate_reason(GateState.EXCLUDED, "category", category=category))


def _of_conditions(case: Case, results: tuple[ConditionResult, ...]) -> Iterator[Finding]:
    for condition, result in zip(case.conditions, results, strict=True):
        if result.state in _FINDING_OF:
            reason = GateReason(code=result.code, text=result.text, text_zh=result.text_zh, metric=result.metric)
            step = condition_step(condition, result, case.applicant, day=case.day)
            kind = _FINDING_OF[result.state]
            if kind is Kind.MISSING and condition.when_missing == "review":
                kind = Kind.UNKNOWN
            yield Finding(kind=kind, reason=reason, step=step)


def _of_assessment(case: Case) -> Iterator[Finding]:
    programme, applicant = case.application.programme, case.applicant
    if applicant.basis != "model":
        # A fallback's band is nobody's record, so that nobody is refused for it.
        yield Finding(kind=Kind.NO_MODEL, reason=gate_reason(GateState.NO_MODEL))
    elif applicant.band > programme.band_at_worst:
        reason = gate_reason(GateState.BAND, "band", need=programme.band_at_worst, have=applicant.band)
        yield Finding(kind=Kind.BAND, reason=reason, step=band_step(programme, applicant))
    elif _linked(case) and _next_worse(applicant.band) > programme.band_at_worst:
        yield Finding(kind=Kind.LINKED, reason=gate_reason(GateState.LINKED, LINKED), step=link_step(day=case.day))
    if _worse_flag(applicant.counterfeit_level, programme.counterfeit_at_worst):
        values = {"need": programme.counterfeit_at_worst, "have": applicant.counterfeit_level}
        yield Finding(kind=Kind.FLAGGED, reason=gate_reason(GateState.FLAGGED, "counterfeit", **values))
    if applicant.assessed_stale:
        yield Finding(kind=Kind.STALE, reason=gate_reason(GateState.STALE))


def _linked(case: Case) -> bool:
    """Whether the merchant is tied to one that was removed, and nobody has found that to mean nothing."""
    return bool(case.number(LINKED)) and not case.applicant.link_refuted


def _next_worse(band: BandName) -> BandName:
    """A link alone costs one band, and no more."""
    return BAND_NAMES[min(BAND_NAMES.index(band) + 1, len(BAND_NAMES) - 1)]


def _of_the_account(case: Case) -> Iterator[Finding]:
    """What the account itself stands for: hands that changed just now, and a deposit that is needed elsewhere."""
    if case.number(HANDS_CHANGED):
        yield Finding(
            kind=Kind.HANDS_CHANGED,
            reason=gate_reason(GateState.HANDS_CHANGED, HANDS_CHANGED),
            step=hands_step(HANDS_CHANGED, day=case.day),
        )
    pledge, free = case.application.programme.pledge_cents, case.free_deposit_cents
    if free < pledge:
        reason = gate_reason(GateState.PLEDGED, "deposit_cents", need=money(pledge), have=money(free))
        yield Finding(kind=Kind.PLEDGED, reason=reason, step=deposit_step(free, pledge, day=case.day))


def _of_the_place(case: Case) -> Iterator[Finding]:
    """A place that was lost, or is suspended: applying anew is no way around either."""
    barred, suspended = case.applicant.barred_until, case.applicant.suspended_until
    if barred and case.day < barred:
        reason = gate_reason(GateState.BARRED, "programme", until=barred.isoformat())
        yield Finding(kind=Kind.BARRED, reason=reason, step=return_step(barred))
    if suspended and case.day < suspended:
        reason = gate_reason(GateState.SUSPENDED, "programme", until=suspended.isoformat())
        yield Finding(kind=Kind.BARRED, reason=reason, step=suspended_step(suspended))


def _worse_flag(level: str, allowed: str) -> bool:
    order = list(Level)
    return order.index(Level(level)) > order.index(Level(allowed))


def _something_good_is_known(case: Case) -> bool:
    """Whether a place on trial has anything to stand on.

    A thing that went well does; so do orders, as long as nothing went wrong: but what went wrong alone must not
    serve as the first evidence.
    """
    rates = [(one, case.applicant.measured.get(one.metric)) for one in _rates(case)]
    if not rates or any(went_well(condition, measured) for condition, measured in rates):
        return True
    unharmed = not any(measured and failures(condition, measured) for condition, measured in rates)
    return case.applicant.orders_365d > 0 and unharmed


def _rates(case: Case) -> tuple[Condition, ...]:
    return tuple(one for one in case.conditions if one.on and one.kind == "rate")


# What goes with the outcome.


def _path(findings: list[Finding]) -> tuple[PathStep, ...]:
    """Every step, unless the goods themselves are the obstacle: then nothing that the merchant does would help."""
    if any(one.kind is Kind.EXCLUDED for one in findings):
        return ()
    return tuple(one.step for one in findings if one.step is not None)


def _cap(case: Case, findings: list[Finding], outcome: Outcome) -> int | None:
    """Orders per month: by what went well behind the least proven condition, or by the orders behind a yes.

    A yes is without a cap once its cap has grown to the most that there is.
    """
    programme, applicant = case.application.programme, case.applicant
    provisional, days = programme.provisional, applicant.order_days
    if outcome is Outcome.ADMIT:
        cap = provisional.cap(applicant.orders_365d, days=days)
        return None if cap == provisional.at_most and _much_is_known(case) else cap
    if outcome is not Outcome.CONDITIONS:
        return None
    if any(one.kind is Kind.HANDS_CHANGED for one in findings):
        # What went well was somebody else's doing.
        return provisional.at_first
    unproven = {one.reason.code for one in findings if one.kind is Kind.UNPROVEN}
    rates = (one for one in _rates(case) if one.code in unproven)
    return provisional.cap(min(went_well(one, applicant.measured.get(one.metric)) for one in rates), days=days)


def _much_is_known(case: Case) -> bool:
    floor, applicant = case.application.programme.evidence, case.applicant
    reached = floor.reached(orders=applicant.orders_365d, days=applicant.trading_days)
    return reached and applicant.evidence_sufficient


def _expiry(case: Case, outcome: Outcome, at: datetime) -> datetime:
    """When the answer ends: after its time, and where it is a yes never later than a paper that it rests on."""
    programme = case.application.programme
    days = programme.valid_days if outcome is Outcome.ADMIT else programme.provisional.valid_days
    ends = at + timedelta(days=days)
    return _ends_with_papers(case, ends) if outcome in (Outcome.ADMIT, Outcome.CONDITIONS) else ends


def _ends_with_papers(case: Case, ends: datetime) -> datetime:
    lasts = (_lasts_until(case, condition) for condition in case.application.programme.papers)
    return min((ends, *(end for end in lasts if end is not None)))


def _lasts_until(case: Case, condition: Condition) -> datetime | None:
    """When the last of the papers for a condition ends, its last day included; None where one never does."""
    papers = valid_papers(condition, case.application, case.applicant, day=case.day)
    days = [one.valid_until for one in papers]
    last = max((day for day in days if day is not None), default=None)
    if last is None or None in days or last == date.max:
        return None
    return datetime.combine(last + timedelta(days=1), time(), UTC)
