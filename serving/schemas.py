"""What callers send and get where decisions are made (contracts 3.4)."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from features.events import MOST_CENTS
from scoring.refund_policy import OrderState, Reason
from serving.answers import ScoreAnswer

__all__ = [
    "ApplicationAnswer",
    "ApplicationBody",
    "Catalogue",
    "Cents",
    "DecisionAnswer",
    "DecisionSummary",
    "ExpectedLossAnswer",
    "HistoryAnswer",
    "Id",
    "ProgrammeAnswer",
    "RefundAnswer",
    "RefundBody",
    "Sent",
    "StandingsAnswer",
    "Told",
    "Word",
]

#: Other people's strings; a NUL is refused, since PostgreSQL cannot keep one.
Id = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00]+$")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Cents = Annotated[int, Field(gt=0, le=MOST_CENTS)]
DecisionKind = Literal["programme", "refund", "standing", "penalty"]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]


class Sent(BaseModel):
    """A body, or a part of one: exact types, nothing unknown."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ApplicationBody(Sent):
    """A merchant asks to carry a programme, in a category, for a brand where the goods have one."""

    merchant_id: Id
    category: Word
    brand: Word | None = None


class BuyerClaim(Sent):
    """Who asks for the money, and what the caller knows of them; `credit` is null where nobody knows it."""

    id: Id
    credit: Annotated[int, Field(ge=0, le=1000)] | None = None
    refunds_90d: Count = 0
    orders_90d: Count = 0


class OrderClaim(Sent):
    """What the caller believes of the order; what the store knows itself goes before it."""

    state: OrderState
    paid_cents: Cents


class RefundBody(Sent):
    """A buyer asks for money back."""

    order_id: Id
    merchant_id: Id
    amount_cents: Cents
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    category: Word
    reason: Reason
    buyer: BuyerClaim
    order: OrderClaim | None = None


