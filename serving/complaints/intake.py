"""Complaints: one comes in, is stored, sorted, and given to somebody; what nobody ends in time is raised."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, Engine

from features.database import micros, reading, written
from features.live import lock_merchants
from features.lookup import Found, events_about, events_about_any, events_of_type, live_state
from scoring.complaint_policy import ComplaintPolicy
from scoring.complaints import Basis, Cause, Complaint, Triage, escalated, triage
from serving import cases, store_cases
from serving.cases import Kind, Matter
from serving.complaints import events, store
from serving.complaints.bodies import ComplaintAnswer, ComplaintBody
from serving.complaints.reader import Reader, Reading
from serving.complaints.store import Filed
from serving.errors import ComplaintKnown, MerchantUnknown
from serving.idempotency import Answer, Asked, earlier_answer, keep
from serving.notifications import outbox
from serving.notifications.outbox import Notice, Topic
from serving.record import audit
from serving.service import Service

__all__ = ["escalate_overdue", "receive"]

#: What a case about a complaint that is overdue is raised by, in the audit chain.
_BY_CLOCK = "goodfaith"


def receive(service: Service, body: ComplaintBody, reader: Reader, *, by: str, asked: Asked | None) -> Answer:
    """Store a complaint as an event, sort it, and open its case; all of it in one transaction.

    `asked` names the request where its sender wants the first answer again for a repeat. Raises `MerchantUnknown`,
    `ComplaintKnown`, `IdempotencyConflict`.
    """
    # Read before the transaction: looking up a new champion takes a while, and nobody should wait behind a lock.
    sent = _Sent(body=body, reading=reader.read(body.text, now=service.clock()), by=by, asked=asked)
    return written(service.engine, partial(_received, service=service, sent=sent))


def escalate_overdue(engine: Engine, policy: ComplaintPolicy, *, now: datetime) -> int:
    """Raise open cases about complaints whose time has run out, a tier each; answer how many that were."""
    with reading(engine) as tx:
        late = store.overdue(tx, now=now, below=policy.tiers[-1].tier)
    return sum(written(engine, partial(_escalate, case_id=one, policy=policy, now=now)) for one in late)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """A complaint as it was sent: what a model makes of its text, and whose key asks."""

    body: ComplaintBody
    reading: Reading
    by: str
    asked: Asked | None


def _received(tx: Connection, *, service: Service, sent: _Sent) -> Answer:
    body, asked, policy = sent.body, sent.asked, service.complaints
    earlier = earlier_answer(tx, asked, now=service.clock()) if asked else None
    if earlier:
        return earlier
    if live_state(tx, body.merchant_id) is None:
        raise MerchantUnknown("no event of this merchant is known")
    lock_merchants(tx, [body.merchant_id])
    now = service.clock()
    found = triage(_complaint(tx, body, policy, now), policy=policy, guess=sent.reading.guess)
    answer = Answer(status=200, body=_filed(tx, sent, found, policy, now=now).model_dump_json())
    if asked:
        keep(tx, asked, answer)
    return answer


# What our own store knows of it.


def _complaint(tx: Connection, body: ComplaintBody, policy: ComplaintPolicy, now: datetime) -> Complaint:
    placed = _placed(tx, body)
    own = placed.says["amount_cents"] if placed else None
    return Complaint(
        received_at=now,
        text=body.text,
        topic=body.topic,
        tier=body.tier,
        channel=body.channel,
        amount_cents=own if own is not None else body.amount_cents or 0,
        buyers_alike=_buyers_alike(tx, body, placed, since=now - timedelta(days=policy.gravity.buyers_alike_days)),
        refused_before=_refused_before(tx, body),
    )


def _placed(tx: Connection, body: ComplaintBody) -> Found | None:
    """The order that it is about, where this merchant has sold it."""
    if body.order_id is None:
        return None
    orders = events_about(tx, f"order:{body.order_id}", merchant_id=body.merchant_id, types=("order_placed",))
    return orders[0] if orders else None


def _buyers_alike(tx: Connection, body: ComplaintBody, placed: Found | None, *, since: datetime) -> int:
    """How many buyers have complained of the same listing since a moment, the one who does now among them."""
    listing = placed.says.get("listing_id") if placed else None
    if listing is None:
        return 1
    told = events_of_type(tx, body.merchant_id, "complaint_received")
    lately = {one.says["order_id"] for one in told if one.event_time >= micros(since) and "order_id" in one.says}
    orders = events_about_any(tx, [f"order:{one}" for one in sorted(lately)], types=("order_placed",))
    alike = {
        one.says.get("buyer_id") for one in orders
        if one.merchant_id == body.merchant_id and one.says.get("listing_id") == listing
    }  # fmt: skip
    # An order's own buyer counts, not who says to be it: a single order makes a single voice.
    own = placed.says.get("buyer_id") if placed else None
    return max(1, len((alike | {own}) - {None}))


def _refused_before(tx: Connection, body: ComplaintBody) -> bool:
    """Whether a complaint about the same order was closed unsolved."""
    if body.order_id is None:
        return False
    told = events_about(tx, f"order:{body.order_id}", merchant_id=body.merchant_id, types=("complaint_received",))
    ids = [f"complaint:{one.says['complaint_id']}" for one in told]
    closed = events_about_any(tx, ids, types=("complaint_closed",))
    return any((one.merchant_id, one.says["outcome"]) == (body.merchant_id, "unsolved") for one in closed)


# What is kept of it.


def _filed(tx: Connection, sent: _Sent, found: Triage, policy: ComplaintPolicy, *, now: datetime) -> ComplaintAnswer:
    body, version = sent.body, sent.reading.version
    complaint_id = body.complaint_id or f"p_{secrets.token_hex(12)}"
    _store(tx, body, found, policy, complaint_id, now=now)
    case_id = cases.open_case(tx, _matter(body.merchant_id, complaint_id, found), now=now)
    store.add(tx, _row(body, found, case_id, complaint_id, version))
    said = {"tier": found.tier, "topic": found.topic, "route": found.route, "channel": body.channel}
    entry = audit.Entry(actor=f"key:{sent.by}", action="complaint_received", subject=f"case:{case_id}", body=said)
    audit.write(tx, entry, now=now)
    return _answer(found, case_id, complaint_id, version)


def _store(
    tx: Connection, body: ComplaintBody, found: Triage, policy: ComplaintPolicy, complaint_id: str, *, now: datetime
) -> None:
    """Store the event, with the topic and tier that the complaint was found to have; raises `ComplaintKnown`."""
    about = {"merchant_id": body.merchant_id, "complaint_id": complaint_id}
    if events.is_told(tx, "complaint_received", **about):
        raise ComplaintKnown("a complaint about this merchant has come in under this id before")
    topic = policy.covering(found.topic)
    stated = body.topic if policy.covering(body.topic) else None
    says = body.model_dump(include={"order_id", "buyer_id", "channel", "region", "programme"})
    says |= {"topic": stated or (topic.told_as if topic else None), "tier": found.tier, "text": body.text or None}
    events.tell(tx, "complaint_received", now=now, **about, **says)


def _matter(merchant_id: str, complaint_id: str, found: Triage) -> Matter:
    return Matter(
        kind=Kind.COMPLAINT,
        merchant_id=merchant_id,
        about=f"complaint:{len(merchant_id)}:{merchant_id}:{complaint_id}",
        summary=_summary(found),
        priority=_priority(found),
        due_at=found.due_at,
    )


def _row(body: ComplaintBody, found: Triage, case_id: str, complaint_id: str, version: str | None) -> Filed:
    return Filed(
        case_id=case_id,
        merchant_id=body.merchant_id,
        complaint_id=complaint_id,
        topic=found.topic,
        topic_by=found.topic_by,
        tier=found.tier,
        causes=" ".join(found.causes),
        route=found.route,
        channel=body.channel,
        region=body.region,
        reference=body.reference,
        answer_by=found.answer_by,
        accept_by=found.accept_by,
        policy_version=found.policy_version,
        model_version=version,
    )


def _answer(found: Triage, case_id: str, complaint_id: str, version: str | None) -> ComplaintAnswer:
    return ComplaintAnswer.model_validate(
        {
            "complaint_id": complaint_id,
            "case_id": case_id,
            "tier": found.tier,
            "causes": list(found.causes),
            "topic": found.topic,
            "topic_by": found.topic_by.value,
            "route": found.route,
            "answer_by": found.answer_by,
            "due_at": found.due_at,
            "accept_by": found.accept_by,
            "text": found.text,
            "text_zh": found.text_zh,
            "policy_version": found.policy_version,
            "model_version": version,
        }
    )


def _summary(found: Triage) -> str:
    return f"{found.text} / {found.text_zh}"


def _priority(found: Triage) -> int:
    """A major case comes first, a question last."""
    return 4 - found.tier


# What nobody has ended in time.


def _escalate(tx: Connection, *, case_id: str, policy: ComplaintPolicy, now: datetime) -> int:
    case, filed = store_cases.lock(tx, case_id), store.find(tx, case_id)
    if case is None or filed is None or case.state != "open":
        return 0
    complaint = Complaint(received_at=case.opened_at, channel=filed.channel)
    before = _triage_of(case.due_at, filed)
    found = escalated(complaint, before, policy=policy, as_of=now)
    if found == before:
        return 0
    changes = {"tier": found.tier, "causes": " ".join(found.causes), "route": found.route}
    store.change(tx, case_id, **changes, answer_by=found.answer_by, policy_version=found.policy_version)
    shown = {"priority": _priority(found), "due_at": found.due_at, "summary": _summary(found)}
    store_cases.change(tx, case_id, **shown)
    said = {"tier": found.tier, "before": filed.tier, "due_at": found.due_at.isoformat()}
    entry = audit.Entry(actor=_BY_CLOCK, action="complaint_escalated", subject=f"case:{case_id}", body=said)
    audit.write(tx, entry, now=now)
    told = {"case_id": case_id, "kind": str(case.kind), "merchant_id": case.merchant_id, **said}
    outbox.tell(tx, [Notice(topic=Topic.CASE_RAISED, says=told)], now=now)
    return 1


def _triage_of(due_at: datetime, filed: Filed) -> Triage:
    """How a complaint was sorted, as far as raising it needs that."""
    return Triage(
        topic=filed.topic,
        topic_by=Basis(filed.topic_by),
        tier=filed.tier,
        causes=tuple(map(Cause, filed.causes.split())),
        route=filed.route,
        answer_by=filed.answer_by,
        due_at=due_at,
        accept_by=filed.accept_by,
        text="",
        text_zh="",
        policy_version=filed.policy_version,
    )
