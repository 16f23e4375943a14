"""What a fast refund is decided from: what the caller asks and claims, and everything that we know ourselves."""

from dataclasses import dataclass
from datetime import datetime

from scoring.policy_text import BandName

__all__ = ["BuyerFacts", "Held", "MerchantFacts", "OrderFacts", "RefundFacts", "RefundRequest"]

#: States of an order in which the merchant's money is still held back.
_IN_ESCROW = ("paid", "shipped", "delivered")


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

    @property
    def in_escrow(self) -> bool:
        """Whether the merchant's money is still held back."""
        return self.known and self.state in _IN_ESCROW

    @property
    def advanced_by(self) -> str:
        """Who pays first: a merchant that gave its word, out of what is held back for it; else the platform's fund."""
        return "merchant" if self.opted_in and self.in_escrow else "platform"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyerFacts:
    """What our own store knows of the buyer, over all merchants: orders, and refunds, of the last 90 days.

    `asked_at` are the moments (aware) at which refunds of other orders were lately asked for, one for each order, as
    far back as the policy looks; `linked` = buyer and merchant share an account, a phone, a device or the like.
    """

    orders_90d: int
    refunds_90d: int
    asked_at: tuple[datetime, ...] = ()
    linked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MerchantFacts:
    """What is thought of the merchant, and what it owes and has left with us; `basis` is model or fallback.

    `pledged_cents` is what guarantee programmes hold of its deposit for claims that may still come.
    """

    band: BandName
    p_bad: float
    counterfeit_level: str
    basis: str
    stale: bool
    debt_cents: int
    deposit_cents: int | None
    pledged_cents: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Already reserved or instantly paid: for this order, this buyer in 90 days, this merchant in 30 days.

    And out of the platform's fund: in 30 days, today among them, and today (days of UTC).
    """

    order_cents: int = 0
    buyer_cents: int = 0
    merchant_cents: int = 0
    fund_cents: int = 0
    day_cents: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFacts:
    """Everything that we know ourselves when a refund is asked for."""

    order: OrderFacts
    buyer: BuyerFacts
    merchant: MerchantFacts
    held: Held
