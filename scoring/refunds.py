"""Fast refunds: may this refund be paid now, how much of it, by whom, and who finally bears it.

A refund that is not paid at once is paid the ordinary way: nothing here refuses one.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from scoring.errors import TimeNaive
from scoring.policy_text import BandName
from scoring.refund_facts import BuyerFacts, Held, MerchantFacts, OrderFacts, RefundFacts, RefundRequest
from scoring.refund_policy import RefundPolicy
from scoring.refund_words import RefundState

__all__ = [
    "BuyerFacts",
    "ExpectedLoss",
    "Held",
    "MerchantFacts",
    "OrderFacts",
    "RefundDecision",
    "RefundFacts",
    "RefundOutcome",
    "RefundPolicy",
    "RefundReason",
    "RefundRequest",
    "decide_refund",
    "is_spent",
]


class RefundOutcome(StrEnum):
    """When a refund is paid, the fastest first; `review` is a person's answer."""

    INSTANT = "instant"
    ON_RETURN_SCAN = "on_return_scan"
    STANDARD = "standard"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundReason:
    """One reason, in words for the buyer or the merchant."""

    code: str
    text: str
    text_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedLoss:
    """What paying now costs on average, in parts: goods that stay away, and a merchant that does not repay.

    `goods_cents` = `p_not_back` x (amount - `salvage_cents`), `merchant_cents` = `p_merchant_defaults` x
    `uncovered_cents`, each rounded to a cent; `total_cents` is their sum.
    """

    p_not_back: float
    salvage_cents: int
    goods_cents: int
    p_merchant_defaults: float
    uncovered_cents: int
    merchant_cents: int
    total_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundDecision:
    """The answer: `limit_cents` could be paid at once now, `reserves_cents` is to be held for it."""

    outcome: RefundOutcome
    limit_cents: int
    advanced_by: str | None
    finally_liable: str
    expected_loss: ExpectedLoss
    reasons: tuple[RefundReason, ...]
    expires_at: datetime
    reserves_cents: int
    policy_version: str


def is_spent(order: OrderFacts, held: Held) -> bool:
    """Whether nothing of what was paid for the order is left to refund: instant refunds and known ones reach it."""
    return order.known and order.paid_cents - order.refunded_cents - held.order_cents <= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One refund to be decided."""

    request: RefundRequest
    facts: RefundFacts
    policy: RefundPolicy
    as_of: datetime

    @property
    def state(self) -> str | None:
        """How far the order has come; None where it is another's, whose state is nobody's business here."""
        return self.facts.order.state if self.facts.order.known else None

    @property
    def suspected_fake(self) -> bool:
        """Whether a fake is claimed of a merchant under strong suspicion, whose money is still held back."""
        suspected = self.facts.merchant.counterfeit_level in self.policy.counterfeit.levels
        return self.request.reason == "counterfeit" and suspected and self.facts.order.in_escrow

    @property
    def band(self) -> BandName:
        """The merchant's band as far as this refund goes."""
        return self.policy.counterfeit.stands_in_for if self.suspected_fake else self.facts.merchant.band


def decide_refund(
    request: RefundRequest, facts: RefundFacts, *, policy: RefundPolicy, as_of: datetime
) -> RefundDecision:
    """May this refund be paid at this moment (aware)? TimeNaive if it is not."""
    if as_of.utcoffset() is None:
        raise TimeNaive(as_of=as_of)
    case = _Case(request=request, facts=facts, policy=policy, as_of=as_of)
    blocked = _blocked(case)
    limits = _limits(case) if facts.order.known else ()
    causes = (*blocked, *(state for state, limit in limits if request.amount_cents > limit))
    outcome = _outcome(case, causes)
    instant = outcome is RefundOutcome.INSTANT
    return RefundDecision(
        outcome=outcome,
        limit_cents=0 if blocked else max(0, min(limit for _, limit in limits)),
        advanced_by=facts.order.advanced_by if instant else None,
        finally_liable=_liable(case, instant=instant),
        expected_loss=_expected_loss(case),
        reasons=_told(causes),
        expires_at=as_of + timedelta(hours=policy.timing.reservation_hours),
        reserves_cents=request.amount_cents if instant else 0,
        policy_version=policy.version,
    )


