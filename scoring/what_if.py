"""What a changed policy would do: the same merchants and refunds, judged by two sets of policies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from scoring.admission import Admission, Applicant, Application, Outcome
from scoring.assessment import Basis
from scoring.cost_policy import CostPolicy
from scoring.counterfeit import level
from scoring.errors import ScaleDiffers
from scoring.gate import gate
from scoring.pledges import Member, pledged_cents
from scoring.policy_text import BandName
from scoring.programmes import Programme, ProgrammePolicy
from scoring.refund_policy import RefundPolicy
from scoring.refunds import MerchantFacts, RefundFacts, RefundOutcome, RefundRequest, decide_refund
from scoring.score_policy import ScorePolicy
from scoring.scorecard import log_odds, points

__all__ = [
    "Change",
    "Judged",
    "Move",
    "PastRefund",
    "Policies",
    "RefundChange",
    "RefundJudged",
    "Subject",
    "Thought",
    "at_the_door",
    "place_changes",
    "refund_changes",
]

_SEVERITY = tuple(Outcome)
_MONTH = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """The policies that decide together; a change is another set."""

    score: ScorePolicy
    programmes: ProgrammePolicy
    refunds: RefundPolicy

    @property
    def versions(self) -> tuple[str, str, str]:
        """Their versions."""
        return self.score.version, self.programmes.version, self.refunds.version

    def check_scale(self, other: "Policies") -> None:
        """Raise `ScaleDiffers` where the other's bands stand on another scale: scores would need another model."""
        mine, theirs = self.score.scale.scaling, other.score.scale.scaling
        if mine != theirs:
            raise ScaleDiffers(model=mine, policy=theirs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """What is thought of a merchant before a policy makes a band and a level of it.

    `orders` are those of 365 days, `days` those since the first one.
    """

    score: int
    p_bad: float
    basis: str
    orders: int
    days: int
    p_counterfeit: float | None = None
    fakes_confirmed: bool = False

    @property
    def modelled(self) -> bool:
        """Whether a model has spoken."""
        return self.basis == Basis.MODEL

    def sufficient(self, policy: ScorePolicy) -> bool:
        """Whether the evidence reaches the policy's floor."""
        return self.orders >= policy.evidence.orders and self.days >= policy.evidence.days

    def best_band(self, policy: ScorePolicy) -> BandName:
        """The best band that it could have, whatever its score."""
        return policy.best_band(modelled=self.modelled, sufficient=self.sufficient(policy))

    def score_by(self, policy: ScorePolicy) -> int:
        """Its score: the model's, or what the policy gives where none has spoken."""
        return self.score if self.modelled else points(log_odds(policy.fallback.p_bad), policy.scale.scaling)

    def p_bad_by(self, policy: ScorePolicy) -> float:
        """Its probability of turning bad, likewise."""
        return self.p_bad if self.modelled else policy.fallback.p_bad

    def band(self, policy: ScorePolicy) -> BandName:
        """Its band, after every cap."""
        return policy.band(self.score_by(policy), best=self.best_band(policy))

    def level(self, policy: ScorePolicy) -> str:
        """Its level of suspicion of fakes."""
        return level(self.p_counterfeit, confirmed=int(self.fakes_confirmed), policy=policy.counterfeit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A merchant that stands at every door with its own category and the brands that it sells.

    `applicant` is what the gate sees besides what is thought; `failed_before` are, by programme, the conditions that
    had failed when it was last judged there, and `barred` until when it may not come back; `value_cents` its order
    value of the last 90 days.
    """

    applicant: Applicant
    thought: Thought
    category: str
    brands: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()
    failed_before: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    barred: Mapping[str, date] = field(default_factory=dict)
    value_cents: int = 0

    @property
    def orders_a_month(self) -> float:
        """Its present pace."""
        return self.applicant.orders_per_day * _MONTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The gate's answer to a merchant: the outcome, and the most orders a month where the place is on trial."""

    outcome: Outcome
    cap: int | None = None

    @property
    def carried(self) -> bool:
        """Whether the programme may be carried."""
        return self.outcome in (Outcome.ADMIT, Outcome.CONDITIONS)


class Move(StrEnum):
    """What a changed policy does to a merchant's place with a programme."""

    GAINS = "gains"
    LOSES = "loses"
    CAP = "cap"
    ANSWER = "answer"
    SAME = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A merchant's place with a programme under both policies; `value_cents` as of `Subject`."""

    merchant_id: str
    programme: str
    category: str
    size: str
    value_cents: int
    orders_a_month: float
    p_bad: float
    before: Judged
    after: Judged

    @property
    def move(self) -> Move:
        """What becomes of it: `answer` is another answer that is no place either way, as a refusal for a review."""
        if self.before.carried != self.after.carried:
            return Move.GAINS if self.after.carried else Move.LOSES
        if not self.before.carried:
            return Move.SAME if self.before == self.after else Move.ANSWER
        return Move.SAME if self.before.cap == self.after.cap else Move.CAP


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRefund:
    """A refund that was asked for at a moment, with what was known and thought then."""

    merchant_id: str
    at: datetime
    request: RefundRequest
    facts: RefundFacts
    thought: Thought


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundJudged:
    """The answer to a refund, and what paying it at once costs on average (0 where it is not)."""

    outcome: RefundOutcome
    loss_cents: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundChange:
    """A refund under both policies."""

    merchant_id: str
    category: str
    amount_cents: int
    before: RefundJudged
    after: RefundJudged


def at_the_door(subject: Subject, programme: Programme, policies: Policies, as_of: datetime) -> Applicant:
    """The merchant at a programme's door, as the policies see it."""
    thought, score = subject.thought, policies.score
    return replace(
        subject.applicant,
        score=thought.score_by(score),
        band=thought.band(score),
        basis=thought.basis,
        counterfeit_level=thought.level(score),
        evidence_sufficient=thought.sufficient(score),
        pledged_cents=pledged_cents(subject.members, policy=policies.programmes, as_of=as_of, but=programme.id),
        failed_before=subject.failed_before.get(programme.id, ()),
        barred_until=subject.barred.get(programme.id),
    )


def judged_at(subject: Subject, programme: Programme, applicant: Applicant, policy: ProgrammePolicy,
              as_of: datetime) -> Judged:  # fmt: skip
    """The gate's best answer over the brands that it sells, where the programme asks for one."""
    brands: Iterable[str | None] = subject.brands if programme.brand_is_asked and subject.brands else (None,)
    asked = (Application(programme=programme, category=subject.category, brand=brand) for brand in brands)
    answers = (gate(one, applicant, policy=policy, as_of=as_of) for one in asked)
    best = min(answers, key=_worth)
    return Judged(outcome=best.outcome, cap=best.cap)


def _worth(answer: Admission) -> tuple[int, float]:
    return _SEVERITY.index(answer.outcome), -(answer.cap or float("inf"))


def place_changes(
    subjects: Sequence[Subject], before: Policies, after: Policies, *, costs: CostPolicy, as_of: datetime
) -> tuple[Change, ...]:
    """Every merchant with every programme that is in either policy, by name; a programme that is gone admits nobody.

    Raises `ScaleDiffers`, `TimeNaive`.
    """
    before.check_scale(after)
    names = dict.fromkeys(one.id for policies in (before, after) for one in policies.programmes.programmes)
    return tuple(
        Change(
            merchant_id=subject.applicant.merchant_id,
            programme=name,
            category=subject.category,
            size=costs.size(subject.thought.orders),
            value_cents=subject.value_cents,
            orders_a_month=subject.orders_a_month,
            p_bad=subject.thought.p_bad_by(before.score),
            before=_judged(subject, name, before, as_of),
            after=_judged(subject, name, after, as_of),
        )
        for subject in subjects
        for name in names
    )


def _judged(subject: Subject, name: str, policies: Policies, as_of: datetime) -> Judged:
    programme = next((one for one in policies.programmes.programmes if one.id == name), None)
    if programme is None:
        return Judged(outcome=Outcome.REFUSE)
    applicant = at_the_door(subject, programme, policies, as_of)
    return judged_at(subject, programme, applicant, policies.programmes, as_of)


def refund_changes(refunds: Sequence[PastRefund], before: Policies, after: Policies) -> tuple[RefundChange, ...]:
    """Every refund under both policies, each with what was known and held when it was asked for.

    What one policy would have paid at once does not weigh on the next request. Raises `ScaleDiffers`, `TimeNaive`.
    """
    before.check_scale(after)
    return tuple(
        RefundChange(
            merchant_id=one.merchant_id,
            category=one.request.category,
            amount_cents=one.request.amount_cents,
            before=_refund(one, before),
            after=_refund(one, after),
        )
        for one in refunds
    )


def _refund(one: PastRefund, policies: Policies) -> RefundJudged:
    merchant = _merchant(one.facts.merchant, one.thought, policies.score)
    facts = replace(one.facts, merchant=merchant)
    decision = decide_refund(one.request, facts, policy=policies.refunds, as_of=one.at)
    instant = decision.outcome is RefundOutcome.INSTANT
    return RefundJudged(outcome=decision.outcome, loss_cents=decision.expected_loss.total_cents if instant else 0)


def _merchant(facts: MerchantFacts, thought: Thought, policy: ScorePolicy) -> MerchantFacts:
    band, p_bad, suspicion = thought.band(policy), thought.p_bad_by(policy), thought.level(policy)
    return replace(facts, band=band, p_bad=p_bad, counterfeit_level=suspicion, basis=thought.basis)
