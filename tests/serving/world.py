"""A small world for the tests of the serving floor: fakes, a service on a real SQLite file, and a way to call it."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import typer
from fastapi import FastAPI
from sqlalchemy import Connection, Engine

from features.jsonrows import check_rows
from features.store import EventStore
from scoring.assessment import Assessment, judge
from scoring.bundle import Bundle, Calibration, Golden, Input
from scoring.evidence import Measured
from scoring.model import with_golden_rows
from scoring.scorecard import STANDARD
from serving.app import create_app
from serving.auth import ApiKey, fingerprint, make_key
from serving.commands import mount
from serving.policy import (
    read_policy,
    shipped_adverts,
    shipped_breaker,
    shipped_compensation,
    shipped_complaints,
    shipped_penalties,
    shipped_policy,
    shipped_programmes,
    shipped_refunds,
)
from serving.service import Service
from serving.store import KeyStore

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)

#: Facts of a merchant that judgement reads even without a model.
FACTS = {
    "n_orders_365d": 120,
    "n_buyers_365d": 80,
    "n_fakes_confirmed_365d": 0,
    "days_since_registered": 400,
    "days_since_first_order": 390,
    "days_since_last_order": 1,
}


@dataclass
class FakeChampions:
    """Champions by target; `broken` raises what a registry that is gone would raise.

    `challengers` judge beside them; an exception in the place of one is raised.
    """

    credit: tuple[str, Bundle] | None = None
    counterfeit: tuple[str, Bundle] | None = None
    complaints: tuple[str, Bundle] | None = None
    broken: bool = False
    asked: int = 0
    challengers: dict[str, tuple[str, Bundle] | Exception] = field(default_factory=dict)

    def champion(self, target: str) -> tuple[str, Bundle] | None:
        self.asked += 1
        if self.broken:
            raise ConnectionError("registry at secret-host is gone")
        return {"credit": self.credit, "counterfeit": self.counterfeit, "complaints": self.complaints}[target]

    def challenger(self, target: str) -> tuple[str, Bundle] | None:
        found = self.challengers.get(target)
        if isinstance(found, Exception):
            raise found
        return found


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, by: timedelta) -> None:
        self.now += by


class FakeReadings:
    """Live features that say the same of everybody; rates are given as (of, per)."""

    def __init__(self, **values: Any) -> None:
        self.values = {**SPOTLESS, **values}

    def __call__(
        self, _tx: Connection, merchants: Sequence[str], names: Sequence[str], _now: datetime
    ) -> dict[str, dict[str, Measured]]:
        return {one: {name: _measured(name, self.values.get(name)) for name in names} for one in merchants}


#: Live features of a merchant against whom nothing speaks.
SPOTLESS = {
    "dispatch_kept_rate_90d_capped": (600, 600),
    "merchant_cancel_rate_90d_capped": (0, 600),
    "return_refusal_rate_90d_capped": (0, 300),
    "n_fakes_confirmed_180d_capped": 0,
    "suspicion_90d": 0.15,
    "n_orders_30d": 200,
    "n_orders_365d_capped": 2400,
    "n_active_days_365d_capped": 300,
    "deposit_cents": 1_000_000,
    "merchant_debt_cents": 0,
}


def _measured(name: str, value: Any) -> Measured:
    if not isinstance(value, tuple):
        return Measured(name=name, value=value)
    return Measured(name=name, value=value[0] / value[1], of=value[0], per=value[1])


def a_service(engine: Engine, **changes: Any) -> Service:
    """A service without models whose clock stands at noon."""
    standard = Service(
        engine=engine,
        champions=FakeChampions(),
        score=read_policy(shipped_policy()),
        programmes=shipped_programmes(),
        refunds=shipped_refunds(),
        complaints=shipped_complaints(),
        compensation=shipped_compensation(),
        adverts=shipped_adverts(),
        breaker=shipped_breaker(),
        penalties=shipped_penalties(),
        currency="CNY",
        declarations={},
        clock=FakeClock(),
        readings=FakeReadings(),
    )
    return replace(standard, **changes)


def an_assessment(merchant_id: str = "m1", *, as_of: datetime = MIDNIGHT, **facts: Any) -> Assessment:
    """What the fallback policy says of a merchant with these facts."""
    row = {"merchant_id": merchant_id, "as_of": as_of, **FACTS, **facts}
    return judge(row, credit=None, counterfeit=None, policy=read_policy(shipped_policy()))


def a_merchant_exists(engine: Engine, merchant_id: str = "m1", *, orders: int = 0) -> None:
    """A merchant in the store, registered in January, with some orders of one buyer since."""
    january = datetime(2026, 1, 1, tzinfo=UTC)
    told = [_event(merchant_id, "registered", "merchant_registered", january)]
    for number in range(orders):
        order = {"order_id": f"o{number}", "amount_cents": 100, "buyer_id": "b1"}
        told.append(_event(merchant_id, f"o{number}", "order_placed", january + timedelta(days=number), **order))
    checked = check_rows(told, currency="CNY")
    assert not checked.rejected
    EventStore(engine).append(checked.rows, at=NOON)


def _event(merchant_id: str, name: str, event_type: str, at: datetime, **columns: Any) -> dict[str, Any]:
    named = {"event_id": f"{merchant_id}-{name}", "event_type": event_type, "merchant_id": merchant_id}
    return {**named, "event_time": at.isoformat(), **columns}


def a_command_line(champions: FakeChampions | None = None) -> typer.Typer:
    """This floor's commands, with models that are made up, and nobody who could look at drift."""

    def nobody() -> Any:
        raise AssertionError("no command but `worker --drift-at` asks for a lookout")

    app = typer.Typer()
    mount(app, champions=lambda: champions or FakeChampions(), lookout=nobody)
    return app


