"""Appeals: whoever is concerned by a decision objects to it, and somebody who had no part in it looks again."""

from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from features.database import written
from features.live import lock_merchants
from serving import cases, decisions
from serving.case_schemas import AppealAnswer, AppealBody
from serving.cases import Kind, Matter
from serving.errors import AppealTooLate, CaseClosed
from serving.record import audit
from serving.service import Service

__all__ = ["appeal"]


def appeal(service: Service, decision_id: str, body: AppealBody, *, by: str) -> AppealAnswer:
    """Open the case of an objection, unless it is open already.

    Raises `DecisionUnknown`, `AppealTooLate`, and `CaseClosed` where an objection to it was judged before.
    """
    return written(service.engine, partial(_appealed, service=service, decision_id=decision_id, body=body, by=by))


def _appealed(tx: Connection, *, service: Service, decision_id: str, body: AppealBody, by: str) -> AppealAnswer:
    decided, now, policy = decisions.decision(tx, decision_id), service.clock(), service.penalties
    # Decisions lock the merchant first and open cases under it: here the order must be the same.
    lock_merchants(tx, [decided.merchant_id])
    if now >= decided.decided_at + timedelta(days=policy.appeal_days):
        raise AppealTooLate(f"an objection may come for {policy.appeal_days} days")
    if any(one.state == "resolved" for one in cases.appeals_of(tx, decided.merchant_id, decision_id)):
        raise CaseClosed("an objection to this decision was judged before; that stands")
    matter = Matter(
        kind=Kind.APPEAL,
        merchant_id=decided.merchant_id,
        about=f"appeal:{decision_id}",
        summary=body.text,
        decision_id=decision_id,
        due_at=now + timedelta(days=policy.appeal_answer_days),
    )
    case = cases.find(tx, cases.open_case(tx, matter, now=now))
    entry = audit.Entry(actor=f"key:{by}", action="appealed", subject=f"decision:{decision_id}", body={"case": case.id})
    audit.write(tx, entry, now=now)
    return AppealAnswer(decision_id=decision_id, case_id=case.id, state="open", due_at=case.due_at)
