"""A stage for stories: a whole service on a real store, a clock that the story moves, and everybody who calls it."""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import Engine

from scoring.bundle import Bundle, Calibration, Golden
from scoring.model import with_golden_rows
from scoring.scorecard import STANDARD
from serving.app import create_app
from serving.auth import SCOPES
from serving.champions import Champions, current_declarations
from serving.judging import Judges
from serving.readings import live_readings
from serving.service import Service
from serving.worker import Worker
from tests.serving.marketplace import input_of
from tests.serving.world import FakeChampions, FakeClock, a_key, a_service, call

BEGIN = datetime(2026, 6, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def a_credit_model(*, log_odds_of_a_saint: float = -5.0) -> Bundle:
    """A model that minds orders spoilt by the merchant's own fault, as the trained ones do most of all."""
    inputs = (input_of("own_fault_rate_90d_capped_shrunk"),)
    terms = [{"feature": one.name, "coefficient": 8.0, "transform": "identity", "center": 0.0} for one in inputs]
    body = json.dumps({"intercept": log_odds_of_a_saint, "terms": terms}).encode()
    bundle = Bundle(
        kind="points", target="credit", name="goodfaith-credit", features=inputs, calibration=Calibration(),
        scaling=STANDARD, training={}, golden=Golden(), files={"points.json": body},
    )  # fmt: skip
    return with_golden_rows(bundle, [[0.1]])


class Stage:
    """The platform's systems talk to the API; the worker judges when the story says so."""

    def __init__(self, engine: Engine, model: Bundle | None = None, *, champions: Champions | None = None) -> None:
        self.clock = FakeClock(BEGIN)
        self.service: Service = a_service(
            engine,
            clock=self.clock,
            champions=champions or FakeChampions(credit=("1", model or a_credit_model())),
            declarations=current_declarations(),
            readings=live_readings,
        )
        self.app = create_app(self.service)
        self._worker = Worker(self.service, Judges(self.service))
        self._key = a_key(engine, *SCOPES)
        self._numbers = itertools.count()

    def at(self, moment: datetime) -> None:
        """Let it be this moment."""
        self.clock.now = moment

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """One call of the API."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return call(self.app, path, key=self._key, method=method, json=body, headers=named)

    def tell(self, *events: dict[str, Any]) -> None:
        """Events of the platform; all of them must be taken."""
        for begin in range(0, len(events), 1000):
            sent = events[begin : begin + 1000]
            answer = self.ask("POST", "/v1/events", {"events": list(sent)}).json()
            assert answer == {"accepted": len(sent), "duplicates": 0, "rejected": []}

    def judge(self) -> None:
        """Let the worker do its work."""
        self._worker.drain(self.clock())

    def score(self, merchant: str) -> dict[str, Any]:
        """What is thought of a merchant."""
        found: dict[str, Any] = self.ask("GET", f"/v1/merchants/{merchant}/score").json()
        return found

    def apply(self, merchant: str, programme: str, *, category: str = "toys") -> dict[str, Any]:
        """A merchant applies for a programme."""
        key, path = f"k{next(self._numbers)}", f"/v1/programmes/{programme}/applications"
        answer = self.ask("POST", path, {"merchant_id": merchant, "category": category}, Idempotency_Key=key)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def refund(self, body: dict[str, Any], *, key: str) -> httpx.Response:
        """The refund system asks whether money may go out at once."""
        return self.ask("POST", "/v1/refunds/decisions", body, Idempotency_Key=key)

    def refunds(self, bodies: list[dict[str, Any]], *, at_once: int) -> list[dict[str, Any]]:
        """Many of them at the same moment, each under a key of its own."""
        with ThreadPoolExecutor(at_once) as pool:
            answers = pool.map(lambda pair: self.refund(pair[1], key=f"burst-{pair[0]}"), enumerate(bodies))
            return [answer.json() for answer in answers]


def an_event(event_type: str, event_id: str, at: datetime, merchant: str, **columns: Any) -> dict[str, Any]:
    """One event of a merchant, known when it happened."""
    named = {"event_id": f"{merchant}-{event_id}", "event_type": event_type, "merchant_id": merchant}
    return {**named, "event_time": at.isoformat(), "known_at": at.isoformat(), **columns}


def a_registration(merchant: str, at: datetime) -> list[dict[str, Any]]:
    """A merchant opens its shop, with its papers in order."""
    papers = [
        an_event("qualification_checked", f"paper-{paper}", at, merchant, qualification=paper, outcome="passed")
        for paper in ("identity", "business_licence")
    ]
    return [
        an_event("merchant_registered", "registered", at, merchant, category="toys", deposit_cents=200_000),
        *papers,
    ]


def an_order(merchant: str, number: int, placed: datetime, *, shipped_after: timedelta | None) -> list[dict[str, Any]]:
    """An order that is to be sent within a day and delivered within four; it comes two days after it was sent."""
    order = {"order_id": f"{merchant}-o{number}"}
    promise = {"ship_by": (placed + DAY).isoformat(), "deliver_by": (placed + 4 * DAY).isoformat()}
    told = [
        an_event("order_placed", f"o{number}", placed, merchant, amount_cents=20_000, buyer_id=f"buyer-{number}",
                 category="toys", **order, **promise)
    ]  # fmt: skip
    if shipped_after is not None:
        sent = placed + shipped_after
        told.append(an_event("order_shipped", f"s{number}", sent, merchant, **order))
        told.append(an_event("order_delivered", f"d{number}", sent + 2 * DAY, merchant, **order))
    return told
