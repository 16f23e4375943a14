"""Challengers judge beside the champion from the same facts; what they think is kept, and disturbs nobody."""

from datetime import timedelta

import pytest
import structlog
from sqlalchemy import select

from features.database import insert_newer, reading, writing
from scoring.bundle import Golden
from serving import reassess, store_due, store_shadow
from serving.assess import Judge
from serving.champions import Challengers
from serving.judging import Judges
from serving.readiness import Readiness
from serving.store import AssessmentStore
from serving.tables import shadow_assessments, shadow_days
from serving.worker import Worker
from tests.serving.test_events_api import an_order, send
from tests.serving.world import NOON, FakeChampions, FakeClock, a_bundle, a_service, an_input, plain

ORDERS, BUYERS = an_input("n_orders_365d"), an_input("n_buyers_90d")
DECLARED = {one.name: one.declaration for one in (ORDERS, BUYERS)}
SOON = NOON + timedelta(seconds=6)


def champions(**challengers):
    """A champion of credit that minds orders, and challengers by target."""
    return FakeChampions(credit=("7", a_bundle(ORDERS)), challengers=challengers)


def judged(engine, found, *, now=NOON, worker=None):
    """Two orders of one buyer, judged; answers the worker."""
    service = a_service(engine, champions=found, declarations=DECLARED)
    send(service, an_order(buyer_id="b1"), an_order("e2", order_id="o2", buyer_id="b1"))
    worker = worker or Worker(service, Judges(service))
    worker.drain(now)
    return worker


def rows_of(engine, table):
    with reading(engine) as tx:
        return [dict(row._mapping) for row in tx.execute(select(table))]


def answer_of(engine, merchant_id="m1"):
    return plain(AssessmentStore(engine).latest(merchant_id))


def test_a_challenger_judges_from_the_same_facts_and_is_kept_beside_the_champion(any_engine):
    judged(any_engine, champions(credit=("8", a_bundle(BUYERS))))
    (kept,) = rows_of(any_engine, shadow_assessments)
    live, shadow = answer_of(any_engine), plain(kept["answer"])
    assert (kept["target"], kept["champion"], kept["challenger"]) == ("credit", "7", "8")
    assert (live["model"]["version"], shadow["model"]["version"]) == ("7", "8")
    # Log-odds of two orders, and of one buyer: -2 + 2 and -2 + 1.
    assert (live["p_bad"], round(shadow["p_bad"], 4)) == (0.5, 0.2689)
    assert (live["as_of"], live["assessed_at"]) == (shadow["as_of"], shadow["assessed_at"])


def test_what_both_thought_is_kept_for_the_day(any_engine):
    judged(any_engine, champions(credit=("8", a_bundle(BUYERS))))
    (day,) = rows_of(any_engine, shadow_days)
    live, shadow = answer_of(any_engine), plain(rows_of(any_engine, shadow_assessments)[0]["answer"])
    assert (day["day"], day["champion"], day["challenger"]) == (store_day(NOON), "7", "8")
    assert (day["live_grade"], day["live_score"], day["live_p"]) == (live["band"], live["score"], live["p_bad"])
    assert (day["shadow_grade"], day["shadow_score"]) == (shadow["band"], shadow["score"])
    assert day["shadow_p"] == shadow["p_bad"]


def store_day(moment):
    return moment.date().toordinal() - 719163


def test_each_target_is_challenged_alone_and_the_other_champion_stays(any_engine):
    both = champions(credit=("8", a_bundle(BUYERS)), counterfeit=("3", a_bundle(BUYERS, target="counterfeit")))
    judged(any_engine, both)
    thought = {row["target"]: plain(row["answer"]) for row in rows_of(any_engine, shadow_assessments)}
    assert (thought["credit"]["model"]["version"], thought["credit"]["counterfeit"]["p"]) == ("8", None)
    assert thought["counterfeit"]["model"]["version"] == "7"
    assert round(thought["counterfeit"]["counterfeit"]["p"], 4) == 0.2689
    days = {row["target"]: row for row in rows_of(any_engine, shadow_days)}
    assert (days["counterfeit"]["champion"], days["counterfeit"]["live_grade"]) == (None, "none")


def test_without_a_challenger_nothing_is_kept(any_engine):
    judged(any_engine, champions())
    assert rows_of(any_engine, shadow_assessments) == rows_of(any_engine, shadow_days) == []


def test_a_challenge_is_picked_up_without_a_restart_and_everybody_judged_beside(any_engine):
    found = champions()
    worker = judged(any_engine, found)
    found.challengers = {"credit": ("8", a_bundle(BUYERS))}
    assert worker.drain(SOON) == 1
    assert len(rows_of(any_engine, shadow_assessments)) == 1
    assert worker.drain(SOON + timedelta(minutes=1)) == 0


def test_where_nobody_challenges_any_more_what_was_thought_is_forgotten_and_its_days_stay(any_engine):
    found = champions(credit=("8", a_bundle(BUYERS)))
    worker = judged(any_engine, found)
    found.challengers = {}
    worker.drain(SOON)
    assert rows_of(any_engine, shadow_assessments) == []
    assert len(rows_of(any_engine, shadow_days)) == 1


def test_a_worker_that_cannot_load_a_challenger_does_not_undo_what_another_settled(any_engine):
    versions = Challengers(troubles={"credit": "gone"}).versions
    with writing(any_engine) as tx:
        store_due.settle_challengers(tx, {"credit": "8", "counterfeit": ""})
        store_due.settle_challengers(tx, versions)
        again = store_due._settle(tx, "challenger of credit", "8")
    assert (versions, again) == ({"counterfeit": ""}, "8")


