"""Whether answers can be relied on now, and if not fully, why."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from features import errors as features_errors
from features.database import moment, reading
from scoring.score_policy import ScorePolicy
from serving import store_due
from serving.breaker.back import held_back
from serving.champions import Challengers, LiveModels, live_challengers, live_models
from serving.clock import SteadyClock
from serving.errors import AssessmentsStale, ClockInDoubt, StoreUnavailable
from serving.lookout import advised
from serving.service import Service
from serving.store import check_presence
from serving.store_health import StoreHealth

__all__ = ["OLDEST_ASSESSMENTS", "SILENT_AFTER", "Readiness"]

#: A night's run that is two hours late is still in time.
OLDEST_ASSESSMENTS = timedelta(hours=26)

#: A worker says every few seconds that it is there; a round of work takes seconds.
SILENT_AFTER = timedelta(minutes=1)

#: Models are loaded again for a probe no more often than this: anybody may probe, and loading costs milliseconds.
_MODELS_LOOKED_AT_EVERY = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """What the store says: when somebody was last assessed, whether there is anybody to assess, when a worker was last
    at work (microseconds), which champions judged the last time, and what was gone back from.
    """

    newest: datetime | None
    anybody: bool
    beat: int | None
    champions: Mapping[str, str]
    back: tuple[str, ...]


class Readiness:
    """Looks at everything that answers depend on."""

    def __init__(self, service: Service, health: StoreHealth | None = None) -> None:
        self.service = service
        self._health = health
        self._lock = threading.Lock()
        self._looked_at: datetime | None = None
        self._models = LiveModels()
        self._challengers = Challengers()

    def degraded(self) -> tuple[str, ...]:
        """What is missing without making answers wrong; raises `Unavailable` where answers cannot be relied on."""
        now = self.service.clock()
        policy = self.service.current().score
        stored = self._stored()
        if self._health:
            self._health.check()
        _check_clock(self.service, stored.newest)
        if stored.newest and now - stored.newest > OLDEST_ASSESSMENTS:
            raise AssessmentsStale(f"the newest assessments are of {stored.newest.isoformat(timespec='seconds')}")
        models, challengers = self._live(now, policy)
        models.check_fit(policy)
        models.check_none_lost(stored.champions)
        found = [f"no_{target}_champion" for target in models.missing]
        found += [f"{target}_challenger_unloadable" for target in challengers.troubles]
        found += ["policy_files_refused"] if self.service.in_force.trouble else []
        found += ["worker_silent"] if stored.beat and now - moment(stored.beat) > SILENT_AFTER else []
        found += [*stored.back, *self._advised(models)]
        found += ["never_assessed"] if stored.anybody and stored.newest is None else []
        return tuple(found)

    def _advised(self, models: LiveModels) -> tuple[str, ...]:
        """What the last nightly look at the live champions calls for."""
        versions = {target: model.named.version for target, model in models.present.items()}
        with reading(self.service.engine) as tx:
            return advised(tx, versions)

    def _stored(self) -> "_Stored":
        service = self.service
        try:
            check_presence(service.engine)
            newest = service.assessments.newest()
            with reading(service.engine) as tx:
                beat, champions = store_due.last_beat(tx), store_due.champions(tx)
                back = tuple(f"{one.subject}_gone_back" for one in held_back(tx))
            anybody = bool(newest) or service.events.any()
            return _Stored(newest=newest, anybody=anybody, beat=beat, champions=champions, back=back)
        except (StoreUnavailable, features_errors.StoreUnavailable):
            # Connections to a store that was gone would go on seeing what they saw when it comes back.
            service.engine.dispose()
            raise

    def _live(self, now: datetime, policy: ScorePolicy) -> tuple[LiveModels, Challengers]:
        service = self.service
        with self._lock:
            if self._looked_at is None or now - self._looked_at >= _MODELS_LOOKED_AT_EVERY:
                self._models = live_models(service.champions, service.declarations)
                self._challengers = live_challengers(service.champions, service.declarations, policy)
                self._looked_at = now
            return self._models, self._challengers


def _check_clock(service: Service, newest: datetime | None) -> None:
    if isinstance(service.clock, SteadyClock) and newest:
        service.clock.saw(newest)
    if service.clock_trouble:
        raise ClockInDoubt(service.clock_trouble)
