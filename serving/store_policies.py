"""SQL of the policies that decisions were made by."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, select

from features.database import insert_new
from serving.tables import policies

__all__ = ["KeptPolicy", "add", "find", "of_version"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPolicy:
    """One policy as it is kept: `body` is its canonical JSON, `hash` the SHA-256 of that."""

    hash: str
    kind: str
    version: str
    body: str


def add(tx: Connection, kept: Sequence[KeptPolicy]) -> None:
    """Keep policies; those that are kept already stay as they are."""
    insert_new(tx, policies, [asdict(one) for one in kept])


def find(tx: Connection, digest: str) -> KeptPolicy | None:
    """The policy with this hash."""
    row = tx.execute(select(policies).where(policies.c.hash == digest)).one_or_none()
    return KeptPolicy(**row._mapping) if row else None


def of_version(tx: Connection, version: str) -> KeptPolicy | None:
    """The policy of this version; where several share its short hash, none is surely it."""
    rows = tx.execute(select(policies).where(policies.c.version == version)).all()
    return KeptPolicy(**rows[0]._mapping) if len(rows) == 1 else None
