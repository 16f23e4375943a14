"""Policies as they were in force: whoever buys is promised what the policy of that moment says, and keeps that."""

from datetime import datetime
from functools import lru_cache

from sqlalchemy import Connection

from features.database import writing
from scoring.errors import PolicyInvalid as PolicyTextInvalid
from scoring.programmes import ProgrammePolicy
from serving import store_policies
from serving.errors import PolicyInvalid
from serving.service import Service

__all__ = ["note_policies", "programmes_at"]


def note_policies(service: Service) -> None:
    """Note which policies are in force from now on, unless they are in force already; not within a transaction."""
    hashes, now = service.keep_policies(), service.clock()
    with writing(service.engine) as tx:
        for kind, digest in hashes.items():
            store_policies.begin(tx, kind, digest, now=now)


def programmes_at(tx: Connection, moment: datetime, *, otherwise: ProgrammePolicy) -> ProgrammePolicy:
    """The programmes that were in force at a moment; `otherwise` where none has been noted. Raises `PolicyInvalid`."""
    digest = store_policies.in_force(tx, ProgrammePolicy.kind, moment)
    kept = store_policies.find(tx, digest) if digest and digest != otherwise.digest else None
    return _restored(kept.body) if kept else otherwise


@lru_cache(maxsize=16)
def _restored(canonical: str) -> ProgrammePolicy:
    try:
        return ProgrammePolicy.restored(canonical)
    except PolicyTextInvalid as error:
        raise PolicyInvalid(f"programmes that were in force cannot be read: {error}") from error
