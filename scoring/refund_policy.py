"""The policy of fast refunds: limits, the loss table and the rules against abuse, read from reviewed TOML.

The text is the caller's to read; the shipped one is `scoring/policies/refunds.toml`.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from scoring.policy_text import BandName, Cents, Policy, PolicyPart, Text, Whole

__all__ = ["Abuse", "BuyerBand", "Fund", "Loss", "OrderState", "Reason", "RefundPolicy", "Timing"]

#: Why money is asked back: the reasons of `return_requested`, and goods that never came.
Reason = Literal[
    "no_reason", "quality", "not_as_described", "counterfeit", "damaged", "late", "wrong_item", "missing_parts",
    "unsafe", "other", "not_received",
]  # fmt: skip

#: How far an order has come; a cancelled one asks for no decision but a plain refund.
OrderState = Literal["paid", "shipped", "delivered", "confirmed"]

Positive = Annotated[int, Field(gt=0)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class BuyerBand(PolicyPart):
    """A range of buyer credit (0-1000), from its least on; `p_not_back` weighs the loss table's shares."""

    name: Text
    least: Annotated[int, Field(alias="from", ge=0, le=1000)]
    risk: Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Loss(PolicyPart):
    """The table that stands in until a loss model is promoted: shares lost, by reason and state, and by band."""

    not_back: dict[OrderState, dict[Reason, Probability]]
    merchant_defaults: dict[BandName, Probability]
    salvage: dict[str, Probability]
    salvage_otherwise: Probability


class Fund(PolicyPart):
    """How much may be out at once: for one buyer in 90 days, and for one merchant in 30 days, by its band."""

    buyer_90d_cents: Cents
    merchant_30d_cents: dict[BandName, Cents]


class Timing(PolicyPart):
    """How long a decision holds its money, and how old an assessment may be."""

    reservation_hours: Positive
    stale_after_hours: Positive
    due_after_minutes: Positive


class Abuse(PolicyPart):
    """When a buyer's refunds are looked at by a person."""

    refunds_at_least: Positive
    share_at_least: Probability
    claimed_short_by: Whole


class RefundPolicy(Policy):
    """Everything arguable about a fast refund; amounts in minor units of `currency`."""

    kind: ClassVar[str] = "refunds"

    currency: Text
    buyer_bands: Annotated[tuple[BuyerBand, ...], Field(min_length=1)]
    tiers: dict[BandName, dict[str, Cents]]
    unknown_buyer_cents: Cents
    unknown_buyer_risk: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    instant_reasons: dict[Reason, tuple[OrderState, ...]]
    goods_come_back: tuple[Reason, ...]
    merchants_fault: tuple[Reason, ...]
    loss: Loss
    fund: Fund
    timing: Timing
    abuse: Abuse
