"""Complaints as events: one that came in and how it ended count like those that the platform sends itself."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from features.jsonrows import check_rows
from features.lookup import events_about
from serving.complaints import store
from serving.ingest.files import CLOCKS_MAY_DIFFER, take
from serving.plain import digest
from serving.store_cases import Case

__all__ = ["close", "is_told", "tell"]


def is_told(tx: Connection, event_type: str, *, merchant_id: str, complaint_id: str) -> bool:
    """Whether an event of a type is known of a complaint, whoever sent it."""
    return bool(events_about(tx, f"complaint:{complaint_id}", merchant_id=merchant_id, types=(event_type,)))


def tell(tx: Connection, event_type: str, *, now: datetime, **says: Any) -> None:
    """Store an event about a complaint, which happened now, in the caller's transaction."""
    named = {"event_type": event_type, "event_id": _named(event_type, says["merchant_id"], says["complaint_id"])}
    moments = {"event_time": now.isoformat(), "known_at": now.isoformat()}
    event = {name: value for name, value in says.items() if value is not None}
    # There is no amount in it, so that it is in no currency.
    checked = check_rows([{**named, **moments, **event}], currency="", clock=now + CLOCKS_MAY_DIFFER)
    if checked.rejected:
        raise AssertionError(f"an event of our own was rejected: {checked.rejected[0].code}")
    take(tx, checked.rows, at=now)


def close(tx: Connection, case: Case, *, outcome: str, now: datetime) -> None:
    """Tell how a complaint ended, unless the platform has said so itself."""
    filed = store.find(tx, case.id)
    if filed is None:
        return
    about = {"merchant_id": filed.merchant_id, "complaint_id": filed.complaint_id}
    if not is_told(tx, "complaint_closed", **about):
        opened = case.opened_at.isoformat()
        tell(tx, "complaint_closed", now=now, outcome=outcome, tier=filed.tier, opened_at=opened, **about)


def _named(event_type: str, merchant_id: str, complaint_id: str) -> str:
    """The event's id: of one kind there is one about a complaint."""
    return f"{event_type}_{digest(f'{len(merchant_id)}:{merchant_id}{complaint_id}')[:32]}"
