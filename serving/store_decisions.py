"""SQL of decisions: what was answered for good, the money it holds, and what a repeated request gets again."""

import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, literal, select, update

from features.database import columns_of, insert_all, insert_new, micros, moment
from features.queries import Query, given, listed
from serving.months import decided_in_month_of
from serving.record.tables import audit
from serving.tables import assessment_history, assessments, decisions, idempotency

__all__ = [
    "Decision",
    "Draw",
    "Kept",
    "Place",
    "Sealed",
    "add_decisions",
    "answer_once",
    "asked_by",
    "claim",
    "decisions_of",
    "draws",
    "drop_answers",
    "drop_old_answers",
    "every_decision",
    "find_decision",
    "how_many",
    "keep_answers",
    "kept_answers",
    "last_of_kind",
    "last_of_programme",
    "latest_answer",
    "latest_answers",
    "of_buyer",
    "past_answers",
    "read_decision",
    "refunds_since",
    "sealed",
    "unsealed",
]

#: Where an answer is kept: by whose key it was asked for, of which route, under which name.
Place = tuple[str, str, str]

_DROPPED_AT_ONCE = 20
_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One answer that was given for good; `request`, `answer` and `trace` are canonical JSON.

    `salt` is what its buyer is sealed under, None where there is no buyer or nobody may know any more who it was.
    """

    id: str
    kind: str
    merchant_id: str
    order_id: str | None
    buyer_id: str | None
    programme: str | None
    outcome: str
    decided_at: datetime
    decided_by: str
    expires_at: datetime
    seen_seq: int
    request: str
    answer: str
    trace: str
    salt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """An entry of the audit record that seals a decision, and that decision as it is now; None where it is gone."""

    decision_id: str
    action: str
    at: int
    body: dict[str, Any]
    decision: "Decision | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What an idempotency key stands for; `status` is 0 while its first request is being answered."""

    request_hash: str
    status: int
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """A decision on an application: its outcome, how likely that was, and the lot behind it, None where none was."""

    merchant_id: str
    programme: str
    outcome: str
    decided_at: datetime
    expires_at: datetime
    propensity: float
    lot: float | None
    explored: bool


def add_decisions(tx: Connection, made: Sequence[Decision]) -> None:
    """Keep more decisions."""
    names = decisions.c.keys()
    insert_all(tx, decisions, columns_of([_row(one, names) for one in made]))


def find_decision(tx: Connection, decision_id: str) -> Decision | None:
    """The decision with this id."""
    there = and_(decisions.c.id == decision_id, decided_in_month_of(decision_id))
    row = tx.execute(select(decisions).where(there)).one_or_none()
    return read_decision(row) if row else None


def decisions_of(tx: Connection, merchant_id: str, limit: int) -> tuple[Decision, ...]:
    """A merchant's decisions, the newest first."""
    query = select(decisions).where(decisions.c.merchant_id == merchant_id)
    newest = query.order_by(decisions.c.decided_at.desc(), decisions.c.id).limit(limit)
    return tuple(map(read_decision, tx.execute(newest)))


def of_buyer(tx: Connection, buyer_id: str) -> tuple[Decision, ...]:
    """Everything that was decided for a buyer, the first one first."""
    query = select(decisions).where(decisions.c.buyer_id == buyer_id).order_by(decisions.c.decided_at, decisions.c.id)
    return tuple(map(read_decision, tx.execute(query)))


def last_of_programme(tx: Connection, merchant_id: str, programme: str, *, kind: str = "") -> Decision | None:
    """The latest decision about a merchant and a programme, of one kind where one is named."""
    chosen = [decisions.c.merchant_id == merchant_id, decisions.c.programme == programme]
    chosen += [decisions.c.kind == kind] if kind else []
    newest = select(decisions).where(and_(*chosen)).order_by(decisions.c.decided_at.desc(), decisions.c.id).limit(1)
    row = tx.execute(newest).one_or_none()
    return read_decision(row) if row else None


def every_decision(tx: Connection, *, by_merchant: bool = False) -> Generator[Decision, None, None]:
    """All decisions, in the order in which they were made, merchant by merchant if that is asked for."""
    first = [decisions.c.merchant_id] if by_merchant else []
    query = select(decisions).order_by(*first, decisions.c.decided_at, decisions.c.id)
    with tx.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}) as found:
        yield from map(read_decision, found)


def how_many(tx: Connection) -> int:
    """How many decisions there are."""
    return int(tx.execute(select(func.count()).select_from(decisions)).scalar_one())


