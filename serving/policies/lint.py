"""What the linter of policies must be told: our features, papers and programmes, and what a log of events holds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ValidationError

from features.behind import behind
from features.catalogue import CATALOGUE
from features.catalogue.feature import Feature
from features.engine import COLUMNS_KEPT
from features.events import EVENT_TYPES
from features.feeds import event_types, is_capped, may_be_null
from features.log import EventLog, FileLog
from features.partition import divided
from features.spine import midnight
from scoring.cheating import Cheat
from scoring.evidence import Measured
from scoring.lint.given import Cheating, Given, Metric
from serving.errors import PolicyFileUnusable

__all__ = ["known_here", "with_log", "with_prices"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@cache
def known_here(programmes: frozenset[str]) -> Given:
    """What there is to look at, without a day or a log."""
    papers = EVENT_TYPES["qualification_checked"].words["qualification"]
    return Given(metrics=_Metrics(), papers=frozenset(papers), programmes=programmes)


class _Metrics(Mapping[str, Metric]):
    """Every feature of the catalogue; what it is made of is looked up where it is asked for."""

    def __init__(self) -> None:
        self._by_name = {feature.name: feature for feature in CATALOGUE}

    def __getitem__(self, name: str) -> Metric:
        return _metric(self._by_name[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)


def _metric(feature: Feature) -> Metric:
    return Metric(
        name=feature.name,
        unit=feature.unit,
        nullable=may_be_null(feature),
        riskier=feature.riskier,
        averaged=bool(feature.evidence),
        capped=is_capped(feature),
        fed_by=event_types(feature),
    )


def with_log(given: Given, files: Sequence[Path], *, metrics: Sequence[str], currency: str) -> Given:
    """The same with the events of some files, and what stands behind these metrics for every merchant at their end."""
    log = FileLog(files, currency=currency)
    return replace(given, event_types=_types(log), sample=_sample(log, metrics))


def with_prices(given: Given, file: Path) -> Given:
    """The same with what `goodfaith attack --json` found cheating to cost. Raises `PolicyFileUnusable`."""
    try:
        found = _Attacked.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise PolicyFileUnusable(f"{file} is no result of `goodfaith attack --json`") from error
    return replace(given, cheating=Cheating(cheats=found.cheats, versions=found.policies))


class _Attacked(BaseModel):
    """What the command prints, as far as the linter needs it."""

    policies: frozenset[str]
    cheats: tuple[Cheat, ...]


def _types(log: EventLog) -> frozenset[str]:
    return frozenset(name for batch in log.batches() for name in batch.rows.column("event_type").unique().to_pylist())


def _sample(log: EventLog, metrics: Sequence[str]) -> Mapping[str, tuple[Measured, ...]]:
    with divided(log, COLUMNS_KEPT) as parted:
        found = behind(parted, parted.everybody(_day_after(parted.last_known)), metrics)
    return {
        name: tuple(
            Measured(name=name, value=None, of=one.of, per=one.per, prior=one.prior, strength=one.strength)
            for one in rows
        )
        for name, rows in found.items()
    }


def _day_after(last_known: int) -> datetime:
    """The first midnight after a moment, which is given in microseconds since 1970."""
    day = (_EPOCH + timedelta(microseconds=last_known)).date()
    return midnight(day + timedelta(days=1))
