"""The path to qualify: what must change, how far it is, and the earliest day."""

from bisect import bisect_left
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import ceil

from scoring.admission import Applicant, ConditionResult, ConditionState, PathStep
from scoring.condition_policy import Condition
from scoring.conditions import rate_state, with_clean
from scoring.evidence import Measured
from scoring.gate_words import figure
from scoring.programmes import Programme
from scoring.stop_rules import BrokenPromise

__all__ = [
    "band_step",
    "condition_step",
    "debt_step",
    "deposit_step",
    "dispatch_step",
    "fake_step",
    "hands_step",
    "link_step",
    "return_step",
    "suspended_step",
]

#: A path longer than this is no path.
_LONGEST_DAYS = 365

#: No condition is proven by more things than this; where even they do not do, there is no telling how many would.
_MOST_THINGS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """So many things that go well are needed, and the first day by which they, or time, can have done it."""

    things: int | None
    earliest: date | None


def condition_step(condition: Condition, result: ConditionResult, applicant: Applicant, *, day: date) -> PathStep:
    """The step that would meet a condition which is not met."""
    if condition.is_paper:
        return _paper_step(condition, result, day)
    if condition.kind in ("number", "deposit"):
        return _number_step(condition, result, day)
    return _rate_step(condition, result, applicant, day)


def band_step(programme: Programme, applicant: Applicant) -> PathStep:
    """The band that is asked for; when the score gets there nobody can say."""
    return PathStep(
        metric="band",
        have=applicant.band,
        need=programme.band_at_worst,
        gap=None,
        earliest=None,
        text=f"Reach credit band {programme.band_at_worst}; the reasons of the score say what holds it down.",
        text_zh=f"信用等级达到 {programme.band_at_worst} 级；扣分原因见信用评分说明。",
    )


def debt_step(debt: int, deposit: int, *, day: date) -> PathStep:
    """What must be paid back, or laid down, before anything else (cents)."""
    return PathStep(
        metric="merchant_debt_cents",
        have=debt,
        need=deposit,
        gap=debt - deposit,
        earliest=day,
        text=f"Pay back, or add to the deposit, at least {figure('_cents', debt - deposit)}.",
        text_zh=f"归还垫付款或补缴保证金，至少 {figure('_cents', debt - deposit)}。",
    )


def deposit_step(free: int, pledge: int, *, day: date) -> PathStep:
    """What must be laid down so that the programme can hold its part (cents)."""
    return PathStep(
        metric="deposit_cents",
        have=free,
        need=pledge,
        gap=pledge - free,
        earliest=day,
        text=f"Add at least {figure('_cents', pledge - free)} to the deposit.",
        text_zh=f"补缴保证金，至少 {figure('_cents', pledge - free)}。",
    )


def link_step(*, day: date) -> PathStep:
    """A link is refuted by whoever it is about; a person looks at what is handed in."""
    return PathStep(
        metric="n_linked_removed",
        have=None,
        need=0,
        gap=None,
        earliest=day,
        text="Hand in what shows that the business has nothing to do with the one that was removed.",
        text_zh="请提交材料，证明与已被清退的商家并无关联。",
    )


def hands_step(metric: str, *, day: date) -> PathStep:
    """A change of hands counts for fourteen days."""
    return PathStep(
        metric=metric,
        have=None,
        need=0,
        gap=None,
        earliest=day + timedelta(days=14),
        text="Leave owner and bank account as they are for 14 days.",
        text_zh="店主和收款账户在 14 天内保持不变。",
    )


def return_step(until: date) -> PathStep:
    """Who was expelled may apply again from a day on."""
    return PathStep(
        metric="programme",
        have=None,
        need=None,
        gap=None,
        earliest=until,
        text=f"Apply again from {until.isoformat()} on.",
        text_zh=f"{until.isoformat()} 起可重新申请。",
    )


def suspended_step(until: date) -> PathStep:
    """Whose place is suspended gets it back by itself, where all is well when it is judged."""
    return replace(
        return_step(until),
        text=f"The place is judged again on {until.isoformat()}; where all is well it comes back by itself.",
        text_zh=f"{until.isoformat()} 将重新评定；如各项条件均已满足，资格自动恢复。",
    )


def fake_step(*, day: date) -> PathStep:
    """A finding ages out of the year that the counterfeit flag looks back."""
    return PathStep(
        metric="n_fakes_confirmed_365d",
        have=None,
        need=0,
        gap=None,
        earliest=day + timedelta(days=365),
        text="Sell no fakes for 365 days; a finding that was wrong can be appealed.",
        text_zh="连续 365 天没有经核实的售假；如认定有误，可以申诉。",
    )


