"""How the audit record seals decisions: an entry holds a digest of all that a decision's row says, but for its buyer.

The buyer is sealed apart, under a salt of the decision's own that stands in its row: once that is gone nobody can say
who it was, and the rest is as sealed as before.
"""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection

from features.database import micros
from serving import store_decisions
from serving.plain import as_json, digest
from serving.record import store_audit
from serving.record.dropped import last_dropped
from serving.record.store_audit import Link
from serving.store_decisions import Decision, Sealed

__all__ = [
    "DECIDED",
    "ERASED",
    "KEPT",
    "SEALING",
    "Altered",
    "altered",
    "is_whole",
    "new_salt",
    "request_without_buyer",
    "seal",
    "without_buyer",
]

#: The actions of entries that seal a decision: when it was made, when its buyer was forgotten, and when it was kept
#: while others of its age were dropped. The last one stands in the place of those before.
DECIDED, ERASED, KEPT = SEALING = ("decided", "buyer_erased", "decision_kept")

_APART = ("buyer_id", "salt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Altered:
    """A decision that is not what was sealed, and when that was (microseconds)."""

    decision_id: str
    at: int


def new_salt() -> str:
    """A salt for one decision."""
    return secrets.token_hex(16)


def without_buyer(request: Mapping[str, Any]) -> dict[str, Any]:
    """A request as it is kept: who the buyer is stands in a column of its own."""
    buyer = request.get("buyer")
    return {**request, "buyer": {**buyer, "id": None}} if isinstance(buyer, dict) else dict(request)


def seal(made: Decision) -> dict[str, Any]:
    """What an entry holds of a decision."""
    told = {"kind": made.kind, "outcome": made.outcome, "seal": _sealed(made)}
    if made.buyer_id is None:
        return told
    # Whoever was forgotten has a name that says nothing.
    return {**told, "buyer": made.buyer_id if made.salt is None else _blinded(made)}


def request_without_buyer(request: str) -> str:
    """The same of a request as it is kept."""
    return as_json(without_buyer(json.loads(request)))


def is_whole(tx: Connection, made: Decision) -> bool:
    """Whether a decision is what was sealed last."""
    entries = [one for one in store_audit.about(tx, f"decision:{made.id}") if one.action in SEALING]
    return bool(entries) and _holds(max(entries, key=_later).says, made)


def altered(tx: Connection) -> Altered | None:
    """The first decision whose row is gone, is not what was sealed, or was never sealed; None where all are whole."""
    return min(_altered(tx), key=lambda one: one.at, default=None)


def _altered(tx: Connection) -> Iterator[Altered]:
    dropped = last_dropped(tx)
    before = dropped.before if dropped else None
    with closing(store_decisions.sealed(tx, SEALING)) as entries:
        for _, told in groupby(entries, key=lambda one: one.decision_id):
            found = _of_one(list(told), before)
            if found:
                yield found
    unsealed = store_decisions.unsealed(tx)
    if unsealed:
        yield Altered(decision_id=unsealed.id, at=micros(unsealed.decided_at))


def _of_one(entries: Sequence[Sealed], before: int | None) -> Altered | None:
    """Whether one decision is what its last seal says; one that is older than `before` may have been dropped."""
    last = max(entries, key=_later)
    is_dropped = last.decision is None and before is not None and entries[0].at < before
    if is_dropped or (last.decision is not None and _holds(last.body, last.decision)):
        return None
    return Altered(decision_id=last.decision_id, at=entries[0].at)


def _later(entry: Sealed | Link) -> tuple[int, int]:
    """By what the last of some seals is known; of one moment the first is when the decision was made."""
    return entry.at, SEALING.index(entry.action)


def _holds(says: Mapping[str, Any], made: Decision) -> bool:
    if "digest" in says:
        # So decisions were sealed before the buyer was sealed apart.
        return bool(says["digest"] == digest(as_json([made.request, made.answer, made.trace])))
    # So they were sealed before their texts were taken as they are.
    return says in (seal(made), seal(made) | {"seal": digest(as_json(_row(made)))})


def _sealed(made: Decision) -> str:
    """A digest of a row, each value with its length before it: no two rows are joined to the same text."""
    return digest("".join("-" if one is None else f"{len(str(one))}:{one}" for one in _row(made).values()))


def _row(made: Decision) -> dict[str, Any]:
    says = {name: getattr(made, name) for name in Decision.__slots__ if name not in _APART}
    return {**says, **{name: micros(says[name]) for name in ("decided_at", "expires_at")}}


def _blinded(made: Decision) -> str:
    return digest(f"{made.salt}{made.buyer_id}")
