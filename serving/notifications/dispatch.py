"""Hands notifications on: at least once, in the order in which they came where that can be, and ever more patiently."""

import threading
from datetime import datetime
from functools import partial

import structlog
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Connection, Engine

from features.database import micros, reading, written
from features.errors import FeaturesError
from serving.errors import NotHandedOn
from serving.notifications import outbox
from serving.notifications.outbox import Message
from serving.notifications.targets import Target
from serving.service import Clock

__all__ = ["Dispatcher", "outbox_figures"]

log = structlog.get_logger("goodfaith.serving")

#: Messages that are claimed together.
_AT_ONCE = 100

#: Seconds between looks for messages where there was none, or none could be handed on.
_PAUSE = 1.0


class Dispatcher:
    """Hands messages on to a target; any number of them may share an outbox."""

    def __init__(self, engine: Engine, target: Target, *, clock: Clock) -> None:
        self._engine, self._target, self._clock = engine, target, clock

    def round(self, now: datetime) -> int:
        """Hand on some of the messages that are due; answer how many were."""
        with reading(self._engine) as tx:
            if not outbox.due(tx, now=now):
                return 0
        messages = written(self._engine, partial(outbox.claim, most=_AT_ONCE, now=now))
        sent, why = self._handed_on(messages)

        def note(tx: Connection) -> None:
            outbox.settle(tx, [one.id for one in sent], now=now)
            for one in messages[len(sent) : len(sent) + 1]:
                outbox.postpone(tx, one, why=why, now=now)
            # What has not been tried does not wait with what has: it may be that one message alone.
            outbox.let_go(tx, messages[len(sent) + 1 :], now=now)

        if messages:
            written(self._engine, note)
        return len(sent)

    def _handed_on(self, messages: list[Message]) -> tuple[list[Message], str]:
        """Those that were handed on, and why the next one was not."""
        for place, one in enumerate(messages):
            try:
                self._target.send(one)
            except NotHandedOn as error:
                told = {"message": one.id, "tries": one.tries + 1, "reason": str(error)}
                log.warning("a notification could not be handed on", **told)
                return messages[:place], str(error)
        return messages, ""

    def run(self, stop: threading.Event) -> None:
        """Hand on until told to stop; what goes wrong is written down and tried again."""
        while not stop.is_set():
            if not self._tried():
                stop.wait(_PAUSE)
        self._target.close()

    def _tried(self) -> int:
        try:
            return self.round(self._clock())
        except FeaturesError as error:
            log.warning("no notification could be handed on", reason=str(error))
        except Exception as error:
            # A dispatcher that died of one fault would leave everybody untold.
            log.error("handing on failed", error=type(error).__name__, exc_info=error)
        return 0


def outbox_figures(tx: Connection, *, now: datetime) -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
    """How many notifications wait, and how long the first of them does."""
    count, since = outbox.waiting(tx)
    lag = 0.0 if since is None else (micros(now) - since) / 1e6
    return (
        GaugeMetricFamily("goodfaith_notifications_waiting", "Notifications not yet handed on", value=count),
        GaugeMetricFamily("goodfaith_notification_lag_seconds", "How long the first of them waits", value=lag),
    )