def dispatch_step(rule: BrokenPromise, kept: Measured, applicant: Applicant, *, day: date) -> PathStep:
    """The orders that must be shipped in time before at least half of all are."""
    of, per = kept.of or 0, kept.per or 0
    needed = ceil((rule.under * per - of) / (1 - rule.under))
    pace = applicant.orders_per_day
    days = ceil(needed / pace) if pace > 0 else None
    return PathStep(
        metric=rule.metric,
        have=of / per,
        need=rule.under,
        gap=rule.under - of / per,
        earliest=day + timedelta(days=days) if days is not None and days <= _LONGEST_DAYS else None,
        text=f"Ship the next {needed:,} orders by the promised time.",
        text_zh=f"接下来的 {needed:,} 笔订单均按承诺时间发货。",
        orders_needed=needed,
    )


def _paper_step(condition: Condition, result: ConditionResult, day: date) -> PathStep:
    return PathStep(
        metric=condition.metric,
        have=result.have,
        need=result.need,
        gap=None,
        earliest=day,
        text=f"Hand in a valid paper for this: {condition.text}",
        text_zh=f"请提交有效材料，以满足：{condition.text_zh}",
    )


def _number_step(condition: Condition, result: ConditionResult, day: date) -> PathStep:
    # What is laid down counts at once; what happened leaves the window at the latest when all of it has passed.
    earliest: date | None = day
    if condition.at_most is not None:
        earliest = day + timedelta(days=condition.days) if condition.days else None
    return PathStep(
        metric=condition.metric,
        have=result.have,
        need=result.need,
        gap=result.gap,
        earliest=earliest,
        text=f"Needed: {condition.text}",
        text_zh=f"需满足：{condition.text_zh}",
    )


def _rate_step(condition: Condition, result: ConditionResult, applicant: Applicant, day: date) -> PathStep:
    measured = applicant.measured.get(condition.metric)
    known = measured if measured and measured.is_rate else Measured(name=condition.metric, value=None, of=0, per=0)
    way = _way(condition, known, applicant, day)
    text, text_zh = _told(condition, way)
    return PathStep(
        metric=condition.metric,
        have=result.have,
        need=result.need,
        gap=result.gap or _unproven(condition, result),
        earliest=way.earliest,
        text=text,
        text_zh=text_zh,
        orders_needed=way.things,
    )


def _unproven(condition: Condition, result: ConditionResult) -> float | None:
    """How far the pessimistic bound lies outside, where the rate itself does not."""
    if result.low is None or result.high is None:
        return None
    if condition.at_least is not None:
        return max(condition.at_least - result.low, 0.0)
    return max(result.high - condition.at_most, 0.0) if condition.at_most is not None else None


def _told(condition: Condition, way: _Way) -> tuple[str, str]:
    if way.things is None:
        return f"Needed: {condition.text}", f"需满足：{condition.text_zh}"
    return (
        f"Needed without a failure: {way.things:,} more {condition.things}. {condition.text}",
        f"还需 {way.things:,} {condition.things_zh}且均无问题。{condition.text_zh}",
    )


def _way(condition: Condition, measured: Measured, applicant: Applicant, day: date) -> _Way:
    """How many things, and by when: by adding to what there is, or, if that takes longer, once the old has aged out."""
    things = _things_needed(condition, measured)
    pace, window = _pace(condition, measured, applicant), condition.days or _LONGEST_DAYS
    if things is None or pace <= 0:
        return _Way(things=things, earliest=None)
    by_adding = ceil(things / pace)
    if by_adding <= window:
        return _Way(things=things, earliest=day + timedelta(days=by_adding))
    # Longer than the window nothing adds up: then all that counts is one window full of what goes well.
    renewed = with_clean(condition, _emptied(measured), int(pace * window))
    enough = window <= _LONGEST_DAYS and rate_state(condition, renewed) is ConditionState.MET
    return _Way(things=things, earliest=day + timedelta(days=window) if enough else None)


def _emptied(measured: Measured) -> Measured:
    """The same rate with nothing behind it but its prior."""
    return Measured(name=measured.name, value=None, of=0, per=0, prior=measured.prior, strength=measured.strength)


def _things_needed(condition: Condition, measured: Measured) -> int | None:
    """The fewest more things, all going well, that meet the condition; more of them never harm, so halving finds it."""

    def met(more: int) -> bool:
        return rate_state(condition, with_clean(condition, measured, more)) is ConditionState.MET

    if not met(_MOST_THINGS):
        return None
    return 1 + bisect_left(range(1, _MOST_THINGS), True, key=met)


def _pace(condition: Condition, measured: Measured, applicant: Applicant) -> float:
    """Things per day: the merchant's orders, or where other things count, those of the window."""
    if condition.paced_by_orders or not condition.days:
        return applicant.orders_per_day
    return (measured.per or 0) / condition.days