def a_key(engine: Engine, *scopes: str, name: str = "tests", may: Sequence[str] | None = None) -> str:
    """A new API key with these scopes, as its caller holds it; `may` are the types of events that it lists."""
    made, listed = make_key(), None if may is None else tuple(may)
    row = ApiKey(
        id=made.id, name=name, hash=fingerprint(made.key), scopes=scopes, created_at=NOON, event_types=listed
    )  # fmt: skip
    KeyStore(engine).add(row)
    return made.key


def call(app: FastAPI, path: str, *, key: str | None = None, method: str = "GET", **more: Any) -> httpx.Response:
    """One request to an app, without a server."""

    async def ask() -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://goodfaith") as client:
            return await client.request(method, path, headers={**headers, **more.pop("headers", {})}, **more)

    return asyncio.run(ask())


def ask(service: Service, path: str, *, key: str | None = None, **more: Any) -> httpx.Response:
    """One request to a service."""
    return call(create_app(service), path, key=key, **more)


def plain(answer: str) -> dict[str, Any]:
    """A stored answer as a dictionary."""
    return dict(json.loads(answer))


def an_input(name: str, *, declaration: str = "d" * 64) -> Input:
    """A model input that is shown as itself."""
    return Input(
        name=name,
        declaration=declaration,
        riskier="higher",
        reason="R021",
        shows=name,
        unit="share",
        days=90,
        text="{value:.0%} of orders in {days} days.",
        text_zh="近 {days} 天 {value:.0%} 的订单。",
    )


def a_bundle(*inputs: Input, target: str = "credit") -> Bundle:
    """A tiny real model: log-odds -2 plus each input, from its own golden rows."""
    terms = [{"feature": one.name, "coefficient": 1.0, "transform": "identity", "center": 0.0} for one in inputs]
    bundle = Bundle(
        kind="points",
        target=target,
        name=f"goodfaith-{target}",
        features=inputs,
        calibration=Calibration(),
        scaling=STANDARD,
        training={},
        golden=Golden(),
        files={"points.json": json.dumps({"intercept": -2.0, "terms": terms}).encode()},
    )
    return with_golden_rows(bundle, [[0.5] * len(inputs)])
