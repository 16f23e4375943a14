"""What is said about a merchant when the stored assessment will not do: never judged, judged anew, or as of then."""

from datetime import datetime
from typing import Any

from features.database import day_of, reading
from features.midnights import ensure_midnight
from features.moment import features_as_of
from serving.answers import answer_of
from serving.assess import Judge
from serving.champions import LiveModels
from serving.errors import MerchantUnknown, MomentToCome, Unavailable
from serving.judging import Judges
from serving.reassess import reassess
from serving.service import Service

__all__ = ["answer_as_of", "answer_fresh", "answer_unassessed"]


def answer_unassessed(service: Service, merchant_id: str) -> str:
    """The fallback's answer as JSON about a merchant that no worker has come to yet. Raises `MerchantUnknown`.

    The models are left out: they answer as soon as the merchant is judged, and that is remembered.
    """
    _check_known(service, merchant_id)
    judge = Judge(models=LiveModels(), policy=service.score, currency=service.currency)
    return _answer(service, merchant_id, judge, as_of=service.clock())


def answer_as_of(service: Service, judges: Judges, merchant_id: str, *, as_of: datetime) -> str:
    """What today's models say of what was known before a moment. Raises `MerchantUnknown`, `MomentToCome`."""
    if as_of > service.clock():
        raise MomentToCome("a moment that is yet to come cannot be judged")
    # A moment before everything has no midnight of ours to add up, and may have none in the calendar.
    _check_known(service, merchant_id, before=as_of)
    ensure_midnight(service.engine, day_of(as_of))
    return _answer(service, merchant_id, judges.judge(service.clock()).alone, as_of=as_of)


def answer_fresh(service: Service, judges: Judges, merchant_id: str) -> str:
    """Judge a merchant at once, and remember it. Raises `MerchantUnknown`."""
    _check_known(service, merchant_id)
    now = service.clock()
    judged = reassess(service.engine, judges.judge(now), [merchant_id], now=now)
    if not judged.assessments:
        raise Unavailable("this merchant cannot be judged at present")
    return answer_of(judged.assessments[0], assessed_at=now)


def _check_known(service: Service, merchant_id: str, *, before: datetime | None = None) -> None:
    if not service.events.knows(merchant_id, known_before=before):
        then = " was known then" if before else " is known"
        raise MerchantUnknown(f"no event of a merchant with this id{then}")


def _answer(service: Service, merchant_id: str, judge: Judge, *, as_of: datetime) -> str:
    with reading(service.engine) as tx:
        found: list[dict[str, Any]] = features_as_of(
            tx, merchant_id, as_of=as_of, features=judge.features()
        ).to_pylist()
    if not found:
        raise MerchantUnknown("no event of a merchant with this id was known then")
    (assessment,) = judge.of(found)
    return answer_of(assessment, assessed_at=service.clock())
