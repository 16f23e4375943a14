"""The registry is gone, or what it holds is broken: the last good models judge, and it is said."""

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from scoring.bundle import Bundle, Golden
from scoring.errors import BundleBroken
from scoring.refund_words import RefundState
from serving.judging import Judges
from serving.patience import Patient
from serving.store import AssessmentStore
from serving.worker import Worker
from tests.serving.shop import a_refund, a_shop, judged, refund
from tests.serving.test_events_api import an_order, send
from tests.serving.world import NOON, FakeChampions, FakeClock, a_bundle, a_service, an_input, ask, plain

ORDERS = an_input("n_orders_365d")
GOOD = a_bundle(ORDERS)
SOON = timedelta(seconds=6)
STALE = RefundState.STALE.code


def codes(told):
    return [one["code"] for one in told["reasons"]]


def truncated():
    """A bundle of which the last file was only half written."""
    packed = GOOD.pack()
    name = next(one for one in packed if one != "manifest.json")
    return Bundle.unpack({**packed, name: packed[name][: len(packed[name]) // 2]})


class Silent:
    """A registry that answers when it may speak."""

    def __init__(self, champions):
        self.champions = champions
        champions.speaks = threading.Event()
        champions.speaks.set()

    def champion(self, target):
        self.champions.speaks.wait()
        return self.champions.champion(target)

    def challenger(self, target):
        self.champions.speaks.wait()
        return self.champions.challenger(target)


class Marketplace:
    """One merchant, judged whenever an order comes in, and a registry that can be broken."""

    def __init__(self, engine, **champions):
        self.clock, self.champions = FakeClock(), FakeChampions(**champions)
        declared = {ORDERS.name: ORDERS.declaration}
        self.service = a_service(engine, champions=self.champions, declarations=declared, clock=self.clock)
        self.engine, self.orders = engine, 0
        self.begin()

    def begin(self):
        """Start the worker anew: it has judged nobody yet."""
        self.worker = Worker(self.service, Judges(self.service))

    def sell(self):
        """An order comes in, and whoever is due is judged; answers by which version."""
        self.orders += 1
        send(self.service, an_order(f"e{self.orders}", order_id=f"sold-{self.orders}"))
        self.clock.move(SOON)
        worked = self.worker._tried()
        answer = plain(AssessmentStore(self.engine).latest("m1") or "{}")
        seen = answer and answer["evidence"]["orders"] == self.orders
        return (answer["basis"], answer["model"]["version"]) if worked and seen else None

    def ready(self):
        answer = ask(self.service, "/readyz").json()
        return answer.get("code") or answer["degraded"]


def broken_declaration():
    return a_bundle(an_input(ORDERS.name, declaration="e" * 64))


def broken_golden():
    return GOOD.with_golden(Golden(inputs=((0.5,),), p=(0.9,)))


@pytest.fixture
def market(engine):
    return Marketplace(engine, credit=("7", GOOD))


@pytest.mark.failure("champion_missing")
def test_before_a_first_promotion_the_fallback_policy_answers(engine):
    market = Marketplace(engine)
    assert market.sell()[0] == "fallback"
    assert market.ready() == ["no_credit_champion", "no_counterfeit_champion"]


@pytest.mark.failure("champion_missing")
def test_nothing_is_paid_at_once_by_the_fallback_policy(engine):
    a_shop(engine, basis="fallback")
    assert refund(a_service(engine))["outcome"] != "instant"


@pytest.mark.failure("registry_gone")
def test_a_registry_that_is_gone_leaves_the_last_good_model_at_work_until_it_is_back(market):
    assert market.sell() == ("model", "7")
    market.champions.broken = True
    assert market.sell() == ("model", "7")
    assert market.ready() == "champion_unloadable"
    market.champions.broken = False
    market.champions.credit = ("8", GOOD)
    assert market.sell() == ("model", "8")
    assert market.ready() == ["no_counterfeit_champion"]


@pytest.mark.failure("registry_gone")
def test_who_starts_without_a_registry_judges_nobody_and_leaves_what_was_thought(market):
    market.sell()
    market.champions.broken = True
    market.begin()
    assert market.sell() is None
    assert plain(AssessmentStore(market.engine).latest("m1"))["model"]["version"] == "7"


@pytest.mark.failure("registry_gone")
def test_a_registry_that_says_nothing_at_all_holds_nobody_up(market):
    market.service = replace(market.service, champions=Patient(Silent(market.champions), waits=0.05))
    market.begin()
    assert market.sell() == ("model", "7")
    market.champions.speaks.clear()
    assert market.sell() == ("model", "7")
    before = threading.active_count()
    assert [market.ready() for _ in range(5)] == ["champion_unloadable"] * 5
    assert threading.active_count() - before <= 2
    market.champions.speaks.set()
    market.champions.credit = ("8", GOOD)
    while market.ready() != ["no_counterfeit_champion"]:
        time.sleep(0.01)
    assert market.sell() == ("model", "8")


@pytest.mark.failure("registry_emptied")
def test_a_registry_that_has_lost_what_it_held_is_no_registry_without_promotions(market):
    assert market.sell() == ("model", "7")
    market.champions.credit = None
    assert market.sell() == ("model", "7")
    assert market.ready() == "champion_unloadable"
    market.begin()
    assert market.sell() is None


@pytest.mark.failure("champion_broken")
@pytest.mark.parametrize("broken", [broken_golden, broken_declaration])
def test_a_champion_that_cannot_judge_leaves_the_last_good_one_at_work(market, broken):
    assert market.sell() == ("model", "7")
    market.champions.credit = ("8", broken())
    assert market.sell() == ("model", "7")
    assert market.ready() == "champion_unloadable"
    market.champions.credit = ("9", GOOD)
    assert market.sell() == ("model", "9")


@pytest.mark.failure("bundle_half_written")
def test_a_bundle_that_is_half_written_is_none():
    with pytest.raises(BundleBroken, match="differs from its hash"):
        truncated()


@pytest.mark.failure("challenger_crash")
@pytest.mark.parametrize("challenger", [ConnectionError("gone"), ("8", broken_golden())])
def test_a_challenger_that_breaks_never_touches_the_answer(market, challenger):
    market.champions.challengers["credit"] = challenger
    assert market.sell() == ("model", "7")
    assert market.ready() == ["no_counterfeit_champion", "credit_challenger_unloadable"]
    del market.champions.challengers["credit"]
    market.clock.move(SOON)
    assert market.ready() == ["no_counterfeit_champion"]


@pytest.mark.failure("assessments_stale")
@pytest.mark.parametrize(("hours", "outcome", "ready"), [(25, "instant", 200), (27, "on_return_scan", 503)])
def test_nothing_is_paid_at_once_by_what_was_thought_too_long_ago(engine, hours, outcome, ready):
    a_shop(engine)
    judged(engine, at=NOON - timedelta(hours=hours))
    service = a_service(engine)
    assert refund(service)["outcome"] == outcome
    assert ask(service, "/readyz").status_code == ready


@pytest.mark.failure("worker_dead")
def test_a_worker_that_is_silent_is_told_of_and_whoever_waits_for_it_is_paid_nothing_at_once(engine):
    market = Marketplace(engine, credit=("7", GOOD))
    market.sell()
    a_shop(engine, orders=2)
    market.clock.move(timedelta(minutes=20))
    assert "worker_silent" in market.ready()
    assert "goodfaith_lag_seconds 1" in ask(market.service, "/metrics").text
    assert STALE in codes(refund(market.service))
    market.sell()
    assert "worker_silent" not in market.ready()
    assert STALE not in codes(refund(market.service, a_refund("o1", buyer="b1")))