BROKEN = {
    "the registry is gone": ConnectionError("registry at secret-host is gone"),
    "its features have changed": ("8", a_bundle(an_input("n_buyers_90d", declaration="other"))),
    "it gives something else": ("8", a_bundle(BUYERS).with_golden(Golden())),
}


@pytest.mark.parametrize("challenger", BROKEN.values(), ids=BROKEN)
def test_a_challenger_that_cannot_be_loaded_is_told_and_disturbs_nobody(engine, challenger):
    found = champions(credit=challenger)
    with structlog.testing.capture_logs() as lines:
        judged(engine, found)
    (told,) = (line for line in lines if line["event"] == "a challenger cannot be loaded")
    assert "secret-host" not in str(told)
    assert (answer_of(engine)["model"]["version"], rows_of(engine, shadow_assessments)) == ("7", [])
    degraded = Readiness(a_service(engine, champions=found, declarations=DECLARED)).degraded()
    assert degraded == ("no_counterfeit_champion", "credit_challenger_unloadable")


def test_a_challenger_that_breaks_leaves_the_last_good_one_at_work(engine):
    found = champions(credit=("8", a_bundle(BUYERS)))
    worker = judged(engine, found)
    found.challengers = {"credit": ConnectionError()}
    send(a_service(engine), an_order("e3", order_id="o3", buyer_id="b2"))
    worker.drain(SOON)
    (kept,) = rows_of(engine, shadow_assessments)
    assert plain(kept["answer"])["evidence"]["orders"] == 3


def poison(engine, monkeypatch):
    """A merchant comes whom the challenger cannot judge."""
    send(a_service(engine), an_order("x1", merchant_id="poisoned", order_id="x1"))
    real = Judge.of

    def but_one(self, rows):
        beside = self.models.credit.named.version == "8"
        if beside and any(row["merchant_id"] == "poisoned" for row in rows):
            raise ArithmeticError
        return real(self, rows)

    monkeypatch.setattr(Judge, "of", but_one)


def test_a_challenger_that_cannot_judge_somebody_disturbs_nobody_and_judges_the_others(any_engine, monkeypatch):
    found = champions(credit=("8", a_bundle(BUYERS)))
    poison(any_engine, monkeypatch)
    with structlog.testing.capture_logs() as lines:
        judged(any_engine, found)
    assert [row["merchant_id"] for row in rows_of(any_engine, shadow_assessments)] == ["m1"]
    assert answer_of(any_engine, "poisoned")["model"]["version"] == "7"
    (told,) = (line for line in lines if line["event"] == "a challenger could not judge")
    assert (told["version"], told["merchants"]) == ("8", 1)


def test_a_figure_that_only_a_challenger_asks_for_and_that_fails_disturbs_nobody(any_engine, monkeypatch):
    real = reassess.features_now

    def but_one(tx, names, *, now, features):
        if BUYERS.name in [one.name for one in features]:
            raise OverflowError
        return real(tx, names, now=now, features=features)

    monkeypatch.setattr(reassess, "features_now", but_one)
    judged(any_engine, champions(credit=("8", a_bundle(BUYERS))))
    assert answer_of(any_engine)["model"]["version"] == "7"
    assert rows_of(any_engine, shadow_assessments) == []


def test_what_cannot_be_kept_of_a_challenger_leaves_the_answer(any_engine, monkeypatch):
    def full(tx, **_):
        tx.exec_driver_sql("INSERT INTO nowhere VALUES (1)")

    monkeypatch.setattr(store_shadow, "remember", full)
    with structlog.testing.capture_logs() as lines:
        judged(any_engine, champions(credit=("8", a_bundle(BUYERS))))
    assert answer_of(any_engine)["model"]["version"] == "7"
    assert "what challengers think could not be kept" in [line["event"] for line in lines]


def test_the_days_last_opinion_stands_and_the_next_day_has_its_own(any_engine):
    clock = FakeClock()
    service = a_service(
        any_engine, champions=champions(credit=("8", a_bundle(BUYERS))), declarations=DECLARED, clock=clock
    )
    worker = Worker(service, Judges(service))
    for number, hours in enumerate((0, 1, 24)):
        clock.now = NOON + timedelta(hours=hours)
        at = (clock.now - timedelta(minutes=5)).isoformat()
        send(service, an_order(f"e{number}", order_id=f"o{number}", buyer_id=f"b{number}", event_time=at))
        worker.drain(clock.now)
    days = sorted(rows_of(any_engine, shadow_days), key=lambda row: row["day"])
    assert [round(row["shadow_p"], 4) for row in days] == [0.5, 0.7311]


def test_what_is_older_never_takes_the_place_of_what_is_newer(any_engine):
    key = {"target": "credit", "merchant_id": "m1", "assessed_at": 1, "champion": None, "challenger": "8"}
    with writing(any_engine) as tx:
        for as_of, answer in ((5, "first"), (4, "older"), (5, "again"), (9, "newer")):
            insert_newer(tx, shadow_assessments, [{**key, "as_of": as_of, "answer": answer}], by="as_of")
            kept = tx.scalars(select(shadow_assessments.c.answer)).all()
            assert kept == {"older": ["first"]}.get(answer, [answer])
