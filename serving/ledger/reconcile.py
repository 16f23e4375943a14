"""Reconciliation: what a payment system says that it paid, held against what the ledger has booked as paid."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from serving.errors import PaymentFileUnusable
from serving.ledger import store_settlements
from serving.ledger.accounts import decision_of, of_decision
from serving.ledger.booking import subjects_of
from serving.ledger.payment_files import Payment

__all__ = ["Line", "Reconciled", "reconcile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A decision, or a refund without one: what the file says was paid on it, and what the ledger says (cents)."""

    decision_id: str | None = None
    refund_id: str | None = None
    merchant_id: str | None = None
    file_cents: int = 0
    ledger_cents: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What came of it; nothing is `missing_in_file` that was paid before `since`, or from `until` on."""

    since: datetime | None = None
    until: datetime | None = None
    matched: Sequence[Line] = ()
    missing_in_ledger: Sequence[Line] = ()
    missing_in_file: Sequence[Line] = ()
    amounts_differ: Sequence[Line] = ()

    @property
    def differences(self) -> int:
        """How many lines are not as they should be."""
        return len(self.missing_in_ledger) + len(self.missing_in_file) + len(self.amounts_differ)

    def plain(self) -> dict[str, Any]:
        """As JSON shows it."""
        moments = {
            name: one.isoformat() if one else None for name, one in (("since", self.since), ("until", self.until))
        }
        lists = ("matched", "missing_in_ledger", "missing_in_file", "amounts_differ")
        return {**moments, **{name: [asdict(one) for one in getattr(self, name)] for name in lists}}


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """What is compared as one: its names, the subjects under which the ledger has it, and what the file says."""

    names: Mapping[str, str | None]
    subjects: set[str] = field(default_factory=set)
    paid: list[int] = field(default_factory=list)


def reconcile(
    tx: Connection, payments: Iterable[Payment], *, since: datetime | None = None, until: datetime | None = None
) -> Reconciled:
    """Hold the payments of a file against those of the ledger.

    What the ledger has paid `since` a moment and before `until` must be in the file, by default from its first to its
    last payment; where its payments say no moment, all that was ever paid. Raises `PaymentFileUnusable` where a refund
    may be that of several merchants.
    """
    told = list(payments)
    moments = [one.paid_at for one in told if one.paid_at]
    since = since or min(moments, default=None)
    until = until or (max(moments) + timedelta(microseconds=1) if moments else None)
    groups = _groups(tx, told)
    known = {subject for group in groups for subject in group.subjects}
    ever = store_settlements.paid_of(tx, known)
    then = store_settlements.paid_of(tx, known, since=since, until=until)
    lines = [_line(group, ever, then) for group in groups]
    others = [one for one in store_settlements.paid_between(tx, since, until) if one.subject not in known]
    return Reconciled(
        since=since,
        until=until,
        matched=[one for one in lines if one.file_cents == one.ledger_cents],
        missing_in_ledger=[one for one in lines if not one.ledger_cents],
        missing_in_file=[_only_booked(one) for one in others],
        amounts_differ=[one for one in lines if one.ledger_cents and one.file_cents != one.ledger_cents],
    )


def _line(group: _Group, ever: Mapping[str, int], then: Mapping[str, int]) -> Line:
    """What is paid in parts may be in several files: then it is what was paid in this one's time that must be in it."""
    cents, in_time = (sum(booked.get(subject, 0) for subject in group.subjects) for booked in (ever, then))
    paid = sum(group.paid)
    return Line(**group.names, file_cents=paid, ledger_cents=in_time if paid == in_time else cents)


def _only_booked(one: store_settlements.Paid) -> Line:
    decision_id = decision_of(one.subject)
    refund_id = one.refund_id if decision_id is None else None
    return Line(decision_id=decision_id, refund_id=refund_id, merchant_id=one.merchant_id, ledger_cents=one.cents)


def _groups(tx: Connection, told: Sequence[Payment]) -> list[_Group]:
    """The payments by decision where they name one, or are known to be on one, else by refund."""
    booked = _Booked(tx, told)
    groups: dict[tuple[str | None, ...], _Group] = {}
    for one in told:
        names, subjects = booked.of(one)
        group = groups.setdefault(tuple(names.values()), _Group(names=names))
        group.subjects.update(subjects)
        group.paid.append(one.cents)
    return list(groups.values())


class _Booked:
    """Under which subjects the ledger has what payments name."""

    def __init__(self, tx: Connection, told: Sequence[Payment]) -> None:
        decisions = {one.decision_id for one in told if one.decision_id}
        refunds = {one.refund_id for one in told if one.refund_id and not one.decision_id}
        keys = sorted({f"decision:{one}" for one in decisions} | {f"refund:{one}" for one in refunds})
        self._by_decision: dict[str, set[str]] = {}
        self._by_refund: dict[str, dict[str, str]] = {}
        for paid, subject in subjects_of(tx, keys):
            self._by_decision.setdefault(paid.says.get("decision_id") or "", set()).add(subject)
            self._by_refund.setdefault(paid.says["refund_id"], {})[paid.merchant_id] = subject

    def of(self, one: Payment) -> tuple[dict[str, str | None], set[str]]:
        """A payment's names in a report, and its subjects."""
        if one.decision_id:
            found = self._by_decision.get(one.decision_id, set())
            return _named(decision_id=one.decision_id), found | {of_decision(one.decision_id)}
        merchants = self._by_refund.get(one.refund_id or "", {})
        merchant_id = one.merchant_id or (next(iter(merchants)) if len(merchants) == 1 else None)
        if merchant_id is None and merchants:
            raise PaymentFileUnusable(f"row {one.row} names a refund that several merchants have, and no merchant")
        subject = merchants.get(merchant_id or "")
        if subject is None:
            return _named(refund_id=one.refund_id, merchant_id=merchant_id), set()
        decision_id = decision_of(subject)
        if decision_id is not None:
            return _named(decision_id=decision_id), {subject}
        return _named(refund_id=one.refund_id, merchant_id=merchant_id), {subject}


def _named(
    *, decision_id: str | None = None, refund_id: str | None = None, merchant_id: str | None = None
) -> dict[str, str | None]:
    return {"decision_id": decision_id, "refund_id": refund_id, "merchant_id": merchant_id}
