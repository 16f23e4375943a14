from datetime import timedelta

import pytest

from scoring.bundle import Golden
from serving.answers import stored
from serving.errors import AssessmentsStale, ChampionUnloadable, StoreUnavailable
from serving.policy import read_policy, shipped_policy
from serving.readiness import Readiness
from serving.store import AssessmentStore
from tests.serving.world import (
    NOON,
    FakeChampions,
    FakeClock,
    a_bundle,
    a_merchant_exists,
    a_service,
    an_assessment,
    an_input,
    ask,
)

LATE = an_input("late_dispatch_rate_90d")
BOTH = FakeChampions(credit=("3", a_bundle(LATE)), counterfeit=("1", a_bundle(LATE, target="counterfeit")))
DECLARED = {LATE.name: LATE.declaration}


def assessed(engine, *, at=NOON):
    AssessmentStore(engine).remember([stored(an_assessment(), assessed_at=at)])


def test_before_a_first_promotion_the_service_is_ready_and_says_what_is_missing(engine):
    answer = ask(a_service(engine), "/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "degraded": ["no_credit_champion", "no_counterfeit_champion"]}


def test_with_both_champions_nothing_is_missing(engine):
    a_merchant_exists(engine)
    assessed(engine)
    assert Readiness(a_service(engine, champions=BOTH, declarations=DECLARED)).degraded() == ()


def test_merchants_whom_nobody_ever_judged_are_reported(engine):
    a_merchant_exists(engine)
    assert Readiness(a_service(engine)).degraded()[-1] == "never_assessed"


@pytest.mark.parametrize(("hours", "ready"), [(0, True), (26, True), (27, False)])
def test_assessments_may_be_twenty_six_hours_old(engine, hours, ready):
    a_merchant_exists(engine)
    assessed(engine, at=NOON - timedelta(hours=hours))
    readiness = Readiness(a_service(engine))
    if ready:
        assert "never_assessed" not in readiness.degraded()
    else:
        with pytest.raises(AssessmentsStale, match="2026-11-19T09:00:00"):
            readiness.degraded()


def test_a_registry_that_is_gone_is_a_champion_that_cannot_be_loaded(engine):
    with pytest.raises(ChampionUnloadable) as refusal:
        Readiness(a_service(engine, champions=FakeChampions(broken=True))).degraded()
    assert "secret-host" not in str(refusal.value)


def test_a_champion_whose_features_have_changed_is_refused_and_training_it_again_is_advised(engine):
    service = a_service(engine, champions=BOTH, declarations={LATE.name: "another"})
    with pytest.raises(ChampionUnloadable, match=r"late_dispatch_rate_90d.*train it again"):
        Readiness(service).degraded()


def test_a_champion_that_no_longer_gives_what_it_gave_is_refused_with_the_reason(engine):
    changed = a_bundle(LATE).with_golden(Golden(inputs=((0.5,),), p=(0.9,)))
    service = a_service(engine, champions=FakeChampions(credit=("4", changed)), declarations=DECLARED)
    with pytest.raises(ChampionUnloadable, match="golden rows"):
        Readiness(service).degraded()


def test_a_champion_on_another_scale_than_the_bands_is_refused(engine):
    score = read_policy(shipped_policy().replace("odds = 50", "odds = 40"))
    with pytest.raises(ChampionUnloadable, match="scale"):
        Readiness(a_service(engine, champions=BOTH, declarations=DECLARED, score=score)).degraded()


def test_a_store_that_is_gone_is_a_problem_and_no_crash(engine, tmp_path):
    service = a_service(engine)
    engine.dispose()
    (tmp_path / "goodfaith.db").rename(tmp_path / "elsewhere.db")
    with pytest.raises(StoreUnavailable):
        Readiness(service).degraded()


def test_a_store_that_comes_back_is_noticed(engine, tmp_path):
    readiness, home, elsewhere = Readiness(a_service(engine)), tmp_path / "goodfaith.db", tmp_path / "elsewhere.db"
    readiness.degraded()
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    home.rename(elsewhere)
    with pytest.raises(StoreUnavailable):
        readiness.degraded()
    elsewhere.replace(home)
    assert readiness.degraded()


def test_why_the_service_is_not_ready_is_a_problem_with_a_code(engine):
    answer = ask(a_service(engine, champions=FakeChampions(broken=True)), "/readyz")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "champion_unloadable"


def test_models_are_not_loaded_anew_for_every_probe(engine):
    clock, champions = FakeClock(), FakeChampions()
    readiness = Readiness(a_service(engine, champions=champions, clock=clock))
    readiness.degraded()
    readiness.degraded()
    assert champions.asked == 2
    clock.move(timedelta(seconds=5))
    readiness.degraded()
    assert champions.asked == 4
