"""What buyers claim: disputes, how they are judged, and the refunds that they win."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from features.simulator.life import Life, Orders, in_order, joined, where
from features.simulator.lot import Flags, Ints, Words
from features.simulator.opinions import Grievances, tell_complaints
from features.simulator.refunds import Refunds, tell_refunds
from features.simulator.returns import FLAWS, SEEN_THROUGH, Returns, tell_back, tell_returns
from features.simulator.scenario import DAY, NEVER

__all__ = ["tell_claims"]

_PRETEXTS = {"not_received": 0.4, "not_as_described": 0.3, "quality": 0.3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Disputes (k,): about which orders, numbered how, since when, why, and whose fault it truly is."""

    row: Ints
    number: Ints
    opened: Ints
    reason: Words
    truth: Words


def tell_claims(life: Life, orders: Orders) -> None:
    """Note returns, disputes and refunds; a refund follows every return accepted and every dispute won."""
    returns = tell_returns(life, orders)
    sources = [_nothing_came(life, orders), _bad_goods(life, orders), _refused(life, orders, returns)]
    claims = joined(sources)
    disputes = in_order(claims, orders, claims.row, claims.opened)
    won = _tell_disputes(life, orders, disputes)
    refunds = joined([tell_back(life, orders, returns), won])
    tell_refunds(life, orders, in_order(refunds, orders, refunds.row, refunds.paid))


def _nothing_came(life: Life, orders: Orders) -> Claims:
    """Disputes over parcels that never came, or came days late, or came and are denied."""
    lot = life.lot("nothing came")
    missing = lot.some(orders.missing, 0.75)
    slow = lot.some(np.flatnonzero((orders.delivered < NEVER) & (orders.delivered > orders.deliver_by + 3 * DAY)), 0.2)
    denied = lot.some(np.flatnonzero((orders.delivered < NEVER) & orders.part_of("one_buyer")), 0.7)
    denied = np.setdiff1d(denied, slow)
    rows = np.concatenate([missing, slow, denied])
    opened = np.concatenate([
        lot.later(orders.deliver_by[missing], days=3.0, least=0.3),
        orders.deliver_by[slow] + np.rint(lot.between(0.3, 2.9, len(slow)) * DAY).astype(np.int64),
        lot.later(orders.delivered[denied], days=1.0, least=0.1),
    ])  # fmt: skip
    own = (orders.sent[rows] > orders.ship_by[rows]) & ~orders.lost[rows]
    own |= orders.gone[rows] & (orders.delivered[rows] >= NEVER)
    lying = np.isin(np.arange(len(rows)), np.arange(len(rows) - len(denied), len(rows)))
    sender = "platform_at_fault" if life.merchant.is_a("platform_fulfilled") else "merchant_at_fault"
    truth = np.select([lying, own, orders.stuck[rows]], ["buyer_at_fault", sender, "nobody_at_fault"],
                      "carrier_at_fault").astype(object)  # fmt: skip
    return Claims(row=rows, number=orders.number[rows] * 4, opened=opened,
                  reason=np.full(len(rows), "not_received", dtype=object), truth=truth)  # fmt: skip


def _bad_goods(life: Life, orders: Orders) -> Claims:
    """Disputes over goods that came; some buyers only pretend."""
    lot = life.lot("bad goods")
    cases = [orders.part_of("brushing", "collusion", "one_buyer"), orders.part_of("claiming"), orders.noticed,
             orders.defective, orders.abusive]  # fmt: skip
    wanting = np.select(cases, [0.0, 0.25, 0.28, 0.09, 0.08], 0.001)
    rows = np.flatnonzero(lot.chance(wanting, len(orders)) & (orders.delivered < NEVER))
    n = len(rows)
    bad, noticed, boast = orders.defective[rows], orders.noticed[rows], orders.misdescribed[rows]
    flaws, seen, pretexts = lot.pick(FLAWS, n), lot.pick(SEEN_THROUGH, n), lot.pick(_PRETEXTS, n)
    buyers = orders.abusive[rows] | orders.part_of("claiming")[rows]
    return Claims(
        row=rows, number=orders.number[rows] * 4 + 1, opened=lot.later(orders.delivered[rows], days=4.0, least=0.3),
        reason=np.select([noticed, boast, bad], [seen, "not_as_described", flaws], pretexts).astype(object),
        truth=np.select([bad | noticed, buyers], ["merchant_at_fault", "buyer_at_fault"],
                        "nobody_at_fault").astype(object),
    )  # fmt: skip