def last_of_kind(tx: Connection, merchant_id: str, kind: str) -> Decision | None:
    """The latest decision of a kind about a merchant."""
    chosen = and_(decisions.c.merchant_id == merchant_id, decisions.c.kind == kind)
    newest = select(decisions).where(chosen).order_by(decisions.c.decided_at.desc(), decisions.c.id).limit(1)
    row = tx.execute(newest).one_or_none()
    return read_decision(row) if row else None


def refunds_since(tx: Connection, since: datetime) -> Generator[Decision, None, None]:
    """Every decision on a refund from a moment on, in the order in which they were made."""
    chosen = and_(decisions.c.kind == "refund", decisions.c.decided_at >= micros(since))
    query = select(decisions).where(chosen).order_by(decisions.c.decided_at, decisions.c.id)
    with tx.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}) as found:
        yield from map(read_decision, found)


def draws(tx: Connection) -> Generator[Draw, None, None]:
    """Every decision on an application, in the order in which they were made."""
    query = select(decisions).where(decisions.c.kind == "programme").order_by(decisions.c.decided_at, decisions.c.id)
    with tx.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}) as found:
        for row in found:
            yield _draw(read_decision(row))


def _draw(of: Decision) -> Draw:
    trace = json.loads(of.trace)
    return Draw(
        merchant_id=of.merchant_id,
        programme=of.programme or "",
        outcome=of.outcome,
        decided_at=of.decided_at,
        expires_at=of.expires_at,
        # Before there were lots, decisions did not say that they were certain.
        propensity=trace.get("propensity", 1.0),
        lot=trace.get("lot"),
        explored=trace.get("explored", False),
    )


def sealed(tx: Connection, actions: Sequence[str]) -> Generator[Sealed, None, None]:
    """Every entry of the audit record that seals a decision (these are its actions), by decision, in their order."""
    columns = [column.label(f"of_{name}") for name, column in decisions.c.items()]
    query = select(audit.c.subject, audit.c.action, audit.c.at, audit.c.body, *columns)
    query = query.outerjoin(decisions, decisions.c.id == func.substr(audit.c.subject, len(_SUBJECT) + 1))
    query = query.where(audit.c.action.in_(actions)).order_by(audit.c.subject, audit.c.at)
    with tx.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}) as found:
        yield from map(_sealed, found)


def unsealed(tx: Connection) -> Decision | None:
    """The first decision of which no entry of the audit record tells."""
    told = literal(_SUBJECT).concat(decisions.c.id) == audit.c.subject
    query = select(decisions).outerjoin(audit, told).where(audit.c.subject.is_(None))
    row = tx.execute(query.order_by(decisions.c.decided_at, decisions.c.id).limit(1)).one_or_none()
    return read_decision(row) if row else None


#: How the audit record names a decision.
_SUBJECT = "decision:"


def _sealed(row: Row[Any]) -> Sealed:
    values = {name.removeprefix("of_"): value for name, value in row._mapping.items() if name.startswith("of_")}
    return Sealed(
        decision_id=row.subject.removeprefix(_SUBJECT),
        action=row.action,
        at=row.at,
        body=json.loads(row.body),
        decision=_of(values) if values["id"] is not None else None,
    )


def read_decision(row: Row[Any]) -> Decision:
    """A decision as its row keeps it."""
    return _of(dict(row._mapping))


def _of(values: Mapping[str, Any]) -> Decision:
    return Decision(**{**values, **{name: moment(values[name]) for name in ("decided_at", "expires_at")}})


def asked_by(
    tx: Connection, buyer_ids: Sequence[str], *, since: datetime
) -> dict[str, list[tuple[tuple[str, str], datetime]]]:
    """The orders (merchant and order id) that refunds were decided on, and when, by the buyer who asked."""
    found: dict[str, list[tuple[tuple[str, str], datetime]]] = {}
    for buyer_id, merchant_id, order_id, decided_at in _ASKED.rows(tx, buyers=list(buyer_ids), since=micros(since)):
        found.setdefault(buyer_id, []).append(((merchant_id, order_id), moment(decided_at)))
    return found


_ASKED = Query(
    select(decisions.c.buyer_id, decisions.c.merchant_id, decisions.c.order_id, decisions.c.decided_at).where(
        listed(decisions.c.buyer_id, "buyers"), decisions.c.decided_at >= given("since"), decisions.c.kind == "refund"
    )
)


def latest_answers(tx: Connection, merchant_ids: Sequence[str]) -> dict[str, str]:
    """The stored assessments of those of some merchants that were ever assessed, as JSON."""
    return dict(map(tuple, _LATEST.rows(tx, merchants=list(merchant_ids))))


