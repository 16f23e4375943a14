"""A small world for the console's tests: somebody logged in, cases to look at, and a browser's manners over HTTP."""

import asyncio
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import Engine

from features.database import writing
from scoring.evidence import Measured
from serving import cases, decisions
from serving.answers import ScoreAnswer, answer_of, stored
from serving.cases import Kind, Matter
from serving.decisions import Verdict
from serving.people import People, User
from serving.shadow_decisions import Otherwise
from serving.store import AssessmentStore
from tests.serving.world import NOON, an_assessment

NAME, PASSWORD = "anna", "correct horse battery staple"

CONDITION = {
    "metric": "dispatch_kept_rate_90d",
    "state": "not_yet_proven",
    "have": 0.96,
    "need": 0.97,
    "gap": 0.01,
    "low": 0.931,
    "high": 0.979,
    "evidence": 120,
    "code": "G101",
    "text": "Shipped 96% of orders by the promised time.",
    "text_zh": "96% 的订单按承诺时间发货。",
    "switched_off": False,
}
REASON = {"code": "G101", "text": "Not yet proven.", "text_zh": "尚未得到证明。", "metric": "dispatch_kept_rate_90d"}
STEP = {"text": "Ship 97% in time.", "text_zh": "按时发货率达到 97%。", "earliest": "2026-12-20", "metric": "x"}


def somebody(engine: Engine, name: str = NAME, *, role: str = "reviewer") -> None:
    """Somebody who may log in with `PASSWORD`."""
    People(engine).add(User(name=name, role=role, created_at=NOON), password=PASSWORD)


def assessed(engine: Engine, merchant_id: str = "m1", *, at: datetime = NOON, **facts: Any) -> None:
    """A merchant with an assessment in the store."""
    one = an_assessment(merchant_id, as_of=at, **facts)
    AssessmentStore(engine).remember([stored(one, assessed_at=at)])


def a_case(engine: Engine, merchant_id: str = "m1", *, about: str = "m1", **changes: Any) -> str:
    """An open case, opened a day before noon."""
    told = {"kind": Kind.SUSPICION, "summary": "Reports of fakes came in.", **changes}
    with writing(engine) as tx:
        matter = Matter(merchant_id=merchant_id, about=about, **told)
        return cases.open_case(tx, matter, now=NOON - timedelta(days=1))


def a_decision(engine: Engine, merchant_id: str = "m1", **answer: Any) -> str:
    """A programme's decision that went to a person."""
    thought = ScoreAnswer.model_validate_json(answer_of(an_assessment(merchant_id), assessed_at=NOON))
    verdict = Verdict(
        kind="programme",
        merchant_id=merchant_id,
        programme="lightning_dispatch",
        outcome="review",
        expires_at=NOON + timedelta(days=30),
        seen_seq=1,
        request={"merchant_id": merchant_id, "category": "toys"},
        answer={"conditions": [CONDITION], "reasons": [REASON], "path_to_qualify": [STEP], **answer},
        trace={"policy_version": "programmes-1"},
        made_by={},
        thought=thought,
        rethink=lambda _: Otherwise(outcome="refuse", answer={}),
    )
    with writing(engine) as tx:
        return decisions.record(tx, verdict, by="k1", now=NOON).id


def readings(_tx: Any, merchant_ids: Any, names: Any, _now: datetime) -> dict[str, dict[str, Measured]]:
    """Rates of each merchant: one with much behind it, one with little, the rest with nothing yet."""
    found = {name: Measured(name=name, value=None, of=0, per=0, prior=0.03, strength=10.0) for name in names}
    much = Measured(name="dispatch_kept_rate_90d", value=0.95, of=114, per=120, prior=0.96, strength=10.0)
    little = Measured(name="defect_rate_90d", value=0.25, of=1, per=4, prior=0.03, strength=10.0)
    return {one: {**found, much.name: much, little.name: little} for one in merchant_ids}


@dataclass
class Browser:
    """Somebody's browser without its pictures: it keeps cookies, and fills in the forms of the page it is on."""

    app: FastAPI
    scheme: str = "http"
    cookies: dict[str, str] = field(default_factory=dict)
    page: httpx.Response | None = None

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Open a page, without following where it sends."""
        return self.ask("GET", path, headers=headers)

    def send(self, path: str, **fields: str) -> httpx.Response:
        """Send a form with the token of the page that is open, unless another is given."""
        token = re.search(r'name="csrf" value="([^"]+)"', self.page.text if self.page else "")
        return self.ask("POST", path, data={"csrf": token.group(1) if token else "", **fields})

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url=f"{self.scheme}://goodfaith") as client:
                headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), **more.pop("headers", {})}
                return await client.request(method, path, headers=headers, **more)

        self.page = asyncio.run(go())
        for line in self.page.headers.get_list("set-cookie"):
            self._keep(SimpleCookie(line))
        return self.page

    def _keep(self, sent: SimpleCookie) -> None:
        for name, cookie in sent.items():
            self.cookies.pop(name, None)
            if cookie["max-age"] != "0":
                self.cookies[name] = cookie.value

    def log_in(self, name: str = NAME, password: str = PASSWORD, **fields: str) -> httpx.Response:
        """Log in as people do: open the form and send it."""
        self.get("/console/login")
        return self.send("/console/login", name=name, password=password, **fields)
