"""The way of decisions: lock, load, judge, record, answer; of all that are asked for at once in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

from pydantic_core import to_jsonable_python
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from features.database import reading, written
from features.lookup import LiveState, live_states
from scoring.evidence import Measured
from scoring.refunds import RefundPolicy
from serving import decisions, store_decisions
from serving.decisions import Made, Verdict
from serving.errors import MerchantUnknown
from serving.idempotency import Answer, Asked, Earlier
from serving.ledger.store import hold_buyer
from serving.plain import as_json
from serving.service import Service
from serving.standing import Standing, standing, standing_of
from serving.tracing import span
from serving.unassessed import answer_unassessed

__all__ = ["Bench", "Question", "Sitting", "decide", "decide_all", "fallback_of", "plain", "try_out"]


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
        return replace(found, stale=True) if self.service.clock_trouble else found

    def readings(self, merchant_id: str, *names: str) -> Mapping[str, Measured]:
        """Features of a merchant as of now."""
        return self.service.readings(self.tx, [merchant_id], tuple(dict.fromkeys(names)), self.now)[merchant_id]


#: Judges one request from what the store says at this moment.
Judge = Callable[[Bench], Verdict]


class Wish(Protocol):
    """A request to be decided once and for good: about which merchant, and buyer if any."""

    @property
    def merchant_id(self) -> str:
        """The merchant that it is about."""
        ...

    @property
    def buyer_id(self) -> str | None:
        """The buyer to whom something may be promised."""
        ...

    @property
    def asked(self) -> Asked:
        """The request as its repeats are known by."""
        ...


W = TypeVar("W", bound=Wish)

#: Looks up at once what some wishes are to be judged from; answers who judges them, one after the other.
Sit = Callable[["Sitting", Sequence[W]], Callable[[W], Verdict]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """One transaction in which wishes are judged, at one moment; their merchants and buyers are held.

    `standings` are what is thought of their merchants, or why nothing can be; `policies` as in `Bench`.
    """

    service: Service
    tx: Connection
    now: datetime
    standings: Mapping[str, Standing | Exception]
    policies: Mapping[str, str]

    def standing(self, merchant_id: str) -> Standing:
        """What is thought of a merchant. Raises `MerchantUnknown`."""
        found = self.standings[merchant_id]
        if isinstance(found, Exception):
            raise found
        return found

    @property
    def known(self) -> list[str]:
        """The merchants of whom anything is thought."""
        return [one for one, found in self.standings.items() if not isinstance(found, Exception)]

    def bench(self, merchant_id: str) -> Bench:
        """The bench of a judge who looks things up as they are needed. Raises `MerchantUnknown`."""
        otherwise = self.standing(merchant_id).text
        return Bench(service=self.service, tx=self.tx, now=self.now, otherwise=otherwise, policies=self.policies)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request of which its own judge looks up everything."""

    merchant_id: str
    judge: Judge
    asked: Asked
    buyer_id: None = None


def decide(service: Service, question: Question) -> Answer:
    """Judge a request once and for good, or give the answer that it got before.

    Whoever decides about the same merchant waits, so what the judge adds up still holds when it is recorded.
    Raises `MerchantUnknown`, `IdempotencyConflict`, and what the judge raises; then nothing is kept.
    """

    def sit(sitting: Sitting, _: Sequence[Question]) -> Callable[[Question], Verdict]:
        return lambda one: one.judge(sitting.bench(one.merchant_id))

    (answer,) = decide_all(service, [question], sit)
    if isinstance(answer, Exception):
        raise answer
    return answer


