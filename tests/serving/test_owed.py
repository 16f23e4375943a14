"""What is remembered of a merchant holds until something changes, and not a decision longer."""

import json
from datetime import timedelta

import pytest

from features.database import reading
from features.jsonrows import check_rows
from features.lookup import live_state
from features.store import EventStore
from serving.decisions import decision
from serving.idempotency import Asked
from serving.owed import OwedBy
from serving.readings import live_readings
from serving.reassess import take_in_whatever_came
from serving.refunds import RefundAsked, decide_on_refunds
from serving.traces import trace_of
from tests.serving.shop import a_refund, a_shop, judged, tell
from tests.serving.world import NOON, FakeClock, a_service


@pytest.fixture
def desk(any_engine):
    a_shop(any_engine)
    return Desk(any_engine)


class Desk:
    """Decides on one cent after the other, and tells what of the merchant went into it."""

    def __init__(self, engine):
        self.clock, self.owed, self.asked = FakeClock(), OwedBy(), 0
        self.engine, self.readings = engine, 0
        self.service = a_service(engine, clock=self.clock, readings=self.read)

    def read(self, *asked):
        self.readings += 1
        return live_readings(*asked)

    def merchant(self):
        self.asked += 1
        asked = Asked(caller="k1", route="/r", key=str(self.asked), body="{}")
        (answer,) = decide_on_refunds(self.service, [RefundAsked(body=a_refund(cents=1), asked=asked)], self.owed)
        with reading(self.engine) as tx:
            made = decision(tx, json.loads(answer.body)["decision_id"])
        return trace_of(made).facts.merchant


def test_what_has_not_changed_is_worked_out_once(desk):
    assert desk.merchant() == desk.merchant()
    judged(desk.engine, at=NOON)
    desk.merchant()
    assert desk.readings == 1
    counted = desk.service.metrics.registry.get_sample_value
    assert [counted("goodfaith_merchants_looked_up_total", {"remembered": one}) for one in ("yes", "no")] == [2, 1]


def test_a_deposit_counts_with_the_next_decision(desk):
    before = desk.merchant().deposit_cents
    tell(desk.engine, "deposit_changed", deposit_cents=777)
    assert (before, desk.merchant().deposit_cents) == (None, 777)


def test_a_programme_that_was_joined_counts_with_the_next_decision(desk):
    before = desk.merchant().pledged_cents
    tell(desk.engine, "programme_joined", programme="one_fake_three_paid")
    assert before < desk.merchant().pledged_cents


def test_an_event_that_was_ahead_of_the_clock_counts_once_its_moment_has_come(desk):
    soon = NOON + timedelta(minutes=2)
    ahead = {"event_id": "ahead", "event_type": "deposit_changed", "merchant_id": "m1", "deposit_cents": 5}
    checked = check_rows([{**ahead, "event_time": soon.isoformat(), "known_at": soon.isoformat()}], currency="CNY")
    EventStore(desk.engine).append(checked.rows, at=NOON)
    before = desk.merchant().deposit_cents
    desk.clock.now = soon
    take_in_whatever_came(desk.engine, now=soon)
    assert (before, desk.merchant().deposit_cents) == (None, 5)


def test_a_new_day_is_looked_at_anew(desk):
    desk.merchant()
    desk.clock.move(timedelta(hours=12))
    desk.merchant()
    assert desk.readings == 2


def test_merchants_of_one_batch_are_looked_up_at_once(desk):
    a_shop(desk.engine, "m2", orders=1)
    tell(desk.engine, "deposit_changed", merchant="m2", deposit_cents=777)
    bodies = [a_refund(cents=1), a_refund(merchant_id="m2", cents=1)]
    asked = [Asked(caller="k1", route="/r", key=f"both-{n}", body="{}") for n in range(2)]
    wishes = [RefundAsked(body=body, asked=one) for body, one in zip(bodies, asked, strict=True)]
    told = decide_on_refunds(desk.service, wishes, desk.owed)
    with reading(desk.engine) as tx:
        made = [decision(tx, json.loads(one.body)["decision_id"]) for one in told]
    assert [trace_of(one).facts.merchant.deposit_cents for one in made] == [None, 777]
    assert desk.readings == 1


def test_a_merchant_that_cannot_be_read_fails_alone(desk):
    a_shop(desk.engine, "m2", orders=1)

    def read(tx, merchant_ids, names, now):
        if "m2" in merchant_ids:
            raise LookupError("its tiles make no sense")
        return live_readings(tx, merchant_ids, names, now)

    service = a_service(desk.engine, clock=desk.clock, readings=read)
    bodies = [a_refund(cents=1), a_refund(merchant_id="m2", cents=1)]
    asked = [Asked(caller="k1", route="/r", key=f"both-{n}", body="{}") for n in range(2)]
    wishes = [RefundAsked(body=body, asked=one) for body, one in zip(bodies, asked, strict=True)]
    good, bad = decide_on_refunds(service, wishes, desk.owed)
    assert json.loads(good.body)["outcome"] == "instant"
    assert isinstance(bad, LookupError)


def test_nobody_else_is_asked_anew_for_one_merchants_change(desk):
    a_shop(desk.engine, "m2")
    desk.merchant()
    with reading(desk.engine) as tx:
        before = live_state(tx, "m1").changes
    tell(desk.engine, "deposit_changed", merchant="m2", deposit_cents=777)
    with reading(desk.engine) as tx:
        assert live_state(tx, "m1").changes == before
