"""Fast refunds: what we know of the order, its buyer and its merchant -> a decision, with its money held."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from scoring.pledges import pledged_cents
from scoring.refunds import (
    MerchantFacts,
    RefundDecision,
    RefundFacts,
    RefundOutcome,
    RefundPolicy,
    RefundRequest,
    decide_refund,
    is_spent,
)
from serving.answers import ScoreAnswer
from serving.cases import Kind, Matter
from serving.decide import Bench, Question, decide, decide_all, plain, try_out
from serving.decisions import Verdict
from serving.errors import CurrencyMismatch, OrderAlreadyDecided, PolicyInvalid
from serving.idempotency import Answer, Asked
from serving.orders import buyer_facts, order_facts
from serving.provenance import made_by
from serving.reservations import fund_of, held_for, hold_fund
from serving.schemas import ExpectedLossAnswer, RefundAnswer, RefundBody
from serving.service import Service
from serving.shadow_decisions import Otherwise
from serving.standing import Standing, members_of, membership
from serving.traces import Rerun, Trace

__all__ = ["RefundAsked", "check_currency", "decide_on_refund", "decide_on_refunds", "rerun", "try_refund"]

_OWED = ("merchant_debt_cents", "deposit_cents")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundAsked:
    """A refund that is to be decided on once, and under which key."""

    body: RefundBody
    asked: Asked

    @property
    def question(self) -> Question:
        """What is to be judged, and who is held meanwhile."""
        body, judge = self.body, partial(_verdict, body=self.body, lock=True)
        return Question(merchant_id=body.merchant_id, buyer_id=body.buyer.id, judge=judge, asked=self.asked)


def decide_on_refund(service: Service, body: RefundBody, asked: Asked) -> Answer:
    """Decide on a refund, and hold its money where it is to be paid at once.

    Raises `CurrencyMismatch`, `MerchantUnknown`, `OrderAlreadyDecided`, `IdempotencyConflict`.
    """
    check_currency(service, body)
    return decide(service, RefundAsked(body=body, asked=asked).question)


def decide_on_refunds(service: Service, wishes: Sequence[RefundAsked]) -> list[Answer | Exception]:
    """`decide_on_refund` of several at once, in one transaction: each is answered, or refused with an error of its own.

    Their currency is checked before.
    """
    return decide_all(service, [one.question for one in wishes])


def try_refund(service: Service, body: RefundBody) -> Answer:
    """What would be decided on a refund now; nothing is kept. Raises as `decide_on_refund` does."""
    check_currency(service, body)
    return try_out(service, body.merchant_id, lambda bench: _verdict(bench, body, lock=False))


def rerun(trace: Trace, policy: RefundPolicy) -> Rerun:
    """What is decided of the same facts under this policy."""
    decision = decide_refund(trace.request, trace.facts, policy=policy, as_of=trace.as_of)
    return Rerun(
        outcome=decision.outcome,
        expires_at=decision.expires_at,
        answer=_answer(decision, trace.seen),
        judged=plain({"decision": decision}),
    )


def check_currency(service: Service, body: RefundBody) -> None:
    """Raise `CurrencyMismatch` for an amount, and `PolicyInvalid` for limits, that are not in the store's currency."""
    if body.currency != service.currency:
        raise CurrencyMismatch(f"amounts of this store are in {service.currency}, not in {body.currency}")
    if service.refunds.currency != service.currency:
        raise PolicyInvalid(f"the policy of fast refunds states its limits in {service.refunds.currency}")


def _verdict(bench: Bench, body: RefundBody, *, lock: bool) -> Verdict:
    """Judge a refund; whoever will record it holds merchant and buyer, and now the fund before anything is added up."""
    seen = bench.standing(body.merchant_id)
    facts = _facts(bench, body, seen, lock=lock)
    if is_spent(facts.order, facts.held):
        raise OrderAlreadyDecided("refunds of this order already reach what was paid for it")
    request = _request(body)
    decision = decide_refund(request, facts, policy=bench.service.refunds, as_of=bench.now)
    trace = {"as_of": bench.now, "request": request, "facts": facts, "decision": decision}
    return Verdict(
        kind="refund",
        merchant_id=body.merchant_id,
        order_id=body.order_id,
        buyer_id=body.buyer.id,
        outcome=decision.outcome,
        expires_at=decision.expires_at,
        seen_seq=seen.seen_seq,
        request=body.model_dump(mode="json"),
        answer=_answer(decision, seen),
        trace={**plain(trace), **seen.trace},
        made_by=made_by(bench.policies),
        thought=seen.assessment,
        rethink=lambda thought: _otherwise(bench, request, facts, replace(seen, assessment=thought)),
        reserves_cents=decision.reserves_cents,
        fund=fund_of(facts.order),
        matter=_matter(body, decision),
    )


