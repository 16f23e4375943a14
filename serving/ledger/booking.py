"""Booking: what new events say of money -> postings.

Nothing is added on top of what was booked before: for each refund that an event touches, what ought to stand is worked
out afresh from all that is told of it, and the difference is booked. So the order in which events come does not matter,
one that is told twice or taken back counts as it should, and a payment is booked as it was made, whatever was promised.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pyarrow as pa
from sqlalchemy import Connection

from features.database import day_of, micros, moment
from features.lookup import Found, events_about_any, events_of_types
from serving.ledger import deposits, own_events, store, store_settlements
from serving.ledger.accounts import FAST_REFUND, Movement, Posting, of_decision, of_refund
from serving.ledger.positions import BOOKED_AS, balance, state_of, targets
from serving.ledger.store import Reservation, Sum
from serving.ledger.store_settlements import Settlement
from serving.ledger.touched import DEPOSITS, Refund, Touched, Trigger, touched_by

__all__ = ["book", "book_all", "book_decision", "subjects_of", "weights"]

#: A subject and a refund within it.
_Part = tuple[str, Refund]


def book(tx: Connection, new: pa.Table, *, at: datetime, later: bool = False) -> None:
    """Book what newly stored events say of money; their merchants are locked. With `later` tiles are put off."""
    _book_touched(tx, touched_by(tx, new), at, later)


def _book_touched(tx: Connection, touched: Touched, at: datetime, later: bool) -> int:
    count = _book_refunds(tx, touched, at, later) if touched.refunds else 0
    return count + (deposits.book(tx, touched.deposits, at=at) if touched.deposits else 0)


def book_all(tx: Connection, merchant_ids: Sequence[str], *, at: datetime) -> int:
    """Book what is told of the money of some merchants (locked) and is not booked; answer how many postings it took.

    There is nothing, but for what was stored before there was a ledger.
    """
    touched = Touched()
    for one in events_of_types(tx, merchant_ids, (*BOOKED_AS, *DEPOSITS)):
        # What an event has booked goes by its id; this is booked for the same event at another time.
        trigger = Trigger(event_id=f"{one.says['event_id']}:{micros(at)}", happened_at=moment(one.event_time))
        touched.see(one.says, trigger)
    return _book_touched(tx, touched, at, later=True)


def book_decision(tx: Connection, decision_id: str, *, at: datetime, later: bool = False) -> None:
    """Book what is told of a decision's money, by events or by the settlement call; its merchant is locked."""
    for rows in own_events.complete(tx, [decision_id], at=at, later=later):
        book(tx, rows, at=at, later=later)


def subjects_of(tx: Connection, keys: Sequence[str]) -> list[tuple[Found, str]]:
    """The payments that carry keys such as `decision:d_1` or `refund:r1`, each with the subject it is booked under."""
    paid = events_about_any(tx, keys, types=("refund_paid",))
    decisions = {one.says["decision_id"] for one in paid if one.says.get("decision_id")}
    promised = {of_decision(name): one for name, one in store.reservations_with(tx, decisions).items()}
    return [(one, _subject(one, promised)) for one in paid]


def weights(moved: Iterable[Posting], promised: Mapping[str, Reservation]) -> Counter[tuple[str, int]]:
    """What postings have weigh on merchants and on the fund, by (holder, day of the promise)."""
    found: Counter[tuple[str, int]] = Counter()
    for one in moved:
        reservation = promised.get(one.subject)
        if reservation is not None:
            drawn, day = -one.amounts.get("fund", 0), day_of(reservation.reserved_at)
            found[f"fund:{FAST_REFUND}", day] += drawn
            found[f"merchant:{reservation.merchant_id}", day] += drawn - one.amounts.get("escrow", 0)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """What is told and booked of some refunds; by subject but for the events, which are by subject and refund.

    `promised` are the reservations of decisions, `paid` is what was paid on each.
    """

    touched: Touched
    promised: Mapping[str, Reservation]
    cancelled: frozenset[str]
    paid: Mapping[str, int]
    told: Mapping[_Part, Sequence[Found]]
    booked: Mapping[str, Sequence[Sum]]
    at: datetime


