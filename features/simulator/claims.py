"""What buyers claim: returns and disputes, and the refunds that come of them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from features.simulator.lot import Flags, Ints, Words
from features.simulator.opinions import tell_complaints
from features.simulator.refunds import Refunds, tell_refunds
from features.simulator.scenario import DAY, HOUR, NEVER
from features.simulator.trade import Life, Orders

__all__ = ["tell_claims"]

_FLAWS = {"quality": 0.4, "not_as_described": 0.3, "damaged": 0.15, "wrong_item": 0.1, "missing_parts": 0.05}
_SEEN_THROUGH = {"counterfeit": 0.6, "not_as_described": 0.3, "quality": 0.1}
_PRETEXTS = {"not_received": 0.4, "not_as_described": 0.3, "quality": 0.3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Disputes (k,): about which orders, numbered how, since when, why, and whose fault it truly is."""

    row: Ints
    number: Ints
    opened: Ints
    reason: Words
    truth: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Returns:
    """Returns (k,): of which orders, asked for and answered when, why, and whether they were accepted."""

    row: Ints
    opened: Ints
    answered: Ints
    reason: Words
    accepted: Flags

    def where(self, mask: Flags) -> "Returns":
        """Those under a mask (k,)."""
        return Returns(**{one.name: getattr(self, one.name)[mask] for one in fields(self)})


def tell_claims(life: Life, orders: Orders) -> None:
    """Note returns, disputes and refunds; a refund follows every return accepted and every dispute won."""
    returns = _tell_returns(life, orders)
    sources = [_nothing_came(life, orders), _bad_goods(life, orders), _refused(life, orders, returns)]
    disputes = Claims(**_joined(sources))
    won = _tell_disputes(life, orders, disputes)
    tell_refunds(life, orders, Refunds(**_joined([_tell_back(life, orders, returns), won])))


def _joined(parts: Sequence[Any]) -> dict[str, Any]:
    """The columns of several values of one kind, one after another."""
    return {one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(parts[0])}


def _tell_returns(life: Life, orders: Orders) -> Returns:
    """Note which returns are asked for, and how the merchant answers."""
    lot, manner = life.lot, life.merchant.manner
    cases = [orders.noticed, orders.defective, orders.abusive]
    wanting = np.select(cases, [0.40, 0.45, 0.30], life.merchant.category.regret)
    rows = np.flatnonzero(lot.chance(wanting, len(orders)) & (orders.delivered < NEVER))
    n = len(rows)
    opened, reason = lot.later(orders.delivered[rows], days=2.5, least=0.1), _why(life, orders, rows)
    accepted = ~lot.chance(manner.refuse * np.where(reason == "no_reason", 0.7, 1.3), n)
    heard = ~lot.chance(manner.silent + 0.9 * life.merchant.gone(opened), n)
    hours = lot.rng.exponential(1.0, n) * manner.reply_hours * 2 + 0.2
    answered = np.where(heard, opened + np.rint(hours * HOUR).astype(np.int64), NEVER)
    about: dict[str, Any] = {"since": orders.placed[rows], "return_id": orders.number[rows],
             "order_id": orders.number[rows], "answer_by": opened + 2 * DAY}  # fmt: skip
    life.diary.add("return_requested", opened, placed_at=orders.placed[rows], buyer_id=orders.buyer[rows],
                   reason=reason, **about)  # fmt: skip
    life.diary.add("return_answered", answered, opened_at=opened,
                   outcome=np.where(accepted, "accepted", "rejected").astype(object), **about)  # fmt: skip
    return Returns(row=rows, opened=opened, answered=answered, reason=reason, accepted=accepted)


def _why(life: Life, orders: Orders, rows: Ints) -> Words:
    lot, n = life.lot, len(rows)
    regret = lot.pick({"no_reason": 0.9, "other": 0.1}, n)
    flaws, seen = lot.pick(_FLAWS, n), lot.pick(_SEEN_THROUGH, n)
    return np.select([orders.noticed[rows], orders.defective[rows]], [seen, flaws], regret)