def decide_all(service: Service, wishes: Sequence[W], sit: Sit[W]) -> list[Answer | Exception]:
    """Judge requests one after the other in one transaction: each sees what was decided before it.

    Each is answered, or refused with an error of its own, of which nothing is kept. What goes wrong with the
    transaction is everybody's: it is raised, and nothing is kept at all.
    """
    policies, otherwise = service.keep_policies(), dict[str, str | Exception]()
    while True:
        session = _Session(service=service, wishes=wishes, sit=sit, policies=policies, otherwise=otherwise)
        try:
            with span(service.tracer, "decide", requests=len(wishes)):
                told = written(service.engine, session.decided)
            break
        except _Unassessed as never:
            # That reads all events of a merchant, so it is done while nobody waits for a lock.
            otherwise |= {one: _unassessed(service, one) for one in never.merchant_ids}
    service.metrics.committed(len(wishes))
    for one in told:
        if isinstance(one, Made):
            service.metrics.decided(kind=one.verdict.kind, outcome=one.verdict.outcome)
    return [one.answer if isinstance(one, Made) else one for one in told]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    """Wishes on their way: load, judge, record, answer.

    `otherwise` is what is thought of merchants that were never assessed, or why nothing can be.
    """

    service: Service
    wishes: Sequence[Any]
    sit: Sit[Any]
    policies: Mapping[str, str]
    otherwise: Mapping[str, str | Exception]

    def decided(self, tx: Connection) -> list[Made | Answer | Exception]:
        """What becomes of each wish."""
        sitting = self._load(tx)
        earlier = Earlier(tx, [one.asked for one in self.wishes], now=sitting.now)
        judge = self.sit(sitting, self.wishes)
        told = [_told(one, judge, earlier, sitting) for one in self.wishes]
        decisions.keep_all(tx, [one for one in told if isinstance(one, Made)], now=sitting.now)
        earlier.keep_all()
        return told

    def _load(self, tx: Connection) -> Sitting:
        # Everything is held before anything is read, and in one order, so that nobody waits for another crosswise.
        merchant_ids = sorted({one.merchant_id for one in self.wishes})
        live = live_states(tx, merchant_ids, hold=True)
        hold_buyer(tx, *(one.buyer_id for one in self.wishes if one.buyer_id is not None))
        # The moment is taken under the locks: a wait must not let a decision look back past the one before it.
        now = self.service.clock()
        standings = _standings(tx, live, merchant_ids, self.otherwise, policy=self.service.refunds, now=now)
        if self.service.clock_trouble:
            # Nobody can say how old an assessment is by a clock that has jumped.
            standings = {one: _aged(found) for one, found in standings.items()}
        return Sitting(service=self.service, tx=tx, now=now, standings=standings, policies=self.policies)


def _told(wish: W, judge: Callable[[W], Verdict], earlier: Earlier, at: Sitting) -> Made | Answer | Exception:
    """What becomes of one wish; what is wrong with it is its own affair, what is wrong with the store everybody's."""
    try:
        found = earlier.of(wish.asked) or judge(wish)
    except SQLAlchemyError:
        raise
    except Exception as error:
        return error
    if isinstance(found, Answer):
        return found
    made = decisions.make(at.tx, found, by=wish.asked.caller, now=at.now)
    earlier.keep(wish.asked, made.answer)
    return made


def _standings(
    tx: Connection, live: Mapping[str, LiveState], merchant_ids: Sequence[str],
    otherwise: Mapping[str, str | Exception], *, policy: RefundPolicy, now: datetime,
) -> dict[str, Standing | Exception]:  # fmt: skip
    """What is thought of merchants. Raises `_Unassessed`."""
    answers = {**otherwise, **store_decisions.latest_answers(tx, merchant_ids)}
    never = [one for one in merchant_ids if one not in answers]
    if never:
        raise _Unassessed(never)
    found: dict[str, Standing | Exception] = {}
    for one, answer in answers.items():
        if isinstance(answer, Exception):
            found[one] = answer
        elif one in live:
            found[one] = standing_of(tx, live[one], answer, policy=policy, now=now)
        else:
            found[one] = MerchantUnknown("no event of a merchant with this id is known")
    return found


def _aged(found: Standing | Exception) -> Standing | Exception:
    return found if isinstance(found, Exception) else replace(found, stale=True)


class _Unassessed(Exception):
    """Merchants among those asked about that have no assessment."""

    def __init__(self, merchant_ids: Sequence[str]) -> None:
        super().__init__()
        self.merchant_ids = merchant_ids


def try_out(service: Service, merchant_id: str, judge: Callable[[Sitting], Verdict]) -> Answer:
    """What would be decided now, with nothing kept; the answer's decision has no id. Raises `MerchantUnknown`."""
    now, otherwise = service.clock(), fallback_of(service, merchant_id)
    with reading(service.engine) as tx:
        seen = standing(tx, merchant_id, otherwise=otherwise, policy=service.refunds, now=now)
        verdict = judge(Sitting(service=service, tx=tx, now=now, standings={merchant_id: seen}, policies={}))
    return Answer(status=200, body=as_json({**verdict.answer, "decision_id": None}))


def plain(value: Any) -> dict[str, Any]:
    """A value of ours as plain JSON values."""
    found: dict[str, Any] = to_jsonable_python(value)
    return found


def _unassessed(service: Service, merchant_id: str) -> str | Exception:
    try:
        return answer_unassessed(service, merchant_id)
    except MerchantUnknown as error:
        return error


def fallback_of(service: Service, merchant_id: str) -> str | None:
    """The fallback's answer where there is no assessment, made before any lock is held: it reads all the events."""
    return None if service.assessments.latest(merchant_id) else answer_unassessed(service, merchant_id)
