"""Fast refunds: what we know of the order, its buyer and its merchant -> a decision, with its money held."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

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
from serving.decide import Sitting, decide_all, plain, try_out
from serving.decisions import Verdict, new_id
from serving.errors import CurrencyMismatch, OrderAlreadyDecided, PolicyInvalid
from serving.idempotency import Answer, Asked
from serving.orders import Books
from serving.owed import OwedBy
from serving.provenance import made_by
from serving.reservations import Reservation, fund_of, hold_fund
from serving.schemas import RefundBody
from serving.service import Service
from serving.shadow_decisions import Otherwise
from serving.standing import Standing
from serving.traces import Rerun, Trace, put_down

__all__ = ["RefundAsked", "RefundJudge", "decide_on_refund", "decide_on_refunds", "rerun", "try_refund"]


log = structlog.get_logger("goodfaith.serving")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundAsked:
    """A refund that is to be decided on once, and under which key."""

    body: RefundBody
    asked: Asked

    @property
    def merchant_id(self) -> str:
        """The merchant whose order it is."""
        return self.body.merchant_id

    @property
    def buyer_id(self) -> str:
        """The buyer who asks."""
        return self.body.buyer.id


def decide_on_refund(service: Service, body: RefundBody, asked: Asked) -> Answer:
    """Decide on a refund, and hold its money where it is to be paid at once.

    Raises `CurrencyMismatch`, `MerchantUnknown`, `OrderAlreadyDecided`, `IdempotencyConflict`.
    """
    (answer,) = decide_on_refunds(service, [RefundAsked(body=body, asked=asked)], OwedBy())
    if isinstance(answer, Exception):
        raise answer
    return answer


def decide_on_refunds(service: Service, wishes: Sequence[RefundAsked], owed: OwedBy) -> list[Answer | Exception]:
    """`decide_on_refund` of several at once, in one transaction: each is answered, or refused with an error of its own.

    `owed` is what is remembered of merchants from one time to the next.
    """

    def sit(sitting: Sitting, _: Sequence[RefundAsked]) -> Callable[[RefundAsked], Verdict]:
        judge = RefundJudge(sitting, [one.body for one in wishes], owed)
        # Everybody who refunds waits for the fund, so it is taken when nothing else is left to look up.
        hold_fund(sitting.tx)
        return lambda one: judge.verdict(one.body)

    return decide_all(service, wishes, sit)


def try_refund(service: Service, body: RefundBody) -> Answer:
    """What would be decided on a refund now; nothing is kept. Raises as `decide_on_refund` does."""
    return try_out(service, body.merchant_id, lambda sitting: RefundJudge(sitting, [body], OwedBy()).verdict(body))


class RefundJudge:
    """Judges refunds one after the other; what they are judged from was looked up for all of them at once."""

    def __init__(self, sitting: Sitting, bodies: Sequence[RefundBody], owed: OwedBy) -> None:
        self._sitting, self._owed, self._policy = sitting, owed, sitting.service.refunds
        _look_up(owed, sitting)
        asked = [((one.merchant_id, one.order_id), one.buyer.id) for one in bodies]
        self._books = Books(sitting.tx, asked, now=sitting.now, looks_back=self._policy.abuse.looks_back)

    def verdict(self, body: RefundBody) -> Verdict:
        """Judge one; the next is judged as if this one's verdict were written already.

        Raises `CurrencyMismatch`, `PolicyInvalid`, `MerchantUnknown`, `OrderAlreadyDecided`.
        """
        _check_currency(self._sitting.service, body)
        seen = self._sitting.standing(body.merchant_id)
        facts, request = self._facts(body, seen), _request(body)
        if is_spent(facts.order, facts.held):
            raise OrderAlreadyDecided("refunds of this order already reach what was paid for it")
        decision = decide_refund(request, facts, policy=self._policy, as_of=self._sitting.now)
        verdict = self._verdict(body, facts, decision, seen)
        self._books.ask((body.merchant_id, body.order_id), buyer_id=body.buyer.id, promised=verdict.promised)
        return verdict

    def _facts(self, body: RefundBody, seen: Standing) -> RefundFacts:
        order, buyer_id, books = (body.merchant_id, body.order_id), body.buyer.id, self._books
        return RefundFacts(
            order=books.order(order, buyer_id=buyer_id),
            buyer=books.buyer(buyer_id, order=order),
            merchant=self._merchant(body.merchant_id, seen),
            held=books.held(order, buyer_id=buyer_id),
        )

    def _merchant(self, merchant_id: str, seen: Standing) -> MerchantFacts:
        owed, programmes = self._owed.of(merchant_id, self._sitting), self._sitting.service.programmes
        return MerchantFacts(
            **_opinion(seen.assessment),
            stale=seen.stale,
            debt_cents=owed.debt_cents,
            deposit_cents=owed.deposit_cents,
            pledged_cents=pledged_cents(owed.members, policy=programmes, as_of=self._sitting.now),
        )

    def _verdict(self, body: RefundBody, facts: RefundFacts, decision: RefundDecision, seen: Standing) -> Verdict:
        decision_id, now = new_id(self._sitting.now), self._sitting.now
        told = {"as_of": now, "request": _request(body), "facts": facts, "decision": decision}
        return Verdict(
            id=decision_id,
            kind="refund",
            merchant_id=body.merchant_id,
            order_id=body.order_id,
            buyer_id=body.buyer.id,
            outcome=decision.outcome,
            expires_at=decision.expires_at,
            seen_seq=seen.seen_seq,
            request=body.model_dump(mode="json"),
            answer=_answer(plain(decision), seen),
            trace={**{name: put_down(one) for name, one in told.items()}, **seen.trace},
            made_by=made_by(self._sitting.policies),
            thought=seen.assessment,
            rethink=lambda thought: self._otherwise(body, facts, replace(seen, assessment=thought)),
            promised=self._promised(decision_id, body, facts, decision),
            matter=_matter(body, decision),
        )

    def _promised(
        self, decision_id: str, body: RefundBody, facts: RefundFacts, decision: RefundDecision
    ) -> Reservation | None:
        """The money that is held for a decision, if any."""
        if not decision.reserves_cents:
            return None
        return Reservation(
            decision_id=decision_id,
            merchant_id=body.merchant_id,
            order_id=body.order_id,
            buyer_id=body.buyer.id,
            promised_cents=decision.reserves_cents,
            cents=decision.reserves_cents,
            fund=fund_of(facts.order),
            state="reserved",
            reserved_at=self._sitting.now,
            expires_at=decision.expires_at,
        )

    def _otherwise(self, body: RefundBody, facts: RefundFacts, seen: Standing) -> Otherwise:
        """What would be decided of the same facts if this were thought of the merchant."""
        facts = replace(facts, merchant=replace(facts.merchant, **_opinion(seen.assessment)))
        decision = decide_refund(_request(body), facts, policy=self._policy, as_of=self._sitting.now)
        return Otherwise(outcome=decision.outcome, answer=_answer(plain(decision), seen))


def _look_up(owed: OwedBy, sitting: Sitting) -> None:
    """What all merchants owe, at once. Where that fails it is for one of them, who then fails alone when judged."""
    try:
        owed.look_up(sitting.known, sitting)
    except SQLAlchemyError:
        raise
    except Exception as error:
        log.error("what merchants owe could not be looked up together", error=type(error).__name__)


def rerun(trace: Trace, policy: RefundPolicy) -> Rerun:
    """What is decided of the same facts under this policy."""
    decision = decide_refund(trace.request, trace.facts, policy=policy, as_of=trace.as_of)
    told = plain(decision)
    return Rerun(
        outcome=decision.outcome,
        expires_at=decision.expires_at,
        answer=_answer(told, trace.seen),
        judged={"decision": told},
    )


def _check_currency(service: Service, body: RefundBody) -> None:
    if body.currency != service.currency:
        raise CurrencyMismatch(f"amounts of this store are in {service.currency}, not in {body.currency}")
    if service.refunds.currency != service.currency:
        raise PolicyInvalid(f"the policy of fast refunds states its limits in {service.refunds.currency}")


def _opinion(thought: ScoreAnswer) -> dict[str, Any]:
    """What a refund's decision takes of what is thought of the merchant."""
    return {
        "band": thought.band,
        "p_bad": thought.p_bad,
        "counterfeit_level": thought.counterfeit.level,
        "basis": thought.basis,
    }


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


def _answer(decision: Mapping[str, Any], seen: Standing) -> dict[str, Any]:
    """What the caller gets (`RefundAnswer`), but for the decision's id; the decision and it are plain values."""
    return {
        **{name: decision[name] for name in _ANSWERED},
        "decision_id": None,
        "expected_loss_cents": decision["expected_loss"]["total_cents"],
        "model_version": seen.assessment.model.version,
        "basis": seen.assessment.basis,
    }


_ANSWERED = (
    "outcome", "limit_cents", "advanced_by", "finally_liable", "expected_loss", "reasons", "expires_at",
    "policy_version",
)  # fmt: skip


def _matter(body: RefundBody, decision: RefundDecision) -> Matter | None:
    """What a person has to look at, if anything."""
    if decision.outcome is not RefundOutcome.REVIEW:
        return None
    told = decision.reasons
    summary = f"{' '.join(one.text for one in told)} / {''.join(one.text_zh for one in told)}"
    about = f"refund:{body.merchant_id}:{body.order_id}"
    return Matter(kind=Kind.REFUND, merchant_id=body.merchant_id, about=about, summary=summary)
