"""What the HTTP routes stand on, put together once by whoever starts the service."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from features.store import EventStore
from scoring.advert_policy import AdvertPolicy
from scoring.breaker_policy import BreakerPolicy
from scoring.compensation_policy import CompensationPolicy
from scoring.complaint_policy import ComplaintPolicy
from scoring.penalty_policy import PenaltyPolicy
from scoring.policy_text import Policy
from scoring.programmes import ProgrammePolicy
from scoring.refunds import RefundPolicy
from scoring.score_policy import ScorePolicy
from serving.champions import Champions
from serving.clock import SteadyClock
from serving.keyring import KeyRing
from serving.metrics import Metrics
from serving.provenance import PoliciesKept
from serving.standing import Readings
from serving.store import AssessmentStore, KeyStore

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

__all__ = ["Clock", "InForce", "Service"]

#: Tells the time: aware, UTC.
Clock = Callable[[], datetime]


@dataclass(slots=True)
class InForce:
    """What a reload has put in force: the service by the new policies; and why the newest files could not be followed.

    Every copy of a service shares it.
    """

    service: "Service | None" = None
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Everything that a route may need.

    `score`, `programmes`, `refunds`, `compensation`, `adverts`, `complaints`, `penalties` and `breaker` are the
    policies; `declarations` every feature's hash as it is now, `currency` the store's. `readings` reads live features.
    Nobody is let in by lot without a `salt`. What challengers thought is kept for `shadow_days`.
    """

    engine: Engine
    champions: Champions
    score: ScorePolicy
    programmes: ProgrammePolicy
    refunds: RefundPolicy
    complaints: ComplaintPolicy
    compensation: CompensationPolicy
    adverts: AdvertPolicy
    penalties: PenaltyPolicy
    breaker: BreakerPolicy
    currency: str
    declarations: Mapping[str, str]
    clock: Clock
    readings: Readings
    shadow_days: int = 400
    salt: str = field(default="", repr=False)
    tracer: "Tracer | None" = None
    metrics: Metrics = field(default_factory=Metrics)
    kept: PoliciesKept = field(default_factory=PoliciesKept, repr=False)
    ring: KeyRing = field(default_factory=KeyRing, repr=False)
    in_force: InForce = field(default_factory=InForce, repr=False)

    def current(self) -> "Service":
        """This service by the policies that are in force now; a use case asks once, and follows one set to its end."""
        return self.in_force.service or self

    @property
    def clock_trouble(self) -> str:
        """Why the time may be wrong, so that nothing is paid at once; "" where nothing says so."""
        return self.clock.trouble if isinstance(self.clock, SteadyClock) else ""

    @property
    def policies(self) -> tuple[Policy, ...]:
        """Every policy."""
        first = (self.score, self.programmes, self.refunds, self.compensation)
        return (*first, self.adverts, self.complaints, self.penalties, self.breaker)

    def keep_policies(self) -> dict[str, str]:
        """The hashes of the policies that decisions are made by, all of them kept; not within a transaction."""
        return self.kept.keep(self.engine, (self.programmes, self.refunds, self.penalties))

    @property
    def events(self) -> EventStore:
        """What happened."""
        return EventStore(self.engine)

    @property
    def assessments(self) -> AssessmentStore:
        """What we think."""
        return AssessmentStore(self.engine)

    @property
    def keys(self) -> KeyStore:
        """Who may call."""
        return KeyStore(self.engine)