def _book_refunds(tx: Connection, touched: Touched, at: datetime, later: bool) -> int:
    told = _told_of(tx, touched.refunds)
    decisions = touched.decisions | {one.says["decision_id"] for one in told if one.says.get("decision_id")}
    calls = store_settlements.settlements_of(tx, decisions)
    written = own_events.complete(tx, calls, at=at, later=later)
    if written:
        for rows in written:
            touched.plus(touched_by(tx, rows))
        told = _told_of(tx, touched.refunds)
    sheet = _sheet(tx, touched, told, calls, at)
    moved = [posting for part in sorted(_parts(sheet)) for posting in _differences(sheet, part)]
    moved = list(_with_promises(sheet, moved))
    store.post(tx, moved)
    store.weigh(tx, weights(moved, sheet.promised))
    changed = [(before, _changed(sheet, before, moved)) for before in sheet.promised.values()]
    store.change_reservations(tx, [after for before, after in changed if after != before])
    return len(moved)


# What is told, and what is booked.


def _sheet(
    tx: Connection, touched: Touched, told: Sequence[Found], calls: Mapping[str, Sequence[Settlement]], at: datetime
) -> _Sheet:
    decisions = touched.decisions | {one.says["decision_id"] for one in told if one.says.get("decision_id")}
    reservations = store.reservations_with(tx, decisions)
    promised = {of_decision(name): one for name, one in reservations.items()}
    _hold(tx, reservations.values())
    subjects = {*promised, *(of_refund(*refund) for refund in touched.refunds)}
    return _Sheet(
        touched=touched,
        promised=promised,
        cancelled=frozenset(of_decision(name) for name, said in calls.items() if _is_cancelled(said)),
        paid=_paid(tx, promised),
        told=_by_part(told, promised),
        booked=_by_subject(store.sums_of(tx, subjects)),
        at=at,
    )


def _is_cancelled(calls: Iterable[Settlement]) -> bool:
    return any(one.state == "cancelled" for one in calls)


def _told_of(tx: Connection, refunds: Iterable[Refund]) -> list[Found]:
    """All events about some refunds that stand."""
    wanted = set(refunds)
    keys = sorted({f"refund:{refund_id}" for _, refund_id in wanted})
    return [one for one in events_about_any(tx, keys, types=tuple(BOOKED_AS)) if _refund(one) in wanted]


def _hold(tx: Connection, promised: Iterable[Reservation]) -> None:
    """Whoever promises adds up what weighs: nobody may while it changes."""
    buyers = {one.buyer_id for one in promised}
    if buyers:
        store.hold_buyer(tx, *buyers)
        store.hold_fund(tx)


def _paid(tx: Connection, promised: Mapping[str, Reservation]) -> dict[str, int]:
    """What was paid on each promise, in all its parts."""
    keys = [f"decision:{one.decision_id}" for one in promised.values()]
    found = dict.fromkeys(promised, 0)
    for one in events_about_any(tx, keys, types=("refund_paid",)):
        subject = _subject(one, promised)
        if subject in found:
            found[subject] += one.says["amount_cents"]
    return found


def _by_part(told: Sequence[Found], promised: Mapping[str, Reservation]) -> dict[_Part, list[Found]]:
    """Events by what they belong to; what came back goes where it was paid first."""
    parts: defaultdict[_Part, list[Found]] = defaultdict(list)
    payments = [one for one in told if one.event_type == "refund_paid"]
    advances = (one for one in reversed(payments) if one.says["advanced_by"] == "platform")
    first = {_refund(one): _subject(one, promised) for one in advances}
    for one in told:
        refund = _refund(one)
        if one.event_type == "refund_paid":
            parts[_subject(one, promised), refund].append(one)
        elif refund in first:
            parts[first[refund], refund].append(one)
    return parts


def _by_subject(sums: Iterable[Sum]) -> dict[str, list[Sum]]:
    found: defaultdict[str, list[Sum]] = defaultdict(list)
    for one in sums:
        found[one.subject].append(one)
    return found


