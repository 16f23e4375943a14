"""What decisions are made by: policies, rules and features, each named by its hash, and every policy kept for good."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine

from features.database import written
from scoring.policy_text import Policy
from serving import store_policies
from serving.champions import current_declarations
from serving.errors import PolicyInvalid, PolicyNotKept
from serving.plain import as_json, digest
from serving.policy import restored, shipped_penalties, shipped_programmes, shipped_refunds
from serving.store_policies import KeptPolicy

__all__ = ["PoliciesKept", "features_version", "kept_policy", "made_by", "rules_version"]


class PoliciesKept:
    """Sees to it that every policy is in the store before a decision says that it was made by it."""

    def __init__(self) -> None:
        self._kept: set[tuple[str, str]] = set()
        self._lock = Lock()

    def keep(self, engine: Engine, policies: Sequence[Policy]) -> dict[str, str]:
        """The hash of each policy by its kind; what is not kept yet is, in a transaction of its own.

        No transaction that writes may be open here: on SQLite it would wait for itself.
        """
        store = engine.url.render_as_string()
        with self._lock:
            new = [one for one in policies if (store, one.digest) not in self._kept]
            if new:
                written(engine, lambda tx: store_policies.add(tx, [_row(one) for one in new]))
                self._kept.update((store, one.digest) for one in new)
        return {one.kind: one.digest for one in policies}


def made_by(policies: Mapping[str, str]) -> dict[str, Any]:
    """What a decision says that it was made by; `policies` are their hashes by kind."""
    return {"rules": rules_version(), "features": features_version(), "policies": dict(policies)}


def kept_policy(tx: Connection, kind: str, named: str) -> Policy:
    """The policy of a kind that decisions name by its hash, or by its version. Raises `PolicyNotKept`, `PolicyInvalid`.

    What was made before policies were kept can still be run again while that version is in force.
    """
    kept = store_policies.find(tx, named) or store_policies.of_version(tx, named)
    if kept is not None:
        found = restored(kept.kind, kept.body)
        if (found.kind, found.digest) != (kind, kept.hash):
            raise PolicyInvalid(f"the policy that was kept as {kept.hash[:16]} is not what it was")
        return found
    shipped = {one.kind: one for one in (shipped_programmes(), shipped_refunds(), shipped_penalties())}.get(kind)
    if shipped is None or shipped.version != named:
        raise PolicyNotKept(f"no policy {named} was kept")
    return shipped


@cache
def rules_version() -> str:
    """This version of Goodfaith, and a hash over the code that judges."""
    folder = files("scoring")
    sources = sorted((one for one in folder.iterdir() if one.name.endswith(".py")), key=lambda one: one.name)
    found = hashlib.sha256()
    for source in sources:
        found.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return f"{version('goodfaith')}+{found.hexdigest()[:16]}"


@cache
def features_version() -> str:
    """A hash over how every feature is declared."""
    return digest(as_json(current_declarations()))


def _row(policy: Policy) -> KeptPolicy:
    return KeptPolicy(hash=policy.digest, kind=policy.kind, version=policy.version, body=policy.canonical)
