"""Policies as they were in force: whoever buys is promised what the policy of that moment says, and keeps that."""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Connection

from features.database import writing
from scoring.errors import PolicyInvalid as PolicyTextInvalid
from scoring.programmes import ProgrammePolicy
from serving import store_policies
from serving.errors import PolicyInvalid
from serving.policy import restored
from serving.record import audit
from serving.record.audit import Entry
from serving.service import Service

__all__ = ["last_good", "note_policies", "policy_figures", "programmes_at"]

#: Who puts policies in force: whoever may write the files is known to the machine, not to us.
_ACTOR = "goodfaith:policies"


def note_policies(service: Service) -> None:
    """Note which policies are in force from now on, unless they are in force already; not within a transaction.

    What changes goes into the audit record.
    """
    hashes, now = service.kept.keep(service.engine, service.policies), service.clock()
    with writing(service.engine) as tx:
        begun = {kind: digest for kind, digest in hashes.items() if store_policies.begin(tx, kind, digest, now=now)}
        for kind, digest in begun.items():
            said = {"hash": digest}
            audit.write(tx, Entry(actor=_ACTOR, action="put_in_force", subject=f"policy:{kind}", body=said), now=now)


def programmes_at(tx: Connection, moment: datetime, *, otherwise: ProgrammePolicy) -> ProgrammePolicy:
    """The programmes that were in force at a moment; `otherwise` where none has been noted. Raises `PolicyInvalid`."""
    digest = store_policies.in_force(tx, ProgrammePolicy.kind, moment)
    kept = store_policies.find(tx, digest) if digest and digest != otherwise.digest else None
    return _restored(kept.body) if kept else otherwise


def last_good(tx: Connection, *, now: datetime) -> dict[str, Any]:
    """The policies that are in force by what was noted last, by kind, of kinds of which any was.

    They were followed before, so they can be again, whatever has become of their files. Raises `PolicyInvalid`.
    """
    kept = [store_policies.find(tx, digest) for _, digest, _ in store_policies.newest(tx, now)]
    return {one.kind: restored(one.kind, one.body) for one in kept if one}


def policy_figures(tx: Connection, *, now: datetime) -> Iterator[Metric]:
    """Since when which policy of each kind is in force, for Prometheus."""
    since = GaugeMetricFamily(
        "goodfaith_policy_in_force_since_seconds",
        "Since when the policy of a kind is in force, by the start of its hash",
        labels=("kind", "hash"),
    )
    for kind, digest, begun in store_policies.newest(tx, now):
        since.add_metric((kind, digest[:8]), begun.timestamp())
    yield since


@lru_cache(maxsize=16)
def _restored(canonical: str) -> ProgrammePolicy:
    try:
        return ProgrammePolicy.restored(canonical)
    except PolicyTextInvalid as error:
        raise PolicyInvalid(f"programmes that were in force cannot be read: {error}") from error
