"""Judging anew while others write: nothing that came in is ever taken for seen, and nobody holds up anybody."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from features import live
from features.database import micros, reading, writing
from features.jsonrows import check_rows
from features.live import put_off, take_in_waiting
from features.store import EventStore
from features.tables import merchants, waiting
from scoring.assessment import judge_all
from serving.judging import Judges
from serving.reassess import reassess
from serving.store import AssessmentStore
from serving.worker import Worker
from tests.serving.test_events_api import an_order, send
from tests.serving.world import NOON, FakeClock, a_service, plain

SOON = NOON + timedelta(minutes=3)


def a_worker(service):
    return Worker(service, Judges(service))


def orders_seen(engine, merchant_id="m1"):
    stored = AssessmentStore(engine).latest(merchant_id)
    return plain(stored)["evidence"]["orders"] if stored else None


def kept_of(engine, merchant_id="m1"):
    with reading(engine) as tx:
        return tx.execute(select(merchants).where(merchants.c.merchant_id == merchant_id)).one()


def while_judging(monkeypatch, happens):
    """Have something happen between what is read and what is recorded, once."""

    def judged(rows, **how):
        if things:
            things.pop()()
        return judge_all(rows, **how)

    things = [happens]
    monkeypatch.setattr("serving.assess.judge_all", judged)


def from_a_fast_clock(number, *, order_id):
    return an_order(number, order_id=order_id, event_time=SOON.isoformat())


def test_an_event_from_a_fast_clock_is_judged_when_its_moment_has_come(engine):
    service = a_service(engine)
    send(service, from_a_fast_clock("e1", order_id="o1"))
    worker = a_worker(service)
    worker.drain(NOON)
    assert orders_seen(engine) == 0
    worker.drain(SOON)
    assert orders_seen(engine) == 1


def test_what_waited_and_counts_while_its_merchant_is_judged_leaves_it_due(engine, monkeypatch):
    service = a_service(engine)
    send(service, an_order(), from_a_fast_clock("e2", order_id="o2"))

    def its_moment_comes():
        with writing(engine) as tx:
            take_in_waiting(tx, at=micros(SOON))

    while_judging(monkeypatch, its_moment_comes)
    worker = a_worker(service)
    worker.round(NOON)
    worker.drain(SOON)
    assert orders_seen(engine) == 2


def test_who_is_set_aside_while_an_event_comes_in_is_not_left_waiting(engine, monkeypatch):
    service = a_service(engine)
    send(service, an_order())

    more = [an_order("e2", order_id="o2")]

    def none_of_one_order(rows, **how):
        while more:
            send(service, more.pop())
        if rows[0]["n_orders_365d"] == 1:
            raise ArithmeticError
        return judge_all(rows, **how)

    monkeypatch.setattr("serving.assess.judge_all", none_of_one_order)
    a_worker(service).drain(NOON)
    assert orders_seen(engine) == 2


def test_tiles_that_a_file_put_off_a_moment_ago_are_not_judged_from(engine, monkeypatch):
    service = a_service(engine)
    send(service, an_order())
    worker = a_worker(service)
    ensure = live.outdated

    def a_file_comes_in(tx, **how):
        found = ensure(tx, **how)
        monkeypatch.undo()
        EventStore(engine).append(check_rows([an_order("e2", order_id="o2")], currency="CNY").rows, at=NOON, later=True)
        return found

    monkeypatch.setattr("serving.reassess.outdated", a_file_comes_in)
    worker.drain(NOON)
    assert (orders_seen(engine), kept_of(engine).due_since) == (2, None)


def test_a_merchant_whose_tiles_cannot_be_made_is_set_aside_and_holds_up_nobody(engine, monkeypatch):
    service = a_service(engine)
    send(service, an_order(), an_order("e2", merchant_id="poisoned"), an_order("e3", merchant_id="m3"))
    with writing(engine) as tx:
        put_off(tx, ["m1", "poisoned", "m3"])
    real = live.resolve

    def but_one(known, *how):
        if "poisoned" in known.table("order_placed").column("merchant_id").to_pylist():
            raise OverflowError
        return real(known, *how)

    monkeypatch.setattr(live, "resolve", but_one)
    a_worker(service).drain(NOON)
    assert (orders_seen(engine), orders_seen(engine, "m3"), orders_seen(engine, "poisoned")) == (1, 1, None)
    assert kept_of(engine, "poisoned").set_aside == "OverflowError"


def test_a_waiting_event_that_cannot_be_taken_in_holds_up_nobody(engine, monkeypatch):
    service = a_service(engine)
    send(service, from_a_fast_clock("e1", order_id="o1"), an_order("e2", merchant_id="m2"))
    with monkeypatch.context() as broken:
        broken.setattr(live, "_count", lambda *_: [].pop())
        assert a_worker(service).drain(SOON) == 2
    with reading(engine) as tx:
        assert tx.execute(select(waiting)).all() == []
    assert (orders_seen(engine), orders_seen(engine, "m2")) == (1, 1)


def test_two_who_judge_the_same_new_merchant_both_have_their_answer(engine, monkeypatch):
    service = a_service(engine)
    send(service, an_order())
    judge = Judges(service).judge(NOON)
    while_judging(monkeypatch, lambda: reassess(engine, judge, ["m1"], now=NOON))
    assert len(reassess(engine, judge, ["m1"], now=NOON).assessments) == 1
    assert (orders_seen(engine), kept_of(engine).due_since) == (1, None)


@pytest.mark.parametrize("back", [timedelta(hours=2), timedelta(days=2)])
def test_a_clock_that_is_put_back_stops_nothing(engine, back):
    clock = FakeClock()
    service = a_service(engine, clock=clock)
    worker = a_worker(service)
    send(service, an_order())
    worker.drain(clock())
    clock.move(-back)
    send(service, an_order("e2", order_id="o2", event_time=(clock() - timedelta(hours=1)).isoformat()))
    assert worker.drain(clock()) == 1
    assert kept_of(engine).due_since is None
