"""What was found against a merchant: rulings and findings, never accusations, and nothing that our own acts show."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from features.database import micros, moment
from features.lookup import Found, events_about, events_of_type
from scoring.penalties import Deed

__all__ = ["Proven", "deeds_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A deed, and the event that says so."""

    event_id: str
    deed: Deed


#: Event type -> what an event of it has to say -> the kind of deed that it is.
_FINDINGS: Mapping[str, tuple[tuple[Mapping[str, str], str], ...]] = {
    "fake_report_resolved": (({"outcome": "confirmed"}, "counterfeit"),),
    "inspection_completed": (({"outcome": "failed_counterfeit"}, "counterfeit"),),
    "dispute_resolved": (
        ({"outcome": "merchant_at_fault", "reason": "unsafe"}, "unsafe_goods"),
        ({"outcome": "merchant_at_fault", "reason": "return_refused"}, "false_promise"),
    ),
}
_BAD_FAITH = {"outcome": "bad_faith", "reporter_kind": "merchant"}


def deeds_of(tx: Connection, merchant_id: str, *, since: datetime, until: datetime) -> tuple[Proven, ...]:
    """What was found from a moment on and before another, the first found first; what was taken back is left out.

    Of one listing a day's findings of a kind are one deed: two reports of the same fake are not two fakes.
    """
    found = [one for one in _found(tx, merchant_id) if micros(since) <= one[0].known_at < micros(until)]
    once: dict[Any, Proven] = {}
    for event, kind in sorted(found, key=lambda one: (one[0].known_at, one[0].says["event_id"])):
        known = moment(event.known_at)
        of_one = event.says.get("listing_id"), known.date(), kind
        key = of_one if of_one[0] else event.says["event_id"]
        once.setdefault(key, Proven(event_id=event.says["event_id"], deed=Deed(kind=kind, found_at=known)))
    return tuple(once.values())


def _found(tx: Connection, merchant_id: str) -> Iterator[tuple[Found, str]]:
    for event_type, findings in _FINDINGS.items():
        for event in events_of_type(tx, merchant_id, event_type):
            yield from ((event, kind) for says, kind in findings if _says(event, says))
    # Whoever reports another in bad faith is found out in the events of the one that was reported.
    for event in events_about(tx, f"reporter:{merchant_id}", types=("fake_report_resolved",)):
        if _says(event, _BAD_FAITH):
            yield event, "bad_faith_report"


def _says(event: Found, says: Mapping[str, str]) -> bool:
    return all(event.says.get(name) == value for name, value in says.items())
