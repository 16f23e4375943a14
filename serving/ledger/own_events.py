"""Money events of our own: what the settlement call was told, and nobody has sent an event of, becomes one.

Payments and recoveries may be told by the settlement call, by events, or by both. They are two records of the same
money, of which the larger stands: whatever the calls say beyond the events is written as events of our own. When a sent
event comes later, our own is taken back or made smaller, so that features and ledger count the money once, in whatever
order it is told. Recoveries are compared by whom the money came from.
"""

import json
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection

from features.jsonrows import check_rows
from features.lookup import Found, events_about, events_about_any, events_with_ids
from features.store import append
from serving import store_decisions
from serving.ledger import store, store_settlements
from serving.ledger.positions import BOOKED_AS
from serving.ledger.store import Reservation
from serving.ledger.store_settlements import Said

__all__ = ["Own", "complete", "not_sent", "told", "wanted"]

#: Whoever a recovery came from where nobody says so.
_FROM = "merchant"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Own:
    """What events of our own are about: payments of a refund, or what came back of it from somebody."""

    event_type: str
    refund_id: str
    recovered_from: str = ""


def wanted(calls: Sequence[Said], sent: Sequence[Found], *, refund_id: str) -> Counter[Own]:
    """The cents that calls say beyond what was sent; a payment of our own is a refund of this id.

    What came back goes to the refunds that are outstanding, in the order in which they were paid; what is too much for
    them goes to the last one, and nothing comes back of what was never paid.
    """
    paid = sum(one.cents for one in calls if one.state == "paid")
    missing = paid - sum(one.says["amount_cents"] for one in sent if one.event_type == "refund_paid")
    found = Counter[Own]()
    if missing > 0:
        found[Own(event_type="refund_paid", refund_id=refund_id)] = missing
    outstanding = _outstanding(sent, found)
    for source, cents in sorted(_not_sent(calls, sent).items()):
        found.update(dict(_spread(outstanding, source, cents)))
    return found


def _outstanding(sent: Sequence[Found], own: Mapping[Own, int]) -> dict[str, int]:
    """What is not back yet of each refund that was paid, in the order of payments."""
    left: dict[str, int] = {}
    for one in sent:
        if one.event_type == "refund_paid":
            left[one.says["refund_id"]] = left.get(one.says["refund_id"], 0) + one.says["amount_cents"]
    for payment, cents in own.items():
        left[payment.refund_id] = left.get(payment.refund_id, 0) + cents
    for one in sent:
        if one.event_type != "refund_paid" and one.says["refund_id"] in left:
            left[one.says["refund_id"]] -= one.says["amount_cents"]
    return left


def not_sent(calls: Sequence[Said], sent: Sequence[Found]) -> int:
    """What came back by the calls beyond what was sent of it."""
    return sum(_not_sent(calls, sent).values())


def _not_sent(calls: Sequence[Said], sent: Sequence[Found]) -> dict[str, int]:
    """What came back by the calls beyond what was sent of it, by whom it came from."""
    cents = Counter[str]()
    for call in calls:
        if call.state == "recovered":
            cents[call.recovered_from or _FROM] += call.cents
    for one in sent:
        if one.event_type == "advance_recovered":
            cents[one.says.get("recovered_from") or _FROM] -= one.says["amount_cents"]
    return {source: left for source, left in cents.items() if left > 0}


def _spread(outstanding: dict[str, int], source: str, cents: int) -> Iterator[tuple[Own, int]]:
    last = next(reversed(outstanding), None)
    for refund_id, left in outstanding.items():
        part = cents if refund_id == last else min(cents, max(left, 0))
        if part:
            outstanding[refund_id], cents = left - part, cents - part
            yield Own(event_type="advance_recovered", refund_id=refund_id, recovered_from=source), part


def complete(tx: Connection, decision_ids: Iterable[str], *, at: datetime, later: bool = False) -> list[pa.Table]:
    """Write, and take back, events of our own until calls and events say the same of these decisions.

    Answers what was newly stored. The merchants are locked.
    """
    calls = store_settlements.settlements_of(tx, decision_ids)
    promised = store.reservations_with(tx, calls)
    return [rows for name, one in sorted(promised.items()) if (rows := _completed(tx, one, calls[name], at, later))]


