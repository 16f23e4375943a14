"""SQL of erasing a person: the tables of this floor in which one is named."""

from sqlalchemy import Connection, delete, exists, select, update

from serving.ledger.tables import reservations
from serving.months import decided_in_month_of
from serving.record.tables import persons
from serving.store_decisions import Decision
from serving.tables import cases, decisions, sessions, users

__all__ = ["decided_for", "drop_user", "is_known", "rename_in_cases", "rename_in_decision", "rename_in_promises"]

#: Where a case names somebody who works here.
_IN_CASES = ("assigned_to", "resolved_by", "approved_by")


def decided_for(tx: Connection, buyer_id: str) -> list[str]:
    """The merchants about whom anything was decided that a buyer asked for."""
    return sorted(tx.scalars(select(decisions.c.merchant_id).distinct().where(decisions.c.buyer_id == buyer_id)))


def rename_in_decision(tx: Connection, nameless: Decision) -> None:
    """Let a decision name its buyer otherwise, and seal nobody."""
    told = {"buyer_id": nameless.buyer_id, "salt": nameless.salt, "request": nameless.request}
    tx.execute(update(decisions).where(decisions.c.id == nameless.id, decided_in_month_of(nameless.id)).values(**told))


def rename_in_promises(tx: Connection, buyer_id: str, *, to: str) -> None:
    """Let what was promised to a buyer weigh on another name."""
    tx.execute(update(reservations).where(reservations.c.buyer_id == buyer_id).values(buyer_id=to))


def is_known(tx: Connection, name: str) -> bool:
    """Whether somebody of this name may use the console, has dealt with a case, or is told of in the audit record."""
    places = (users.c.name, persons.c.name, *(cases.c[column] for column in _IN_CASES))
    return any(tx.scalar(select(exists().where(place == name))) for place in places)


def rename_in_cases(tx: Connection, name: str, *, to: str) -> int:
    """Name somebody otherwise in every case; answer how often that was."""
    return sum(
        tx.execute(update(cases).where(cases.c[column] == name).values({column: to})).rowcount for column in _IN_CASES
    )


def drop_user(tx: Connection, name: str) -> None:
    """Let nobody in under a name any more, and nobody say what it is called in the audit record."""
    tx.execute(delete(sessions).where(sessions.c.user == name))
    tx.execute(delete(users).where(users.c.name == name))
    tx.execute(delete(persons).where(persons.c.name == name))
