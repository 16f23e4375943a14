"""Whether the service lives, and whether its answers can be relied on."""

from typing import Literal

from fastapi import FastAPI
from pydantic import BaseModel, Field

from serving.problems import documented
from serving.readiness import Readiness
from serving.service import Service
from serving.store_health import StoreHealth

__all__ = ["Alive", "Ready", "add_to"]


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """Answers can be relied on; `degraded` says what is missing all the same."""

    status: Literal["ready"] = "ready"
    degraded: list[str] = Field(examples=[["no_counterfeit_champion"]])


def add_to(app: FastAPI, service: Service) -> None:
    """Add the routes; they need no key."""
    readiness = Readiness(service, StoreHealth(service.engine, service.metrics))

    @app.get("/healthz", tags=["health"])
    async def healthz() -> Alive:
        """Say that the process is alive."""
        return Alive()

    @app.get("/readyz", tags=["health"], responses=documented(503))
    def readyz() -> Ready:
        """Say whether answers can be relied on: 200 with what is missing, or a problem that says why not."""
        return Ready(degraded=list(readiness.degraded()))
