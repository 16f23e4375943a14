"""Decisions: recorded once with everything they were made from, and shown again."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from serving import audit, cases, reservations, seals, store_decisions
from serving.answers import ScoreAnswer
from serving.cases import Case, Matter
from serving.errors import DecisionUnknown
from serving.months import month_in_id
from serving.plain import as_json
from serving.reservations import Reservation
from serving.shadow_decisions import Otherwise, keep_beside
from serving.store_decisions import Decision

__all__ = ["Decision", "Verdict", "asked_for", "case_of", "decision", "decisions_of", "kept", "record"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A judgement before it is recorded; `answer` is what the caller gets, but for the decision's id.

    `request`, `answer`, `trace` and `made_by` hold plain values. `reserves_cents` is to be held for it, out of `fund`
    if that pays; `matter` is to be looked at by a person. It rests on what is `thought` of the merchant; `rethink`
    tells what would be decided, of the same facts, by whoever thinks otherwise.
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
    reserves_cents: int = 0
    fund: str | None = None
    matter: Matter | None = None


def record(tx: Connection, verdict: Verdict, *, by: str, now: datetime) -> Decision:
    """Keep a verdict for good, with the money it holds, the case it opens and its audit entry.

    What challengers would have decided is kept beside it.
    """
    made, entry = kept(tx, verdict, by=by, now=now)
    audit.write(tx, entry, now=now)
    return made


def kept(tx: Connection, verdict: Verdict, *, by: str, now: datetime) -> tuple[Decision, audit.Entry]:
    """`record` but for its audit entry, which the same transaction must write: many of them are cheap together."""
    made = _decision(tx, verdict, by=by, now=now)
    store_decisions.add_decision(tx, made)
    if verdict.reserves_cents:
        reservations.reserve(tx, _reservation(made, verdict))
    keep_beside(tx, made, thought=verdict.thought, rethink=verdict.rethink)
    entry = audit.Entry(actor=f"key:{by}", action=seals.DECIDED, subject=f"decision:{made.id}", body=seals.seal(made))
    return made, entry


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
    decision_id = f"{month_in_id(now)}{secrets.token_hex(12)}"
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
        trace=as_json({**verdict.trace, "made_by": verdict.made_by, "case_id": case_id}),
        salt=seals.new_salt() if verdict.buyer_id is not None else None,
    )


def _reservation(made: Decision, verdict: Verdict) -> Reservation:
    return Reservation(
        decision_id=made.id,
        merchant_id=made.merchant_id,
        order_id=made.order_id or "",
        buyer_id=made.buyer_id or "",
        promised_cents=verdict.reserves_cents,
        cents=verdict.reserves_cents,
        fund=verdict.fund,
        state="reserved",
        reserved_at=made.decided_at,
        expires_at=made.expires_at,
    )
