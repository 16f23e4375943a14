"""What new events touch of the ledger: refunds, the decisions that promised them, and deposits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from features.lookup import events_with_ids
from serving.ledger.accounts import Movement
from serving.ledger.positions import BOOKED_AS

__all__ = ["DEPOSITS", "Refund", "Touched", "Trigger", "touched_by"]

#: Events that tell a merchant's deposit.
DEPOSITS = ("merchant_registered", "deposit_changed")

#: A merchant's id and its refund's: other merchants may have refunds of the same id.
Refund = tuple[str, str]

_TYPES = pa.array([*BOOKED_AS, *DEPOSITS, "event_reversed"])
_COLUMNS = (
    "event_id", "event_type", "merchant_id", "event_time", "refund_id", "decision_id", "recovered_from",
    "deposit_cents", "reverses",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """The event that something is booked for, and when it happened."""

    event_id: str
    happened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What is to be looked at again, with the last event that touched each movement of it."""

    refunds: dict[Refund, dict[Movement, Trigger]] = field(default_factory=dict)
    decisions: set[str] = field(default_factory=set)
    deposits: dict[str, Trigger] = field(default_factory=dict)

    def plus(self, other: "Touched") -> None:
        """Note what others have touched besides."""
        for refund, triggers in other.refunds.items():
            self.refunds.setdefault(refund, {}).update(triggers)
        self.decisions.update(other.decisions)
        self.deposits.update(other.deposits)

    def see(self, says: Mapping[str, Any], trigger: Trigger) -> None:
        """Note what an event is about; `trigger` is itself, or what takes it back."""
        movement, merchant_id = BOOKED_AS.get(says["event_type"]), says["merchant_id"]
        if movement:
            self.refunds.setdefault((merchant_id, says["refund_id"]), {})[movement] = trigger
            if says.get("decision_id"):
                self.decisions.add(says["decision_id"])
        if _moves_deposit(says):
            self.deposits[merchant_id] = trigger


def touched_by(tx: Connection, new: pa.Table) -> Touched:
    """What some newly stored events touch; most touch nothing."""
    found, told = Touched(), _told(new)
    targets = _targets(tx, told)
    for says in told:
        trigger = Trigger(event_id=says["event_id"], happened_at=says["event_time"])
        if says["event_type"] != "event_reversed":
            found.see(says, trigger)
            continue
        target = targets.get((says["merchant_id"], says["reverses"]))
        if target:
            found.see(target, trigger)
    return found


def _told(new: pa.Table) -> list[dict[str, Any]]:
    some = new.filter(pc.is_in(new.column("event_type"), value_set=_TYPES))
    return list(some.select([name for name in _COLUMNS if name in some.column_names]).to_pylist())


def _targets(tx: Connection, told: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """What is taken back, by merchant and event id, where it is stored."""
    ids = [says["reverses"] for says in told if says["event_type"] == "event_reversed"]
    return {(one.merchant_id, one.says["event_id"]): one.says for one in (events_with_ids(tx, ids) if ids else ())}


def _moves_deposit(says: Mapping[str, Any]) -> bool:
    if says["event_type"] in DEPOSITS:
        return says.get("deposit_cents") is not None
    return says["event_type"] == "advance_recovered" and says.get("recovered_from") == "deposit"
