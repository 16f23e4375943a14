"""Fulfilment: when orders are sent and arrive, or are cancelled, and what merchants do so that it looks better."""

from dataclasses import dataclass

import numpy as np

from features.simulator.exact import exp
from features.simulator.life import SCHEMES, Life, Orders, Placed
from features.simulator.lot import Flags, Floats, Ints, Lot, Words, odds_of
from features.simulator.scenario import DAY, HOUR, NEVER

__all__ = ["HUGGED", "fulfil"]

#: The shares of late dispatches and of own cancellations just under which a hugger stays: what lightning dispatch asks
#: (97 % in time, at most 1 % cancelled).
HUGGED = {"late": 0.029, "cancel": 0.009}

_STAGED = tuple(SCHEMES.index(name) for name in ("brushing", "collusion"))


@dataclass(slots=True, kw_only=True)
class _Course:
    """What becomes of orders (n,), while it is being worked out."""

    ship_by: Ints
    deliver_by: Ints
    sent: Ints
    shipped: Ints
    cancelled: Ints
    actor: Words
    forced: Flags
    ghosted: Flags
    attack: Ints


def fulfil(life: Life, placed: Placed) -> Orders:
    """What becomes of orders."""
    lot, merchant, n = life.lot("fulfilment"), life.merchant, len(placed.time)
    staged = np.isin(placed.scheme, _STAGED)
    course = _dispatch(life, lot, placed)
    _cancel(life, lot, placed, course)
    _hug(life, placed, course)
    _stage(lot, placed, course, staged)
    lost = lot.chance(0.003, n) & (course.sent < NEVER) & ~staged
    delivered, stuck = _arrive(life, lot, course, lost | (course.sent >= NEVER), staged)
    _pretend(life, placed, course)
    fake = (placed.time >= merchant.listings.faked_from[placed.listing]) & ~staged
    fake &= lot.chance(merchant.listings.fake_share[placed.listing], n)
    defective = lot.chance(life.share("defect", placed.time), n) & ~staged
    unheard = _unheard(life, course, delivered)
    price = merchant.listings.price[placed.listing] * life.share("price", placed.time)
    return Orders(
        number=merchant.number * 2**24 + np.arange(n), placed=placed.time, buyer=placed.buyer, listing=placed.listing,
        quantity=placed.quantity, amount=np.rint(price).astype(np.int64) * placed.quantity,
        ship_by=course.ship_by, deliver_by=course.deliver_by, sent=course.sent, shipped=course.shipped,
        delivered=delivered, cancelled=course.cancelled, actor=course.actor, forced=course.forced,
        defective=defective, misdescribed=defective & lot.chance(merchant.kind.manner.misdescribed, n),
        fake=fake, noticed=fake & lot.chance(merchant.noticed, n), lost=lost, stuck=stuck, unheard=unheard,
        gone=course.ghosted, scheme=placed.scheme, attack=course.attack,
    )  # fmt: skip


def _dispatch(life: Life, lot: Lot, placed: Placed) -> _Course:
    """When parcels would go, and by when they are promised to."""
    merchant, time, n = life.merchant, placed.time, len(placed.time)
    day = life.day(time)
    presale = np.where(lot.chance(merchant.category.presale, n), lot.between(4, 12, n), 0.0) * DAY
    haste = life.climate.haste[day]
    # Rules change faster than habits do: with a day instead of two, merchants are halfway to being twice as fast.
    asked = merchant.promise + np.minimum(DAY - merchant.promise, 0) * haste
    used_to = merchant.promise + np.minimum(DAY - merchant.promise, 0) * haste * 0.5
    ship_by = time + np.rint(asked + presale).astype(np.int64)
    deliver_by = (ship_by + np.rint(lot.between(4.5, 8.5, n) * DAY).astype(np.int64)) // DAY * DAY + DAY
    sent = _late_by(lot, time, used_to + presale, odds_of(life.traits.on("late", day)), 0.32)
    nothing = np.zeros(n, dtype=np.bool_)
    return _Course(
        ship_by=ship_by, deliver_by=deliver_by, sent=sent, shipped=sent, cancelled=np.full(n, NEVER),
        actor=np.full(n, None, dtype=object), forced=nothing, ghosted=nothing, attack=placed.attack.copy(),
    )  # fmt: skip


def _late_by(lot: Lot, since: Ints, allowed: Floats | Ints, odds: Floats, spread: float) -> Ints:
    """When something is done: later than allowed with just the share that the log-odds mean."""
    taken = allowed * exp(spread * (odds + lot.odds(len(since))))
    return np.asarray(since + np.rint(np.clip(taken, HOUR, 90 * DAY)).astype(np.int64))


def _cancel(life: Life, lot: Lot, placed: Placed, course: _Course) -> None:
    """Orders that never go: kept by who vanishes, or cancelled by the merchant or the buyer."""
    time, n = placed.time, len(placed.time)
    ghosted = lot.chance(0.002 + 0.96 * life.merchant.gone(time), n)
    own = lot.chance(life.share("cancel", time), n) & ~ghosted
    regretted = lot.chance(0.018 * (placed.scheme == 0), n) & ~own & ~ghosted
    weary = ghosted & lot.chance(0.35, n)
    drawn, patience = lot.even(n), lot.later(course.ship_by, days=2.0, least=0.4)
    course.cancelled = np.select(
        [regretted, own, weary],
        [
            time + np.rint((course.sent - time) * (0.02 + 0.88 * drawn)).astype(np.int64),
            time + np.rint((course.ship_by - time) * (0.3 + 1.3 * drawn)).astype(np.int64),
            patience,
        ],
        NEVER,
    )
    course.actor = np.where(own, "merchant", "buyer").astype(object)
    _force(life, placed, course, own=own, free=~(own | ghosted | regretted))
    never = ghosted | own | regretted | course.forced
    course.ghosted = ghosted & (life.merchant.gone(time) > 0)
    course.sent = np.where(never, NEVER, course.sent)
    course.shipped = course.sent


