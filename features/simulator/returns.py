"""Returns: which are asked for, how merchants answer, and what comes back."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from features.simulator.life import Life, Orders, where
from features.simulator.lot import Flags, Ints, Lot, Words
from features.simulator.refunds import Refunds, in_pieces
from features.simulator.scenario import DAY, HOUR, NEVER

__all__ = ["FLAWS", "SEEN_THROUGH", "Returns", "tell_back", "tell_returns"]

FLAWS = {"quality": 0.4, "not_as_described": 0.3, "damaged": 0.15, "wrong_item": 0.1, "missing_parts": 0.05}
SEEN_THROUGH = {"counterfeit": 0.6, "not_as_described": 0.3, "quality": 0.1}

#: How often who orders as part of a scheme asks for a return, and why.
_SCHEMES = {
    "refund_abuse": (0.75, {"quality": 0.5, "not_as_described": 0.3, "damaged": 0.2}),
    "collusion": (0.95, {"not_as_described": 1.0}),
    "freight_farming": (0.95, {"no_reason": 1.0}),
    "splitting": (0.85, {"missing_parts": 0.6, "damaged": 0.4}),
    "claiming": (0.1, {"counterfeit": 1.0}),
    "one_buyer": (0.05, {"quality": 1.0}),
    "brushing": (0.0, {"no_reason": 1.0}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Returns:
    """Returns (k,): of which orders, asked for and answered when, why, and whether they were accepted."""

    row: Ints
    opened: Ints
    answered: Ints
    reason: Words
    accepted: Flags


def tell_returns(life: Life, orders: Orders) -> Returns:
    """Note which returns are asked for, and how the merchant answers."""
    lot = life.lot("returns")
    rows = np.flatnonzero(lot.chance(_wanting(life, orders), len(orders)) & (orders.delivered < NEVER))
    n = len(rows)
    opened, reason = lot.later(orders.delivered[rows], days=2.5, least=0.1), _why(lot, orders, rows)
    refuse = life.share("refuse", opened) * np.where(reason == "no_reason", 0.7, 1.3)
    accepted = ~lot.chance(refuse * ~orders.part_of("collusion")[rows], n)
    heard = ~lot.chance(life.share("silent", opened) + 0.9 * life.merchant.gone(opened), n)
    hours = lot.exponential(n) * life.merchant.kind.manner.reply_hours * 2 + 0.2
    answered = np.where(heard, opened + np.rint(hours * HOUR).astype(np.int64), NEVER)
    about: dict[str, Any] = {"since": orders.placed[rows], "return_id": orders.number[rows],
             "order_id": orders.number[rows], "answer_by": opened + 2 * DAY}  # fmt: skip
    life.diary.add("return_requested", opened, placed_at=orders.placed[rows], buyer_id=orders.buyer[rows],
                   reason=reason, **about)  # fmt: skip
    life.diary.add("return_answered", answered, opened_at=opened,
                   outcome=np.where(accepted, "accepted", "rejected").astype(object), **about)  # fmt: skip
    return Returns(row=rows, opened=opened, answered=answered, reason=reason, accepted=accepted)


def _wanting(life: Life, orders: Orders) -> np.ndarray[Any, np.dtype[np.float64]]:
    """How likely each buyer asks to send it back; easier rules make more of them try."""
    regret = life.merchant.category.regret * (1 + life.climate.haste[life.day(orders.placed)])
    cases = [orders.part_of(name) for name in _SCHEMES]
    shares = [share for share, _ in _SCHEMES.values()]
    own = np.select([orders.noticed, orders.defective, orders.abusive], [0.40, 0.45, 0.30], regret)
    return np.select(cases, shares, own)


def _why(lot: Lot, orders: Orders, rows: Ints) -> Words:
    n = len(rows)
    regret, flaws, seen = lot.pick({"no_reason": 0.9, "other": 0.1}, n), lot.pick(FLAWS, n), lot.pick(SEEN_THROUGH, n)
    schemes = {name: orders.part_of(name)[rows] for name in _SCHEMES}
    told = [lot.pick(reasons, n) for _, reasons in _SCHEMES.values()]
    cases = [orders.noticed[rows], orders.misdescribed[rows], orders.defective[rows]]
    return np.select([*schemes.values(), *cases], [*told, seen, "not_as_described", flaws], regret).astype(object)


def tell_back(life: Life, orders: Orders, returns: Returns) -> Refunds:
    """Note that accepted goods come back and are looked at; answer what is paid for them, to some buyers at once."""
    returns = where(returns, returns.accepted & (returns.answered < NEVER))
    lot, rows, n = life.lot("goods back"), returns.row, len(returns.row)
    back = lot.later(returns.answered, days=3.5, least=1.0)
    state, cheated = _state(lot, orders, rows)
    about: dict[str, Any] = {"since": orders.placed[rows], "order_id": orders.number[rows]}
    scanned = np.where(lot.chance(0.3, n) & (state != "missing"), lot.later(returns.answered, days=0.5), NEVER)
    life.diary.add("parcel_scanned", scanned, leg="back", scan="pickup", **about)
    life.diary.add("return_inspected", back, outcome=state, return_id=orders.number[rows], **about)
    _tell_freight(life, orders, returns)
    quick = lot.chance(np.where(orders.abusive[rows] & (orders.scheme[rows] > 0), 0.75, 0.2), n)
    at_once = quick & life.scenario.acts.fast_refund
    soon, then = lot.later(returns.answered, days=0.02, least=0.002), lot.later(back, days=1.0, least=0.1)
    colluding = orders.part_of("collusion")[rows]
    refunds = Refunds(
        row=rows, number=orders.number[rows] * 4, amount=orders.amount[rows], opened=returns.opened,
        # Who sends back an empty box gets nothing, unless the money was paid before or the merchant is a friend.
        paid=np.where(cheated & ~at_once & ~colluding, NEVER, np.where(at_once, soon, then)),
        reason=returns.reason, instant=at_once, advanced=at_once,
        liable=np.where(cheated & ~colluding, "buyer", "merchant").astype(object),
    )  # fmt: skip
    return in_pieces(refunds, orders.part_of("splitting")[rows])


def _state(lot: Lot, orders: Orders, rows: Ints) -> tuple[Words, Flags]:
    """In what state goods come back, and whether the buyer cheats."""
    n = len(rows)
    planned = orders.part_of("refund_abuse", "collusion")[rows]
    cheated = (orders.abusive[rows] & lot.chance(0.5, n)) | planned
    worse = lot.pick({"empty": 0.4, "swapped": 0.3, "missing": 0.3}, n)
    tricks = np.where(planned, worse, lot.pick({"empty": 0.4, "swapped": 0.3, "used": 0.3}, n))
    tricks = np.where(orders.part_of("collusion")[rows], "missing", tricks)
    honest = lot.pick({"intact": 0.96, "used": 0.03, "missing": 0.01}, n)
    return np.where(cheated, tricks, honest).astype(object), cheated


def _tell_freight(life: Life, orders: Orders, returns: Returns) -> None:
    """Note that return freight is asked for and paid: often where it is all that the buyer is after."""
    lot, n = life.lot("freight"), len(returns.row)
    farmed = orders.part_of("freight_farming")[returns.row]
    asked = np.flatnonzero(lot.chance(np.where(farmed, 0.95, 0.15), n))
    number, placed = orders.number[returns.row[asked]], orders.placed[returns.row[asked]]
    begun = lot.later(returns.answered[asked], days=2.0, least=0.2)
    done = lot.later(begun, days=1.0, least=0.1)
    about: dict[str, Any] = {"service_id": number, "service": "freight", "order_id": number, "due_by": begun + 3 * DAY}
    life.diary.add("service_requested", begun, since=placed, **about)
    life.diary.add("service_completed", done, since=placed, outcome="done", **about)