def _otherwise(bench: Bench, request: RefundRequest, facts: RefundFacts, seen: Standing) -> Otherwise:
    """What would be decided of the same facts if this were thought of the merchant."""
    merchant = replace(facts.merchant, **_opinion(seen.assessment))
    decision = decide_refund(request, replace(facts, merchant=merchant), policy=bench.service.refunds, as_of=bench.now)
    return Otherwise(outcome=decision.outcome, answer=_answer(decision, seen))


def _facts(bench: Bench, body: RefundBody, seen: Standing, *, lock: bool) -> RefundFacts:
    tx, now, order = bench.tx, bench.now, (body.merchant_id, body.order_id)
    known = order_facts(tx, order, buyer_id=body.buyer.id, now=now)
    buyer = buyer_facts(tx, body.buyer.id, now=now, order=order, policy=bench.service.refunds)
    merchant = _merchant_facts(bench, body.merchant_id, seen)
    # Everybody who refunds waits for the fund, so it is taken when nothing else is left to look up.
    if lock:
        hold_fund(tx)
    held = held_for(tx, order=order, buyer_id=body.buyer.id, now=now)
    return RefundFacts(order=known, buyer=buyer, merchant=merchant, held=held)


def _merchant_facts(bench: Bench, merchant_id: str, seen: Standing) -> MerchantFacts:
    owed = bench.readings(merchant_id, *_OWED)
    return MerchantFacts(
        **_opinion(seen.assessment),
        stale=seen.stale,
        debt_cents=_cents(owed["merchant_debt_cents"].value) or 0,
        deposit_cents=_cents(owed["deposit_cents"].value),
        pledged_cents=_pledged(bench, merchant_id),
    )


def _pledged(bench: Bench, merchant_id: str) -> int:
    """What guarantee programmes hold of the merchant's deposit."""
    members = members_of(membership(bench.tx, merchant_id))
    return pledged_cents(members, policy=bench.service.programmes, as_of=bench.now)


def _opinion(thought: ScoreAnswer) -> dict[str, Any]:
    """What a refund's decision takes of what is thought of the merchant."""
    return {
        "band": thought.band,
        "p_bad": thought.p_bad,
        "counterfeit_level": thought.counterfeit.level,
        "basis": thought.basis,
    }


def _cents(value: Any) -> int | None:
    return None if value is None else int(value)


def _request(body: RefundBody) -> RefundRequest:
    claimed = body.order
    return RefundRequest(
        amount_cents=body.amount_cents,
        category=body.category,
        reason=body.reason,
        buyer_credit=body.buyer.credit,
        buyer_refunds_90d=body.buyer.refunds_90d,
        buyer_orders_90d=body.buyer.orders_90d,
        claimed_state=claimed.state if claimed else None,
        claimed_paid_cents=claimed.paid_cents if claimed else None,
    )


def _answer(decision: RefundDecision, seen: Standing) -> dict[str, Any]:
    answer = RefundAnswer(
        decision_id=None,
        outcome=decision.outcome,
        limit_cents=decision.limit_cents,
        advanced_by=decision.advanced_by,
        finally_liable=decision.finally_liable,
        expected_loss_cents=decision.expected_loss.total_cents,
        expected_loss=ExpectedLossAnswer.model_validate(decision.expected_loss),
        reasons=plain(decision.reasons),
        expires_at=decision.expires_at,
        policy_version=decision.policy_version,
        model_version=seen.assessment.model.version,
        basis=seen.assessment.basis,
    )
    return answer.model_dump(mode="json")


def _matter(body: RefundBody, decision: RefundDecision) -> Matter | None:
    """What a person has to look at, if anything."""
    if decision.outcome is not RefundOutcome.REVIEW:
        return None
    told = decision.reasons
    summary = f"{' '.join(one.text for one in told)} / {''.join(one.text_zh for one in told)}"
    about = f"refund:{body.merchant_id}:{body.order_id}"
    return Matter(kind=Kind.REFUND, merchant_id=body.merchant_id, about=about, summary=summary)
