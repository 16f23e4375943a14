"""What the audit record says of what was dropped for its age: before which moment, and how far every chain was cut."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from serving.plain import as_json, digest
from serving.record import store_audit
from serving.record.audit import Entry
from serving.record.store_audit import Chain

__all__ = ["DROPPED", "RECORDS", "THREE_YEARS", "Dropped", "entry_of_dropped", "faults_of_dropped", "last_dropped"]

#: The action of entries that tell what was dropped, and what they are about.
DROPPED, RECORDS = "dropped", "records"

#: Nothing goes that is younger (E-commerce Law of the PRC, article 31), in microseconds.
THREE_YEARS = 3 * 365 * 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """The last word on what was dropped: said at a moment, of what is older than `before` (microseconds)."""

    at: int
    before: int
    digest: str


def entry_of_dropped(tx: Connection, *, before: int, by: str, gone: dict[str, int]) -> Entry:
    """What is to be told once something was dropped: `gone` is how much of what."""
    said: dict[str, Any] = {"before": before, "chains": _digest(store_audit.cut_chains(tx)), **gone}
    return Entry(actor=by, action=DROPPED, subject=RECORDS, body=said)


def last_dropped(tx: Connection) -> Dropped | None:
    """The last word on what was dropped; None where nothing ever was."""
    link = store_audit.last_about(tx, RECORDS, action=DROPPED)
    if link is None:
        return None
    says = link.says
    return Dropped(at=link.at, before=int(says["before"]), digest=str(says["chains"]))


def faults_of_dropped(tx: Connection) -> Iterator[tuple[int, str]]:
    """What is missing without its having been old, with about when it was written (microseconds)."""
    cut, told = store_audit.cut_chains(tx), last_dropped(tx)
    if (told.digest if told else _digest(())) != _digest(cut):
        yield min((one.begun_at for one in cut), default=told.at if told else 0), "entries are gone that nobody dropped"
    if told is None:
        return
    if told.before > told.at - THREE_YEARS:
        yield told.at, "records were dropped that were younger than three years"
    young = store_audit.cut_too_far(tx, before=told.before)
    if young:
        yield young.begun_at, f"entries of the audit chain {young.chain} were dropped that were too young"


def _digest(cut: Sequence[Chain]) -> str:
    return digest(as_json([[one.chain, one.dropped_seq, one.dropped_hash] for one in cut]))
