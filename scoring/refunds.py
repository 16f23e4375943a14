"""Fast refunds: may this refund be paid now, how much of it, by whom, and who finally bears it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from scoring.policy_text import BandName
from scoring.refund_policy import RefundPolicy

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
    "is_spent",
]


class RefundOutcome(StrEnum):
    """When a refund is paid, the fastest first; `review` is a person's answer."""

    INSTANT = "instant"
    ON_RETURN_SCAN = "on_return_scan"
    STANDARD = "standard"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """What the caller asks and claims; `buyer_credit` is 0-1000, None where nobody knows it."""

    amount_cents: int
    category: str
    reason: str
    buyer_credit: int | None = None
    buyer_refunds_90d: int = 0
    buyer_orders_90d: int = 0
    claimed_state: str | None = None
    claimed_paid_cents: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """What our own store knows of the order; `known` = it is this merchant's and this buyer's.

    `refunded_cents` are the refunds known for it that are not among `Held`; `opted_in` = the merchant's recorded word
    that it bears fast refunds.
    """

    known: bool
    state: str | None
    paid_cents: int
    refunded_cents: int
    opted_in: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyerFacts:
    """What our own store knows of the buyer: orders, and refunds, of the last 90 days."""

    orders_90d: int
    refunds_90d: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MerchantFacts:
    """What is thought of the merchant, and what it owes and has left with us; `basis` is model or fallback."""

    band: BandName
    p_bad: float
    counterfeit_level: str
    basis: str
    stale: bool
    debt_cents: int
    deposit_cents: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Already reserved or instantly paid: for this order, this buyer in 90 days, this merchant in 30 days."""

    order_cents: int = 0
    buyer_cents: int = 0
    merchant_cents: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFacts:
    """Everything that we know ourselves when a refund is asked for."""

    order: OrderFacts
    buyer: BuyerFacts
    merchant: MerchantFacts
    held: Held


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundReason:
    """One reason, in words for the buyer or the merchant."""

    code: str
    text: str
    text_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedLoss:
    """What paying now costs on average, in parts: goods that stay away, and a merchant that does not repay."""

    p_not_back: float
    salvage_cents: int
    p_merchant_defaults: float
    uncovered_cents: int
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
