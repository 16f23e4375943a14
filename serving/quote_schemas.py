"""What callers send and get where compensation is judged (contracts 3.4)."""

from typing import Annotated, Literal

from pydantic import Field

from features.events import MOST_CENTS
from scoring.compensation_policy import Ground
from serving.schemas import Id, Sent, Told, Word

__all__ = ["QuoteAnswer", "QuoteBody"]

Amount = Annotated[int, Field(ge=0, le=MOST_CENTS)]


class QuoteBody(Sent):
    """A claim. What is known of the order goes before `amount_cents`; the rest is the buyer's word, or a finding."""

    merchant_id: Id
    ground: Ground
    currency: str
    order_id: Id | None = None
    amount_cents: Annotated[int, Field(gt=0, le=MOST_CENTS)] | None = Field(
        default=None, description="What was paid after discounts, without freight; for an order that is not known"
    )
    category: Word | None = Field(default=None, description="Of the goods; our own order's goes before it")
    freight_cents: Amount = 0
    loss_cents: Amount = 0
    household_cents: Amount | None = Field(
        default=None, description="The part of the price within a household's needs, as a person found it"
    )
    buyer_deceived: bool = Field(default=False, description="A person found that the buyer invented the claim")
    label_flaw: bool = Field(default=False, description="A person found nothing but a harmless flaw of the label")


class AwardAnswer(Told):
    """What one rule gives; `binds` = its extra is the one that is paid, `source` the law or the programme."""

    code: str
    source: str
    refund_cents: int
    freight_cents: int
    extra_cents: int
    binds: bool
    text: str
    text_zh: str


class RefusalAnswer(Told):
    """Why nothing is paid on top, or by a law or a promise nothing at all; `source` is that, or the ground."""

    code: str
    source: str
    text: str
    text_zh: str


class QuoteAnswer(Told):
    """What is owed, in minor units. `basis`: the order as we know it, or the caller's claim."""

    merchant_id: str
    basis: Literal["order", "claim"]
    refund_cents: int
    extra_cents: int
    freight_cents: int
    total_cents: int
    awards: list[AwardAnswer]
    refusals: list[RefusalAnswer]
    jurisdiction: str
    policy_version: str
    promises_version: str = Field(description="The programmes that were in force when the order was placed")
