"""The way of one decision: claim its key, lock, load, judge, record, answer; all of it in one transaction."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy import Connection

from features.database import reading, writing
from features.live import lock_merchants
from scoring.evidence import Measured
from serving import decisions, idempotency
from serving.decisions import Verdict
from serving.idempotency import Answer, Asked
from serving.plain import as_json
from serving.service import Service
from serving.standing import Standing, standing
from serving.unassessed import answer_unassessed

__all__ = ["Bench", "decide", "fallback_of", "plain", "try_out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where a judge sits: within a transaction, at a moment; `otherwise` is what is thought of the never assessed.

    `policies` are the hashes of those that are kept for whatever is recorded here, by kind; none where nothing is.
    """

    service: Service
    tx: Connection
    now: datetime
    otherwise: str | None
    policies: Mapping[str, str] = field(default_factory=dict)

    def standing(self, merchant_id: str) -> Standing:
        """What is thought of a merchant now."""
        policy = self.service.refunds
        return standing(self.tx, merchant_id, otherwise=self.otherwise, policy=policy, now=self.now)

    def readings(self, merchant_id: str, *names: str) -> Mapping[str, Measured]:
        """Features of a merchant as of now."""
        return self.service.readings(self.tx, merchant_id, tuple(dict.fromkeys(names)), self.now)


#: Judges one request from what the store says at this moment.
Judge = Callable[[Bench], Verdict]


def decide(service: Service, merchant_id: str, judge: Judge, asked: Asked) -> Answer:
    """Judge a request about a merchant once and for good, or give the answer that it got before.

    Whoever decides about the same merchant waits, so what the judge adds up still holds when it is recorded.
    Raises `MerchantUnknown`, `IdempotencyConflict`, and what the judge raises; then nothing is kept.
    """
    otherwise, policies = fallback_of(service, merchant_id), service.keep_policies()
    with writing(service.engine) as tx:
        earlier = idempotency.earlier_answer(tx, asked, now=service.clock())
        if earlier:
            return earlier
        lock_merchants(tx, [merchant_id])
        # The moment is taken under the lock: a wait must not let a decision look back past the one before it.
        now = service.clock()
        verdict = judge(Bench(service=service, tx=tx, now=now, otherwise=otherwise, policies=policies))
        made = decisions.record(tx, verdict, by=asked.caller, now=now)
        answer = Answer(status=200, body=made.answer)
        idempotency.keep(tx, asked, answer)
    service.metrics.decided(kind=verdict.kind, outcome=verdict.outcome)
    return answer


def try_out(service: Service, merchant_id: str, judge: Judge) -> Answer:
    """What `decide` would answer now, with nothing kept; the answer's decision has no id."""
    now, otherwise = service.clock(), fallback_of(service, merchant_id)
    with reading(service.engine) as tx:
        verdict = judge(Bench(service=service, tx=tx, now=now, otherwise=otherwise))
    return Answer(status=200, body=as_json({**verdict.answer, "decision_id": None}))


def plain(value: Any) -> dict[str, Any]:
    """A value of ours as plain JSON values."""
    found: dict[str, Any] = to_jsonable_python(value)
    return found


def fallback_of(service: Service, merchant_id: str) -> str | None:
    """The fallback's answer where there is no assessment, made before any lock is held: it reads all the events."""
    return None if service.assessments.latest(merchant_id) else answer_unassessed(service, merchant_id)