def _force(life: Life, placed: Placed, course: _Course, *, own: Flags, free: Flags) -> None:
    """Let buyers cancel what the merchant cannot send, so that it is nobody's cancellation but theirs."""
    for hit in life.merchant.hit_by("forced_cancels"):
        lot = life.lot(f"forced {hit.index}")
        inside = (placed.time >= hit.since) & (placed.time < hit.until) & (placed.scheme == 0)
        talked = lot.chance(hit.strength, len(inside)) & inside & own
        more = lot.chance(0.15 * hit.strength, len(inside)) & inside & free
        soon = placed.time + np.rint(lot.between(0.2, 1.2, len(inside)) * DAY).astype(np.int64)
        course.forced = course.forced | talked | more
        course.cancelled = np.where(talked | more, soon, course.cancelled)
        course.actor = np.where(course.forced, "buyer", course.actor).astype(object)
        course.attack = np.where(talked | more, hit.index, course.attack)


def _hug(life: Life, placed: Placed, course: _Course) -> None:
    """A hugger counts: what would break the limit is sent in time after all."""
    for hit in life.merchant.hit_by("threshold_hugger"):
        inside = np.flatnonzero((placed.time >= hit.since) & (placed.time < hit.until) & (placed.scheme == 0))
        for fault, limit in HUGGED.items():
            own = (course.cancelled < NEVER) & (course.actor == "merchant")
            wrong = own if fault == "cancel" else (course.sent > course.ship_by) & (course.sent < NEVER)
            mended = inside[_beyond(wrong[inside], limit)]
            course.sent[mended] = np.maximum(course.ship_by[mended] - HOUR, placed.time[mended] + HOUR)
            course.cancelled[mended] = NEVER
            course.attack[mended] = hit.index
        course.shipped = course.sent.copy()


def _beyond(wrong: Flags, limit: float) -> Flags:
    """Which of the wrong ones, in order, would lift their share so far above a limit.

    >>> _beyond(np.array([True, False, False, True, True]), 0.4).tolist()
    [True, False, False, False, False]
    """
    over, count = np.zeros(len(wrong), dtype=np.bool_), 0
    for place in np.flatnonzero(wrong).tolist():
        if count + 1 > limit * (place + 1):
            over[place] = True
        else:
            count += 1
    return over


def _stage(lot: Lot, placed: Placed, course: _Course, staged: Flags) -> None:
    """What is only staged goes at once and is never cancelled."""
    quick = placed.time + np.rint(lot.between(0.1, 0.7, len(staged)) * (course.ship_by - placed.time)).astype(np.int64)
    course.sent = np.where(staged, quick, course.sent)
    course.shipped = course.sent
    course.cancelled = np.where(staged, NEVER, course.cancelled)
    course.ghosted = course.ghosted & ~staged


def _arrive(life: Life, lot: Lot, course: _Course, never: Flags, staged: Flags) -> tuple[Ints, Flags]:
    """When parcels arrive, and which are late because carriers stood still."""
    day = life.day(np.minimum(course.sent, life.scenario.end))
    weather = np.where(staged, -6.0, life.climate.weather[day] - 2.55)
    arrival = _late_by(lot, np.minimum(course.sent, NEVER), course.deliver_by - course.ship_by, weather, 0.30)
    struck = life.climate.strike[day] & (arrival > course.deliver_by) & (course.sent <= course.ship_by) & ~never
    for hit in life.merchant.hit_by("carrier_strike"):
        mine = struck & (course.sent >= hit.since) & (course.sent < hit.until) & (course.attack < 0)
        course.attack = np.where(mine, hit.index, course.attack)
    return np.where(never, NEVER, arrival), struck


def _pretend(life: Life, placed: Placed, course: _Course) -> None:
    """Tell the platform that late parcels went in time."""
    for hit in life.merchant.hit_by("fake_dispatch"):
        lot = life.lot(f"pretended {hit.index}")
        inside = (placed.time >= hit.since) & (placed.time < hit.until)
        late = inside & (course.sent > course.ship_by) & (course.sent < NEVER)
        said = late & lot.chance(0.3 + 0.7 * hit.strength, len(late))
        just = course.ship_by - np.rint(lot.between(300, 3 * HOUR, len(late))).astype(np.int64)
        course.shipped = np.where(said, np.maximum(just, placed.time + 60), course.shipped)
        course.attack = np.where(said, hit.index, course.attack)


def _unheard(life: Life, course: _Course, delivered: Ints) -> Flags:
    """Which parcels' carrier told nothing while its feed was silent."""
    unheard = np.zeros(len(delivered), dtype=np.bool_)
    for hit in life.merchant.hit_by("feed_outage"):
        silent = life.lot(f"silent {hit.index}").chance(hit.strength, len(unheard))
        for time in (course.shipped, delivered):
            unheard |= silent & (time >= hit.since) & (time < hit.until)
        course.attack = np.where(unheard & (course.attack < 0), hit.index, course.attack)
    return unheard
