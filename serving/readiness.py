"""Whether answers can be relied on now, and if not fully, why."""

import threading
from datetime import datetime, timedelta

from features import errors as features_errors
from features.database import reading
from scoring.score_policy import ScorePolicy
from serving.champions import Challengers, LiveModels, live_challengers, live_models
from serving.errors import AssessmentsStale, StoreUnavailable
from serving.lookout import advised
from serving.service import Service
from serving.store import check_presence

__all__ = ["OLDEST_ASSESSMENTS", "Readiness"]

#: A night's run that is two hours late is still in time.
OLDEST_ASSESSMENTS = timedelta(hours=26)

#: Models are loaded again for a probe no more often than this: anybody may probe, and loading costs milliseconds.
_MODELS_LOOKED_AT_EVERY = timedelta(seconds=5)


class Readiness:
    """Looks at everything that answers depend on."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._lock = threading.Lock()
        self._looked_at: datetime | None = None
        self._models = LiveModels()
        self._challengers = Challengers()

    def degraded(self) -> tuple[str, ...]:
        """What is missing without making answers wrong; raises `Unavailable` where answers cannot be relied on."""
        now = self.service.clock()
        policy = self.service.current().score
        newest, anybody = self._stored()
        if newest and now - newest > OLDEST_ASSESSMENTS:
            raise AssessmentsStale(f"the newest assessments are of {newest.isoformat(timespec='seconds')}")
        models, challengers = self._live(now, policy)
        models.check_fit(policy)
        found = [f"no_{target}_champion" for target in models.missing]
        found += [f"{target}_challenger_unloadable" for target in challengers.troubles]
        found += ["policy_files_refused"] if self.service.in_force.trouble else []
        found += self._advised(models)
        found += ["never_assessed"] if anybody and newest is None else []
        return tuple(found)

    def _advised(self, models: LiveModels) -> tuple[str, ...]:
        """What the last nightly look at the live champions calls for."""
        versions = {target: model.named.version for target, model in models.present.items()}
        with reading(self.service.engine) as tx:
            return advised(tx, versions)

    def _stored(self) -> tuple[datetime | None, bool]:
        """The moment of the newest assessment, and whether there is anybody to assess."""
        service = self.service
        try:
            check_presence(service.engine)
            newest = service.assessments.newest()
            return newest, bool(newest) or service.events.any()
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
