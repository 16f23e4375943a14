"""What callers send and get where decisions are settled (contracts 3.4)."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from features.events import MOST_CENTS
from serving.schemas import Cents, DecisionAnswer, Sent, Told

__all__ = [
    "CancelledBody",
    "DecisionWithMoney",
    "PaidBody",
    "RecoveredBody",
    "SettlementAnswer",
    "SettlementBody",
]


class PaidBody(Sent):
    """The money went out; what was promised beyond it is free again."""

    state: Literal["paid"]
    amount_cents: Cents


class CancelledBody(Sent):
    """No money will go out; a promise is cancelled whole, so the amount may be left out."""

    state: Literal["cancelled"]
    amount_cents: Annotated[int, Field(ge=0, le=MOST_CENTS)] | None = None


class RecoveredBody(Sent):
    """A part of what the platform paid first is back."""

    state: Literal["recovered"]
    amount_cents: Cents
    recovered_from: Literal["merchant", "deposit", "buyer", "carrier"] = "merchant"


#: What became of a decision's money.
SettlementBody = Annotated[PaidBody | CancelledBody | RecoveredBody, Field(discriminator="state")]


class SettlementAnswer(Told):
    """Where a decision's money stands now; `refund_ids` are those of the payments on it."""

    decision_id: str
    state: Literal["reserved", "paid", "cancelled", "expired", "recovered", "written_off"]
    promised_cents: int
    reserved_cents: int = Field(description="promised, not paid yet, and not free again")
    paid_cents: int
    recovered_cents: int
    written_off_cents: int
    outstanding_cents: int = Field(description="paid first by the platform, neither back nor given up")
    expires_at: datetime = Field(description="until when the promise weighs on limits if nothing is paid")
    refund_ids: list[str]


class DecisionWithMoney(DecisionAnswer):
    """A decision with everything that it was made from, and what became of the money that it promised."""

    money: SettlementAnswer | None = Field(description="null where no money was promised")
