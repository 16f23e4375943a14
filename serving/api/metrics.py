"""Figures about the service itself, for Prometheus."""

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST

from features.database import micros, reading
from serving import store_due
from serving.ledger.figures import Exposure
from serving.problems import documented
from serving.service import Service
from serving.stored_figures import stored_figures

__all__ = ["add_to"]


def add_to(app: FastAPI, service: Service) -> None:
    """Add the route; it needs no key, since it tells of nobody."""
    exposure = Exposure()

    @app.get("/metrics", tags=["health"], response_class=Response, responses=documented(503))
    def metrics() -> Response:
        """Tell Prometheus how the service does."""
        now = service.clock()
        with reading(service.engine) as tx:
            count, since = store_due.lag(tx)
            stored = (*stored_figures(tx, exposure, now=now),)
        newest = service.assessments.newest()
        service.metrics.policies(refused=bool(service.in_force.trouble))
        service.metrics.waiting(
            merchants=count,
            seconds=0.0 if since is None else (micros(now) - since) / 1e6,
            newest_age=(now - newest).total_seconds() if newest else None,
        )
        return Response(service.metrics.text(stored), media_type=CONTENT_TYPE_LATEST)
