"""Refunds, and what becomes of the money that the platform paid first."""

from dataclasses import dataclass

import numpy as np

from features.simulator.life import Life, Orders
from features.simulator.lot import Flags, Ints, Words
from features.simulator.scenario import NEVER

__all__ = ["PIECE_CENTS", "Refunds", "in_pieces", "tell_refunds"]

#: Who splits refunds keeps each piece below this: the smallest limit for instant refunds is 200.00.
PIECE_CENTS = 19_900


@dataclass(frozen=True, slots=True, kw_only=True)
class Refunds:
    """Refunds (k,): of which orders, numbered how, asked for and paid when, why, and who bears them.

    `advanced` ones are paid by the platform first.
    """

    row: Ints
    number: Ints
    amount: Ints
    opened: Ints
    paid: Ints
    reason: Words
    liable: Words
    instant: Flags
    advanced: Flags


def in_pieces(refunds: Refunds, split: Flags) -> Refunds:
    """The same refunds, the `split` ones (k,) in pieces below the limit, minutes after one another."""
    pieces = np.where(split, np.minimum(-(-refunds.amount // PIECE_CENTS), 8), 1)
    rows = np.repeat(np.arange(len(pieces)), pieces)
    place = np.arange(len(rows)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    left = refunds.amount[rows] - place * PIECE_CENTS
    return Refunds(
        row=refunds.row[rows], number=refunds.number[rows] * 8 + place,
        amount=np.where(split[rows], np.minimum(left, PIECE_CENTS), refunds.amount[rows]),
        opened=refunds.opened[rows], paid=refunds.paid[rows] + place * 420, reason=refunds.reason[rows],
        liable=refunds.liable[rows], instant=refunds.instant[rows], advanced=refunds.advanced[rows],
    )  # fmt: skip


def tell_refunds(life: Life, orders: Orders, refunds: Refunds) -> None:
    """Note refunds, and recoveries and write-offs of those that the platform advanced."""
    life.diary.add(
        "refund_paid", refunds.paid, since=orders.placed[refunds.row], refund_id=refunds.number,
        order_id=orders.number[refunds.row], amount_cents=refunds.amount, reason=refunds.reason,
        advanced_by=np.where(refunds.advanced, "platform", "merchant").astype(object),
        finally_liable=refunds.liable, opened_at=refunds.opened,
        speed=np.where(refunds.instant, "instant", "standard").astype(object),
    )  # fmt: skip
    lot, paid = life.lot("settling"), refunds.paid
    owed = refunds.advanced & (paid < NEVER) & (refunds.liable != "platform")
    merchants = 0.95 * (1 - life.merchant.gone(paid)) * ~orders.part_of("collusion")[refunds.row]
    chance = np.where(refunds.liable == "buyer", 0.4, merchants)
    repaid = owed & lot.chance(chance, len(owed))
    settle = _Settling(life=life, orders=orders, refunds=refunds)
    settle.note("advance_recovered", np.flatnonzero(repaid), lot.later(paid, days=5.0, least=2.0), refunds.liable)
    rest = settle.draw_on_deposit(np.flatnonzero(owed & ~repaid), lot.later(paid, days=8.0, least=14.0))
    forgiven = lot.some(rest, 0.8)
    settle.note("advance_written_off", forgiven, lot.later(paid, days=10.0, least=60.0), refunds.liable)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settling:
    """How advances end."""

    life: Life
    orders: Orders
    refunds: Refunds

    def note(self, event_type: str, rows: Ints, time: Ints, source: Words) -> None:
        """Note that refunds, by their places, are settled; `time` and `source` (k,) are those of all refunds."""
        order = self.refunds.row[rows]
        self.life.diary.add(
            event_type, time[rows], since=self.orders.placed[order], refund_id=self.refunds.number[rows],
            amount_cents=self.refunds.amount[rows], recovered_from=source[rows],
        )  # fmt: skip

    def draw_on_deposit(self, rows: Ints, time: Ints) -> Ints:
        """Take what the merchant owes from its deposit, as long as that lasts; answer which refunds stay unpaid."""
        own = rows[self.refunds.liable[rows] == "merchant"]
        own = own[np.argsort(time[own], kind="stable")]
        left = self.life.merchant.deposit - np.cumsum(self.refunds.amount[own])
        covered = own[left >= 0]
        from_deposit = np.full(len(self.refunds.row), "deposit", dtype=object)
        self.note("advance_recovered", covered, time, from_deposit)
        placed = self.orders.placed[self.refunds.row[covered]]
        self.life.diary.add("deposit_changed", time[covered], since=placed, deposit_cents=left[left >= 0])
        return np.setdiff1d(rows, covered)
