"""What buyers say: reviews, messages to the merchant, complaints to the platform."""

from dataclasses import dataclass

import numpy as np

from features.simulator.life import Life, Orders
from features.simulator.lot import Flags, Floats, Ints, Words
from features.simulator.scenario import DAY, HOUR
from features.simulator.trade import heard_later

__all__ = ["Grievances", "tell_complaints", "tell_messages", "tell_reviews"]

#: The share of reviews with one or two stars: of what came late, defective, as a fake, or never; and without cause.
_LATE, _DEFECTIVE, _NOTICED, _MISSING, _CONTENT = 0.62, 0.75, 0.80, 0.97, 0.085


def tell_reviews(life: Life, orders: Orders) -> None:
    """Note reviews: two of five buyers write one, those who got nothing less often but more bitterly."""
    lot, n = life.lot("reviews"), len(orders)
    missing = np.zeros(n, dtype=np.bool_)
    missing[orders.missing] = True
    bought = orders.part_of("brushing", "collusion")
    cases = {
        "bought": bought, "missing": missing, "fake": orders.noticed, "late": orders.delivered > orders.deliver_by,
        "boast": orders.misdescribed, "defect": orders.defective,
    }  # fmt: skip
    low = np.select(list(cases.values()), [0.0, _MISSING, _NOTICED, _LATE, _DEFECTIVE, _DEFECTIVE], _CONTENT)
    share = np.select([bought, missing], [0.85, 0.25], 0.40)
    written = np.flatnonzero(lot.chance(share, n))
    since = np.where(missing, orders.deliver_by, orders.delivered)[written]
    time = lot.later(since, days=3.0, least=0.1)
    stars = _stars(life, low[written], bought[written])
    life.diary.add(
        "review_posted", time, since=orders.placed[written], known_at=heard_later(life, lot, time, days=0.3),
        stars=stars,
        order_id=orders.number[written], placed_at=orders.placed[written], buyer_id=orders.buyer[written],
    )  # fmt: skip


def _stars(life: Life, low: Floats, bought: Flags) -> Ints:
    lot, n = life.lot("stars"), len(low)
    bad, good = lot.pick({1: 0.65, 2: 0.35}, n), lot.pick({3: 0.12, 4: 0.25, 5: 0.63}, n)
    best = lot.pick({4: 0.05, 5: 0.95}, n)
    return np.where(lot.chance(low, n), bad, np.where(bought, best, good)).astype(np.int64)


def tell_messages(life: Life, orders: Orders) -> None:
    """Note questions about one order in six, and the answers."""
    lot, hours = life.lot("messages"), life.merchant.kind.manner.reply_hours
    rows = lot.some(np.arange(len(orders)), np.where(orders.part_of("brushing"), 0.02, 0.16))
    time = lot.later(orders.placed[rows], days=2.5)
    shared = {"since": orders.placed[rows], "message_id": orders.number[rows], "reply_by": time + DAY}
    life.diary.add("message_received", time, buyer_id=orders.buyer[rows], **shared)
    seconds = np.rint(lot.exponential(len(rows)) * (hours * HOUR)).astype(np.int64) + 60
    answered = ~lot.chance(life.share("silent", time) + 0.9 * life.merchant.gone(time), len(rows))
    kept = {name: values[answered] for name, values in {**shared, "reply_seconds": seconds}.items()}
    life.diary.add("message_answered", (time + seconds)[answered], **kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grievances:
    """What buyers are angry about (k,): which orders, numbered how, since when, what it is about, how many complain."""

    row: Ints
    number: Ints
    since: Ints
    topic: Words
    share: Floats


def tell_complaints(life: Life, orders: Orders, grievances: Grievances) -> None:
    """Note that some of those with a grievance go to somebody outside the shop, too."""
    lot = life.lot("complaints")
    chosen = np.flatnonzero(lot.chance(grievances.share, len(grievances.row)))
    rows, topics = grievances.row[chosen], grievances.topic[chosen]
    time = lot.later(grievances.since[chosen], days=3.0, least=0.2)
    n, loud = len(rows), orders.part_of("claiming")[rows]
    tier = np.where(loud, 3, lot.pick({1: 0.70, 2: 0.22, 3: 0.08}, n)).astype(np.int64)
    channels = {"app": 0.5, "phone": 0.2, "chat": 0.15, "social": 0.05, "12315": 0.08, "consumer_association": 0.02}
    life.diary.add(
        "complaint_received", time, since=orders.placed[rows], complaint_id=grievances.number[chosen], tier=tier,
        order_id=orders.number[rows], buyer_id=orders.buyer[rows], topic=topics,
        channel=np.where(loud, "12315", lot.pick(channels, n)).astype(object), region=life.merchant.region,
    )  # fmt: skip
    solved = ~lot.chance(0.2 + 0.6 * life.merchant.gone(time), n)
    life.diary.add(
        "complaint_closed", lot.later(time, days=4.0, least=0.3), since=orders.placed[rows],
        complaint_id=grievances.number[chosen], opened_at=time, tier=tier,
        outcome=np.where(solved, "solved", "unsolved").astype(object), satisfied=solved & lot.chance(0.7, n),
    )  # fmt: skip
