"""Who judges: the promoted models and the policy in force, looked up again every few seconds without a restart."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from features.database import reading
from scoring.score_policy import ScorePolicy
from serving import store_due
from serving.assess import Judge
from serving.champions import Challengers, live_challengers, live_models
from serving.errors import Unavailable
from serving.service import Service

__all__ = ["Judges"]

log = structlog.get_logger("goodfaith.serving")

#: How soon a promotion, or a challenge, is picked up.
_LOOKED_UP_EVERY = timedelta(seconds=5)


class Judges:
    """Holds the judge of the moment; a model that cannot be loaded leaves the last good one in its place."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._looked_up: datetime | None = None
        self._judge: Judge | None = None
        self._troubles: Mapping[str, str] = {}

    def judge(self, now: datetime) -> Judge:
        """The judge. Raises `Unavailable` where there is none, and never was since the start."""
        with self._lock:
            # A clock may be put back; what was looked up in its future is looked up again.
            fresh = self._looked_up is not None and timedelta(0) <= now - self._looked_up < _LOOKED_UP_EVERY
            if self._judge is None or not fresh:
                self._judge = self._look_up()
                self._looked_up = now
            return self._judge

    def _look_up(self) -> Judge:
        service = self._service.current()
        try:
            policy = service.score
            models = live_models(service.champions, service.declarations)
            models.check_fit(policy)
            models.check_none_lost(self._versions())
            service.kept.keep(service.engine, [policy])
        except Unavailable as error:
            if self._judge is None:
                raise
            log.warning("judging by the last good models", reason=str(error))
            return self._judge
        return Judge(models=models, policy=policy, currency=service.currency, challengers=self._beside(policy))

    def _versions(self) -> Mapping[str, str]:
        """The champions that judged the last time, by target."""
        if self._judge:
            return {target: model.named.version for target, model in self._judge.models.present.items()}
        with reading(self._service.engine) as tx:
            return store_due.champions(tx)

    def _beside(self, policy: ScorePolicy) -> Challengers:
        """The challengers; what is wrong with one is told once, and the last good one goes on."""
        found = live_challengers(self._service.champions, self._service.declarations, policy)
        if found.troubles and found.troubles != self._troubles:
            log.warning("a challenger cannot be loaded", reasons=list(found.troubles.values()))
        self._troubles = found.troubles
        held = self._judge.challengers.present if self._judge else {}
        return replace(found, models=replace(found.models, **{target: held.get(target) for target in found.troubles}))
