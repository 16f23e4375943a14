"""The way of decisions: lock, load, judge, record, answer; of all that are asked for at once in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from features.database import reading, written
from features.live import lock_merchants
from scoring.evidence import Measured
from serving import audit, decisions
from serving.decisions import Verdict
from serving.errors import MerchantUnknown
from serving.idempotency import Answer, Asked, Earlier
from serving.ledger.store import hold_buyer
from serving.plain import as_json
from serving.service import Service
from serving.standing import Standing, standing
from serving.unassessed import answer_unassessed

__all__ = ["Bench", "Question", "decide", "decide_all", "fallback_of", "plain", "try_out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where a judge sits: within a transaction, at a moment; `otherwise` is what is thought of the never assessed.

    `policies` are the hashes of those that are kept for whatever is recorded here, by kind; none where nothing is.
    """

    service: Service
    tx: Connection
    now: datetime
    otherwise: str | None
    policies: Mapping[str, str] = field(default_factory=dict)

    def standing(self, merchant_id: str) -> Standing:
        """What is thought of a merchant now."""
        policy = self.service.refunds
        found = standing(self.tx, merchant_id, otherwise=self.otherwise, policy=policy, now=self.now)
        # Nobody can say how old an assessment is by a clock that has jumped.
        return replace(found, stale=True) if self.service.clock_trouble else found

    def readings(self, merchant_id: str, *names: str) -> Mapping[str, Measured]:
        """Features of a merchant as of now."""
        return self.service.readings(self.tx, merchant_id, tuple(dict.fromkeys(names)), self.now)


#: Judges one request from what the store says at this moment.
Judge = Callable[[Bench], Verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request to be decided once and for good: about which merchant, and buyer if any, by which judge."""

    merchant_id: str
    judge: Judge
    asked: Asked
    buyer_id: str | None = None


def decide(service: Service, question: Question) -> Answer:
    """Judge a request once and for good, or give the answer that it got before.

    Whoever decides about the same merchant waits, so what the judge adds up still holds when it is recorded.
    Raises `MerchantUnknown`, `IdempotencyConflict`, and what the judge raises; then nothing is kept.
    """
    (answer,) = decide_all(service, [question])
    if isinstance(answer, Exception):
        raise answer
    return answer


def decide_all(service: Service, questions: Sequence[Question]) -> list[Answer | Exception]:
    """Judge requests one after the other in one transaction: each sees what was decided before it.

    Each is answered, or refused with an error of its own, of which nothing is kept. What goes wrong with the
    transaction is everybody's: it is raised, and nothing is kept at all.
    """
    otherwise, policies = _fallbacks(service, questions), service.keep_policies()
    told = written(service.engine, lambda tx: _Session(service, tx, otherwise, policies).decide(questions))
    service.metrics.committed(len(questions))
    for one in told:
        if isinstance(one, _Decided):
            service.metrics.decided(kind=one.verdict.kind, outcome=one.verdict.outcome)
    return [one.answer if isinstance(one, _Decided) else one for one in told]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    """A verdict that was recorded just now, and its answer."""

    verdict: Verdict
    answer: Answer


class _Session:
    """One transaction in which requests are decided.

    `otherwise` is `fallback_of` each merchant, or why there is none.
    """

    def __init__(
        self, service: Service, tx: Connection, otherwise: Mapping[str, str | Exception | None],
        policies: Mapping[str, str],
    ) -> None:  # fmt: skip
        self._service, self._tx, self._otherwise, self._policies = service, tx, otherwise, policies
        self._entries: list[audit.Entry] = []

    def decide(self, questions: Sequence[Question]) -> list["_Decided | Answer | Exception"]:
        """What becomes of each request."""
        # Everything is locked before anything is read, and in one order, so that nobody waits for another crosswise.
        known = {one for one, thought in self._otherwise.items() if not isinstance(thought, Exception)}
        lock_merchants(self._tx, sorted(known))
        hold_buyer(self._tx, *(one.buyer_id for one in questions if one.buyer_id is not None))
        # The moment is taken under the locks: a wait must not let a decision look back past the one before it.
        self._now = self._service.clock()
        self._earlier = Earlier(self._tx, [one.asked for one in questions], now=self._now)
        told = [self._answer_to(one) for one in questions]
        audit.write_all(self._tx, self._entries, now=self._now)
        return told

    def _answer_to(self, question: Question) -> "_Decided | Answer | Exception":
        try:
            found = self._earlier.of(question.asked) or self._judged(question)
        except SQLAlchemyError:
            raise
        except Exception as error:
            return error
        # From here on something is kept: what goes wrong now takes the whole transaction with it.
        return self._recorded(question, found) if isinstance(found, Verdict) else found

    def _judged(self, question: Question) -> Verdict:
        otherwise = self._otherwise[question.merchant_id]
        if isinstance(otherwise, Exception):
            raise otherwise
        bench = Bench(
            service=self._service, tx=self._tx, now=self._now, otherwise=otherwise, policies=self._policies
        )  # fmt: skip
        return question.judge(bench)

    def _recorded(self, question: Question, verdict: Verdict) -> _Decided:
        made, entry = decisions.kept(self._tx, verdict, by=question.asked.caller, now=self._now)
        self._entries.append(entry)
        answer = Answer(status=200, body=made.answer)
        self._earlier.keep(question.asked, answer)
        return _Decided(verdict=verdict, answer=answer)


def try_out(service: Service, merchant_id: str, judge: Judge) -> Answer:
    """What `decide` would answer now, with nothing kept; the answer's decision has no id."""
    now, otherwise = service.clock(), fallback_of(service, merchant_id)
    with reading(service.engine) as tx:
        verdict = judge(Bench(service=service, tx=tx, now=now, otherwise=otherwise))
    return Answer(status=200, body=as_json({**verdict.answer, "decision_id": None}))


def plain(value: Any) -> dict[str, Any]:
    """A value of ours as plain JSON values."""
    found: dict[str, Any] = to_jsonable_python(value)
    return found


def _fallbacks(service: Service, questions: Sequence[Question]) -> dict[str, str | Exception | None]:
    """`fallback_of` each merchant that is asked about, or why there is none."""
    merchant_ids = list(dict.fromkeys(one.merchant_id for one in questions))
    assessed = service.assessments.latest_of(merchant_ids)
    return {one: None if one in assessed else _unassessed(service, one) for one in merchant_ids}


def _unassessed(service: Service, merchant_id: str) -> str | Exception:
    try:
        return answer_unassessed(service, merchant_id)
    except MerchantUnknown as error:
        return error


def fallback_of(service: Service, merchant_id: str) -> str | None:
    """The fallback's answer where there is no assessment, made before any lock is held: it reads all the events."""
    return None if service.assessments.latest(merchant_id) else answer_unassessed(service, merchant_id)
