"""The worker: judges whoever is due, within a second of the event, and everybody once a day."""

import threading
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog
from sqlalchemy import Connection, Engine

from features.database import day_of, micros, reading, written
from features.errors import FeaturesError
from features.midnights import ensure_midnight, midnight_is_kept
from serving import store_claims, store_due
from serving.assess import Judge
from serving.breaker.store import note_models
from serving.breaker.watch import Breaker
from serving.complaints.intake import escalate_overdue
from serving.errors import GoodfaithError
from serving.idempotency import forget_old_answers
from serving.judging import Judges
from serving.ledger.promises import expire
from serving.members import review_members
from serving.months import ensure_months
from serving.notifications import outbox
from serving.penalties.ladder import review_penalties
from serving.prune import prune
from serving.reassess import reassess, take_in_whatever_came
from serving.record.anchors import Anchoring
from serving.service import Service
from serving.store_claims import Claim, Finished
from serving.tracing import span

__all__ = ["Beside", "Runs", "Worker"]

log = structlog.get_logger("goodfaith.serving")

#: Seconds between looks for work where there was none.
_PAUSE = 0.2

#: The work of a day that one worker does for all.
_MIDNIGHT = "who sums up the midnight"
#: Seconds until it is tried again where something went wrong: what is gone is rarely back at once.
_AFTER_TROUBLE = 1.0

#: How often a worker says that it is there.
_BEATS_EVERY = timedelta(seconds=5)

#: How often clocks of complaints are looked at: they run for hours.
_CLOCKS_EVERY = timedelta(minutes=1)


class Worker:
    """Judges in rounds; any number of workers may share a store, since each claims whom it judges.

    A merchant that was judged twice all the same, since its claim ran out, was judged alike.
    """

    def __init__(self, service: Service, judges: Judges, breaker: Breaker | None = None) -> None:
        self._service = service
        self._bench = judges
        self._breaker = breaker or Breaker(service)
        self._pruned: int | None = None
        self._months_made: int | None = None
        self._clocks_seen: datetime | None = None
        self._beaten: datetime | None = None
        self._anchoring = Anchoring(service.engine)

    def round(self, now: datetime) -> int:
        """Judge some of those who are due; answer how many were looked at. Raises `Unavailable`."""
        engine = self._service.engine
        self._beat(now)
        self._make_months(now)
        self._look_at_clocks(now)
        expire(engine, now=now)
        self._anchoring.if_due(now)
        judge = self._bench.judge(now)
        _settle(engine, judge, now)
        self._breaker.look_if_due(now)
        take_in_whatever_came(engine, now=now)
        if not _midnight_is_there(engine, now):
            return 0
        claimed = _claimed(engine, now)
        if claimed.merchant_ids:
            with span(self._service.tracer, "judge", merchants=len(claimed.merchant_ids)):
                judged = reassess(engine, judge, claimed.merchant_ids, now=now)
            self._service.metrics.judged(len(judged.assessments))
            for name in judged.set_aside.values():
                log.error("a merchant could not be judged", reason=name)
            done = self._reviewed(claimed, [one.merchant_id for one in judged.assessments], now)
            written(engine, partial(store_claims.finish, done=done, now=micros(now), day=day_of(now)))
        else:
            self._prune(now)
        return len(claimed.merchant_ids)

    def _reviewed(self, claim: Claim, merchant_ids: list[str], now: datetime) -> Finished:
        """Look at the places of members, and at what was found against merchants, once a day when they are judged."""
        with reading(self._service.engine) as tx:
            fresh = set(merchant_ids) - store_claims.reviewed_on(tx, merchant_ids, day=day_of(now))
        count, punished, aside = 0, 0, {}
        for name in sorted(fresh):
            try:
                count += review_members(self._service.current(), [name], now=now)
                punished += review_penalties(self._service.current(), [name], now=now)
            except (GoodfaithError, FeaturesError):
                raise
            except Exception as error:
                log.error("places or penalties could not be judged", error=type(error).__name__, exc_info=error)
                aside[name] = f"places: {type(error).__name__}"
        if count:
            log.info("members' places were judged", decisions=count)
        if punished:
            log.info("penalties were decided on", decisions=punished)
        return Finished(claim=claim, reviewed=fresh, set_aside=aside)

    def _make_months(self, now: datetime) -> None:
        """Once a day, and at first, make room for the months to come."""
        if self._months_made != day_of(now):
            self._months_made = day_of(now)
            names = ensure_months(self._service.engine, now=now)
            if names:
                log.info("months were made", partitions=names)

    def _beat(self, now: datetime) -> None:
        """Say every few seconds that there is a worker."""
        if self._beaten is None or not timedelta(0) <= now - self._beaten < _BEATS_EVERY:
            written(self._service.engine, partial(store_due.beat, now=micros(now)))
            self._beaten = now

    def _look_at_clocks(self, now: datetime) -> None:
        """Raise complaints whose time has run out, and forget old answers, whether or not anybody can be judged."""
        seen = self._clocks_seen
        if seen is None or not timedelta(0) <= now - seen < _CLOCKS_EVERY:
            self._clocks_seen = now
            count = escalate_overdue(self._service.engine, self._service.current().complaints, now=now)
            if count:
                log.warning("complaints were raised: nobody ended them in time", cases=count)
            forget_old_answers(self._service.engine, now=now)

    def _prune(self, now: datetime) -> None:
        """Once a day, when nobody is due, drop what challengers thought too long ago."""
        if self._pruned != day_of(now):
            # Noted first: what goes wrong is tried again tomorrow, and holds up nobody today.
            self._pruned = day_of(now)
            count = prune(self._service.engine, days=self._service.shadow_days, now=now)
            told = written(self._service.engine, partial(outbox.drop_older, now=now))
            log.info("old opinions of challengers and old notifications dropped", rows=count, notifications=told)

    def drain(self, now: datetime) -> int:
        """Judge until nobody is due; answer how many were judged."""
        return sum(iter(lambda: self.round(now), 0))

    def run(self, stop: threading.Event) -> None:
        """Judge until told to stop; what goes wrong is written down and tried again."""
        while not stop.is_set():
            judged = self._tried()
            if not judged:
                stop.wait(_PAUSE if judged is not None else _AFTER_TROUBLE)

    def _tried(self) -> int | None:
        """How many were judged; None where something went wrong."""
        try:
            return self.round(self._service.clock())
        except (GoodfaithError, FeaturesError) as error:
            log.warning("nobody could be judged", reason=str(error))
        except Exception as error:
            # A worker that died of one fault would leave every merchant unjudged.
            log.error("judging failed", error=type(error).__name__, exc_info=error)
        return None