def _tell_back(life: Life, orders: Orders, returns: Returns) -> Refunds:
    """Note that accepted goods come back and are looked at; answer what is paid for them, to some buyers at once."""
    returns = returns.where(returns.accepted & (returns.answered < NEVER))
    lot, rows, n = life.lot, returns.row, len(returns.row)
    back = lot.later(returns.answered, days=3.5, least=1.0)
    abused = orders.abusive[rows] & lot.chance(0.5, n)
    honest = lot.pick({"intact": 0.96, "used": 0.03, "missing": 0.01}, n)
    state = np.where(abused, lot.pick({"empty": 0.4, "swapped": 0.3, "used": 0.3}, n), honest).astype(object)
    about: dict[str, Any] = {"since": orders.placed[rows], "order_id": orders.number[rows]}
    scanned = np.where(lot.chance(0.3, n), lot.later(returns.answered, days=0.5), NEVER)
    life.diary.add("parcel_scanned", scanned, leg="back", scan="pickup", **about)
    life.diary.add("return_inspected", back, outcome=state, return_id=orders.number[rows], **about)
    at_once = lot.chance(0.2, n)
    paid = np.where(at_once, lot.later(returns.answered, days=0.02, least=0.002), lot.later(back, days=1.0, least=0.1))
    return Refunds(
        row=rows, number=orders.number[rows] * 4, opened=returns.opened,
        # Who sends back an empty box gets nothing, unless the money was paid before.
        paid=np.where(abused & ~at_once, NEVER, paid),
        reason=returns.reason, instant=at_once, advanced=at_once,
        liable=np.where(abused, "buyer", "merchant").astype(object),
    )  # fmt: skip


def _nothing_came(life: Life, orders: Orders) -> Claims:
    """Disputes over parcels that never came, or came days late."""
    lot = life.lot
    missing = lot.some(orders.missing, 0.75)
    slow = lot.some(np.flatnonzero((orders.delivered < NEVER) & (orders.delivered > orders.deliver_by + 3 * DAY)), 0.2)
    rows = np.concatenate([missing, slow])
    opened = np.concatenate([
        lot.later(orders.deliver_by[missing], days=3.0, least=0.3),
        orders.deliver_by[slow] + np.rint(lot.between(0.3, 2.9, len(slow)) * DAY).astype(np.int64),
    ])  # fmt: skip
    own = (orders.shipped[rows] > orders.ship_by[rows]) & ~orders.lost[rows]
    own |= (life.merchant.gone(orders.placed[rows]) > 0) & (orders.delivered[rows] >= NEVER)
    return Claims(
        row=rows, number=orders.number[rows] * 4, opened=opened,
        reason=np.full(len(rows), "not_received", dtype=object),
        truth=np.where(own, "merchant_at_fault", "carrier_at_fault").astype(object),
    )  # fmt: skip


def _bad_goods(life: Life, orders: Orders) -> Claims:
    """Disputes over goods that came; some buyers only pretend."""
    lot = life.lot
    wanting = np.select([orders.noticed, orders.defective, orders.abusive], [0.28, 0.09, 0.08], 0.001)
    rows = np.flatnonzero(lot.chance(wanting, len(orders)) & (orders.delivered < NEVER))
    n = len(rows)
    bad, noticed = orders.defective[rows], orders.noticed[rows]
    flaws, seen, pretexts = lot.pick(_FLAWS, n), lot.pick(_SEEN_THROUGH, n), lot.pick(_PRETEXTS, n)
    return Claims(
        row=rows, number=orders.number[rows] * 4 + 1, opened=lot.later(orders.delivered[rows], days=4.0, least=0.3),
        reason=np.select([noticed, bad], [seen, flaws], pretexts),
        truth=np.select([bad | noticed, orders.abusive[rows]], ["merchant_at_fault", "buyer_at_fault"],
                        "nobody_at_fault").astype(object),
    )  # fmt: skip


