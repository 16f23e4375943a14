"""What follows from the circuit breaker elsewhere: which policies judge in whose place, and how its cases end."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Connection

from serving.breaker import store
from serving.breaker.store import Suspect
from serving.store_cases import Case

__all__ = ["breaker_figures", "end", "held_back", "in_place_of"]


def held_back(tx: Connection) -> tuple[Suspect, ...]:
    """The changes that were gone back from, and are still."""
    return tuple(one for one in store.suspects(tx) if one.is_held_back)


def in_place_of(kind: str, digest: str, held: Iterable[Suspect]) -> str:
    """The hash of the policy that judges in the place of this one: itself, unless it was gone back from."""
    back = {one.version: one.before for one in held if one.subject == kind}
    seen = set()
    while digest in back and digest not in seen:
        seen.add(digest)
        digest = back[digest]
    return digest


def end(tx: Connection, case: Case, *, now: datetime) -> None:
    """Do what a person has found of a change: it stands, or the version before judges again."""
    found = store.of_case(tx, case.id)
    if found is not None and case.outcome == "stands":
        store.lift(tx, found, now=now)
    if found is not None and case.outcome == "withdrawn" and found.back_at is None:
        store.go_back(tx, found, now=now)


def breaker_figures(tx: Connection) -> Iterator[Metric]:
    """The changes that were gone back from, for Prometheus."""
    back = GaugeMetricFamily(
        "goodfaith_gone_back",
        "1 for a model or a policy whose predecessor judges in its place, by the start of its version",
        labels=("subject", "version"),
    )
    for one in held_back(tx):
        back.add_metric((one.subject, one.version[:8]), 1)
    yield back
