"""Cases that facts open by themselves: raw reports of fakes, which no model sees, and a high counterfeit flag."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Engine

from features.database import writing
from scoring.assessment import Assessment
from scoring.counterfeit import Level
from scoring.evidence import Row, count, number
from scoring.score_policy import ScorePolicy
from serving import cases
from serving.cases import Kind, Matter
from serving.reassess import Judged

__all__ = ["open_suspicions"]


def open_suspicions(engine: Engine, policy: ScorePolicy, judged: Judged, *, now: datetime) -> int:
    """Open a case for whoever needs a look, unless one is open; answer for how many that was.

    An accusation that nobody has verified moves no score; it makes a person look.
    """
    found = [matter for pair in zip(judged.assessments, judged.rows, strict=True) for matter in _matters(policy, *pair)]
    if found:
        with writing(engine) as tx:
            for matter in found:
                cases.open_case(tx, matter, now=now)
    return len(found)


def _matters(policy: ScorePolicy, assessment: Assessment, row: Row) -> Iterator[Matter]:
    merchant_id, reports = assessment.merchant_id, count(row, "n_fake_reports_open")
    if reports >= policy.suspicion.fake_reports_open:
        votes = number(row, "suspicion_90d") or 0.0
        told = (
            f"{reports} reports of fakes are open, none of them verified; by who filed them they weighed {votes:.2f} "
            f"votes at midnight. / 有 {reports} 次售假举报待核实；截至零点，按举报人信誉加权合计 {votes:.2f} 票。"
        )
        yield _matter(merchant_id, "fake_reports", told, priority=2)
    if assessment.counterfeit.level is Level.HIGH:
        told = "The risk of counterfeit goods is high, by the model. / 模型判断售假风险高。"
        yield _matter(merchant_id, "counterfeit_high", told, priority=1)


def _matter(merchant_id: str, what: str, summary: str, *, priority: int) -> Matter:
    about = f"{what}:{merchant_id}"
    return Matter(kind=Kind.SUSPICION, merchant_id=merchant_id, about=about, summary=summary, priority=priority)
