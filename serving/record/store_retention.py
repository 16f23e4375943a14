"""SQL of retention: which records are old enough to go, and which of those something still hangs on."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, not_, or_, select

from features.database import some
from serving.record.tables import audit
from serving.store_decisions import Decision, read_decision
from serving.tables import assessment_history, cases, decisions

__all__ = [
    "OldChain",
    "drop_decisions",
    "drop_history",
    "how_many_go",
    "how_many_stay",
    "old_chains",
    "staying",
]

#: The kind of decisions that count for as long as their merchant is there.
_FOR_GOOD = "penalty"


@dataclass(frozen=True, slots=True, kw_only=True)
class OldChain:
    """A chain up to which entry everything is old, and how many entries that are."""

    chain: str
    seq: int
    entries: int


def how_many_go(tx: Connection, *, before: int) -> dict[str, int]:
    """How many decisions and assessments are older than a moment (microseconds), with nothing that hangs on them."""
    gone = select(func.count()).select_from(decisions).where(_goes(before))
    said = select(func.count()).select_from(assessment_history).where(_is_history(before))
    return {"decisions": tx.execute(gone).scalar_one(), "assessments": tx.execute(said).scalar_one()}


def how_many_stay(tx: Connection, *, before: int) -> int:
    """How many decisions are as old, and stay, since something still hangs on them."""
    return int(tx.execute(select(func.count()).select_from(decisions).where(_stays(before))).scalar_one())


def staying(tx: Connection, *, before: int, most: int) -> list[Decision]:
    """Some of those decisions whose every seal is as old as they are."""
    subject = "decision:" + decisions.c.id
    newer = exists().where(audit.c.subject == subject, audit.c.at >= before)
    query = select(decisions).where(_stays(before), ~newer).order_by(decisions.c.decided_at, decisions.c.id).limit(most)
    return [read_decision(row) for row in tx.execute(query)]


def drop_decisions(tx: Connection, *, before: int, most: int) -> int:
    """Drop some decisions that go; answer how many."""
    ids = tx.scalars(select(decisions.c.id).where(_goes(before)).limit(most)).all()
    for part in some(ids):
        tx.execute(delete(decisions).where(decisions.c.id.in_(part), decisions.c.decided_at < before))
    return len(ids)


def drop_history(tx: Connection, *, before: int, most: int) -> int:
    """Drop some assessments that were thought long ago; answer how many."""
    seqs = tx.scalars(select(assessment_history.c.seq).where(_is_history(before)).limit(most)).all()
    for part in some(seqs):
        tx.execute(delete(assessment_history).where(assessment_history.c.seq.in_(part)))
    return len(seqs)


def old_chains(tx: Connection, *, before: int) -> list[OldChain]:
    """The chains that begin with entries from before a moment, and how far those go."""
    young = select(audit.c.chain, func.min(audit.c.seq).label("seq")).where(audit.c.at >= before)
    first_young = young.group_by(audit.c.chain).subquery()
    old = select(audit.c.chain, func.max(audit.c.seq).label("seq"), func.count().label("entries"))
    old = old.outerjoin(first_young, first_young.c.chain == audit.c.chain)
    is_old = or_(first_young.c.seq.is_(None), audit.c.seq < first_young.c.seq)
    return [OldChain(**row._mapping) for row in tx.execute(old.where(is_old).group_by(audit.c.chain))]


def _goes(before: int) -> ColumnElement[bool]:
    return and_(decisions.c.decided_at < before, not_(_hangs_on()))


def _stays(before: int) -> ColumnElement[bool]:
    return and_(decisions.c.decided_at < before, _hangs_on())


def _hangs_on() -> ColumnElement[bool]:
    """Whether something still hangs on a decision: it is the last of its kind about a programme, or a case is open."""
    later = decisions.alias("later")
    same = (later.c.merchant_id == decisions.c.merchant_id, later.c.programme == decisions.c.programme,
            later.c.kind == decisions.c.kind)  # fmt: skip
    after = or_(
        later.c.decided_at > decisions.c.decided_at,
        and_(later.c.decided_at == decisions.c.decided_at, later.c.id < decisions.c.id),
    )
    is_last = and_(decisions.c.programme.is_not(None), ~exists().where(*same, after))
    waits = exists().where(cases.c.decision_id == decisions.c.id, cases.c.state == "open")
    return or_(decisions.c.kind == _FOR_GOOD, is_last, waits)


def _is_history(before: int) -> ColumnElement[bool]:
    later = assessment_history.alias("later")
    of_it = (later.c.merchant_id == assessment_history.c.merchant_id, later.c.seq > assessment_history.c.seq)
    return and_(assessment_history.c.assessed_at < before, exists().where(*of_it))