def _settle(engine: Engine, judge: Judge, now: datetime) -> None:
    """Have everybody judged again where somebody else judges than the last time, or judges beside."""
    named, beside = judge.named, judge.challengers.versions
    # Looked at first: whoever waits for work would else wait for the right to write, too.
    with reading(engine) as tx:
        if store_due.settled_already(tx, named, beside):
            return

    def settle(tx: Connection) -> None:
        store_due.settle_judges(tx, named)
        note_models(tx, {target: one.named.version for target, one in judge.models.present.items()}, now=now)
        store_due.settle_challengers(tx, beside)

    written(engine, settle)


def _midnight_is_there(engine: Engine, now: datetime) -> bool:
    """Whether what crosses merchants is known as of today's midnight: one worker works it out, the others wait for it.

    Before anybody is claimed: in a large store it takes longer than a claim holds.
    """
    day = day_of(now)
    if midnight_is_kept(engine, day):
        return True
    if not written(engine, partial(store_claims.lead, what=_MIDNIGHT, now=micros(now))):
        return False
    try:
        ensure_midnight(engine, day)
    finally:
        written(engine, partial(store_claims.leave, what=_MIDNIGHT))
    return True


def _claimed(engine: Engine, now: datetime) -> Claim:
    """Some of those who are due, for this worker alone."""
    day, moment = day_of(now), micros(now)
    with reading(engine) as tx:
        if not store_claims.anybody_due(tx, day=day, now=moment):
            return Claim(merchant_ids=(), until=moment)

    def claim(tx: Connection) -> tuple[list[str], Claim]:
        return store_claims.give_up(tx, day=day, now=moment), store_claims.claim(tx, day=day, now=moment)

    given_up, claimed = written(engine, claim)
    for _ in given_up:
        log.error("a merchant could not be judged", reason="its workers died")
    return claimed


class Runs(Protocol):
    """What goes on until it is told to stop."""

    def run(self, stop: threading.Event) -> None:
        """Go on."""


class Beside(AbstractContextManager[None]):
    """Something in a thread of its own, for as long as a block runs."""

    def __init__(self, what: Runs, *, name: str = "worker") -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=what.run, args=(self._stop,), name=name, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
