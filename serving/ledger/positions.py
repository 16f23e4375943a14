"""Positions: where money ought to stand by what was told of it. Pure: the same words give the same sums."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from features.lookup import Found
from serving.ledger.accounts import Movement

__all__ = ["BOOKED_AS", "Balance", "balance", "state_of", "targets"]

#: The movement that an event about a refund makes.
BOOKED_AS = {
    "refund_paid": Movement.PAY,
    "advance_recovered": Movement.RECOVER,
    "advance_written_off": Movement.WRITE_OFF,
}
_BACK = {Movement.RECOVER: "recovered", Movement.WRITE_OFF: "written_off"}

#: Cents by account.
Amounts = Mapping[str, int]


def targets(told: Sequence[Found], *, promised: bool) -> dict[Movement, Amounts]:
    """What the events about one refund move in all, by movement; each movement sums to zero.

    `promised` = by a decision, so that a merchant pays by its word and the platform out of its fund. Else what a
    merchant pays itself is its own affair, and what the platform pays comes from elsewhere. Without an advance of the
    platform nothing comes back of one.
    """
    cents: Counter[str] = Counter()
    for one in told:
        if one.event_type == "refund_paid":
            cents[_claim(one)] += one.says["amount_cents"]
    merchants_own = cents.pop("merchant_paid", 0)
    paid = {"fund" if promised else "platform": -sum(cents.values()), **cents}
    if promised:
        paid |= {"escrow": -merchants_own, "merchant_paid": merchants_own}
    found: dict[Movement, Amounts] = {Movement.PAY: _without_nothing(paid)}
    for event_type, movement in BOOKED_AS.items():
        if movement in _BACK and cents:
            back = sum(one.says["amount_cents"] for one in told if one.event_type == event_type)
            found[movement] = _without_nothing({_BACK[movement]: back, **_taken(cents, back)})
    return found


def _claim(one: Found) -> str:
    if one.says["advanced_by"] == "merchant":
        return "merchant_paid"
    return "receivable" if one.says["finally_liable"] == "merchant" else "advanced"


def _taken(claims: Counter[str], back: int) -> dict[str, int]:
    """What came back, taken from what the merchant owes first; what is too much leaves us owing it."""
    main = "receivable" if "receivable" in claims else "advanced"
    taken = {}
    for account in ("receivable", "advanced"):
        part = min(back, max(claims[account], 0))
        taken[account], back = -part, back - part
    taken[main] -= back
    for account, cents in taken.items():
        claims[account] += cents
    return taken


def _without_nothing(amounts: Amounts) -> Amounts:
    return {account: cents for account, cents in amounts.items() if cents}


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Where the money of a decision stands (cents); `outstanding_cents` was paid first by the platform and is not back.

    What is outstanding is below nothing where more came back than was paid.
    """

    reserved_cents: int = 0
    paid_cents: int = 0
    recovered_cents: int = 0
    written_off_cents: int = 0
    outstanding_cents: int = 0


def balance(amounts: Iterable[Amounts]) -> Balance:
    """What the postings of one subject come to."""
    cents: Counter[str] = Counter()
    for one in amounts:
        cents.update(one)
    outstanding = cents["advanced"] + cents["receivable"]
    back = cents["recovered"] + cents["written_off"]
    return Balance(
        reserved_cents=cents["reserved"],
        paid_cents=outstanding + back + cents["merchant_paid"],
        recovered_cents=cents["recovered"],
        written_off_cents=cents["written_off"],
        outstanding_cents=outstanding,
    )


def state_of(stands: Balance, *, cancelled: bool) -> str:
    """How far a promise has come; a payment is the truth, whatever was said of it before."""
    if stands.paid_cents > 0:
        if stands.outstanding_cents > 0 or not (stands.recovered_cents or stands.written_off_cents):
            return "paid"
        return "written_off" if stands.written_off_cents else "recovered"
    if stands.reserved_cents > 0:
        return "reserved"
    return "cancelled" if cancelled else "expired"
