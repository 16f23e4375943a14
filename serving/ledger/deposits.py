"""Deposits: what a merchant has left with us, what debts have drawn from it since, and what programmes hold of it.

The postings of a merchant say what was last told of its deposit (as less than nothing on `merchant`, where it comes
from), what debts have drawn since (on `platform`, where it went), and what is left: on `pledge` what programmes hold,
on `deposit` the rest.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from features.database import micros
from features.lookup import Found, events_of_types
from serving.ledger import store
from serving.ledger.accounts import Movement, Posting, of_merchant
from serving.ledger.store import Sum
from serving.ledger.touched import DEPOSITS, Trigger

__all__ = ["book", "drawn_cents", "pledge", "pledges"]


def book(tx: Connection, touched: Mapping[str, Trigger], *, at: datetime) -> int:
    """Book the deposits of some merchants (locked) as they are told, less what was drawn from them since.

    Answers how many postings that took.
    """
    told: defaultdict[str, list[Found]] = defaultdict(list)
    for one in events_of_types(tx, sorted(touched), (*DEPOSITS, "advance_recovered")):
        told[one.merchant_id].append(one)
    sums, moved = _booked(tx, touched), []
    for merchant_id, trigger in sorted(touched.items()):
        booked = _total(sums[merchant_id])
        amounts = _stands(told[merchant_id], pledged=booked["pledge"])
        amounts.subtract({account: booked[account] for account in amounts})
        if any(amounts.values()):
            moved.append(_posting(merchant_id, Movement.DEPOSIT, trigger, amounts, at))
    store.post(tx, moved)
    return len(moved)


def drawn_cents(tx: Connection, merchant_ids: Sequence[str]) -> dict[str, int]:
    """What debts have drawn from the deposits of some merchants since they were last told."""
    return {one: _total(sums)["platform"] for one, sums in _booked(tx, merchant_ids).items()}


def pledges(tx: Connection, merchant_id: str) -> dict[str, int]:
    """What each programme holds of a merchant's deposit."""
    held = Counter[str]()
    for one in _booked(tx, [merchant_id])[merchant_id]:
        held[one.about or ""] += one.amounts["pledge"]
    return {programme: cents for programme, cents in sorted(held.items()) if cents}


def pledge(tx: Connection, merchant_id: str, wanted: Mapping[str, int], *, at: datetime) -> None:
    """Have each programme hold so much of a merchant's deposit (locked) from now on, and others nothing."""
    held = pledges(tx, merchant_id)
    moved = []
    for programme in sorted({*held, *wanted}):
        by = wanted.get(programme, 0) - held.get(programme, 0)
        if by:
            # Nobody tells this: it follows from the promises that a merchant has made, and from the clock.
            trigger = Trigger(event_id=f"{programme}:{micros(at)}", happened_at=at)
            amounts = {"pledge": by, "deposit": -by}
            moved.append(_posting(merchant_id, Movement.PLEDGE, trigger, amounts, at, about=programme))
    store.post(tx, moved)


def _stands(told: Sequence[Found], *, pledged: int) -> Counter[str]:
    """Where the money of a deposit ought to stand: the latest balance that was told, less what was drawn later."""
    balances = [one for one in told if one.event_type in DEPOSITS and one.says.get("deposit_cents") is not None]
    latest = max(balances, key=_in_time, default=None)
    since = latest.event_time if latest else -1
    draws = (one for one in told if one.says.get("recovered_from") == "deposit" and one.event_time > since)
    balance: int = latest.says["deposit_cents"] if latest else 0
    drawn: int = sum(one.says["amount_cents"] for one in draws)
    return Counter({"merchant": -balance, "platform": drawn, "deposit": balance - drawn - pledged})


def _in_time(one: Found) -> tuple[int, int, str]:
    """The order in which what is said replaces what was said before (contracts 3.2)."""
    return one.event_time, one.known_at, one.says["event_id"]


def _booked(tx: Connection, merchant_ids: Iterable[str]) -> dict[str, list[Sum]]:
    """What the postings of each merchant's deposit add up to."""
    found: dict[str, list[Sum]] = {one: [] for one in merchant_ids}
    for one in store.sums_of(tx, map(of_merchant, found)):
        found[one.merchant_id].append(one)
    return found


def _total(sums: Iterable[Sum]) -> Counter[str]:
    total = Counter[str]()
    for one in sums:
        total.update(one.amounts)
    return total


def _posting(
    merchant_id: str,
    movement: Movement,
    trigger: Trigger,
    amounts: Mapping[str, int],
    at: datetime,
    *,
    about: str | None = None,
) -> Posting:
    return Posting(
        subject=of_merchant(merchant_id),
        id=f"{movement}:{trigger.event_id}",
        movement=movement,
        merchant_id=merchant_id,
        about=about,
        happened_at=trigger.happened_at,
        booked_at=at,
        amounts=amounts,
    )
