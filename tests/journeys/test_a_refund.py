"""A buyer's money: asked for twice and promised once; asked for by sixty-four at once and never beyond the limit."""

from collections import Counter

import pytest
from sqlalchemy import func, select

from features.database import reading
from serving.readings import live_readings
from serving.tables import reservations
from tests.journeys.stage import BEGIN, DAY, HOUR, Stage, a_credit_model, a_registration, an_event, an_order
from tests.serving.world import FakeChampions

NOW = BEGIN + 60 * DAY


def a_delivered_shop(engine, *, orders=1, model=None, champions=None):
    """A merchant with two months of good trade and some orders that have just come."""
    stage = Stage(engine, model, champions=champions)
    history = [an_order("shop", day, BEGIN + day * DAY, shipped_after=5 * HOUR) for day in range(50)]
    fresh = [an_order("shop", 1000 + n, NOW - 3 * DAY, shipped_after=5 * HOUR) for n in range(orders)]
    stage.at(NOW)
    stage.tell(*a_registration("shop", BEGIN), *(event for order in [*history, *fresh] for event in order))
    stage.judge()
    return stage


def a_request(number=1000, *, cents=20_000, **changes):
    buyer = {"id": f"buyer-{number}", "credit": 650, "refunds_90d": 0, "orders_90d": 12}
    return {"order_id": f"shop-o{number}", "merchant_id": "shop", "amount_cents": cents, "currency": "CNY",
            "category": "toys", "reason": "not_as_described", "buyer": buyer, **changes}  # fmt: skip


def reserved(stage):
    with reading(stage.service.engine) as tx:
        query = select(func.count(), func.coalesce(func.sum(reservations.c.cents), 0))
        count, cents = tx.execute(query).one()
    return int(count), int(cents)


def test_a_refund_that_is_asked_for_twice_is_promised_once(any_engine):
    stage = a_delivered_shop(any_engine)
    first, second = (stage.refund(a_request(), key="same") for _ in range(2))
    assert first.json()["outcome"] == "instant"
    assert (second.status_code, second.text) == (200, first.text)
    assert reserved(stage) == (1, 20_000)
    trace = stage.ask("GET", f"/v1/decisions/{first.json()['decision_id']}").json()
    assert trace["answer"] == first.json()


def test_the_same_key_with_another_amount_is_a_conflict(any_engine):
    stage = a_delivered_shop(any_engine)
    stage.refund(a_request(), key="same")
    answer = stage.refund(a_request(cents=100), key="same")
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")


def test_what_was_paid_for_an_order_is_refunded_once(any_engine):
    stage = a_delivered_shop(any_engine)
    stage.refund(a_request(), key="one")
    answer = stage.refund(a_request(cents=1), key="two")
    assert (answer.status_code, answer.json()["code"]) == (409, "order_already_decided")


def test_a_burst_of_64_meets_one_merchants_last_limit(any_engine):
    # A merchant of band C: 5,000 yuan a month may be out, so twenty-five refunds of 200 yuan.
    stage = a_delivered_shop(any_engine, orders=64, model=a_credit_model(log_odds_of_a_saint=-2.2))
    assert stage.score("shop")["band"] == "C"
    answers = stage.refunds([a_request(1000 + number) for number in range(64)], at_once=64)
    outcomes = Counter(answer["outcome"] for answer in answers)
    assert outcomes["instant"] == 25
    assert sum(outcomes.values()) == 64
    assert reserved(stage) == (25, 500_000)


def test_when_the_money_has_gone_out_the_order_stays_spent_and_the_limit_used(any_engine):
    stage = a_delivered_shop(any_engine)
    decision = stage.refund(a_request(), key="one").json()["decision_id"]
    paid = {"refund_id": "r1", "order_id": "shop-o1000", "amount_cents": 20_000, "decision_id": decision}
    by = {"advanced_by": "platform", "finally_liable": "undecided", "speed": "instant"}
    stage.tell(an_event("refund_paid", "paid", NOW, "shop", **paid, **by))
    stage.at(NOW + 3 * DAY)
    stage.judge()
    answer = stage.refund(a_request(cents=1), key="two")
    assert (answer.status_code, answer.json()["code"]) == (409, "order_already_decided")


@pytest.mark.parametrize(
    ("case", "changes"),
    [
        ("an order nobody knows", {"order_id": "nothing"}),
        ("another buyer's order", {"buyer": {"id": "thief", "credit": 900, "refunds_90d": 0, "orders_90d": 99}}),
        ("another state than we know", {"order": {"state": "paid", "paid_cents": 20_000}}),
        ("more than was paid", {"amount_cents": 20_001}),
    ],
)
def test_what_our_own_books_do_not_bear_out_is_never_instant(any_engine, case, changes):
    stage = a_delivered_shop(any_engine)
    answer = stage.refund(a_request(**changes), key="one").json()
    assert answer["outcome"] in ("standard", "review"), case
    assert answer["reasons"]
    assert reserved(stage) == (0, 0)


def test_a_stale_assessment_is_never_instant(any_engine):
    stage = a_delivered_shop(any_engine)
    stage.at(NOW + 27 * HOUR)
    assert stage.refund(a_request(), key="one").json()["outcome"] != "instant"


def test_without_a_model_nothing_is_instant(any_engine):
    stage = a_delivered_shop(any_engine, champions=FakeChampions())
    answer = stage.refund(a_request(), key="one").json()
    assert (answer["basis"], answer["outcome"] == "instant") == ("fallback", False)


def money(stage, *names):
    """Live features of the shop."""
    with reading(stage.service.engine) as tx:
        found = live_readings(tx, ["shop"], names, stage.clock())["shop"]
    return [found[name].value for name in names]


def settle(stage, decision, state, cents):
    path = f"/v1/refunds/decisions/{decision}/settlement"
    answer = stage.ask("POST", path, {"state": state, "amount_cents": cents})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("told", [["call"], ["event"], ["call", "event"], ["event", "call"]], ids="-".join)
def test_money_that_goes_out_and_comes_back_is_counted_once_however_it_is_told(engine, told):
    stage = a_delivered_shop(engine)
    decision = stage.refund(a_request(), key="one").json()["decision_id"]
    paid = {"refund_id": "r1", "order_id": "shop-o1000", "amount_cents": 20_000, "decision_id": decision}
    by = {"advanced_by": "platform", "finally_liable": "merchant", "speed": "instant"}
    ways = {
        "call": lambda: settle(stage, decision, "paid", 20_000),
        "event": lambda: stage.tell(an_event("refund_paid", "paid", NOW, "shop", **paid, **by)),
    }
    for way in told:
        ways[way]()
    assert money(stage, "platform_refund_cents_30d") == [20_000]
    stands = settle(stage, decision, "recovered", 15_000)
    assert (stands["state"], stands["paid_cents"], stands["outstanding_cents"]) == ("paid", 20_000, 5_000)
    assert money(stage, "platform_refund_cents_30d", "recovered_cents_30d") == [20_000, 15_000]
    assert stage.ask("GET", f"/v1/decisions/{decision}").json()["money"] == stands