_LATEST = Query(
    select(assessments.c.merchant_id, assessments.c.answer).where(listed(assessments.c.merchant_id, "merchants"))
)


def latest_answer(tx: Connection, merchant_id: str) -> str | None:
    """The stored assessment of a merchant, as JSON."""
    return tx.scalar(select(assessments.c.answer).where(assessments.c.merchant_id == merchant_id))


def past_answers(tx: Connection, merchant_id: str, limit: int) -> tuple[str, ...]:
    """A merchant's assessments that said something new, as JSON, the newest first."""
    query = select(assessment_history.c.answer).where(assessment_history.c.merchant_id == merchant_id)
    return tuple(tx.scalars(query.order_by(assessment_history.c.seq.desc()).limit(limit)))


def claim(tx: Connection, place: Place, *, request_hash: str, now: datetime) -> Kept:
    """What a key (caller, route, key) stands for; it is the request's own from now on if it stood for nothing."""
    key_id, route, key = place
    row = {"key_id": key_id, "route": route, "key": key, "request_hash": request_hash}
    # On PostgreSQL a second request with the same key waits here until the first one's transaction has ended.
    insert_new(tx, idempotency, [{**row, "status": 0, "answer": "", "created_at": micros(now)}])
    return _kept(tx.execute(select(*_KEPT).where(_at(place))).one())


_KEPT = (idempotency.c.request_hash, idempotency.c.status, idempotency.c.answer)


def _kept(row: Sequence[Any]) -> Kept:
    request_hash, status, answer = row
    return Kept(request_hash=request_hash, status=status, answer=answer)


def answer_once(tx: Connection, place: Place, *, status: int, answer: str) -> None:
    """Keep the answer that repeats of a request get."""
    tx.execute(update(idempotency).where(_at(place)).values(status=status, answer=answer))


def kept_answers(tx: Connection, places: Sequence[Place], *, before: datetime) -> dict[Place, Kept]:
    """What those of some keys stand for that stand for anything; what came before a moment is too old, and dropped."""
    found, asked = {}, set(places)
    # Keys of one caller, mostly, and of one route.
    of, routes, keys = (sorted(set(values)) for values in zip(*places, strict=True))
    for key_id, route, key, created_at, *kept in _KEPT_ANSWERS.rows(tx, of=of, routes=routes, keys=keys):
        place = (key_id, route, key)
        if place in asked and created_at < micros(before):
            drop_answers(tx, place, before=before)
        elif place in asked:
            found[place] = _kept(kept)
    return found


_PLACE = (idempotency.c.key_id, idempotency.c.route, idempotency.c.key)
_KEPT_ANSWERS = Query(
    select(*_PLACE, idempotency.c.created_at, *_KEPT).where(
        listed(idempotency.c.key_id, "of"), listed(idempotency.c.route, "routes"), listed(idempotency.c.key, "keys")
    )
)


def keep_answers(tx: Connection, kept: Mapping[Place, Kept], *, now: datetime) -> None:
    """Have keys that stand for nothing stand for answers."""
    told = {"created_at": micros(now)}
    rows = [
        {"key_id": key_id, "route": route, "key": key, "request_hash": one.request_hash, "status": one.status,
         "answer": one.answer, **told}
        for (key_id, route, key), one in kept.items()
    ]  # fmt: skip
    insert_all(tx, idempotency, columns_of(rows))


def drop_answers(tx: Connection, place: Place, *, before: datetime) -> None:
    """Drop what a key stood for too long ago, and a few more of that age."""
    tx.execute(delete(idempotency).where(_at(place), idempotency.c.created_at < micros(before)))
    drop_old_answers(tx, before=before, most=_DROPPED_AT_ONCE)


def drop_old_answers(tx: Connection, *, before: datetime, most: int) -> int:
    """Drop some of what keys stood for too long ago; answer how many that were."""
    few = select(*_PLACE).where(idempotency.c.created_at < micros(before)).limit(most)
    found = tx.execute(few.with_for_update(skip_locked=True)).all()
    for row in found:
        tx.execute(delete(idempotency).where(_at(tuple(row))))
    return len(found)


def _at(place: Sequence[str]) -> ColumnElement[bool]:
    key_id, route, key = place
    return and_(idempotency.c.key_id == key_id, idempotency.c.route == route, idempotency.c.key == key)


def _row(value: Any, names: Sequence[str]) -> dict[str, Any]:
    """A value as its table keeps it."""
    plain = {name: getattr(value, name) for name in names}
    return {name: micros(one) if isinstance(one, datetime) else one for name, one in plain.items()}
