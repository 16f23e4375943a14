"""What a simulation replays: every merchant of a store as it stands at the doors, and the refunds lately asked for."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, Engine

from features.database import micros, moment, reading
from features.log import FileLog
from features.lookup import Found, events_of_type
from features.progress import shown
from features.settings import Settings
from features.store import EventStore
from scoring.refunds import BuyerFacts, Held, MerchantFacts, RefundFacts, RefundRequest
from scoring.weighing import Past
from scoring.what_if import PastRefund, Policies, Subject, Thought
from serving import store_decisions
from serving.answers import ScoreAnswer
from serving.applicants import applicant_of, at_the_door
from serving.assess import Judge, assess_everybody
from serving.champions import Champions, current_declarations, live_models
from serving.decide import Bench, fallback_of
from serving.errors import NothingToJudge
from serving.ingest.files import ingest_file
from serving.orders import Books
from serving.serve import service_on
from serving.service import Service
from serving.standing import category_of, members_of, membership
from serving.store import AssessmentStore, opened
from serving.store_decisions import Decision
from serving.traces import trace_of

__all__ = ["DAYS", "Source", "past_of_files", "past_of_store"]

#: How far back order value is added up and refunds are replayed.
DAYS = 90
_VALUE = "order_value_cents_90d"


class Source:
    """A store to replay from, and by which policies' figures; `buyer_credit` stands in where no caller sent one."""

    def __init__(self, service: Service, sides: Sequence[Policies], *, buyer_credit: int | None) -> None:
        self._service = service
        self._programmes = {one.id: one for side in reversed(sides) for one in side.programmes.programmes}
        self._metrics = tuple(dict.fromkeys(name for side in sides for name in side.programmes.metrics))
        self._credit = buyer_credit

    def past(self) -> Past:
        """Everything that is replayed. Raises `NothingToJudge` where no merchant is known."""
        now = self._service.clock()
        names = self._service.events.merchant_ids()
        if not names:
            raise NothingToJudge("no merchant is known, so there is nobody on whom to try a policy")
        looked_at = shown(names, title="reading merchants", total=len(names))
        subjects = {name: self._subject(name, now) for name in looked_at}
        with reading(self._service.engine) as tx:
            since = now - timedelta(days=DAYS)
            recorded = [*store_decisions.refunds_since(tx, since)]
            refunds = [_recorded(one, subjects[one.merchant_id], now) for one in recorded]
            if not recorded:
                refunds = [one for subject in subjects.values() for one in self._rebuilt(tx, subject, now)]
        return Past(
            as_of=now, days=DAYS, subjects=tuple(subjects.values()), refunds=tuple(refunds), recorded=bool(recorded)
        )

    def _subject(self, merchant_id: str, now: datetime) -> Subject:
        otherwise = fallback_of(self._service, merchant_id)
        with reading(self._service.engine) as tx:
            bench = Bench(service=self._service, tx=tx, now=now, otherwise=otherwise)
            seen, carried = bench.standing(merchant_id), membership(tx, merchant_id)
            applicant = applicant_of(bench, merchant_id, seen)
            wanted = [name for name in (*self._metrics, *_OWED, _VALUE) if name not in applicant.measured]
            measured = {**applicant.measured, **bench.readings(merchant_id, *wanted)}
            # Whether the nightly run was late is not a matter of policy.
            applicant = replace(applicant, measured=measured, assessed_stale=False)
            doors = {name: at_the_door(bench, applicant, one, carried) for name, one in self._programmes.items()}
            return Subject(
                applicant=applicant,
                thought=_thought(seen.assessment, days=applicant.trading_days or 0),
                category=category_of(tx, merchant_id) or "",
                brands=_brands(events_of_type(tx, merchant_id, "listing_changed")),
                members=members_of(carried),
                failed_before={name: one.failed_before for name, one in doors.items() if one.failed_before},
                barred={
                    name: until for name, one in doors.items() if (until := one.barred_until or one.suspended_until)
                },
                value_cents=int(measured[_VALUE].value or 0),
            )

    def _rebuilt(self, tx: Connection, subject: Subject, now: datetime) -> Iterator[PastRefund]:
        """The refunds that returns would have asked for; of the merchant what is known and thought now."""
        merchant_id, measured = subject.applicant.merchant_id, subject.applicant.measured
        debt, deposit = (measured[name].value for name in _OWED)
        merchant = MerchantFacts(
            **_opinion(subject.thought),
            stale=False,
            debt_cents=int(debt or 0),
            deposit_cents=None if deposit is None else int(deposit),
        )
        for told in events_of_type(tx, merchant_id, "return_requested"):
            if not micros(now) - _SPAN <= told.known_at < micros(now) or not told.says.get("buyer_id"):
                continue
            at, order_id, buyer_id = moment(told.known_at), told.says["order_id"], told.says["buyer_id"]
            asked = (merchant_id, order_id)
            books = Books(tx, [(asked, buyer_id)], now=at, looks_back=self._service.refunds.abuse.looks_back)
            order = books.order(asked, buyer_id=buyer_id)
            left = order.paid_cents - order.refunded_cents
            if order.known and left > 0:
                buyer = books.buyer(buyer_id, order=asked)
                facts = RefundFacts(order=order, buyer=buyer, merchant=merchant, held=Held())
                request = self._request(told, subject, left, buyer)
                yield PastRefund(merchant_id=merchant_id, at=at, request=request, facts=facts, thought=subject.thought)

    def _request(self, told: Found, subject: Subject, cents: int, buyer: BuyerFacts) -> RefundRequest:
        return RefundRequest(
            amount_cents=cents,
            category=told.says.get("category") or subject.category,
            reason=told.says.get("reason") or "other",
            buyer_credit=self._credit,
            buyer_refunds_90d=buyer.refunds_90d,
            buyer_orders_90d=buyer.orders_90d,
        )


