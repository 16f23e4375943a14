"""Workers that share a store: each merchant is one worker's, what a dead one left is done, and nobody is lost."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from features.database import day_of, micros, reading, writing
from features.live import lock_merchants
from features.tables import merchants
from scoring.assessment import judge_all
from serving import store_claims, store_due
from serving.assess import Judge
from serving.judging import Judges
from serving.worker import Worker
from tests.serving.test_events_api import an_order, send
from tests.serving.test_members import LATE, a_member
from tests.serving.world import NOON, FakeReadings, a_service, ask

LATER = NOON + store_claims.CLAIMED_FOR + timedelta(seconds=1)


class Killed(BaseException):
    """What no worker survives."""


def a_worker(service):
    return Worker(service, Judges(service))


def some_merchants(service, count):
    names = [f"m{number:02}" for number in range(count)]
    send(service, *(an_order(f"of {name}", merchant_id=name) for name in names))
    return names


def claimed(engine, now=NOON):
    with writing(engine) as tx:
        return store_claims.claim(tx, day=day_of(now), now=micros(now))


def finished(engine, claim, **more):
    done = store_claims.Finished(claim=claim, reviewed=(), set_aside={}, **more)
    with writing(engine) as tx:
        store_claims.finish(tx, done, now=micros(NOON), day=day_of(NOON))


def kept(engine):
    with reading(engine) as tx:
        return {row.merchant_id: row for row in tx.execute(select(merchants))}


def test_workers_that_judge_at_once_judge_everybody_once(any_engine, monkeypatch):
    names, judged = some_merchants(a_service(any_engine), 24), Counter()
    monkeypatch.setattr(store_claims, "_TOGETHER", (3,))

    def counted(rows, **how):
        judged.update(row["merchant_id"] for row in rows)
        return judge_all(rows, **how)

    monkeypatch.setattr("serving.assess.judge_all", counted)
    with ThreadPoolExecutor(3) as pool:
        rounds = list(pool.map(lambda worker: worker.drain(NOON), [a_worker(a_service(any_engine)) for _ in range(3)]))
    assert (judged, sum(rounds)) == (Counter(names), 24)
    assert all(row.due_since is None and row.claimed_until is None for row in kept(any_engine).values())


def test_what_is_claimed_is_nobody_elses_until_the_claim_has_ended(any_engine):
    names = some_merchants(a_service(any_engine), 2)
    assert sorted(claimed(any_engine).merchant_ids) == names
    assert claimed(any_engine).merchant_ids == ()
    assert sorted(claimed(any_engine, LATER).merchant_ids) == names


def test_a_merchant_that_takes_in_events_right_now_is_left_for_the_next_round(any_engine):
    if any_engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    some_merchants(a_service(any_engine), 2)
    with writing(any_engine) as other:
        lock_merchants(other, ["m00"])
        assert claimed(any_engine).merchant_ids == ("m01",)


def test_one_worker_sums_up_the_midnight_and_the_others_wait_for_it(any_engine):
    some_merchants(a_service(any_engine), 2)
    with writing(any_engine) as tx:
        assert store_claims.lead(tx, "who sums up the midnight", now=micros(NOON))
    assert a_worker(a_service(any_engine)).round(NOON) == 0
    assert kept(any_engine)["m00"].tries is None
    later = NOON + store_claims.LEADS_FOR + timedelta(seconds=1)
    assert a_worker(a_service(any_engine)).round(later) == 2
    with writing(any_engine) as tx:
        assert store_claims.lead(tx, "who sums up the midnight", now=micros(later))


def test_who_finishes_late_lets_go_of_nothing_that_is_anothers_by_now(any_engine):
    some_merchants(a_service(any_engine), 1)
    late, other = claimed(any_engine), claimed(any_engine, LATER)
    finished(any_engine, late)
    assert kept(any_engine)["m00"].claimed_until == other.until
    finished(any_engine, other)
    assert kept(any_engine)["m00"].claimed_until is None


def test_a_clock_that_was_put_back_leaves_no_claim_standing_for_ever(any_engine):
    some_merchants(a_service(any_engine), 1)
    claimed(any_engine, NOON + timedelta(hours=2))
    assert claimed(any_engine).merchant_ids == ("m00",)


def test_one_that_kills_every_worker_ends_alone_and_is_set_aside_and_the_others_are_judged(any_engine, monkeypatch):
    service = a_service(any_engine)
    some_merchants(service, 9)
    monkeypatch.setattr(store_claims, "_TOGETHER", (9, 3, 1))
    real, deaths = Judge.of, 0

    def deadly(self, rows):
        if any(row["merchant_id"] == "m05" for row in rows):
            raise Killed
        return real(self, rows)

    monkeypatch.setattr(Judge, "of", deadly)
    for again in range(12):
        try:
            a_worker(service).drain(NOON + again * (LATER - NOON))
        except Killed:
            deaths += 1
    assert deaths == 3
    rows = kept(any_engine)
    assert {name: row.set_aside for name, row in rows.items() if row.set_aside} == {"m05": "WorkerDied"}
    assert [name for name, row in rows.items() if row.assessed_seq < row.last_seq] == ["m05"]


def test_places_are_looked_at_once_a_day_whichever_worker_does_it_and_again_where_one_died(engine, monkeypatch):
    a_member(engine)
    service, looks = a_service(engine, readings=FakeReadings(**LATE)), []
    monkeypatch.setattr("serving.worker.review_members", lambda _, names, **__: looks.append(names) or [].pop())
    monkeypatch.setattr("serving.worker.log", Deadly())
    with pytest.raises(Killed):
        a_worker(service).drain(NOON)
    monkeypatch.undo()
    monkeypatch.setattr("serving.worker.review_members", lambda _, names, **__: looks.append(names) or 0)
    a_worker(service).drain(LATER)
    send(service, an_order())
    a_worker(service).drain(LATER)
    assert looks == [["m1"], ["m1"]]


class Deadly:
    """A log that nobody survives writing to."""

    def error(self, *_, **__):
        raise Killed


def test_places_that_cannot_be_judged_hold_up_nobody_and_are_told_of(engine, monkeypatch):
    service = a_service(engine)
    some_merchants(service, 3)

    def but_one(_, names, **__):
        return 1 // (names != ["m01"])

    monkeypatch.setattr("serving.worker.review_members", but_one)
    a_worker(service).drain(NOON)
    assert {name: row.set_aside for name, row in kept(engine).items()} == {
        "m00": None, "m01": "places: ZeroDivisionError", "m02": None,
    }  # fmt: skip
    send(service, an_order("again", merchant_id="m01", order_id="o2"))
    assert kept(engine)["m01"].set_aside is None


def test_who_is_set_aside_is_told_of_in_the_metrics(engine):
    service = a_service(engine)
    some_merchants(service, 1)
    with writing(engine) as tx:
        store_due.set_aside(tx, {"m00": "KeyError"}, store_due.newest(tx, ["m00"]), day=1)
    assert 'goodfaith_set_aside_merchants{reason="KeyError"} 1.0' in ask(service, "/metrics").text
