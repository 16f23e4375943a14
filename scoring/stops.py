"""The stop rules at work: what no good record outweighs, found out about one merchant."""

from collections.abc import Iterator

from scoring.admission import GateReason, PathStep
from scoring.conditions import has_expired, was_refuted
from scoring.counterfeit import Level
from scoring.findings import Case, Finding, Kind
from scoring.path import debt_step, dispatch_step, fake_step
from scoring.stop_rules import StopRule

__all__ = ["stops"]

_FAKES, _IDENTITY, _DEBT = "n_fakes_confirmed_365d", "identity", "merchant_debt_cents"


def stops(case: Case) -> Iterator[Finding]:
    """Every stop rule that holds for the applicant."""
    rules = case.policy.stop_rules
    if case.applicant.counterfeit_level == Level.CONFIRMED:
        yield _stopped(rules.fake_confirmed, _FAKES, fake_step(day=case.day))
    if case.applicant.link_confirmed:
        yield _stopped(rules.link_confirmed, "n_linked_removed")
    if (case.number(rules.unsafe_food.metric) or 0) >= rules.unsafe_food.at_least:
        yield _stopped(rules.unsafe_food, rules.unsafe_food.metric)
    yield from _papers(case)
    yield from _indebted(case)
    yield from _dispatch_broken(case)


def _papers(case: Case) -> Iterator[Finding]:
    """Papers that held and no longer do, and an identity that was looked at and is not what was said."""
    rules, papers = case.policy.stop_rules, [one for one in case.conditions if one.on and one.is_paper]
    expired = [one for one in papers if has_expired(one, case.application, case.applicant, day=case.day)]
    if expired:
        # The step that mends it is the condition's own.
        yield _stopped(rules.paper_expired, expired[0].metric)
    if was_refuted(_IDENTITY, case.applicant, day=case.day):
        yield _stopped(rules.identity_failed, _IDENTITY)


def _indebted(case: Case) -> Iterator[Finding]:
    debt, free = case.cents(_DEBT), case.free_deposit_cents
    if debt > free:
        yield _stopped(case.policy.stop_rules.debt_above_deposit, _DEBT, debt_step(debt, free, day=case.day))


def _dispatch_broken(case: Case) -> Iterator[Finding]:
    rule = case.policy.stop_rules.dispatch_broken
    kept = case.applicant.measured.get(rule.metric)
    if kept is None or not kept.per or kept.of is None:
        return
    if kept.per - kept.of >= rule.failures_at_least and kept.of < rule.under * kept.per:
        yield _stopped(rule, rule.metric, dispatch_step(rule, kept, case.applicant, day=case.day))


def _stopped(rule: StopRule, metric: str, step: PathStep | None = None) -> Finding:
    reason = GateReason(code=rule.code, text=rule.text, text_zh=rule.text_zh, metric=metric)
    return Finding(kind=Kind.STOPPED, reason=reason, step=step)
