"""The audit chain: who did what, each entry sealed together with the one before it.

An entry's hash covers its own content and the hash of its predecessor, so nobody can change, drop or insert one
without changing every hash after it. Cutting off the chain's end cannot be seen from the chain alone: whoever must
prove that nothing is missing keeps the last hash somewhere else.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from features.database import micros
from serving import store_audit
from serving.plain import as_json, digest
from serving.store_audit import Link

__all__ = ["Entry", "about", "verify", "write"]

#: What the first entry has before it.
_NOTHING = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Who did what to what. It holds ids of ours and digests, never a buyer: the chain cannot forget."""

    actor: str
    action: str
    subject: str
    body: Mapping[str, Any] = field(default_factory=dict)


def write(tx: Connection, entry: Entry, *, now: datetime) -> int:
    """Add an entry in the caller's transaction, and say its number.

    The chain has one end, so writers take turns from here until their transaction ends: write last.
    """
    store_audit.hold(tx, "audit")
    last = store_audit.newest(tx)
    link = _after(last, entry, at=micros(now))
    store_audit.add(tx, link)
    return link.seq


def about(tx: Connection, subject: str) -> tuple[Link, ...]:
    """The entries about one thing, such as `case:c_1`, the first one first."""
    return store_audit.about(tx, subject)


def verify(tx: Connection) -> int | None:
    """The number of the first entry that is not what was written or does not follow its predecessor; else None."""
    previous = _NOTHING
    with closing(store_audit.links(tx)) as chain:
        for seq, link in enumerate(chain, start=1):
            if (link.seq, link.previous, link.hash) != (seq, previous, _sealed(link)):
                return link.seq
            previous = link.hash
    return None


def _after(last: Link | None, entry: Entry, *, at: int) -> Link:
    unsealed = Link(
        seq=last.seq + 1 if last else 1,
        at=at,
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        body=as_json(entry.body),
        previous=last.hash if last else _NOTHING,
        hash="",
    )
    return replace(unsealed, hash=_sealed(unsealed))


def _sealed(link: Link) -> str:
    """The hash of a link: over its predecessor's hash and everything that it says."""
    says = {name: getattr(link, name) for name in ("seq", "at", "actor", "action", "subject", "body")}
    return digest(link.previous + as_json(says))