def _refused(life: Life, orders: Orders, returns: Returns) -> Claims:
    """Disputes over returns that were refused; it is seldom right to refuse one."""
    refused = returns.where(~returns.accepted & (returns.answered < NEVER))
    refused = refused.where(life.lot.chance(np.where(refused.reason == "no_reason", 0.4, 0.6), len(refused.row)))
    rows = refused.row
    right = orders.abusive[rows] | life.lot.chance(0.25, len(rows))
    return Claims(
        row=rows, number=orders.number[rows] * 4 + 2, opened=life.lot.later(refused.answered, days=1.5),
        reason=np.full(len(rows), "return_refused", dtype=object),
        truth=np.where(right, "buyer_at_fault", "merchant_at_fault").astype(object),
    )  # fmt: skip


def _tell_disputes(life: Life, orders: Orders, claims: Claims) -> Refunds:
    """Note disputes and how they end; answer what is paid to buyers who won."""
    lot, rows, n = life.lot, claims.row, len(claims.row)
    about: dict[str, Any] = {"since": orders.placed[rows], "dispute_id": claims.number, "order_id": orders.number[rows],
             "placed_at": orders.placed[rows], "buyer_id": orders.buyer[rows], "reason": claims.reason}  # fmt: skip
    life.diary.add("dispute_opened", claims.opened, channel=lot.pick({"platform": 0.94, "chargeback": 0.06}, n),
                   severity=lot.pick({1: 0.6, 2: 0.3, 3: 0.1}, n).astype(np.int64), **about)  # fmt: skip
    resolved = lot.later(claims.opened, days=5.5, least=1.5)
    outcome, gone = _judged(life, claims.truth), lot.chance(life.merchant.gone(resolved), n)
    basis = np.where(gone, "default", lot.pick({"evidence": 0.75, "admission": 0.15, "default": 0.1}, n)).astype(object)
    lost = outcome == "merchant_at_fault"
    life.diary.add("dispute_resolved", resolved, outcome=outcome, opened_at=claims.opened, basis=basis,
                   amount_cents=np.where(lost, orders.amount[rows], -1), **about)  # fmt: skip
    tell_complaints(life, orders, rows=rows, since=claims.opened, topics=claims.reason)
    return _won(life, claims, resolved, outcome, gone)


def _won(life: Life, claims: Claims, resolved: Ints, outcome: Words, gone: Flags) -> Refunds:
    """The refunds of disputes that buyers won; where the merchant does not pay, the platform does."""
    liable = {"merchant_at_fault": "merchant", "carrier_at_fault": "carrier", "settled": "merchant"}
    won = np.isin(outcome, list(liable))
    n = int(won.sum())
    payer = np.array([liable[word] for word in outcome[won]], dtype=object)
    return Refunds(
        row=claims.row[won], number=claims.number[won] + 1, opened=claims.opened[won],
        paid=life.lot.later(resolved[won], days=0.6), reason=_refundable(claims.reason[won]), liable=payer,
        instant=np.zeros(n, dtype=np.bool_), advanced=gone[won] | (payer == "carrier") | life.lot.chance(0.3, n),
    )  # fmt: skip


def _refundable(reason: Words) -> Words:
    """A refund for a refused return is for what the return was for, which the dispute does not say."""
    return np.where(reason == "return_refused", "other", reason).astype(object)


def _judged(life: Life, truth: Words) -> Words:
    """How disputes end: mostly with the truth."""
    lot, n = life.lot, len(truth)
    mistaken = lot.pick({"merchant_at_fault": 0.35, "buyer_at_fault": 0.25, "nobody_at_fault": 0.4}, n)
    peaceful = lot.pick({"settled": 0.65, "withdrawn": 0.35}, n)
    lots = lot.between(0, 1, n)
    return np.where(lots < 0.10, peaceful, np.where(lots < 0.20, mistaken, truth)).astype(object)
