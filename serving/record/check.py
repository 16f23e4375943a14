"""Whether the audit record is what was written: every chain, every anchor, and the decisions that entries seal."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Connection

from serving.record import seals, store_audit
from serving.record.anchors import seal_of
from serving.record.audit import sealed
from serving.record.dropped import faults_of_dropped
from serving.record.store_audit import NOTHING, Anchor, Chain, Link

__all__ = ["Fault", "faults", "first_fault"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that is not as it was written, and about when that was (microseconds)."""

    at: int
    told: str


def first_fault(tx: Connection, *, kept: Sequence[Anchor] = ()) -> Fault | None:
    """The earliest thing that is not as it was written, held against anchors that were kept elsewhere."""
    return min(faults(tx, kept=kept), key=lambda one: one.at, default=None)


def faults(tx: Connection, *, kept: Sequence[Anchor] = ()) -> Iterator[Fault]:
    """The first fault of every chain, of the anchors, and of the decisions."""
    yield from _of_chains(tx)
    yield from (Fault(at=at, told=told) for at, told in faults_of_dropped(tx))
    yield from _of_anchors(tx, {one.number: one for one in kept})
    yield from _of_decisions(tx)


# Chains.


def _of_chains(tx: Connection) -> Iterator[Fault]:
    begun = store_audit.chains(tx)
    with closing(store_audit.links(tx)) as links:
        for name, chain in groupby(links, key=lambda link: link.chain):
            found = _of_chain(chain, begun.get(name))
            if found:
                yield found


def _of_chain(links: Iterable[Link], begun: Chain | None) -> Fault | None:
    """The first entry that is not what was written or does not follow its predecessor."""
    seq, previous = (begun.dropped_seq, begun.dropped_hash) if begun else (0, NOTHING)
    for link in links:
        seq += 1
        if begun is None or (link.seq, link.previous, link.hash) != (seq, previous, sealed(link)):
            named = f"entry {link.seq} of {_named(link.chain)}"
            return Fault(at=link.at, told=f"{named} is not what was written, or one before it is gone")
        previous = link.hash
    return None


def _named(chain: str) -> str:
    return f"the audit chain {chain}" if chain else "the first audit chain"


# Anchors.


def _of_anchors(tx: Connection, kept: dict[int, Anchor]) -> Iterator[Fault]:
    found = _of_anchor_chain(tx, kept)
    if found:
        yield found
    missing = store_audit.unanswered(tx)
    if missing:
        number, head = missing
        at = next((one.at for one in store_audit.anchors_since(tx, number - 1)), 0)
        entry = f"entry {head.seq} of {_named(head.chain)}"
        yield Fault(at=at, told=f"{entry} is gone or is another than anchor {number} holds")
    misanchored = store_audit.misanchored(tx)
    if misanchored:
        told = f"{_named(misanchored.chain)} does not say how much of it is anchored"
        yield Fault(at=misanchored.begun_at, told=told)


def _of_anchor_chain(tx: Connection, kept: dict[int, Anchor]) -> Fault | None:
    number, previous, at = 0, NOTHING, 0
    with closing(store_audit.anchors_since(tx)) as anchors:
        for one in anchors:
            number += 1
            if (one.number, one.previous, one.hash) != (number, previous, seal_of(one)):
                return Fault(at=one.at, told=f"anchor {one.number} is not what was written, or one before it is gone")
            if kept.get(number, one) != one:
                return Fault(at=one.at, told=f"anchor {number} is another than the one that was kept")
            previous, at = one.hash, one.at
    gone = [one for one in sorted(kept) if one > number]
    if gone:
        return Fault(at=max(at, kept[gone[0]].at), told=f"anchor {gone[0]}, which was kept, is gone from the store")
    return None


# Decisions.


def _of_decisions(tx: Connection) -> Iterator[Fault]:
    found = seals.altered(tx)
    if found:
        yield Fault(at=found.at, told=f"the decision {found.decision_id} is not what the audit chain has sealed")