def _refund(one: Found) -> Refund:
    return one.merchant_id, one.says["refund_id"]


def _subject(one: Found, promised: Mapping[str, Reservation]) -> str:
    """What a payment belongs to: the decision that promised it, if this merchant's, else the refund alone."""
    subject = of_decision(one.says.get("decision_id") or "")
    own = subject in promised and promised[subject].merchant_id == one.merchant_id
    return subject if own else of_refund(*_refund(one))


# What differs.


def _parts(sheet: _Sheet) -> set[_Part]:
    """The subject and refund of all that is told, or was booked before, of refunds that were touched."""
    sums = (one for booked in sheet.booked.values() for one in booked)
    before = {(one.subject, (one.merchant_id, one.about or "")) for one in sums}
    return {part for part in before | set(sheet.told) if part[1] in sheet.touched.refunds}


def _differences(sheet: _Sheet, part: _Part) -> Iterator[Posting]:
    """What is to be booked of one refund, so that what is told of it stands."""
    subject, refund = part
    wanted = targets(sheet.told.get(part, ()), promised=subject in sheet.promised)
    booked = [one for one in sheet.booked.get(subject, ()) if (one.merchant_id, one.about) == refund]
    for movement in BOOKED_AS.values():
        amounts = Counter(wanted.get(movement, {}))
        for one in booked:
            if one.movement == movement:
                amounts.subtract(_claims(one.amounts, sheet.promised.get(subject)))
        if any(amounts.values()):
            yield _posting(sheet, part, movement, amounts)


def _claims(amounts: Mapping[str, int], promised: Reservation | None) -> Counter[str]:
    """What a payment moved, without the promise that it ended."""
    claims = Counter(amounts)
    if promised is not None:
        claims[promised.source] += claims.pop("reserved", 0)
    return claims


def _posting(sheet: _Sheet, part: _Part, movement: Movement, amounts: Mapping[str, int]) -> Posting:
    subject, (merchant_id, refund_id) = part
    triggers = sheet.touched.refunds[merchant_id, refund_id]
    trigger: Trigger = triggers.get(movement) or next(iter(triggers.values()))
    return Posting(
        subject=subject,
        id=f"{movement}:{trigger.event_id}",
        movement=movement,
        merchant_id=merchant_id,
        about=refund_id,
        happened_at=trigger.happened_at,
        booked_at=sheet.at,
        amounts={account: cents for account, cents in amounts.items() if cents},
    )


def _with_promises(sheet: _Sheet, moved: Iterable[Posting]) -> Iterator[Posting]:
    """The same; the first payment on a promise ends it, and one that is taken back whole renews it while it lasts."""
    seen: set[str] = set()
    for one in moved:
        promise = sheet.promised.get(one.subject)
        if promise is None or one.movement is not Movement.PAY or one.subject in seen:
            yield one
            continue
        seen.add(one.subject)
        by = _promised_now(sheet, one.subject) - sum(old.amounts["reserved"] for old in sheet.booked[one.subject])
        amounts = Counter(one.amounts)
        amounts["reserved"] += by
        amounts[promise.source] -= by
        yield replace(one, amounts={account: cents for account, cents in amounts.items() if cents})


def _promised_now(sheet: _Sheet, subject: str) -> int:
    """What stands as promised, and not paid, once everything is booked."""
    promise = sheet.promised[subject]
    lasts = promise.expires_at > sheet.at and subject not in sheet.cancelled
    return promise.promised_cents if lasts and not sheet.paid[subject] else 0


def _changed(sheet: _Sheet, before: Reservation, moved: Iterable[Posting]) -> Reservation:
    """What a reservation weighs, and how far it has come, with everything that is booked now."""
    subject = of_decision(before.decision_id)
    now = [one.amounts for one in moved if one.subject == subject]
    stands = balance([*(one.amounts for one in sheet.booked.get(subject, ())), *now])
    state = state_of(stands, cancelled=subject in sheet.cancelled)
    return replace(before, cents=stands.reserved_cents + stands.paid_cents, state=state)
