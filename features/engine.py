"""Feature rows for a spine: the log is divided by merchant, each part resolved and summed by the kernel."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.catalogue import CATALOGUE
from features.catalogue.feature import Context, Feature, Number, Shrunk
from features.catalogue.merchant import CATEGORY
from features.categories import CategorySums, Rate, RateSpreads
from features.crossing import Market
from features.facts import Facts, Lexicon, resolve
from features.kernel import Moments, window_sums
from features.known import Known
from features.log import EventLog
from features.partition import Accepted, Divided, divided
from features.progress import Watch, silently
from features.spine import Spine, spine_of

__all__ = ["COLUMNS_KEPT", "build_features", "features_of", "rates_of"]

Ints = npt.NDArray[np.int64]

#: What facts are made from; the rest of an event is for people.
COLUMNS_KEPT = (
    "event_id", "event_time", "known_at", "reverses", "order_id", "buyer_id", "category", "amount_cents",
    "deposit_cents", "stars", "reply_seconds", "placed_at", "ship_by", "deliver_by", "outcome", "actor", "reason",
    "advanced_by", "finally_liable", "dispute_id", "report_id", "refund_id", "return_id", "link_kind", "link_token",
    "penalty", "change", "listing_id", "title", "answer_by", "reporter_id", "tracked", "leg",
)  # fmt: skip


def build_features(
    log: EventLog,
    spine: pa.Table | Spine,
    *,
    features: Sequence[Feature] = CATALOGUE,
    parts: int | None = None,
    heard: Callable[[Accepted], None] | None = None,
) -> pa.Table:
    """Features of the spine's rows, in its order: `merchant_id`, `as_of`, then the features in theirs.

    `parts` divides the log by merchant (chosen by its size where None); `heard` is told what became of its rows.
    Counts, cents and days are int64, rates and means float64; nulls as in docs/reference/features.md.
    """
    rows = spine if isinstance(spine, Spine) else spine_of(spine)
    with divided(log, COLUMNS_KEPT, parts=parts) as parted:
        if heard:
            heard(parted.outcome)
        return features_of(parted, rows, features=features)


def features_of(
    log: Divided, spine: Spine, *, features: Sequence[Feature] = CATALOGUE, watch: Watch = silently
) -> pa.Table:
    """`build_features` on a log that is divided already."""
    work = _Work(spine, log.merchants, features)
    for part in watch(range(log.count), title="computing features", total=log.count):
        work.add(log.part(part), part, log.count)
    columns = {"merchant_id": spine.merchant_id, "as_of": spine.as_of}
    context = work.context()
    return pa.table(columns | {feature.name: feature.values(context) for feature in features})


class _Work:
    """The numbers that features need, gathered part by part for all rows of the spine."""

    def __init__(self, spine: Spine, merchants: dict[str, int], features: Sequence[Feature]) -> None:
        self.spine = spine
        self.merchant = spine.merchants(merchants)
        self.lexicon = Lexicon()
        drawn = any(feature.shrunk for feature in features)
        self.categories = CategorySums(np.unique(spine.day)) if drawn else None
        self.spreads = RateSpreads(spine.day) if drawn else None
        self.shared = _numbers(feature for feature in features if feature.shrunk)
        self.rates = rates_of(features)
        self.needed = _numbers(features) | (dict.fromkeys(CATEGORY.numbers(None)) if drawn else {})
        self.own: dict[Number, Ints] = {number: np.zeros(len(spine), dtype=np.int64) for number in self.needed}
        self.market = Market(measure for measure, _ in self.needed)

    def add(self, known: Known, part: int, count: int) -> None:
        """Take in the merchants of one part."""
        resolved = resolve(known, dict.fromkeys(measure for measure, _ in self.needed), self.lexicon)
        self._sum(resolved, np.flatnonzero((self.merchant >= 0) & (self.merchant % count == part)))
        self.market.take(known)
        if self.categories:
            self.categories.add(resolved, self.shared)
        if self.spreads:
            self.spreads.add(resolved, self.rates)

    def _strength(self, formula: Shrunk) -> npt.NDArray[np.float64]:
        if self.spreads is None:
            return np.full(len(self.spine), formula.strength)
        return self.spreads.of(formula.rate, self.spine.day, default=formula.strength)

    def _sum(self, resolved: Iterable[Facts], rows: Ints) -> None:
        moments, place = _moments(self.merchant[rows], self.spine.day[rows])
        for facts in resolved:
            for number, sums in _summed(facts, moments, self.needed):
                self.own[number][rows] = sums[place]

    def context(self) -> Context:
        """What formulas are worked out from, once every part is in."""
        self._sum(self.market.facts(measure for measure, _ in self.needed), np.flatnonzero(self.merchant >= 0))
        nothing = np.zeros(len(self.spine), dtype=np.int64)
        latest, named = CATEGORY.numbers(None)
        shared = self.categories
        category = np.where(self.own[named] > 0, self.own[latest], -1) if shared else nothing
        return Context(
            own=self.own.__getitem__,
            category=lambda number: shared.of(number, category, self.spine.day) if shared else nothing,
            everybody=lambda number: shared.of_everybody(number, self.spine.day) if shared else nothing,
            strength=self._strength,
            day=self.spine.day,
            texts=tuple(self.lexicon.texts),
        )


def rates_of(features: Iterable[Feature]) -> tuple[Rate, ...]:
    """Every rate that some features draw towards others'."""
    return tuple(dict.fromkeys(f.formula.rate for f in features if isinstance(f.formula, Shrunk)))


def _numbers(features: Iterable[Feature]) -> dict[Number, None]:
    return dict.fromkeys(number for feature in features for number in feature.numbers)


def _moments(merchant: Ints, day: Ints) -> tuple[Moments, Ints]:
    """The distinct pairs, sorted, and which of them each row is."""
    order = np.lexsort((day, merchant))
    ranked = np.stack([merchant, day])[:, order]
    new = np.append(True, (ranked[:, 1:] != ranked[:, :-1]).any(axis=0))[: len(order)]
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.cumsum(new) - 1
    return Moments(merchant=ranked[0, new], day=ranked[1, new]), place


def _summed(facts: Facts, moments: Moments, needed: Iterable[Number]) -> Iterable[tuple[Number, Ints]]:
    """Every needed number that these facts answer, at all moments."""
    rows = {measure: row for row, measure in enumerate(facts.measures)}
    wanted = [(measure, days) for measure, days in needed if measure in rows]
    sums = window_sums(facts, moments, dict.fromkeys(days for _, days in wanted))
    return [((measure, days), sums[days][rows[measure]]) for measure, days in wanted]
