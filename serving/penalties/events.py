"""Penalties as events: what was decided is told once it holds, and once only."""

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from features.jsonrows import check_rows
from features.lookup import types_of
from serving import store_cases, store_decisions
from serving.ingest.files import take
from serving.store_cases import Case
from serving.store_decisions import Decision

__all__ = ["KIND", "apply", "carry_out", "is_told", "lift", "overturn", "overturned"]

#: The kind under which these decisions are kept.
KIND = "penalty"


def carry_out(tx: Connection, case: Case, *, now: datetime) -> bool:
    """Tell the penalty that people have agreed to, once its notice has run out; answer whether that was now."""
    decided = store_decisions.find_decision(tx, case.decision_id or "")
    if decided is None or case.resolved_at is None or is_told(tx, decided):
        return False
    if decided.id in overturned(tx, case.merchant_id):
        return False
    notice = timedelta(days=json.loads(decided.answer)["notice_days"])
    if now < case.resolved_at + notice:
        return False
    apply(tx, decided, now=now)
    return True


def overturn(tx: Connection, case: Case, *, now: datetime) -> None:
    """Take a penalty back to which an objection was upheld; of other decisions the platform reads how it ended."""
    decided = store_decisions.find_decision(tx, case.decision_id or "")
    if decided is not None and decided.kind == KIND and is_told(tx, decided):
        lift(tx, decided, now=now, why="an objection to the penalty was upheld")


def overturned(tx: Connection, merchant_id: str) -> frozenset[str]:
    """The decisions about a merchant to which objections were upheld."""
    told = store_cases.of_merchant(tx, merchant_id)
    upheld = (one for one in told if (one.kind, one.state, one.outcome) == ("appeal", "resolved", "upheld"))
    return frozenset(one.decision_id for one in upheld if one.decision_id)


def is_told(tx: Connection, decided: Decision) -> bool:
    """Whether the penalty is an event already."""
    return bool(types_of(tx, [_named(decided)]))


def apply(tx: Connection, decided: Decision, *, now: datetime) -> None:
    """Tell that a penalty holds from now on."""
    answer = json.loads(decided.answer)
    said = "; ".join(one["text"] for one in answer["reasons"])
    told = {"penalty": decided.outcome, "points": answer["points"], "reason": said}
    _tell(tx, "penalty_applied", _named(decided), decided.merchant_id, told, now=now)


def lift(tx: Connection, decided: Decision, *, now: datetime, why: str) -> None:
    """Tell that a merchant stands as it did before its penalties."""
    told = {"reason": why}
    _tell(tx, "reinstated", f"lifted:{decided.id}", decided.merchant_id, told, now=now)


def _named(decided: Decision) -> str:
    return f"penalty:{decided.id}"


def _tell(
    tx: Connection, event_type: str, event_id: str, merchant_id: str, says: dict[str, Any], *, now: datetime
) -> None:
    named = {"event_type": event_type, "event_id": event_id, "merchant_id": merchant_id}
    # There is no amount in it, so that it is in no currency.
    checked = check_rows([{**named, "event_time": now.isoformat(), "known_at": now.isoformat(), **says}], currency="")
    if checked.rejected:
        raise AssertionError(f"an event of our own was rejected: {checked.rejected[0].code}")
    take(tx, checked.rows, at=now)