_OWED = ("merchant_debt_cents", "deposit_cents")
_SPAN = DAYS * 86_400_000_000


def past_of_store(
    champions: Champions, settings: Settings, sides: Sequence[Policies], *, buyer_credit: int | None, now: datetime
) -> Past:
    """The merchants of the store as of now. Raises `NothingToJudge`."""
    with opened(settings.database) as engine:
        service = service_on(engine, champions, settings, lambda: now)
        service.events.settle_currency(settings.currency)
        return Source(service, sides, buyer_credit=buyer_credit).past()


def past_of_files(
    champions: Champions, settings: Settings, sides: Sequence[Policies], *, buyer_credit: int | None,
    files: Sequence[Path],
) -> Past:  # fmt: skip
    """The merchants of a log as of the first midnight at which all of it is known. Raises `NothingToJudge`."""
    with _stored(files, settings) as (engine, midnight):
        service = service_on(engine, champions, settings, lambda: midnight)
        models, policy = live_models(champions, current_declarations()), service.score
        models.check_fit(policy)
        judge = Judge(models=models, policy=policy, currency=settings.currency)
        log = EventStore(engine).log()
        assess_everybody(AssessmentStore(engine), log, judge, as_of=midnight, now=midnight)
        return Source(service, sides, buyer_credit=buyer_credit).past()


@contextmanager
def _stored(files: Sequence[Path], settings: Settings) -> Iterator[tuple[Engine, datetime]]:
    """A store of its own that holds the files until the end, and the midnight after all that they tell."""
    log = FileLog(files, currency=settings.currency)
    last = max((_last_known(batch.rows) for batch in log.batches() if batch.rows.num_rows), default=None)
    if last is None:
        raise NothingToJudge("the log holds no event, so there is nobody on whom to try a policy")
    midnight = datetime.combine(last.date() + timedelta(days=1), time(), UTC)
    with TemporaryDirectory(prefix="goodfaith-") as folder, opened(f"sqlite:///{folder}/store.db") as engine:
        store = EventStore(engine)
        store.settle_currency(settings.currency)
        for number, path in enumerate(files):
            rejects = Path(folder) / f"{number}.rejected.jsonl"
            ingest_file(store, path, currency=settings.currency, now=midnight, rejects=rejects)
        yield engine, midnight


def _last_known(rows: Any) -> datetime:
    found: datetime = rows.column("known_at").to_pandas().max().to_pydatetime()
    return found


def _thought(answer: ScoreAnswer, *, days: int) -> Thought:
    return Thought(
        score=answer.score,
        p_bad=answer.p_bad,
        basis=answer.basis,
        orders=answer.evidence.orders,
        days=days,
        p_counterfeit=answer.counterfeit.p,
        fakes_confirmed=answer.counterfeit.level == "confirmed",
    )


def _opinion(thought: Thought) -> dict[str, Any]:
    """What stands in for an opinion until a policy makes a band of it."""
    return {"band": "E", "p_bad": thought.p_bad, "counterfeit_level": "none", "basis": thought.basis}


def _recorded(decided: Decision, subject: Subject, now: datetime) -> PastRefund:
    """A refund as it was decided, with what was known and thought then."""
    trace, ago = trace_of(decided), (now - decided.decided_at).days
    days = max((subject.applicant.trading_days or 0) - ago, 0)
    return PastRefund(
        merchant_id=decided.merchant_id,
        at=decided.decided_at,
        request=trace.request,
        facts=trace.facts,
        thought=_thought(trace.seen.assessment, days=days),
    )


def _brands(told: Sequence[Found]) -> tuple[str, ...]:
    """The brands of the goods that are on offer, by name."""
    latest = {one.says["listing_id"]: one.says for one in sorted(told, key=lambda one: (one.event_time, one.known_at))}
    on = (one for one in latest.values() if one.get("status") in (None, "on"))
    return tuple(sorted({one["brand"] for one in on if one.get("brand")}))
