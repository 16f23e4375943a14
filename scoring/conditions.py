"""How one condition stands: met, not yet proven or failed, by what is known and by how little it may mean.

The rules keep two promises: one more thing that went well never makes a condition stand worse, and one more that
went wrong never makes it stand better.
"""

from dataclasses import dataclass, replace
from datetime import date

from scoring.admission import Applicant, Application, ConditionResult, ConditionState, Paper
from scoring.bounds import lower, upper
from scoring.condition_policy import Condition
from scoring.evidence import Measured
from scoring.gate_words import standing
from scoring.wording import Value

__all__ = [
    "failures",
    "has_expired",
    "judge_condition",
    "rate_state",
    "valid_papers",
    "was_refuted",
    "went_well",
    "with_clean",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What was found out about a condition, before it is put into words."""

    state: ConditionState
    have: Value = None
    need: Value = None
    gap: float | int | None = None
    bounds: tuple[float, float] | None = None
    evidence: int | None = None


def judge_condition(
    condition: Condition, application: Application, applicant: Applicant, *, day: date
) -> ConditionResult:
    """How a condition stands on this day."""
    measured = applicant.measured.get(condition.metric)
    found = _found(condition, application, applicant, day)
    low, high = found.bounds or (None, None)
    text, text_zh = standing(condition, found.state, measured, found.bounds or (0.0, 1.0), need=found.need)
    return ConditionResult(
        metric=condition.metric,
        state=found.state,
        have=found.have,
        need=condition.need if found.need is None else found.need,
        gap=found.gap,
        low=low,
        high=high,
        evidence=found.evidence,
        code=condition.code,
        text=text,
        text_zh=text_zh,
        switched_off=not condition.on,
    )


def _found(condition: Condition, application: Application, applicant: Applicant, day: date) -> _Found:
    if not condition.on:
        return _Found(state=ConditionState.NOT_APPLICABLE)
    if condition.is_paper:
        return _paper(condition, application, applicant, day)
    measured = applicant.measured.get(condition.metric)
    if condition.kind == "deposit":
        return _deposit(condition, measured, applicant)
    if condition.kind == "number":
        return _number(condition, measured)
    found = _rate(condition, measured)
    if found.evidence or condition.code not in applicant.failed_before:
        return found
    # Who stops selling does not get rid of what failed before: there is nothing that shows otherwise.
    return replace(found, state=ConditionState.FAILED)


# Rates.


def failures(condition: Condition, measured: Measured) -> int:
    """The things that went wrong: the rest where a rate must be high, the counted ones where it must be low."""
    of, per = measured.of or 0, measured.per or 0
    return max(per - of, 0) if condition.at_least is not None else of


def went_well(condition: Condition, measured: Measured | None) -> int:
    """The things that went well; none where there is no rate."""
    if measured is None or not measured.is_rate:
        return 0
    return max((measured.per or 0) - failures(condition, measured), 0)


def with_clean(condition: Condition, measured: Measured, more: int) -> Measured:
    """The same rate after so many more things that went well."""
    kept = more if condition.at_least is not None else 0
    return replace(measured, of=(measured.of or 0) + kept, per=(measured.per or 0) + more)


def rate_state(condition: Condition, measured: Measured | None) -> ConditionState:
    """Met where the pessimistic bound, or the small count, is kept; failed where even the optimistic bound is not.

    Nothing is met before something went well, and nobody fails by his category's record alone.
    """
    if measured is None or not measured.is_rate:
        return ConditionState.NOT_YET_PROVEN
    # The allowance is for distinct buyers. Failing things are at least as many as the buyers behind them, so that
    # counting things allows no more than counting buyers would.
    allowed = failures(condition, measured) <= (condition.small_count or 0)
    if went_well(condition, measured) and (
        _surely_kept(condition, measured) or (_has_allowance(condition) and allowed)
    ):
        return ConditionState.MET
    if not allowed and _surely_broken(condition, measured):
        return ConditionState.FAILED
    return ConditionState.NOT_YET_PROVEN


def _has_allowance(condition: Condition) -> bool:
    return condition.small_count is not None


def _surely_kept(condition: Condition, measured: Measured) -> bool:
    if condition.at_least is not None:
        return lower(measured, condition.confidence) >= condition.at_least
    return condition.at_most is not None and upper(measured, condition.confidence) <= condition.at_most


def _surely_broken(condition: Condition, measured: Measured) -> bool:
    if condition.at_least is not None:
        return upper(measured, condition.confidence) < condition.at_least
    return condition.at_most is not None and lower(measured, condition.confidence) > condition.at_most


def _rate(condition: Condition, measured: Measured | None) -> _Found:
    state = rate_state(condition, measured)
    if measured is None or not measured.is_rate:
        return _Found(state=state)
    bounds = (lower(measured, condition.confidence), upper(measured, condition.confidence))
    have = (measured.of or 0) / measured.per if measured.per else None
    return _Found(state=state, have=have, gap=_gap(condition, have), bounds=bounds, evidence=measured.per)


# Numbers.


def _number(condition: Condition, measured: Measured | None) -> _Found:
    value = measured.value if measured else None
    if value is None or isinstance(value, str):
        gap = condition.at_least or None
        return _Found(state=ConditionState.MISSING, gap=gap)
    gap = _gap(condition, value)
    return _Found(state=ConditionState.FAILED if gap else ConditionState.MET, have=value, gap=gap)


def _deposit(condition: Condition, measured: Measured | None, applicant: Applicant) -> _Found:
    """Whether what is left of the deposit covers a large order as often as is asked; no orders, none to cover."""
    large = measured.value if measured else None
    need = condition.deposit_cents(large if isinstance(large, (int, float)) else 0)
    laid_down = applicant.measured.get("deposit_cents")
    if laid_down is None or not isinstance(laid_down.value, (int, float)):
        return _Found(state=ConditionState.MISSING, need=need, gap=need)
    have = max(int(laid_down.value) - applicant.pledged_cents, 0)
    gap = max(need - have, 0)
    return _Found(state=ConditionState.FAILED if gap else ConditionState.MET, have=have, need=need, gap=gap)


def _gap(condition: Condition, have: float | int | None) -> float | int | None:
    """How far a figure lies on the wrong side of the limit; 0 on the right one."""
    if have is None:
        return None
    if condition.at_least is not None:
        return max(condition.at_least - have, 0)
    return max(have - condition.at_most, 0) if condition.at_most is not None else None


# Papers.


def valid_papers(
    condition: Condition, application: Application, applicant: Applicant, *, day: date
) -> tuple[Paper, ...]:
    """The papers that meet the condition on this day."""
    return tuple(one for one in _asked_for(condition, application, applicant) if one.valid(day))


def has_expired(condition: Condition, application: Application, applicant: Applicant, *, day: date) -> bool:
    """Whether the paper held once and nothing stands in for it now."""
    papers = _asked_for(condition, application, applicant)
    return any(one.expired(day) for one in papers) and not any(one.valid(day) for one in papers)


def was_refuted(qualification: str, applicant: Applicant, *, day: date) -> bool:
    """Whether the latest word on a paper is that it was checked and failed."""
    papers = [one for one in applicant.papers if one.qualification == qualification]
    return any(one.outcome == "failed" for one in papers) and not any(one.valid(day) for one in papers)


def _asked_for(condition: Condition, application: Application, applicant: Applicant) -> tuple[Paper, ...]:
    """The papers that the condition is about: for a brand, those of that brand and of no other category."""
    papers = (one for one in applicant.papers if one.qualification == condition.metric)
    if condition.kind == "paper":
        return tuple(papers)
    return tuple(
        one
        for one in papers
        if one.brand is not None and one.brand == application.brand and one.category in (None, application.category)
    )


def _paper(condition: Condition, application: Application, applicant: Applicant, day: date) -> _Found:
    if valid_papers(condition, application, applicant, day=day):
        return _Found(state=ConditionState.MET, have="valid")
    if has_expired(condition, application, applicant, day=day):
        return _Found(state=ConditionState.FAILED, have="expired")
    if _asked_for(condition, application, applicant):
        return _Found(state=ConditionState.FAILED, have="failed")
    return _Found(state=ConditionState.MISSING)
