"""Figures for Prometheus that are read from the store: the same, whichever process tells them."""

from collections.abc import Iterator
from datetime import datetime

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Connection

from serving import store_due
from serving.breaker.back import breaker_figures
from serving.ledger.figures import Exposure
from serving.lookout import drift_figures
from serving.notifications.dispatch import outbox_figures
from serving.policies.in_force import policy_figures
from serving.shadow_figures import shadow_figures

__all__ = ["stored_figures"]


def stored_figures(tx: Connection, exposure: Exposure, *, now: datetime) -> Iterator[Metric]:
    """All of them; `exposure` remembers what takes long to add up."""
    yield from exposure.figures(tx, now=now)
    yield from shadow_figures(tx, now=now)
    yield from drift_figures(tx)
    yield from policy_figures(tx, now=now)
    yield from breaker_figures(tx)
    yield _set_aside(tx)
    yield from outbox_figures(tx, now=now)


def _set_aside(tx: Connection) -> GaugeMetricFamily:
    told = "Merchants that could not be judged, by the reason"
    figure = GaugeMetricFamily("goodfaith_set_aside_merchants", told, labels=("reason",))
    for reason, count in store_due.why_set_aside(tx).items():
        figure.add_metric([reason], count)
    return figure
