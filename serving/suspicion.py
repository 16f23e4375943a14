"""Cases that facts open by themselves: raw reports of fakes, which no model sees, and a high counterfeit flag."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import Connection

from scoring.assessment import Assessment
from scoring.counterfeit import Level
from scoring.evidence import Row, count, number
from scoring.score_policy import ScorePolicy
from serving import cases
from serving.cases import Kind, Matter

__all__ = ["open_suspicions"]


def open_suspicions(
    tx: Connection, policy: ScorePolicy, judged: Iterable[tuple[Assessment, Row]], *, now: datetime
) -> None:
    """Open a case about whoever needs a look, unless one is open.

    An accusation that nobody has verified moves no score; it makes a person look.
    """
    for assessment, row in judged:
        for matter in _matters(policy, assessment, row):
            cases.open_case(tx, matter, now=now)


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