# What stands in the way of paying at once.


def _blocked(case: _Case) -> tuple[RefundState, ...]:
    """What bars any amount. Of an order that is another's nothing more is told."""
    if not case.facts.order.known:
        return (RefundState.ORDER_UNKNOWN,)
    return (*_for_a_person(case), *_for_later(case))


def _for_a_person(case: _Case) -> Iterator[RefundState]:
    """What only a person can settle. Our own facts beat the caller's claims; where both differ nobody is believed."""
    request, order, buyer = case.request, case.facts.order, case.facts.buyer
    abuse = case.policy.abuse
    if _claims_differ(request, order):
        yield RefundState.CLAIMS_DIFFER
    if buyer.refunds_90d > request.buyer_refunds_90d + abuse.claimed_short_by:
        yield RefundState.HISTORY_DIFFERS
    own = abuse.looks_like_it(refunds=buyer.refunds_90d, orders=buyer.orders_90d)
    if own or abuse.looks_like_it(refunds=request.buyer_refunds_90d, orders=request.buyer_orders_90d):
        yield RefundState.MANY_REFUNDS
    if abuse.is_hasty(buyer.asked_at, as_of=case.as_of):
        yield RefundState.HASTY
    if buyer.linked:
        yield RefundState.LINKED


def _claims_differ(request: RefundRequest, order: OrderFacts) -> bool:
    other_state = request.claimed_state not in (None, order.state)
    return other_state or request.claimed_paid_cents not in (None, order.paid_cents)


def _for_later(case: _Case) -> Iterator[RefundState]:
    """What only the ordinary way can take, whatever the amount."""
    merchant, state = case.facts.merchant, case.state
    if merchant.basis != "model":
        yield RefundState.NO_MODEL
    if merchant.stale:
        yield RefundState.STALE
    if state in (None, "cancelled"):
        yield RefundState.STATE_UNKNOWN
    elif not case.policy.can_be_instant(case.request.reason, state):
        yield RefundState.NOT_THIS_REASON


def _limits(case: _Case) -> tuple[tuple[RefundState, int], ...]:
    """Every limit with what is left of it (cents); each counts what is out already, so that splitting gains nothing."""
    order, held, policy = case.facts.order, case.facts.held, case.policy
    return (
        (RefundState.MORE_THAN_IS_LEFT, order.paid_cents - order.refunded_cents - held.order_cents),
        (RefundState.OVER_ORDER, policy.tier(case.band, case.request.buyer_credit) - held.order_cents),
        (RefundState.OVER_BUYER, policy.fund.buyer_90d_cents - held.buyer_cents),
        (RefundState.OVER_MERCHANT, policy.fund.merchant_30d_cents[case.facts.merchant.band] - held.merchant_cents),
        (RefundState.UNCOVERED, _most_for_the_loss(case)),
        *_limits_of_the_fund(case),
    )


def _limits_of_the_fund(case: _Case) -> Iterator[tuple[RefundState, int]]:
    """What is left of the platform's own money; a merchant that pays first by its own word does not touch it."""
    held, fund = case.facts.held, case.policy.fund
    if case.facts.order.advanced_by == "platform":
        yield RefundState.OVER_FUND, fund.total_30d_cents - held.fund_cents
        yield RefundState.OVER_DAY, fund.day_cents - held.day_cents


def _outcome(case: _Case, causes: tuple[RefundState, ...]) -> RefundOutcome:
    """At once if nothing is in the way, by a person if one must see it; else when the goods are back, or plainly."""
    if not causes:
        return RefundOutcome.INSTANT
    if any(cause.needs_a_person for cause in causes):
        return RefundOutcome.REVIEW
    # Goods that never left the merchant cannot be scanned on their way back.
    left = case.state in ("shipped", "delivered", "confirmed")
    back = case.request.reason in case.policy.reasons.goods_come_back
    return RefundOutcome.ON_RETURN_SCAN if left and back else RefundOutcome.STANDARD


