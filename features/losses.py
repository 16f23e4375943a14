"""Bust-outs: goods that were paid for and never came, and money that the platform paid first and never saw again."""

import numpy as np
import numpy.typing as npt

from features.cases import Case, Counted, orders_of, parties, without
from features.exemptions import exempted
from features.faults import LOST, LOST_DISPUTES
from features.known import NO_TIME, Known, Rows, days
from features.label_spec import LabelSpec, Undelivered, Unrecovered
from features.label_windows import Windows
from features.measures import Events, Is, IsNot
from features.outcomes import BY_PLATFORM, excused
from features.removals import first_removal
from features.selection import Until, holds, numbered, presence, select
from features.spells import Spells, joined, match, minus
from features.verdicts import OUT_OF_REACH, Charge

__all__ = ["bust_out"]

Ints = npt.NDArray[np.int64]

_DAY = 86_400_000_000
_CANCELLED = Events(event_type="order_cancelled", where=(IsNot(column="actor", words=("merchant",)),))
_CAME = (
    Events(event_type="order_delivered"),
    Events(
        event_type="parcel_scanned", where=(Is(column="leg", words=("out",)), Is(column="scan", words=("delivered",)))
    ),
)
_ADVANCED = Events(
    event_type="refund_paid",
    where=(Is(column="advanced_by", words=("platform",)), Is(column="finally_liable", words=("merchant",))),
)
_RECOVERED = Events(event_type="advance_recovered")


def bust_out(known: Known, windows: Windows, spec: LabelSpec) -> Case:
    """Too great a part of the value due never came, or too much of what the platform advanced was not recovered."""
    counted = _due(known, windows, spec)
    count, value = counted.per(windows), np.zeros(len(windows), dtype=np.int64)
    np.add.at(value, counted.window, known.numbers(counted.orders, "amount_cents")[counted.order])
    own, charges = np.zeros(0, dtype=np.int64), []
    if spec.undelivered:
        needed = np.where(count >= max(spec.min_orders, 1), _needed(spec.undelivered, value), OUT_OF_REACH)
        own, charge = _undelivered(known, windows, spec, counted, needed)
        charges.append(charge)
    if spec.unrecovered:
        charges.append(_unrecovered(known, windows, spec, _needed(spec.unrecovered, value)))
    party = parties(known, windows, counted, own)
    return Case(charges=tuple(charges), counted=counted, count=count, party=party)


def _needed(limit: Undelivered | Unrecovered, value: Ints) -> Ints:
    """The cents from which on it is too much, by the value due (windows,)."""
    # What floats leave of a product is far less than a thousandth of a cent.
    share = np.ceil(limit.share * value - 1e-3).astype(np.int64)
    return np.asarray(np.maximum(share, max(limit.cents, 1)))


def _grace(spec: LabelSpec) -> int:
    return (spec.undelivered.grace_days if spec.undelivered else 0) * _DAY


def _due(known: Known, windows: Windows, spec: LabelSpec) -> Counted:
    """Orders to be delivered within the windows, less exempt ones and those that others cancelled before it was up.

    What was to come after the merchant was removed is left out: nobody knows whether it would have come.
    """
    orders = orders_of(known, spec)
    orders = orders.where(known.times(orders, "deliver_by") != NO_TIME)
    deliver_by = known.times(orders, "deliver_by")
    window, order = windows.pairs(orders, clock=deliver_by)
    given_up = Until(clock="deliver_by", later=_grace(spec) // 1_000_000)
    cancelled = presence(known, orders, [_CANCELLED], by="order_id", until=given_up, own=True)
    left_out = joined([cancelled, exempted(known, orders, spec.exemptions)])
    kept = without(windows, window, order, left_out)
    kept &= deliver_by[order] < first_removal(known, windows)[window]
    return Counted(orders=orders, window=window[kept], order=order[kept])


def _undelivered(
    known: Known, windows: Windows, spec: LabelSpec, counted: Counted, needed: Ints
) -> tuple[Ints, Charge]:
    """The pairs of orders that never came, which nobody else answers for, and what each is worth."""
    deliver_by = known.times(counted.orders, "deliver_by")
    spells = _missing(known, counted.orders, deliver_by + _grace(spec))
    delay = np.full(len(spells.key), spec.delay_of("undelivered"))
    pair, spell = windows.standing(counted.window, counted.order, spells, delay)
    # One order's stretches do not overlap, so that at most one of them counts.
    cents = known.numbers(counted.orders, "amount_cents")[spells.key[spell]]
    pair, spell, cents = pair[cents > 0], spell[cents > 0], cents[cents > 0]
    charge = Charge(
        names=("undelivered",), row=counted.window[pair], what=np.zeros_like(pair), weight=cents,
        happened=deliver_by[spells.key[spell]], known=spells.start[spell], needed=needed,
    )  # fmt: skip
    return pair, charge


def _missing(known: Known, orders: Rows, deadline: Ints) -> Spells:
    """While which orders, by place, are past a deadline (n,) and have not come, and it is the merchant's fault."""
    waits = numbered(orders)
    waits = waits.where(~holds(known, orders, (BY_PLATFORM,))[waits.key])
    waits = waits.since(known.due(deadline)[waits.key])
    lost = presence(known, orders, [LOST], by="order_id")
    lost = minus(lost, presence(known, orders, [LOST_DISPUTES], by="order_id", own=True))
    came = presence(known, orders, _CAME, by="order_id")
    return minus(waits, joined([came, lost, excused(known, orders)]))


def _unrecovered(known: Known, windows: Windows, spec: LabelSpec, needed: Ints) -> Charge:
    """What the platform advanced within the windows for the merchant, and had not got back when they are judged.

    A debt is one, and can be paid, after a removal too.
    """
    refunds, delay = select(known, _ADVANCED), spec.delay_of("unrecovered")
    window, refund = windows.pairs(refunds, delay=delay)
    kept = without(windows, window, refund, _of_exempt_orders(known, refunds, spec))
    window, refund = window[kept], refund[kept]
    rest = known.numbers(refunds, "amount_cents")[refund]
    np.subtract.at(rest, *_recovered(known, windows, (window, known.keys(refunds, "refund_id")[refund]), delay))
    window, refund, rest = window[rest > 0], refund[rest > 0], rest[rest > 0]
    return Charge(
        names=("unrecovered",), row=window, what=np.zeros_like(window), weight=rest, happened=refunds.time[refund],
        # That it will not be repaid is known when the time for it is over.
        known=windows.end[window] + delay - 1, needed=needed, outlives=True,
    )  # fmt: skip


def _recovered(known: Known, windows: Windows, asked: tuple[Ints, Ints], delay: int) -> tuple[Ints, Ints]:
    """What came back of refunds, by (window, refund id): to which of those asked for, and how many cents."""
    back = select(known, _RECOVERED)
    back = back.where(days(back.start) < days(back.end))
    spells = back.spells(known.keys(back, "refund_id"))
    pair, spell = windows.standing(*asked, spells, np.full(len(spells.key), delay))
    return pair, known.numbers(back, "amount_cents")[spell]


def _of_exempt_orders(known: Known, refunds: Rows, spec: LabelSpec) -> Spells:
    """While which refunds, by place, are known to be of exempt orders."""
    orders = orders_of(known, spec)
    exempt = exempted(known, orders, spec.exemptions)
    row, other = match(known.keys(refunds, "order_id"), known.keys(orders, "order_id")[exempt.key])
    return Spells(key=row, start=exempt.start[other], end=exempt.end[other])
