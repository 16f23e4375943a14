"""What challengers would have decided, kept beside what was: the same facts and the same policy, another opinion.

Nothing is reserved and nobody is told. What goes wrong here is written down, and the real decision stands.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection

from features.database import micros
from serving import store_shadow
from serving.answers import ScoreAnswer
from serving.plain import as_json
from serving.store_decisions import Decision
from serving.store_shadow import Beside

__all__ = ["FAILED", "Otherwise", "Thinking", "keep_beside"]

#: The outcome that is kept where a challenger's opinion could not be judged by.
FAILED = "failed"

log = structlog.get_logger("goodfaith.serving")


@dataclass(frozen=True, slots=True, kw_only=True)
class Otherwise:
    """What would have been decided: its outcome, and what the caller would have got, as plain values."""

    outcome: str
    answer: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinking:
    """A decision with what it rests on: what is `thought` of the merchant; whoever thinks otherwise may `rethink`."""

    made: Decision
    thought: ScoreAnswer
    rethink: Callable[[ScoreAnswer], Otherwise]


def keep_beside(tx: Connection, decided: Sequence[Thinking]) -> None:
    """Keep what each challenger would have decided that judged a merchant from the facts that `thought` is of."""
    found = store_shadow.beside(tx, {one.made.merchant_id: one.thought.assessed_at for one in decided})
    if not found:
        return
    try:
        # A statement that fails would take PostgreSQL's whole transaction with it, and with it the real decisions.
        with tx.begin_nested():
            rows = [_row(one, beside) for one in decided for beside in found.get(one.made.merchant_id, ())]
            store_shadow.add_decisions(tx, rows)
    except Exception as error:
        log.error("what challengers would have decided could not be kept", error=type(error).__name__)


def _row(of: Thinking, beside: Beside) -> dict[str, Any]:
    made, otherwise = of.made, _rethought(beside, of.rethink)
    return {
        "target": beside.target,
        "decision_id": made.id,
        "kind": made.kind,
        "decided_at": micros(made.decided_at),
        "champion": beside.champion,
        "challenger": beside.challenger,
        "live_outcome": made.outcome,
        "shadow_outcome": otherwise.outcome,
        "cents": json.loads(made.request).get("amount_cents"),
        "answer": as_json({**otherwise.answer, "decision_id": made.id}),
    }


def _rethought(beside: Beside, rethink: Callable[[ScoreAnswer], Otherwise]) -> Otherwise:
    """What would have been decided; where that cannot be told it has failed, which is kept and counted too."""
    try:
        return rethink(ScoreAnswer.model_validate_json(beside.answer))
    except Exception as error:
        log.error("a challenger could not decide", target=beside.target, error=type(error).__name__)
        return Otherwise(outcome=FAILED, answer={})
