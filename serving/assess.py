"""Judge everybody: facts of a log -> features -> models -> assessments, kept in the store where one is given."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from features.catalogue import CATALOGUE
from features.catalogue.feature import Feature
from features.engine import COLUMNS_KEPT, features_of
from features.log import EventLog
from features.partition import Accepted, divided
from features.spine import midnight
from scoring.assessment import Assessment, Basis, judge_all
from scoring.evidence import Row
from scoring.score_policy import ScorePolicy
from serving.answers import stored
from serving.champions import Challengers, LiveModels
from serving.errors import NothingToJudge
from serving.shadow import keep_shadows, shadows_of
from serving.store import AssessmentStore

__all__ = [
    "BATCH",
    "Counts",
    "Each",
    "Judge",
    "assess_everybody",
    "judge_everybody",
    "judge_table",
    "nothing_more",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: Merchants per transaction: enough for one commit to be cheap, few enough for others to write in between.
BATCH = 1000

#: Something else to be done with every batch of assessments.
Each = Callable[[Sequence[Assessment]], None]

#: Features that every judgement reads, whatever the models take.
_ALWAYS = (
    "n_orders_365d",
    "n_buyers_365d",
    "n_fakes_confirmed_365d",
    "n_fake_reports_open",
    "suspicion_90d",
    "days_since_first_order",
    "days_since_registered",
    "days_since_last_order",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """What a judgement stands on besides the facts; `currency` is written behind amounts of money.

    `challengers` have no part in it: they judge beside it, from the same facts.
    """

    models: LiveModels
    policy: ScorePolicy
    currency: str
    challengers: Challengers = field(default_factory=Challengers)

    @property
    def named(self) -> str:
        """By whom it judges: versions of models and policy, in one text."""
        models = (self.models.credit, self.models.counterfeit)
        return " ".join([*(model.named.version if model else "none" for model in models), self.policy.version])

    @property
    def alone(self) -> "Judge":
        """The same without challengers."""
        return replace(self, challengers=Challengers())

    def promoting(self, target: str) -> "Judge":
        """What it would be if a target's challenger were its champion, and nothing else were changed."""
        return replace(self.alone, models=replace(self.models, **{target: self.challengers.present[target]}))

    def features(self) -> tuple[Feature, ...]:
        """The features that all models take, those that people are shown for them, and those of every judgement."""
        models = (*self.models.present.values(), *self.challengers.present.values())
        inputs = [one for model in models for one in model.bundle.features]
        needed = {*_ALWAYS, *(one.name for one in inputs), *(one.shows for one in inputs)}
        return tuple(feature for feature in CATALOGUE if feature.name in needed)

    def of(self, rows: Sequence[Row]) -> tuple[Assessment, ...]:
        """One assessment per row of features, in their order."""
        models = self.models
        return judge_all(
            rows, credit=models.credit, counterfeit=models.counterfeit, policy=self.policy, currency=self.currency
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of a run: merchants judged, those of them by the fallback, and answers that became the latest."""

    judged: int = 0
    by_fallback: int = 0
    latest: int = 0

    def plus(self, batch: Sequence[Assessment], *, latest: int = 0) -> "Counts":
        """The counts after one more batch."""
        fallbacks = sum(one.basis is Basis.FALLBACK for one in batch)
        return Counts(
            judged=self.judged + len(batch), by_fallback=self.by_fallback + fallbacks, latest=self.latest + latest
        )


def nothing_more(_: Sequence[Assessment]) -> None:
    """What is done with a batch where nobody wants more."""


def judge_table(features: pa.Table, judge: Judge) -> Iterator[tuple[Assessment, ...]]:
    """Judge every row of a feature table, some at a time, in the table's order."""
    yield from map(judge.of, _batches(features))


def judge_everybody(
    log: EventLog, judge: Judge, *, as_of: datetime | None, heard: Callable[[Accepted], None] | None = None
) -> Iterator[tuple[Assessment, ...]]:
    """Judge every merchant that was known at a midnight UTC, some at a time.

    Without a midnight it is the first at which every event of the log is known, so that a file is judged without a
    look at the clock; `NothingToJudge` where there is none. `heard` is told what became of the log's rows.
    """
    yield from judge_table(_everybody(log, judge, as_of, heard), judge)


def _everybody(
    log: EventLog, judge: Judge, as_of: datetime | None, heard: Callable[[Accepted], None] | None = None
) -> pa.Table:
    """Features of every merchant that was known at a midnight."""
    with divided(log, COLUMNS_KEPT) as parted:
        if heard:
            heard(parted.outcome)
        if not (as_of or parted.merchants):
            raise NothingToJudge("the log holds no event, so there is no moment to judge at")
        spine = parted.everybody(as_of or _after(parted.last_known))
        return features_of(parted, spine, features=judge.features())


def _batches(features: pa.Table) -> Iterator[list[Row]]:
    for rows in features.to_batches(max_chunksize=BATCH):
        yield rows.to_pylist()


def _after(last_known: int) -> datetime:
    """The first midnight after a moment, which is given in microseconds since 1970."""
    day = (_EPOCH + timedelta(microseconds=last_known)).date()
    return midnight(day + timedelta(days=1))


def assess_everybody(
    store: AssessmentStore, log: EventLog, judge: Judge, *, as_of: datetime, now: datetime, each: Each = nothing_more
) -> Counts:
    """Judge everybody as of a midnight and remember it, one transaction per batch; `each` then gets the batch.

    What challengers think of it is kept beside it.
    """
    counts = Counts()
    for rows in _batches(_everybody(log, judge, as_of)):
        batch = judge.of(rows)
        latest = store.remember([stored(one, assessed_at=now) for one in batch])
        each(batch)
        keep_shadows(store.engine, shadows_of(judge, rows, batch), now=now)
        counts = counts.plus(batch, latest=latest)
    return counts
