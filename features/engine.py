"""Feature rows for a spine: the log is divided by merchant, each part resolved and summed by the kernel."""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from features.answers import Others, Own, measures_of
from features.catalogue import CATALOGUE
from features.catalogue.feature import Feature
from features.crossing import Market
from features.facts import Lexicon, resolve
from features.log import EventLog
from features.partition import Accepted, Divided, divided
from features.progress import Watch, silently
from features.spine import Spine, spine_of

__all__ = ["COLUMNS_KEPT", "build_features", "features_of"]

#: What facts are made from; the rest of an event is for people.
COLUMNS_KEPT = (
    "event_id", "event_time", "known_at", "reverses", "order_id", "buyer_id", "category", "region", "amount_cents",
    "deposit_cents", "stars", "reply_seconds", "placed_at", "ship_by", "deliver_by", "outcome", "actor", "reason",
    "advanced_by", "finally_liable", "dispute_id", "report_id", "refund_id", "return_id", "link_kind", "link_token",
    "quantity", "kind", "fulfilled_by", "no_return_confirmed", "tracked", "leg", "listing_id", "price_cents",
    "title", "status", "penalty", "change", "reporter_id", "reporter_kind", "evidence", "answer_by",
    "complaint_id", "tier", "channel", "topic", "programme", "programmes", "opened_at", "satisfied",
    "qualification", "brand", "valid_until", "trigger", "points", "text",
    "message_id", "service_id", "reply_by", "due_by", "service", "scan", "speed", "recovered_from", "basis",
)  # fmt: skip


def build_features(
    log: EventLog,
    spine: pa.Table | Spine,
    *,
    features: Sequence[Feature] = CATALOGUE,
    parts: int | None = None,
    heard: Callable[[Accepted], None] | None = None,
    watch: Watch = silently,
) -> pa.Table:
    """Features of the spine's rows, in its order: `merchant_id`, `as_of`, then the features in theirs.

    `parts` divides the log by merchant (chosen by its size where None); `heard` is told what became of its rows,
    `watch` how the work goes on.
    Counts, cents and days are int64, rates and means float64; nulls as in docs/reference/features.md.
    """
    rows = spine if isinstance(spine, Spine) else spine_of(spine)
    with divided(log, COLUMNS_KEPT, parts=parts, watch=watch) as parted:
        if heard:
            heard(parted.outcome)
        return features_of(parted, rows, features=features, watch=watch)


def features_of(
    log: Divided, spine: Spine, *, features: Sequence[Feature] = CATALOGUE, watch: Watch = silently
) -> pa.Table:
    """`build_features` on a log that is divided already."""
    merchant = spine.merchants(log.merchants)
    lexicon, own, others = Lexicon(), Own(spine.day, merchant, features), Others(spine.day, features)
    measures = measures_of(features)
    market = Market(measures)
    for part in watch(range(log.count), title="computing features", total=log.count):
        known = log.part(part)
        resolved = resolve(known, measures, lexicon)
        own.add(resolved, np.flatnonzero((merchant >= 0) & (merchant % log.count == part)))
        others.add(resolved)
        market.take(known)
        # Facts are as large as the events they are made of: those of two parts need not be in memory together.
        del known, resolved
    own.add(market.facts(measures), np.flatnonzero(merchant >= 0))
    columns = {"merchant_id": spine.merchant_id, "as_of": spine.as_of}
    return pa.table(columns | own.features(others, lexicon))
