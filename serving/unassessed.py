"""What is said about a merchant that is known and was never assessed: the fallback policy's answer."""

from datetime import datetime
from typing import Any

import pyarrow as pa

from features.engine import build_features
from features.log import EventLog
from features.spine import midnight
from serving.answers import answer_of
from serving.assess import Judge
from serving.champions import LiveModels
from serving.errors import MerchantUnknown
from serving.policy import read_policy
from serving.service import Service

__all__ = ["answer_unassessed"]


def answer_unassessed(service: Service, merchant_id: str) -> str:
    """The fallback's answer as JSON, as of the midnight that begins today; raises `MerchantUnknown`.

    The models are left out: what they take is drawn towards everybody's figures, which one merchant's events
    do not tell.
    """
    log = service.events.log(merchant_id=merchant_id)
    if not service.events.knows(merchant_id):
        raise MerchantUnknown("no event of a merchant with this id is known")
    now = service.clock()
    judge = Judge(models=LiveModels(), policy=read_policy(service.policy), currency=service.currency)
    (assessment,) = judge.of([_facts(log, judge, merchant_id, as_of=midnight(now.date()))])
    return answer_of(assessment, assessed_at=now)


def _facts(log: EventLog, judge: Judge, merchant_id: str, *, as_of: datetime) -> dict[str, Any]:
    spine = pa.table({"merchant_id": [merchant_id], "as_of": pa.array([as_of], pa.timestamp("us", tz="UTC"))})
    (row,) = build_features(log, spine, features=judge.features()).to_pylist()
    return dict(row)
