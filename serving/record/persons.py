"""People who work here, as the audit record tells of them: by a pseudonym that says nothing once its salt is gone."""

import secrets

from sqlalchemy import Connection, select

from features.database import insert_new
from serving.plain import digest
from serving.record.tables import persons

__all__ = ["names", "pseudonym"]


def pseudonym(tx: Connection, name: str) -> str:
    """What somebody is called in the audit record, always the same until the salt is erased."""
    known = select(persons.c.salt).where(persons.c.name == name)
    salt = tx.scalar(known)
    if salt is None:
        insert_new(tx, persons, [{"name": name, "salt": secrets.token_hex(16)}])
        # Somebody else may have been quicker: one salt stands.
        salt = tx.execute(known).scalar_one()
    return _called(name, salt)


def names(tx: Connection) -> dict[str, str]:
    """Everybody whose salt is there, by pseudonym."""
    return {_called(row.name, row.salt): row.name for row in tx.execute(select(persons))}


def _called(name: str, salt: str) -> str:
    return f"p_{digest(salt + name)[:24]}"
