"""What challengers think, beside what counts: the same facts, judged as if a target's challenger were its champion.

Nothing here may disturb a real answer: it comes after the answer is stored, in a transaction of its own, and what goes
wrong is written down.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Engine

from features.database import day_of, micros, written
from scoring.assessment import Assessment
from scoring.evidence import Row
from serving import store_shadow
from serving.answers import answer_of

if TYPE_CHECKING:
    from serving.assess import Judge

__all__ = ["Shadow", "keep_shadows", "shadows_of"]

log = structlog.get_logger("goodfaith.serving")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """A merchant judged twice from the same facts: as it counts (live), and with one target's challenger (shadow).

    `champion` and `challenger` are versions; `champion` is None where none was promoted.
    """

    target: str
    champion: str | None
    challenger: str
    live: Assessment
    shadow: Assessment


def shadows_of(judge: "Judge", rows: Sequence[Row], live: Sequence[Assessment]) -> tuple[Shadow, ...]:
    """What each challenger thinks of merchants, from their rows of features; whom it cannot judge is left out."""
    return tuple(one for target in judge.challengers.present for one in _of_target(judge, target, rows, live))


def _of_target(judge: "Judge", target: str, rows: Sequence[Row], live: Sequence[Assessment]) -> Iterator[Shadow]:
    champion, challenger = judge.models.present.get(target), judge.challengers.present[target]
    thought = _tried(judge.promoting(target), rows)
    for assessment, other in zip(live, thought, strict=True):
        if other:
            yield Shadow(
                target=target,
                champion=champion.named.version if champion else None,
                challenger=challenger.named.version,
                live=assessment,
                shadow=other,
            )
    failed = sum(other is None for other in thought)
    if failed:
        log.error("a challenger could not judge", target=target, version=challenger.named.version, merchants=failed)


def _tried(judge: "Judge", rows: Sequence[Row]) -> list[Assessment | None]:
    """All at once; where that fails each alone, None for whom it fails."""
    try:
        return [*judge.of(rows)]
    except Exception:
        if len(rows) < 2:
            return [None] * len(rows)
    return [one for row in rows for one in _tried(judge, [row])]


def keep_shadows(engine: Engine, shadows: Sequence[Shadow], *, now: datetime) -> None:
    """Keep what challengers think; where that fails it is written down, and nobody is held up."""
    if not shadows:
        return
    try:
        latest, days = [_latest(one, now) for one in shadows], [_day(one) for one in shadows]
        written(engine, partial(store_shadow.remember, latest=latest, days=days))
    except Exception as error:
        log.error("what challengers think could not be kept", shadows=len(shadows), error=type(error).__name__)


def _latest(one: Shadow, now: datetime) -> dict[str, Any]:
    return {
        "target": one.target,
        "merchant_id": one.shadow.merchant_id,
        "as_of": micros(one.shadow.as_of),
        "assessed_at": micros(now),
        "champion": one.champion,
        "challenger": one.challenger,
        "answer": answer_of(one.shadow, assessed_at=now),
    }


def _day(one: Shadow) -> dict[str, Any]:
    (live_grade, live_p), (shadow_grade, shadow_p) = (_opinion(it, one.target) for it in (one.live, one.shadow))
    return {
        "target": one.target,
        "merchant_id": one.shadow.merchant_id,
        "day": day_of(one.shadow.as_of),
        "as_of": micros(one.shadow.as_of),
        "champion": one.champion,
        "challenger": one.challenger,
        "live_grade": live_grade,
        "shadow_grade": shadow_grade,
        "live_score": one.live.score,
        "shadow_score": one.shadow.score,
        "live_p": live_p,
        "shadow_p": shadow_p,
    }


def _opinion(assessment: Assessment, target: str) -> tuple[str, float | None]:
    """The grade and the probability that an assessment gives by a target."""
    if target == "credit":
        return assessment.band, assessment.p_bad
    return assessment.counterfeit.level, assessment.counterfeit.p