def _told(causes: tuple[RefundState, ...]) -> tuple[RefundReason, ...]:
    """The causes by code, and that the ordinary right is not touched."""
    states = (*sorted(causes, key=lambda cause: cause.code), RefundState.RIGHT_STAYS) if causes else ()
    return tuple(RefundReason(code=one.code, text=one.text, text_zh=one.text_zh) for one in states)


# Who pays.


def _liable(case: _Case, *, instant: bool) -> str:
    """Who finally bears it: the merchant by its recorded word or an established fault only (Decree 116).

    A fast refund without anybody's fault is the platform's own generosity; a claim of fault leaves it open, and so
    does a refund that goes the ordinary way.
    """
    if case.request.reason == "counterfeit" and case.facts.merchant.counterfeit_level == "confirmed":
        return "merchant"
    if not instant:
        return "undecided"
    if case.facts.order.opted_in:
        return "merchant"
    return "undecided" if case.request.reason in case.policy.reasons.fault_is_open else "platform"


# What it costs on average.


def _shares(case: _Case) -> tuple[float, float]:
    """Of each cent: lost with goods that stay away (salvage taken off); lost with a merchant that does not repay.

    The second only counts for what neither escrow nor deposit covers.
    """
    policy, request = case.policy, case.request
    not_back = policy.loss.share_not_back(case.state, request.reason, policy.buyer_risk(request.buyer_credit))
    return not_back * (1.0 - policy.loss.salvage_of(request.category)), _p_merchant_defaults(case)


def _p_merchant_defaults(case: _Case) -> float:
    """The share of such merchants that do not repay; none while the money is held back, or where it is not theirs."""
    if case.facts.order.in_escrow or _liable(case, instant=True) == "platform":
        return 0.0
    return case.policy.loss.merchant_defaults[case.facts.merchant.band]


def _free_deposit(case: _Case) -> int:
    """What is left of the deposit after debts, pledges, and what is out for this merchant already (cents)."""
    merchant = case.facts.merchant
    taken = merchant.debt_cents + merchant.pledged_cents + case.facts.held.merchant_cents
    return max((merchant.deposit_cents or 0) - taken, 0)


def _uncovered(case: _Case) -> int:
    """What neither escrow nor free deposit covers, of the part that may be the merchant's (cents)."""
    if case.facts.order.in_escrow or _liable(case, instant=True) == "platform":
        return 0
    return max(case.request.amount_cents - _free_deposit(case), 0)


def _most_for_the_loss(case: _Case) -> int:
    """The largest amount whose expected loss keeps to its share (cents).

    Per cent of the amount the loss is `goods + default * (amount - deposit) / amount`; solved for the amount.
    """
    goods, default = _shares(case)
    slack = case.policy.loss.most - goods
    if slack < 0:
        return 0
    if default <= slack:
        return case.facts.order.paid_cents
    return math.floor(default * _free_deposit(case) / (default - slack))


def _expected_loss(case: _Case) -> ExpectedLoss:
    policy, request = case.policy, case.request
    p_not_back = policy.loss.share_not_back(case.state, request.reason, policy.buyer_risk(request.buyer_credit))
    salvage = math.floor(policy.loss.salvage_of(request.category) * request.amount_cents)
    default, uncovered = _p_merchant_defaults(case), _uncovered(case)
    goods, merchant = round(p_not_back * (request.amount_cents - salvage)), round(default * uncovered)
    return ExpectedLoss(
        p_not_back=p_not_back,
        salvage_cents=salvage,
        goods_cents=goods,
        p_merchant_defaults=default,
        uncovered_cents=uncovered,
        merchant_cents=merchant,
        total_cents=goods + merchant,
    )