class Told(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(protected_namespaces=())


class Sentence(Told):
    """A reason: its stable code, and what it says."""

    code: str
    text: str
    text_zh: str
    metric: str | None = None


class RefundSentence(Told):
    """A reason for how a refund is paid."""

    code: str
    text: str
    text_zh: str


class ConditionAnswer(Told):
    """How one condition of a programme stands; a rate with the bounds between which it lies."""

    code: str
    metric: str
    state: str
    have: float | int | str | None
    need: float | int | str | None
    gap: float | int | None
    low: float | None
    high: float | None
    evidence: int | None
    text: str
    text_zh: str
    switched_off: bool


class PathAnswer(Told):
    """One thing to change to qualify; `earliest` is null where that cannot be told."""

    metric: str
    have: float | int | str | None
    need: float | int | str | None
    gap: float | int | None
    earliest: date | None
    orders_needed: int | None
    text: str
    text_zh: str


class _Gate(Told):
    """What the gate says."""

    programme: str
    category: str
    brand: str | None
    outcome: Literal["admit", "conditions", "review", "refuse"]
    conditions: list[ConditionAnswer]
    reasons: list[Sentence]
    path_to_qualify: list[PathAnswer]
    cap: int | None = Field(description="Most orders per month under the promise, where the place is on trial")
    policy_version: str
    expires_at: datetime


class ApplicationAnswer(_Gate):
    """The answer to an application."""

    decision_id: str | None
    merchant_id: str


class StandingAnswer(_Gate):
    """Whether a merchant carries a programme, and what the gate would say if it applied now."""

    joined: bool
    since: datetime | None


class StandingsAnswer(Told):
    """How a merchant stands with every programme."""

    merchant_id: str
    programmes: list[StandingAnswer]


class ExpectedLossAnswer(Told):
    """What paying at once costs on average: goods that stay away, and a merchant that does not repay."""

    model_config = ConfigDict(from_attributes=True)

    p_not_back: float
    salvage_cents: int
    goods_cents: int = Field(description="p_not_back x (amount - salvage_cents)")
    p_merchant_defaults: float
    uncovered_cents: int = Field(description="the merchant's part that neither escrow nor free deposit covers")
    merchant_cents: int = Field(description="p_merchant_defaults x uncovered_cents")
    total_cents: int


class RefundAnswer(Told):
    """How a refund is paid; `limit_cents` could be paid at once."""

    decision_id: str | None = Field(description="null where nothing was decided, only tried")
    outcome: Literal["instant", "on_return_scan", "standard", "review"]
    limit_cents: int
    advanced_by: Literal["platform", "merchant"] | None
    finally_liable: Literal["merchant", "platform", "carrier", "buyer", "undecided"]
    expected_loss_cents: int
    expected_loss: ExpectedLossAnswer
    reasons: list[RefundSentence]
    expires_at: datetime
    policy_version: str
    model_version: str
    basis: Literal["model", "fallback"]


class CaseAnswer(Told):
    """The case that a decision was given to, and how it ended."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    kind: str
    state: str
    due_at: datetime
    outcome: str | None = Field(description="How it ended; while it is open, how it would end once somebody approves")
    reason: str | None
    resolved_by: str | None
    resolved_at: datetime | None
    approved_by: str | None


class DecisionSummary(Told):
    """A decision in short."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(serialization_alias="decision_id")
    kind: DecisionKind
    merchant_id: str
    programme: str | None
    order_id: str | None
    outcome: str
    decided_at: datetime
    expires_at: datetime


class DecisionAnswer(Told):
    """A decision with everything that it was made from."""

    decision_id: str
    kind: DecisionKind
    merchant_id: str
    programme: str | None
    order_id: str | None
    buyer_id: str | None
    outcome: str
    decided_at: datetime
    decided_by: str = Field(description="The id of the API key that asked, or `worker`")
    expires_at: datetime
    seen_seq: int = Field(description="The merchant's newest event that was seen")
    request: dict[str, Any]
    answer: dict[str, Any]
    trace: dict[str, Any]
    case: CaseAnswer | None


class HistoryAnswer(Told):
    """What was thought of a merchant and decided about it, the newest first."""

    merchant_id: str
    assessments: list[ScoreAnswer]
    decisions: list[DecisionSummary]


class ListingAnswer(Told):
    """One merchant's listing: what it says of itself, its twins, and what was learned of it and them, by days back.

    Twins are listings of the merchant that were known by the same title. Reports are unverified. `norm_cents` is what
    the brand's goods usually cost in the category, as of the last Monday; `authorised` tells whether an authorisation
    of that brand and category is valid today, null where the listing names no brand.
    """

    merchant_id: str
    title: str | None
    brand: str | None
    category: str | None
    status: str | None
    price_cents: int | None
    twins: list[str]
    fakes_confirmed: dict[int, int]
    fake_reports: dict[int, int]
    titles_changed: dict[int, int]
    norm_cents: int | None
    percent_of_norm: int | None
    authorised: bool | None
    reasons: list[Sentence]


class ListingRiskAnswer(Told):
    """What is known of a listing, at each merchant that has one of this id."""

    listing_id: str
    as_of: datetime
    listings: list[ListingAnswer]


class EntryAnswer(Told):
    """One condition of entry; `switched_off` says why it is not judged yet."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    kind: str
    metric: str
    at_least: float | int | None
    at_most: float | int | None
    confidence: float
    small_count: int | None
    times: int | None
    plus_cents: int | None
    text: str
    text_zh: str
    switched_off: str
    switched_off_zh: str


class TrialAnswer(Told):
    """A place on trial: orders a month at first, more for each thing that went well, and at most."""

    model_config = ConfigDict(from_attributes=True)

    at_first: int
    per_thing: float
    per_day: int | None
    at_most: int
    valid_days: int


class FloorAnswer(Told):
    """Under so many orders, or days of trading, a place has a cap."""

    model_config = ConfigDict(from_attributes=True)

    orders: int
    days: int


class PaysAnswer(Told):
    """What a broken promise pays on its grounds; `times_price` is null where no number is set."""

    model_config = ConfigDict(from_attributes=True)

    grounds: list[str]
    refund: bool
    freight: bool
    times_price: float | None
    at_least_cents: int
    at_most_cents: int | None


class ProgrammeAnswer(Told):
    """A guarantee programme: what it promises to buyers, and what it asks of merchants."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(serialization_alias="programme")
    name: str
    name_zh: str
    promise: str
    promise_zh: str
    breach: str
    breach_zh: str
    since: date
    suits: list[str]
    excludes: list[str]
    band_at_worst: str
    counterfeit_at_worst: str
    valid_days: int
    grace_days: int
    claim_days: int
    pledge_cents: int
    evidence: FloorAnswer
    provisional: TrialAnswer
    pays: PaysAnswer
    entry: list[EntryAnswer] = Field(serialization_alias="conditions")
    keep: list[EntryAnswer]


class Catalogue(Told):
    """Every programme, and the version of the policy that describes them."""

    policy_version: str
    programmes: list[ProgrammeAnswer]
