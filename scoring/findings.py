"""What the gate finds out about an application: kinds of findings, and what each leads to."""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from types import MappingProxyType

from scoring.admission import Applicant, Application, GateReason, Outcome, PathStep
from scoring.condition_policy import Condition
from scoring.programmes import ProgrammePolicy

__all__ = ["OUTCOMES", "Case", "Finding", "Kind"]


class Kind(IntEnum):
    """Kinds of findings, in the order in which they are told."""

    STOPPED = 0
    EXCLUDED = 1
    BARRED = 2
    FAILED = 3
    MISSING = 4
    BAND = 5
    FLAGGED = 6
    PLEDGED = 7
    LINKED = 8
    NO_MODEL = 9
    STALE = 10
    NOTHING_KNOWN = 11
    HANDS_CHANGED = 12
    UNPROVEN = 13
    UNKNOWN = 14


#: What each kind of finding leads to; without any, the merchant is admitted.
OUTCOMES = MappingProxyType(
    {
        Kind.STOPPED: Outcome.REFUSE,
        Kind.EXCLUDED: Outcome.REFUSE,
        Kind.BARRED: Outcome.REFUSE,
        Kind.FAILED: Outcome.REFUSE,
        Kind.MISSING: Outcome.REFUSE,
        Kind.BAND: Outcome.REFUSE,
        Kind.FLAGGED: Outcome.REFUSE,
        Kind.PLEDGED: Outcome.REFUSE,
        Kind.LINKED: Outcome.REVIEW,
        Kind.NO_MODEL: Outcome.REVIEW,
        Kind.STALE: Outcome.REVIEW,
        Kind.NOTHING_KNOWN: Outcome.REVIEW,
        Kind.HANDS_CHANGED: Outcome.CONDITIONS,
        Kind.UNPROVEN: Outcome.CONDITIONS,
        Kind.UNKNOWN: Outcome.REVIEW,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that speaks against a plain yes, and what would undo it."""

    kind: Kind
    reason: GateReason
    step: PathStep | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One application at the door, on its day."""

    application: Application
    applicant: Applicant
    policy: ProgrammePolicy
    day: date
    # A member is held to what its programme asks to keep, somebody at the door to what it asks to enter.
    member: bool = False

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The programme's conditions, those switched off among them."""
        programme = self.application.programme
        return programme.keep if self.member else programme.entry

    def number(self, metric: str) -> float | None:
        """A figure; None where nobody knows it."""
        measured = self.applicant.measured.get(metric)
        value = measured.value if measured else None
        return value if isinstance(value, (int, float)) else None

    def cents(self, metric: str) -> int:
        """An amount; one that nobody knows covers nothing, and one that nobody wrote down is not owed."""
        return int(self.number(metric) or 0)

    @property
    def free_deposit_cents(self) -> int:
        """What is left of the deposit when what other programmes hold of it is taken off."""
        return max(self.cents("deposit_cents") - self.applicant.pledged_cents, 0)
