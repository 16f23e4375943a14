"""Programmes as they were promised: whoever buys is promised what the policy of that moment says, and keeps that."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from pydantic import TypeAdapter
from sqlalchemy import Connection

from features.database import writing
from scoring.programmes import Programme, ProgrammePolicy
from serving.policies import store
from serving.policies.store import Kept
from serving.service import Service

__all__ = ["Promises", "note_programmes", "promises_at"]

_PROGRAMMES = TypeAdapter(tuple[Programme, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """What the policy of a version promises."""

    version: str
    programmes: tuple[Programme, ...]

    def named(self, names: Iterable[str]) -> tuple[Programme, ...]:
        """The programmes of these names; what such a policy does not have, it does not promise."""
        asked = frozenset(names)
        return tuple(one for one in self.programmes if one.id in asked)


def note_programmes(service: Service) -> None:
    """Keep the programmes that are in force from now on, unless they are in force already."""
    policy, now = service.programmes, service.clock()
    with writing(service.engine) as tx:
        known = store.at(tx, policy.kind, now)
        if known is None or known.version != policy.version:
            content = _PROGRAMMES.dump_json(policy.programmes).decode()
            store.begin(tx, kind=policy.kind, kept=Kept(version=policy.version, content=content), now=now)


def promises_at(tx: Connection, moment: datetime, *, otherwise: ProgrammePolicy) -> Promises:
    """What the policy in force at a moment promises; that of `otherwise` where none has been noted yet."""
    kept = store.at(tx, ProgrammePolicy.kind, moment)
    if kept is None or kept.version == otherwise.version:
        return Promises(version=otherwise.version, programmes=otherwise.programmes)
    return Promises(version=kept.version, programmes=_read(kept.content))


@lru_cache(maxsize=16)
def _read(content: str) -> tuple[Programme, ...]:
    return _PROGRAMMES.validate_json(content)
