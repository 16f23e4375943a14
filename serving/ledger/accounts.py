"""Accounts, movements, and postings: what one movement moved between accounts, in entries that sum to zero.

An account is a column of the table `postings`, and a posting is a row; no row whose entries do not sum to zero can be
stored. Money comes from one of four sources, whose balances are therefore never above nothing in the end; the other
accounts tell where it stands now:

| account | what stands there |
|---|---|
| `fund` | source: the platform's own money for fast refunds |
| `escrow` | source: a merchant's money that is still held back, where the merchant pays first by its own word |
| `platform` | source: other money of the platform, for refunds without a decision; what deposits pay goes there |
| `merchant` | source: what a merchant was last told to have left with us |
| `reserved` | promised by a decision, not paid yet |
| `advanced` | paid first by the platform, finally nobody's, the buyer's or a carrier's; not back yet |
| `receivable` | paid first by the platform, finally the merchant's; not back yet |
| `merchant_paid` | paid by the merchant itself on a promise |
| `recovered` | paid first by the platform, and back |
| `written_off` | paid first by the platform, and given up |
| `deposit` | a merchant's deposit, but for what is pledged |
| `pledge` | what programmes hold of the deposit |
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = [
    "ACCOUNTS",
    "FAST_REFUND",
    "SOURCES",
    "Movement",
    "Posting",
    "decision_of",
    "of_decision",
    "of_merchant",
    "of_refund",
]

#: The platform's own money for fast refunds.
FAST_REFUND = "fast_refund"

#: Where money comes from.
SOURCES = ("fund", "escrow", "platform", "merchant")

#: All accounts, the sources first.
ACCOUNTS = (
    *SOURCES, "reserved", "advanced", "receivable", "merchant_paid", "recovered", "written_off", "deposit", "pledge",
)  # fmt: skip


class Movement(StrEnum):
    """Why money moves."""

    RESERVE = "reserve"
    PAY = "pay"
    CANCEL = "cancel"
    EXPIRE = "expire"
    RECOVER = "recover"
    WRITE_OFF = "write_off"
    DEPOSIT = "deposit"
    PLEDGE = "pledge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One movement: `amounts` are cents by account, which sum to zero; accounts that are not named do not move.

    `subject` is what it belongs to (a decision, a refund without one, a merchant), `about` the refund or the programme
    within that. A subject has one posting of an `id`, so nothing is booked twice.
    """

    subject: str
    id: str
    movement: Movement
    merchant_id: str
    happened_at: datetime
    booked_at: datetime
    amounts: Mapping[str, int]
    about: str | None = None


def of_decision(decision_id: str) -> str:
    """The subject of what a decision promised."""
    return f"decision:{decision_id}"


def decision_of(subject: str) -> str | None:
    """The decision that a subject is, None for others.

    >>> decision_of(of_decision("d_1")), decision_of(of_merchant("m1"))
    ('d_1', None)
    """
    return subject.removeprefix("decision:") if subject.startswith("decision:") else None


def of_refund(merchant_id: str, refund_id: str) -> str:
    """The subject of a refund that no decision promised; other merchants may have refunds of the same id."""
    return f"refund:{len(merchant_id)}:{merchant_id}:{refund_id}"


def of_merchant(merchant_id: str) -> str:
    """The subject of what a merchant has left with us."""
    return f"merchant:{merchant_id}"
