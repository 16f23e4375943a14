"""Once a night somebody looks whether the champions have drifted; what is found is kept, told, and seldom acted on."""

import threading
from datetime import datetime, timedelta

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families

from features.database import reading
from serving import store_drift
from serving.lookout import Nightly, Sight
from serving.readiness import Readiness
from tests.serving.world import MIDNIGHT, NOON, FakeChampions, a_bundle, a_service, an_input, call, create_app

ORDERS = an_input("n_orders_365d")
DECLARED = {ORDERS.name: ORDERS.declaration}


class FakeLookout:
    """Sees the same every night."""

    def __init__(self, advice="keep", *, version="7", broken=False):
        self.advice, self.version, self.broken = advice, version, broken
        self.looks, self.went_back = 0, []

    def look(self, events):
        self.looks += 1
        if self.broken:
            raise ConnectionError("registry at secret-host is gone")
        return [Sight(target="credit", version=self.version, as_of=MIDNIGHT, advice=self.advice,
                      alarms=("it ranks worse",), figures={"score_psi": 0.5}, told={"rows": 3})]  # fmt: skip

    def roll_back(self, target, *, reason, now):
        self.went_back.append((target, reason))
        return "6"


def the_service(engine):
    return a_service(engine, champions=FakeChampions(credit=("7", a_bundle(ORDERS))), declarations=DECLARED)


def nightly(engine, lookout, *, hour=4, acts=False):
    return Nightly(the_service(engine), lookout, hour=hour, acts=acts)


def kept(engine):
    with reading(engine) as tx:
        return store_drift.newest(tx)


def test_it_looks_from_its_hour_on_and_once_a_day_whoever_is_asked(any_engine):
    lookout = FakeLookout()
    first, second = nightly(any_engine, lookout), nightly(any_engine, lookout)
    looked = [
        len(one.look_if_due(MIDNIGHT + timedelta(hours=hour))) for hour in (3, 4, 5, 28) for one in (first, second)
    ]
    assert (looked, lookout.looks) == ([0, 0, 1, 0, 0, 0, 1, 0], 2)


def test_what_was_found_is_kept_and_the_newest_stands(any_engine):
    nightly(any_engine, FakeLookout("retrain")).look_if_due(NOON)
    nightly(any_engine, FakeLookout("keep")).look_if_due(NOON + timedelta(days=1))
    (found,) = kept(any_engine)
    assert (found.advice, found.looked_at, found.as_of) == ("keep", NOON + timedelta(days=1), MIDNIGHT)
    assert (found.alarms, found.figures, found.told) == (("it ranks worse",), {"score_psi": 0.5}, {"rows": 3})


@pytest.mark.parametrize(
    ("advice", "version", "told"),
    [
        ("keep", "7", []),
        ("watch", "7", []),
        ("retrain", "7", ["credit_retrain_advised"]),
        ("roll back", "7", ["credit_roll_back_advised"]),
        ("roll back", "5", []),
    ],
)
def test_readiness_tells_what_is_advised_of_the_champion_that_answers(engine, advice, version, told):
    nightly(engine, FakeLookout(advice, version=version)).look_if_due(NOON)
    assert [one for one in Readiness(the_service(engine)).degraded() if one.endswith("advised")] == told


def test_monitors_are_told(engine):
    nightly(engine, FakeLookout("roll back")).look_if_due(NOON)
    text = call(create_app(the_service(engine)), "/metrics").text
    told = {one.name: one.samples[0] for one in text_string_to_metric_families(text) if one.samples}
    assert (told["goodfaith_drift_alarms"].value, told["goodfaith_drift_figure"].value) == (1, 0.5)
    assert told["goodfaith_drift_advice"].labels == {"target": "credit", "version": "7", "advice": "roll back"}


@pytest.mark.parametrize(
    ("advice", "acts", "went_back"),
    [("roll back", False, []), ("roll back", True, [("credit", "it ranks worse")]), ("retrain", True, [])],
)
def test_it_goes_back_by_itself_only_where_it_may_and_there_is_proof(engine, advice, acts, went_back):
    lookout = FakeLookout(advice)
    nightly(engine, lookout, acts=acts).look_if_due(NOON)
    assert lookout.went_back == went_back


def test_a_look_that_fails_is_written_down_and_ends_nothing(engine):
    stop = threading.Event()
    lookout = FakeLookout(broken=True)

    def clock() -> datetime:
        stop.set()
        return NOON

    service = a_service(engine, clock=clock)
    with structlog.testing.capture_logs() as lines:
        Nightly(service, lookout, hour=0).run(stop)
    assert (lookout.looks, [line["event"] for line in lines]) == (1, ["drift could not be looked at"])
    assert kept(engine) == ()
