"""An assessment as callers get it: the body of `GET /v1/merchants/{id}/score` (contracts 3.4), and how it is kept."""

import json
from datetime import datetime
from functools import lru_cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from scoring.assessment import Assessment
from serving.store import Stored

__all__ = ["ScoreAnswer", "answer_of", "stored"]


class _Part(BaseModel):
    model_config = ConfigDict(from_attributes=True, extra="ignore", protected_namespaces=())


class ModelAnswer(_Part):
    """Which model answered, and its bundle's digest; without one, the fallback and the policy's version."""

    name: str
    version: str
    digest: str | None = None


class CounterfeitAnswer(_Part):
    """How likely it is that the merchant sells fakes; `p` is null without such a model."""

    p: float | None
    level: Literal["none", "watch", "high", "confirmed"]
    flagged: bool
    model: ModelAnswer | None = None


class ReasonAnswer(_Part):
    """What speaks against the merchant; `contribution` is in log-odds, positive = riskier."""

    code: str
    text: str
    text_zh: str
    feature: str | None
    value: int | float | str | None
    contribution: float


class EvidenceAnswer(_Part):
    """Orders and distinct buyers of the last 365 days, and whether they are enough."""

    orders: int
    buyers: int
    sufficient: bool


class ScoreAnswer(_Part):
    """What is thought about a merchant: 300-850 points, higher = safer."""

    merchant_id: str
    score: int = Field(ge=300, le=850)
    band: Literal["A", "B", "C", "D", "E"]
    p_bad: float = Field(ge=0, le=1)
    counterfeit: CounterfeitAnswer
    reasons: list[ReasonAnswer]
    evidence: EvidenceAnswer
    model: ModelAnswer
    basis: Literal["model", "fallback"]
    policy_version: str | None = None
    as_of: datetime
    assessed_at: datetime


@lru_cache(maxsize=4096)
def thought_in(text: str) -> ScoreAnswer:
    """An assessment as it is stored, read; the same text is read once, and no other ever stands for it."""
    return ScoreAnswer.model_validate_json(text)


def answer_of(assessment: Assessment, *, assessed_at: datetime) -> str:
    """An assessment as canonical JSON: equal assessments give equal text."""
    fields = {name: getattr(assessment, name) for name in ScoreAnswer.model_fields if name != "assessed_at"}
    answer = ScoreAnswer.model_validate({**fields, "assessed_at": assessed_at})
    plain = answer.model_dump(mode="json")
    return json.dumps(plain, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def stored(assessment: Assessment, *, assessed_at: datetime) -> Stored:
    """An assessment as its row of the store."""
    flag = assessment.counterfeit
    return Stored(
        merchant_id=assessment.merchant_id,
        as_of=assessment.as_of,
        assessed_at=assessed_at,
        score=assessment.score,
        credit_version=assessment.model.version if assessment.basis == "model" else None,
        counterfeit_version=flag.model.version if flag.model else None,
        answer=answer_of(assessment, assessed_at=assessed_at),
    )
