"""What buyers say: reviews, messages to the merchant, complaints to the platform."""

import numpy as np

from features.simulator.lot import Ints, Words
from features.simulator.scenario import DAY, HOUR
from features.simulator.trade import Life, Orders, heard_later

__all__ = ["tell_complaints", "tell_messages", "tell_reviews"]

#: The share of reviews with one or two stars: of what came late, defective, as a fake, or never; and without cause.
_LATE, _DEFECTIVE, _NOTICED, _MISSING, _CONTENT = 0.62, 0.75, 0.80, 0.97, 0.085


def tell_reviews(life: Life, orders: Orders) -> None:
    """Note reviews: two of five buyers write one, those who got nothing less often but more bitterly."""
    lot, n = life.lot, len(orders)
    missing = np.zeros(n, dtype=np.bool_)
    missing[orders.missing] = True
    late = orders.delivered > orders.deliver_by
    low = np.select(
        [missing, orders.noticed, late, orders.defective], [_MISSING, _NOTICED, _LATE, _DEFECTIVE], default=_CONTENT
    )
    written = np.flatnonzero(lot.chance(np.where(missing, 0.25, 0.40), n))
    since = np.where(missing, orders.deliver_by, orders.delivered)[written]
    time = lot.later(since, days=3.0, least=0.1)
    stars = np.where(
        lot.chance(low[written], len(written)), lot.pick({1: 0.65, 2: 0.35}, len(written)),
        lot.pick({3: 0.12, 4: 0.25, 5: 0.63}, len(written)),
    ).astype(np.int64)  # fmt: skip
    life.diary.add(
        "review_posted", time, since=orders.placed[written], known_at=heard_later(life, time, days=0.3), stars=stars,
        order_id=orders.number[written], placed_at=orders.placed[written], buyer_id=orders.buyer[written],
    )  # fmt: skip


def tell_messages(life: Life, orders: Orders) -> None:
    """Note questions about one order in six, and the answers."""
    lot, manner = life.lot, life.merchant.manner
    rows = lot.some(np.arange(len(orders)), 0.16)
    time = lot.later(orders.placed[rows], days=2.5)
    shared = {"since": orders.placed[rows], "message_id": orders.number[rows], "reply_by": time + DAY}
    life.diary.add("message_received", time, buyer_id=orders.buyer[rows], **shared)
    seconds = np.rint(lot.rng.exponential(manner.reply_hours * HOUR, len(rows))).astype(np.int64) + 60
    answered = ~lot.chance(manner.silent + 0.9 * life.merchant.gone(time), len(rows))
    kept = {name: values[answered] for name, values in {**shared, "reply_seconds": seconds}.items()}
    life.diary.add("message_answered", (time + seconds)[answered], **kept)


def tell_complaints(life: Life, orders: Orders, *, rows: Ints, since: Ints, topics: Words) -> None:
    """Note that one in nine of those with a dispute goes to somebody outside the shop, too."""
    lot = life.lot
    chosen = np.flatnonzero(lot.chance(0.11, len(rows)))
    rows, time = rows[chosen], lot.later(since[chosen], days=3.0, least=0.2)
    n = len(rows)
    tier = lot.pick({1: 0.70, 2: 0.22, 3: 0.08}, n).astype(np.int64)
    channels = {"app": 0.5, "phone": 0.2, "chat": 0.15, "social": 0.05, "12315": 0.08, "consumer_association": 0.02}
    life.diary.add(
        "complaint_received", time, since=orders.placed[rows], complaint_id=orders.number[rows], tier=tier,
        order_id=orders.number[rows], buyer_id=orders.buyer[rows], topic=topics[chosen],
        channel=lot.pick(channels, n), region=life.merchant.region,
    )  # fmt: skip
    solved = ~lot.chance(0.2 + 0.6 * life.merchant.gone(time), n)
    life.diary.add(
        "complaint_closed", lot.later(time, days=4.0, least=0.3), since=orders.placed[rows],
        complaint_id=orders.number[rows], opened_at=time, tier=tier,
        outcome=np.where(solved, "solved", "unsolved").astype(object), satisfied=solved & lot.chance(0.7, n),
    )  # fmt: skip
