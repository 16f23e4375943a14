"""Figures about the service itself, for Prometheus."""

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Connection

from features.database import micros, reading
from serving import store_due
from serving.dispatch import outbox_figures
from serving.lookout import drift_figures
from serving.problems import documented
from serving.service import Service
from serving.shadow_figures import shadow_figures

__all__ = ["add_to"]


def add_to(app: FastAPI, service: Service) -> None:
    """Add the route; it needs no key, since it tells of nobody."""

    @app.get("/metrics", tags=["health"], response_class=Response, responses=documented(503))
    def metrics() -> Response:
        """Tell Prometheus how the service does."""
        now = service.clock()
        with reading(service.engine) as tx:
            count, since = store_due.lag(tx)
            stored = (*shadow_figures(tx, now=now), *drift_figures(tx), _set_aside(tx), *outbox_figures(tx, now=now))
        newest = service.assessments.newest()
        service.metrics.waiting(
            merchants=count,
            seconds=0.0 if since is None else (micros(now) - since) / 1e6,
            newest_age=(now - newest).total_seconds() if newest else None,
        )
        return Response(service.metrics.text(stored), media_type=CONTENT_TYPE_LATEST)


def _set_aside(tx: Connection) -> GaugeMetricFamily:
    told = "Merchants that could not be judged, by the reason"
    figure = GaugeMetricFamily("goodfaith_set_aside_merchants", told, labels=("reason",))
    for reason, count in store_due.why_set_aside(tx).items():
        figure.add_metric([reason], count)
    return figure
