"""The worker: whoever is due is judged, and nobody else; what goes wrong holds up nobody."""

import threading
from datetime import timedelta

from sqlalchemy import select

from features.database import reading
from features.jsonrows import check_rows
from features.store import EventStore
from features.tables import merchants
from scoring.assessment import judge_all
from serving import cases
from serving.assess import Judge
from serving.judging import Judges
from serving.store import AssessmentStore
from serving.worker import Beside, Worker
from tests.serving.test_events_api import an_order, send
from tests.serving.world import NOON, FakeChampions, FakeClock, a_bundle, a_service, an_input, plain

DAY = timedelta(days=1)


def a_worker(service):
    return Worker(service, Judges(service))


def answer_of(engine, merchant_id="m1"):
    stored = AssessmentStore(engine).latest(merchant_id)
    return plain(stored) if stored else None


def kept_of(engine, merchant_id="m1"):
    with reading(engine) as tx:
        return tx.execute(select(merchants).where(merchants.c.merchant_id == merchant_id)).one()


def test_a_merchant_with_a_new_event_is_judged_from_it(engine):
    service = a_service(engine)
    send(service, an_order())
    assert a_worker(service).round(NOON) == 1
    assert answer_of(engine)["evidence"]["orders"] == 1


def test_who_was_judged_is_not_judged_again_the_same_day(engine):
    service = a_service(engine)
    send(service, an_order())
    worker = a_worker(service)
    worker.drain(NOON)
    assert worker.round(NOON + timedelta(hours=1)) == 0
    assert kept_of(engine).due_since is None


def test_everybody_is_judged_again_on_the_next_day_since_windows_move_without_events(engine):
    clock = FakeClock()
    service = a_service(engine, clock=clock)
    send(service, an_order())
    worker = a_worker(service)
    worker.drain(NOON)
    assert worker.drain(NOON + 366 * DAY) == 1
    assert answer_of(engine)["evidence"]["orders"] == 0


def test_an_event_that_comes_in_meanwhile_leaves_its_merchant_due(engine, monkeypatch):
    service = a_service(engine)
    send(service, an_order())

    def judged_while_more_happens(rows, **how):
        send(service, an_order("e2", order_id="o2"))
        return judge_all(rows, **how)

    monkeypatch.setattr("serving.assess.judge_all", judged_while_more_happens)
    a_worker(service).round(NOON)
    monkeypatch.undo()
    assert answer_of(engine)["evidence"]["orders"] == 1
    assert kept_of(engine).due_since is not None
    a_worker(service).drain(NOON)
    assert answer_of(engine)["evidence"]["orders"] == 2


def test_a_merchant_that_cannot_be_judged_is_set_aside_and_holds_up_nobody(engine, monkeypatch):
    service = a_service(engine)
    send(service, an_order(), an_order("e2", merchant_id="poisoned"))
    real = Judge.of

    def but_one(self, rows):
        if any(row["merchant_id"] == "poisoned" for row in rows):
            raise ArithmeticError("no figure of anybody in the log")
        return real(self, rows)

    monkeypatch.setattr(Judge, "of", but_one)
    a_worker(service).drain(NOON)
    assert answer_of(engine)["evidence"]["orders"] == 1
    assert (answer_of(engine, "poisoned"), kept_of(engine, "poisoned").set_aside) == (None, "ArithmeticError")


def test_who_was_set_aside_is_tried_again_with_the_next_event(engine, monkeypatch):
    service = a_service(engine)
    send(service, an_order())
    with monkeypatch.context() as poisoned:
        poisoned.setattr(Judge, "of", lambda self, rows: [].pop())
        a_worker(service).drain(NOON)
    send(service, an_order("e2", order_id="o2"))
    a_worker(service).drain(NOON)
    assert answer_of(engine)["evidence"]["orders"] == 2


def test_a_promotion_is_picked_up_without_a_restart_and_everybody_judged_by_it(engine):
    champions = FakeChampions()
    one = an_input("n_orders_365d")
    service = a_service(engine, champions=champions, declarations={one.name: one.declaration})
    send(service, an_order())
    worker = a_worker(service)
    worker.drain(NOON)
    champions.credit = ("7", a_bundle(one))
    assert worker.drain(NOON + timedelta(seconds=6)) == 1
    model = answer_of(engine)["model"]
    assert (model["name"], model["version"], model["digest"]) == ("goodfaith-credit", "7", a_bundle(one).digest)


def test_a_registry_that_is_gone_leaves_the_last_good_model_at_work(engine):
    champions = FakeChampions()
    one = an_input("n_orders_365d")
    champions.credit = ("7", a_bundle(one))
    service = a_service(engine, champions=champions, declarations={one.name: one.declaration})
    worker = a_worker(service)
    worker.drain(NOON)
    champions.broken = True
    send(service, an_order())
    worker.drain(NOON + timedelta(minutes=1))
    assert answer_of(engine)["model"]["version"] == "7"


def test_enough_unverified_reports_open_one_case_and_move_no_score(engine):
    service = a_service(engine)
    send(service, an_order())
    worker = a_worker(service)
    worker.drain(NOON)
    before = answer_of(engine)
    report = {"event_type": "fake_report_filed", "reporter_kind": "buyer", "merchant_id": "m1"}
    at = (NOON - timedelta(minutes=1)).isoformat()
    for number in range(5):
        named = {"event_id": f"r{number}", "report_id": f"r{number}", "reporter_id": f"p{number}"}
        send(service, {**report, **named, "event_time": at})
        worker.drain(NOON)
    with reading(engine) as tx:
        (case,) = cases.of_merchant(tx, "m1")
    assert (case.kind, case.state) == ("suspicion", "open")
    assert (answer_of(engine)["score"], answer_of(engine)["p_bad"]) == (before["score"], before["p_bad"])


def test_a_worker_beside_judges_within_moments_and_stops_when_told(engine):
    service = a_service(engine)
    with Beside(a_worker(service)):
        send(service, an_order())
        waited = threading.Event()
        for _ in range(200):
            if answer_of(engine):
                break
            waited.wait(0.05)
    assert answer_of(engine)["evidence"]["orders"] == 1
    assert not any(thread.name == "worker" for thread in threading.enumerate())


def test_a_fault_is_survived(engine, monkeypatch):
    service = a_service(engine)
    worker = a_worker(service)
    send(service, an_order())
    with monkeypatch.context() as broken:
        broken.setattr(Worker, "round", lambda self, now: [].pop())
        assert worker._tried() is None
    assert worker._tried() == 1


def test_tiles_put_off_by_a_file_are_made_before_anybody_is_judged(engine):
    rows = check_rows([an_order()], currency="CNY").rows
    EventStore(engine).append(rows, at=NOON, later=True)
    assert kept_of(engine).measures == ""
    a_worker(a_service(engine)).drain(NOON)
    assert answer_of(engine)["evidence"]["orders"] == 1
