"""What Prometheus is told of challengers is what the store holds; old opinions are dropped, nothing that counts is."""

from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import func, select

from features.database import day_of, micros, reading, writing
from features.settings import Settings
from serving import store_due, store_shadow
from serving.judging import Judges
from serving.prune import prune
from serving.serve import service_on
from serving.tables import assessments, shadow_days, shadow_decisions
from serving.worker import Worker
from tests.serving.test_shadow import BUYERS, SOON, champions, judged, poison
from tests.serving.world import NOON, FakeChampions, a_bundle, a_service, call, create_app

DAY = timedelta(days=1)


def figures(engine, now=NOON):
    """Every figure of challengers under /metrics, by its name and labels."""
    text = call(create_app(a_service(engine, clock=lambda: now)), "/metrics").text
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    names = ("target", "challenger", "kind", "opinion", "agreement")
    told = [(one, [one.labels[name] for name in names if name in one.labels]) for one in samples]
    prefix = "goodfaith_shadow_"
    return {(one.name.removeprefix(prefix), *labels): one.value for one, labels in told if one.name.startswith(prefix)}


def thought(engine, merchant, *, live="A", shadow="A", at=NOON):
    row = {"target": "credit", "merchant_id": merchant, "day": day_of(at), "as_of": micros(at), "champion": "7",
           "challenger": "8", "live_grade": live, "shadow_grade": shadow, "live_score": 700, "shadow_score": 690,
           "live_p": 0.02, "shadow_p": 0.03}  # fmt: skip
    with writing(engine) as tx:
        store_due.settle_challengers(tx, {"credit": "8"})
        store_shadow.remember(tx, latest=[], days=[row])


def decided(engine, name, *, live="instant", shadow="instant", at=NOON):
    row = {"target": "credit", "decision_id": name, "kind": "refund", "decided_at": micros(at), "champion": "7",
           "challenger": "8", "live_outcome": live, "shadow_outcome": shadow, "cents": 100, "answer": "{}"}  # fmt: skip
    with writing(engine) as tx:
        store_shadow.add_decisions(tx, [row])


def rows_in(engine, table):
    with reading(engine) as tx:
        return tx.scalar(select(func.count()).select_from(table))


def test_merchants_are_counted_by_the_challengers_opinion_on_its_newest_day(any_engine):
    for merchant, shadow in {"a": "A", "b": "C", "c": "B"}.items():
        thought(any_engine, merchant, live="B", shadow=shadow)
    thought(any_engine, "d", live="B", shadow="E", at=NOON - DAY)
    told = {name[-1]: count for name, count in figures(any_engine).items() if name[0] == "merchants"}
    assert told == {"alike": 1, "riskier": 1, "safer": 1, "failed": 0}


def test_whom_the_challenger_could_not_judge_is_told_as_failed(any_engine, monkeypatch):
    poison(any_engine, monkeypatch)
    judged(any_engine, champions(credit=("8", a_bundle(BUYERS))))
    told = {name[-1]: count for name, count in figures(any_engine).items() if name[0] == "merchants"}
    assert (told["failed"], told["alike"] + told["riskier"] + told["safer"]) == (1, 1)


def test_decisions_of_a_day_are_counted_by_whether_the_challenger_agrees(any_engine):
    thought(any_engine, "a")
    decided(any_engine, "d1")
    decided(any_engine, "d2", shadow="review")
    decided(any_engine, "d3", shadow="failed")
    decided(any_engine, "d4", at=NOON - 2 * DAY)
    told = {name[-1]: count for name, count in figures(any_engine).items() if name[0] == "decisions"}
    assert told == {"alike": 1, "different": 1, "failed": 1}


def test_without_a_challenger_nothing_is_told_of_any(any_engine):
    thought(any_engine, "a")
    with writing(any_engine) as tx:
        store_due.settle_challengers(tx, {"credit": ""})
    assert figures(any_engine) == {}


def test_what_was_thought_too_long_ago_is_dropped_and_the_rest_stays(any_engine):
    judged(any_engine, champions(credit=("8", a_bundle(BUYERS))))
    for days in (29, 30, 31, 60):
        thought(any_engine, "a", at=NOON - days * DAY)
        decided(any_engine, f"d{days}", at=NOON - days * DAY)
    assert prune(any_engine, days=30, now=NOON) == 4
    assert (rows_in(any_engine, shadow_days), rows_in(any_engine, shadow_decisions)) == (3, 2)
    assert prune(any_engine, days=30, now=NOON) == 0
    assert rows_in(any_engine, assessments) == 1


@pytest.mark.parametrize(("days", "left"), [(1, 0), (400, 1)])
def test_the_worker_drops_it_by_the_setting_once_nobody_is_due(engine, days, left):
    settings = Settings(shadow_days=days)
    service = service_on(engine, FakeChampions(), settings, lambda: NOON)
    thought(engine, "a", at=NOON - 5 * DAY)
    Worker(service, Judges(service)).drain(SOON)
    assert rows_in(engine, shadow_days) == left
