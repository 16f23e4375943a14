"""The words of the gate: who applies for what, with which figures and papers, and what the answer is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from scoring.evidence import Measured
from scoring.policy_text import BandName
from scoring.programmes import Programme
from scoring.wording import Value

__all__ = [
    "Admission",
    "Applicant",
    "Application",
    "ConditionResult",
    "ConditionState",
    "Drawn",
    "GateReason",
    "Outcome",
    "Paper",
    "PathStep",
]


class Outcome(StrEnum):
    """What the gate answers, the best first."""

    ADMIT = "admit"
    CONDITIONS = "conditions"
    REVIEW = "review"
    REFUSE = "refuse"


class ConditionState(StrEnum):
    """How a condition stands; the last two are no judgement: nothing to judge by, or nothing to judge."""

    MET = "met"
    NOT_YET_PROVEN = "not_yet_proven"
    FAILED = "failed"
    MISSING = "missing"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """The latest check of one qualification, for one brand and category where it names them.

    `outcome` is passed, failed or expired; the day `valid_until` still counts.
    """

    qualification: str
    outcome: str
    brand: str | None = None
    category: str | None = None
    valid_until: date | None = None

    def valid(self, day: date) -> bool:
        """Whether it holds on this day."""
        return self.outcome == "passed" and (self.valid_until is None or day <= self.valid_until)

    def expired(self, day: date) -> bool:
        """Whether it held once and no longer does on this day."""
        return self.outcome == "expired" or (self.outcome == "passed" and not self.valid(day))


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """A merchant at the door: its assessment, the figures that conditions look at, and its papers.

    `basis` is model or fallback; `orders_per_day` is the present pace, from the last 30 days. `orders_365d` are real
    orders, and `order_days` the days on which they came; `trading_days` are the days since the first order.
    `pledged_cents` is what other programmes hold of the deposit. `link_confirmed` and `link_refuted` are what a person
    found of its links with removed merchants. `failed_before` are the codes of the conditions that had failed when the
    merchant was last judged: silence since cures none of them. Until `barred_until` it may not come back; until
    `suspended_until` its suspended place is not judged again.
    """

    merchant_id: str
    band: BandName
    score: int
    basis: str
    counterfeit_level: str
    evidence_sufficient: bool
    orders_365d: int
    measured: Mapping[str, Measured]
    papers: tuple[Paper, ...] = ()
    orders_per_day: float = 0.0
    assessed_stale: bool = False
    trading_days: int | None = None
    order_days: int = 0
    pledged_cents: int = 0
    link_confirmed: bool = False
    link_refuted: bool = False
    failed_before: tuple[str, ...] = ()
    barred_until: date | None = None
    suspended_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What is applied for: a programme, in a category, for a brand where the goods have one."""

    programme: Programme
    category: str
    brand: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionResult:
    """How one condition stands: `have` against `need`, the bounds of a rate, and the things behind it.

    `gap` is how far `have` lies on the wrong side (None: not on the wrong side, or not to be told in numbers).
    """

    metric: str
    state: ConditionState
    have: Value
    need: Value
    gap: float | int | None
    low: float | None
    high: float | None
    evidence: int | None
    code: str
    text: str
    text_zh: str
    switched_off: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReason:
    """One reason for an answer that is no plain yes."""

    code: str
    text: str
    text_zh: str
    metric: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PathStep:
    """One thing to change to qualify; `earliest` is None where that cannot be told, or not within a year."""

    metric: str
    have: Value
    need: Value
    gap: float | int | None
    earliest: date | None
    text: str
    text_zh: str
    orders_needed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The gate's answer. `cap` is the most orders per month under the promise, where the place is on trial."""

    outcome: Outcome
    conditions: tuple[ConditionResult, ...]
    reasons: tuple[GateReason, ...]
    path_to_qualify: tuple[PathStep, ...]
    cap: int | None
    expires_at: datetime
    policy_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The gate's answer where a lot may let in, and how likely that outcome was.

    `propensity` is the share that is let in by lot, for those who were; the rest, for those who could have been and
    were not; 1 for everybody else.
    """

    admission: Admission
    propensity: float = 1.0
    explored: bool = False
