"""Every night: has the world moved away from the champions? What is found is kept, told, and acted on where one may."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Connection

from features.database import written
from features.log import EventLog
from serving import store_drift
from serving.service import Service
from serving.store_drift import Found

__all__ = ["Lookout", "Nightly", "Sight", "advised", "drift_figures"]

log = structlog.get_logger("goodfaith.serving")

#: What a look may advise; only the last two call for somebody.
_CALLS = ("retrain", "roll back")

#: Seconds between looks at the clock.
_PAUSE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What was seen of a champion; fields as in `store_drift.Found`."""

    target: str
    version: str
    as_of: datetime
    advice: str
    alarms: tuple[str, ...]
    figures: Mapping[str, float]
    told: Mapping[str, Any]


class Lookout(Protocol):
    """Whoever can tell how champions have drifted, and go back; the training floor does."""

    def look(self, events: EventLog) -> Sequence[Sight]:
        """How far each champion has drifted by these events."""

    def roll_back(self, target: str, *, reason: str, now: datetime) -> str:
        """Make champion what was it before; answer its version."""


class Nightly:
    """Looks once a day, from an hour (UTC) on, whichever of several workers is first.

    Where the champion before was shown to rank better, it goes back by itself if `acts`, else it only says so.
    """

    def __init__(self, service: Service, lookout: Lookout, *, hour: int, acts: bool = False) -> None:
        self._service = service
        self._lookout = lookout
        self._hour = hour
        self._acts = acts

    def look_if_due(self, now: datetime) -> tuple[Sight, ...]:
        """What today's look found; nothing where it is too early, or somebody has looked."""
        engine, day = self._service.engine, f"{now:%Y-%m-%d}"
        if now.hour < self._hour or not written(engine, partial(store_drift.claim, day=day)):
            return ()
        found = tuple(self._lookout.look(self._service.events.log()))
        for one in found:
            written(engine, partial(store_drift.keep, found=_kept(one, now)))
            self._tell(one, now)
        return found

    def run(self, stop: threading.Event) -> None:
        """Look every night until told to stop; what goes wrong is written down, and tried again the next night."""
        while not stop.is_set():
            try:
                self.look_if_due(self._service.clock())
            except Exception as error:
                log.error("drift could not be looked at", error=type(error).__name__, exc_info=error)
            stop.wait(_PAUSE)

    def _tell(self, one: Sight, now: datetime) -> None:
        said = {"target": one.target, "version": one.version, "advice": one.advice, "alarms": list(one.alarms)}
        (log.warning if one.advice in _CALLS else log.info)("drift was looked at", **said)
        if one.advice == "roll back" and self._acts:
            version = self._lookout.roll_back(one.target, reason="; ".join(one.alarms), now=now)
            log.warning("rolled back", target=one.target, version=version, before=one.version)


def _kept(one: Sight, now: datetime) -> Found:
    return Found(
        target=one.target,
        version=one.version,
        as_of=one.as_of,
        looked_at=now,
        advice=one.advice,
        alarms=one.alarms,
        figures=one.figures,
        told=one.told,
    )


def advised(tx: Connection, versions: Mapping[str, str]) -> tuple[str, ...]:
    """What the last looks at champions of these versions call for, such as `credit_roll_back_advised`."""
    newest = [one for one in store_drift.newest(tx) if versions.get(one.target) == one.version]
    return tuple(f"{one.target}_{one.advice.replace(' ', '_')}_advised" for one in newest if one.advice in _CALLS)


def drift_figures(tx: Connection) -> Iterator[Metric]:
    """What the last look at each champion found, for Prometheus."""
    figures = GaugeMetricFamily(
        "goodfaith_drift_figure", "Figures of the last nightly look at a champion", labels=("target", "version", "of")
    )
    alarms = GaugeMetricFamily(
        "goodfaith_drift_alarms", "Alarms of the last nightly look at a champion", labels=("target", "version")
    )
    advice = GaugeMetricFamily(
        "goodfaith_drift_advice", "1 for what the last nightly look advises", labels=("target", "version", "advice")
    )
    when = GaugeMetricFamily("goodfaith_drift_looked_at_seconds", "When that was", labels=("target", "version"))
    for one in store_drift.newest(tx):
        named = (one.target, one.version)
        for name, value in one.figures.items():
            figures.add_metric((*named, name), value)
        alarms.add_metric(named, len(one.alarms))
        advice.add_metric((*named, one.advice), 1)
        when.add_metric(named, one.looked_at.timestamp())
    yield from (figures, alarms, advice, when)