def told(tx: Connection, promise: Reservation) -> tuple[list[Found], list[Found]]:
    """What stands of the money events about a promise: what others have sent, and what we wrote ourselves."""
    ids = store_settlements.own_events_of(tx, promise.decision_id)
    found = _told(tx, promise, {one.says["refund_id"] for one in events_with_ids(tx, sorted(ids))})
    sent = [one for one in found if one.says["event_id"] not in ids]
    return sent, [one for one in found if one.says["event_id"] in ids]


def _completed(
    tx: Connection, promise: Reservation, calls: Sequence[Said], at: datetime, later: bool
) -> pa.Table | None:
    sent, own = told(tx, promise)
    missing, too_much = wanted(calls, sent, refund_id=promise.decision_id), list[str]()
    for one in own:
        missing[_about(one)] -= one.says["amount_cents"]
    # The last ones go first: whoever looked at the earlier ones finds them still there.
    for one in reversed(own):
        if missing[_about(one)] < 0:
            missing[_about(one)] += one.says["amount_cents"]
            too_much.append(one.says["event_id"])
    events = [*_reversals(promise, too_much, at), *_events(tx, promise, sorted((+missing).items()), at)]
    return _stored(tx, promise, events, at, later) if events else None


def _told(tx: Connection, promise: Reservation, own_refunds: set[str]) -> list[Found]:
    """What stands of a promise's refunds, and of those that events of our own are about."""
    paid = events_about(tx, f"decision:{promise.decision_id}", merchant_id=promise.merchant_id, types=("refund_paid",))
    refunds = sorted({one.says["refund_id"] for one in paid} | own_refunds)
    back = [one for one in BOOKED_AS if one != "refund_paid"]
    found = events_about_any(tx, [f"refund:{one}" for one in refunds], types=back)
    return [*paid, *(one for one in found if one.merchant_id == promise.merchant_id)]


def _about(one: Found) -> Own:
    source = one.says.get("recovered_from") or ""
    return Own(event_type=one.event_type, refund_id=one.says["refund_id"], recovered_from=source)


def _reversals(promise: Reservation, event_ids: Sequence[str], at: datetime) -> list[dict[str, Any]]:
    why = "an event of this money was sent"
    return [_event("event_reversed", promise, at, reverses=one, reason=why) for one in event_ids]


def _events(
    tx: Connection, promise: Reservation, missing: Sequence[tuple[Own, int]], at: datetime
) -> list[dict[str, Any]]:
    found = []
    for one, cents in missing:
        paid = one.event_type == "refund_paid"
        columns = _payment(tx, promise) if paid else {"recovered_from": one.recovered_from}
        found.append(_event(one.event_type, promise, at, refund_id=one.refund_id, amount_cents=cents, **columns))
    return found


def _payment(tx: Connection, promise: Reservation) -> dict[str, Any]:
    """What a payment says of who pays and why: what was decided."""
    decided = store_decisions.find_decision(tx, promise.decision_id)
    if decided is None:
        raise AssertionError(f"{promise.decision_id} was promised and never decided")
    return {
        "order_id": promise.order_id,
        "decision_id": promise.decision_id,
        # A person may have let out what the policy had not; then the answer names nobody.
        "advanced_by": "merchant" if promise.fund is None else "platform",
        "finally_liable": json.loads(decided.answer)["finally_liable"],
        "reason": json.loads(decided.request)["reason"],
        "speed": "instant",
        "opened_at": decided.decided_at.isoformat(),
    }


def _event(event_type: str, promise: Reservation, at: datetime, **says: Any) -> dict[str, Any]:
    named = {"event_id": f"own_{secrets.token_hex(12)}", "event_type": event_type, "merchant_id": promise.merchant_id}
    return {**named, "event_time": at.isoformat(), "known_at": at.isoformat(), **says}


def _stored(
    tx: Connection, promise: Reservation, events: Sequence[dict[str, Any]], at: datetime, later: bool
) -> pa.Table:
    # Amounts are in the store's own currency, as those of decisions are, so that none needs to be named.
    checked = check_rows(events, currency="")
    if checked.rejected:
        raise AssertionError(f"an event of our own was rejected: {checked.rejected[0].code}")
    append(tx, checked.rows, at=at, later=later)
    ids = [one["event_id"] for one in events if one["event_type"] != "event_reversed"]
    store_settlements.add_own_events(tx, promise.decision_id, ids)
    return checked.rows
