"""Decisions: recorded once with everything they were made from, and shown again."""

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from features.database import micros
from serving import cases, reservations, store_decisions
from serving.answers import ScoreAnswer
from serving.cases import Case, Matter
from serving.errors import DecisionUnknown
from serving.idempotency import Answer
from serving.months import month_in_id
from serving.plain import as_json, joined
from serving.record import audit, seals
from serving.reservations import Reservation
from serving.shadow_decisions import Otherwise, Thinking, keep_beside
from serving.store_decisions import Decision

__all__ = [
    "Decision", "Made", "Verdict", "asked_for", "case_of", "decision", "decisions_of", "keep_all", "make", "new_id",
    "record",
]  # fmt: skip


def new_id(now: datetime) -> str:
    """An id for one more decision: those of one moment begin alike, so that a store keeps them on the same pages."""
    return f"{month_in_id(now)}{micros(now) // 1000:012x}{secrets.token_hex(8)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A judgement before it is recorded; `answer` is what the caller gets, but for the decision's id.

    `request`, `answer`, `trace` and `made_by` hold plain values, `trace` also `Json`. What it `promised` is to be held;
    `matter` is to be looked at by a person. It rests on what is `thought` of the merchant; `rethink` tells what would
    be decided, of the same facts, by whoever thinks otherwise.
    """

    kind: str
    merchant_id: str
    outcome: str
    expires_at: datetime
    seen_seq: int
    request: dict[str, Any]
    answer: dict[str, Any]
    trace: dict[str, Any]
    made_by: dict[str, Any]
    thought: ScoreAnswer
    rethink: Callable[[ScoreAnswer], Otherwise]
    order_id: str | None = None
    buyer_id: str | None = None
    programme: str | None = None
    promised: Reservation | None = None
    matter: Matter | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A decision that is yet to be written, and the verdict that it came of."""

    decision: Decision
    verdict: Verdict

    @property
    def answer(self) -> Answer:
        """What the caller gets."""
        return Answer(status=200, body=self.decision.answer)

    @property
    def thinking(self) -> Thinking:
        """What whoever thinks otherwise has to know of it."""
        return Thinking(made=self.decision, thought=self.verdict.thought, rethink=self.verdict.rethink)


def record(tx: Connection, verdict: Verdict, *, by: str, now: datetime) -> Decision:
    """Keep a verdict for good, with the money it holds, the case it opens and its audit entry."""
    made = make(tx, verdict, by=by, now=now)
    keep_all(tx, [made], now=now)
    return made.decision


def make(tx: Connection, verdict: Verdict, *, by: str, now: datetime) -> Made:
    """What is to be kept of a verdict; the case that it opens, if any, is open from now on."""
    return Made(decision=_decision(tx, verdict, by=by, now=now), verdict=verdict)


def keep_all(tx: Connection, made: Sequence[Made], *, now: datetime) -> None:
    """Keep decisions for good, with the money that they hold and their audit entries.

    What challengers would have decided is kept beside them.
    """
    store_decisions.add_decisions(tx, [one.decision for one in made])
    reservations.reserve(tx, *(one.verdict.promised for one in made if one.verdict.promised))
    keep_beside(tx, [one.thinking for one in made])
    audit.write_all(tx, [_entry(one.decision) for one in made], now=now)


def decision(tx: Connection, decision_id: str) -> Decision:
    """The decision with this id. Raises `DecisionUnknown`."""
    found = store_decisions.find_decision(tx, decision_id)
    if found is None:
        raise DecisionUnknown("no decision has this id")
    return found


def asked_for(of: Decision) -> dict[str, Any]:
    """What was asked for, with the buyer whose id stands apart."""
    asked: dict[str, Any] = json.loads(of.request)
    return {**asked, "buyer": {**asked["buyer"], "id": of.buyer_id}} if of.buyer_id and "buyer" in asked else asked


def decisions_of(tx: Connection, merchant_id: str, limit: int) -> tuple[Decision, ...]:
    """A merchant's decisions, the newest first."""
    return store_decisions.decisions_of(tx, merchant_id, limit)


def case_of(tx: Connection, of: Decision) -> Case | None:
    """The case that a decision was given to."""
    case_id = json.loads(of.trace).get("case_id")
    return cases.find(tx, case_id) if case_id else None


def _decision(tx: Connection, verdict: Verdict, *, by: str, now: datetime) -> Decision:
    decision_id = verdict.id or new_id(now)
    matter = verdict.matter and replace(verdict.matter, decision_id=decision_id)
    case_id = cases.open_case(tx, matter, now=now) if matter else None
    return Decision(
        id=decision_id,
        kind=verdict.kind,
        merchant_id=verdict.merchant_id,
        order_id=verdict.order_id,
        buyer_id=verdict.buyer_id,
        programme=verdict.programme,
        outcome=verdict.outcome,
        decided_at=now,
        decided_by=by,
        expires_at=verdict.expires_at,
        seen_seq=verdict.seen_seq,
        request=as_json(seals.without_buyer(verdict.request)),
        answer=as_json({**verdict.answer, "decision_id": decision_id}),
        trace=joined({**verdict.trace, "made_by": verdict.made_by, "case_id": case_id}),
        salt=seals.new_salt() if verdict.buyer_id is not None else None,
    )


def _entry(made: Decision) -> audit.Entry:
    actor, subject = f"key:{made.decided_by}", f"decision:{made.id}"
    return audit.Entry(actor=actor, action=seals.DECIDED, subject=subject, body=seals.seal(made))