def _refused(life: Life, orders: Orders, returns: Returns) -> Claims:
    """Disputes over returns that were refused; it is seldom right to refuse one."""
    lot = life.lot("refused")
    refused = where(returns, ~returns.accepted & (returns.answered < NEVER))
    refused = where(refused, lot.chance(np.where(refused.reason == "no_reason", 0.4, 0.6), len(refused.row)))
    rows = refused.row
    right = orders.abusive[rows] | lot.chance(0.25, len(rows))
    return Claims(
        row=rows, number=orders.number[rows] * 4 + 2, opened=lot.later(refused.answered, days=1.5),
        reason=np.full(len(rows), "return_refused", dtype=object),
        truth=np.where(right, "buyer_at_fault", "merchant_at_fault").astype(object),
    )  # fmt: skip


def _tell_disputes(life: Life, orders: Orders, claims: Claims) -> Refunds:
    """Note disputes and how they end; answer what is paid to buyers who won."""
    lot, rows, n = life.lot("disputes"), claims.row, len(claims.row)
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
    tell_complaints(life, orders, _grievances(orders, claims))
    return _won(life, orders, claims, resolved=resolved, outcome=outcome, gone=gone)


def _won(life: Life, orders: Orders, claims: Claims, *, resolved: Ints, outcome: Words, gone: Flags) -> Refunds:
    """The refunds of disputes that buyers won; where the merchant does not pay, the platform does."""
    lot = life.lot("disputes won")
    liable = {"merchant_at_fault": "merchant", "carrier_at_fault": "carrier", "settled": "merchant",
              "platform_at_fault": "platform"}  # fmt: skip
    won = np.isin(outcome, list(liable))
    n = int(won.sum())
    payer = np.array([liable[word] for word in outcome[won]], dtype=object)
    return Refunds(
        row=claims.row[won], number=(claims.number[won] + 1) * 8, amount=orders.amount[claims.row[won]],
        opened=claims.opened[won], paid=lot.later(resolved[won], days=0.6), reason=_refundable(claims.reason[won]),
        liable=payer, instant=np.zeros(n, dtype=np.bool_),
        advanced=gone[won] | np.isin(payer, ["carrier", "platform"]) | lot.chance(0.3, n),
    )  # fmt: skip


def _refundable(reason: Words) -> Words:
    """A refund for a refused return is for what the return was for, which the dispute does not say."""
    return np.where(reason == "return_refused", "other", reason).astype(object)


def _judged(life: Life, truth: Words) -> Words:
    """How disputes end: mostly with the truth."""
    lot, n = life.lot("judgement"), len(truth)
    mistaken = lot.pick({"merchant_at_fault": 0.35, "buyer_at_fault": 0.25, "nobody_at_fault": 0.4}, n)
    peaceful = lot.pick({"settled": 0.65, "withdrawn": 0.35}, n)
    lots = lot.even(n)
    return np.where(lots < 0.10, peaceful, np.where(lots < 0.20, mistaken, truth)).astype(object)


def _grievances(orders: Orders, claims: Claims) -> Grievances:
    """Those with a dispute and those who were talked into cancelling."""
    forced = np.flatnonzero(orders.forced)
    return joined([
        Grievances(row=claims.row, number=claims.number, since=claims.opened, topic=claims.reason,
                   share=np.where(orders.part_of("claiming")[claims.row], 0.8, 0.11)),
        Grievances(row=forced, number=orders.number[forced] * 4 + 3, since=orders.cancelled[forced],
                   topic=np.full(len(forced), "asked_to_cancel", dtype=object), share=np.full(len(forced), 0.2)),
    ])  # fmt: skip
