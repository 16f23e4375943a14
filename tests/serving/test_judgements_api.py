"""Quotes of compensation and adverts over HTTP: our own facts go before the caller's words."""

from datetime import timedelta

import pytest

from serving.policies.in_force import note_policies
from serving.policy import read_programmes, shipped_texts
from tests.serving.shop import a_shop, tell
from tests.serving.world import NOON, FakeClock, a_key, a_service, ask


def quoted(engine, **body):
    asked = {"merchant_id": "m1", "ground": "counterfeit", "currency": "CNY", **body}
    return ask(
        a_service(engine), "/v1/compensation/quotes", key=a_key(engine, "refunds:decide"), method="POST", json=asked
    )


def with_extra_of(times):
    """The shipped programmes, but a fake pays so many times the price."""
    text = shipped_texts()["programmes"]
    return read_programmes(text.replace("times_price = 3 ", f"times_price = {times} "))


def an_old_order(engine, order="o9", **columns):
    tell(engine, "order_placed", at=NOON - timedelta(days=20), order_id=order, amount_cents=300_00, **columns)
    tell(engine, "order_delivered", at=NOON - timedelta(days=9), order_id=order)


def test_a_fake_pays_three_times_the_price_of_the_order_that_we_know(any_engine):
    a_shop(any_engine)
    an_old_order(any_engine, programmes=["one_fake_three_paid"])
    answer = quoted(any_engine, order_id="o9", amount_cents=9_999_00).json()
    owed = [answer[f"{part}_cents"] for part in ("refund", "extra", "freight", "total")]
    assert (owed, answer["basis"], answer["jurisdiction"]) == ([300_00, 900_00, 0, 1_200_00], "order", "CN")
    assert [(one["code"], one["binds"]) for one in answer["awards"]] == [("C101", True), ("C301", False)]
    assert all(one["text"] and one["text_zh"] for one in answer["awards"])


def test_the_seven_days_run_from_the_delivery_that_we_know(engine):
    a_shop(engine)
    an_old_order(engine)
    assert quoted(engine, order_id="o9", ground="no_reason").json()["total_cents"] == 0
    assert quoted(engine, ground="no_reason", amount_cents=300_00).json()["total_cents"] == 300_00


def test_a_promise_is_kept_as_it_was_at_the_purchase(any_engine):
    a_shop(any_engine)
    an_old_order(any_engine, programmes=["one_fake_three_paid"])
    then = with_extra_of(10)
    note_policies(a_service(any_engine, programmes=then, clock=lambda: NOON - timedelta(days=30)))
    note_policies(a_service(any_engine, clock=lambda: NOON - timedelta(days=10)))
    answer = quoted(any_engine, order_id="o9").json()
    assert (answer["extra_cents"], answer["promises_version"]) == (3_000_00, then.version)
    assert quoted(any_engine, amount_cents=1).json()["promises_version"] == a_service(any_engine).programmes.version


def test_a_purchase_before_anything_was_noted_is_promised_the_first_that_was(engine):
    a_shop(engine)
    an_old_order(engine, programmes=["one_fake_three_paid"])
    for times, clock in ((10, NOON - timedelta(days=10)), (10, NOON - timedelta(days=5)), (3, NOON)):
        note_policies(a_service(engine, programmes=with_extra_of(times), clock=FakeClock(clock)))
    assert quoted(engine, order_id="o9").json()["extra_cents"] == 3_000_00


def test_another_merchants_order_promises_nothing_and_the_callers_price_stands(engine):
    a_shop(engine)
    a_shop(engine, "m2", orders=0)
    an_old_order(engine, merchant="m2", programmes=["one_fake_three_paid"])
    answer = quoted(engine, order_id="o9", amount_cents=100_00).json()
    assert (answer["basis"], answer["extra_cents"], len(answer["awards"])) == ("claim", 500_00, 1)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"merchant_id": "nobody", "amount_cents": 1}, 404, "merchant_unknown"),
        ({"order_id": "o77"}, 404, "order_unknown"),
        ({"amount_cents": 1, "currency": "EUR"}, 422, "currency_mismatch"),
        ({"amount_cents": 1, "ground": "boredom"}, 422, "invalid"),
        ({"amount_cents": -1}, 422, "invalid"),
        ({"amount_cents": 1, "buyer_deceived": "no"}, 422, "invalid"),
    ],
)
def test_a_wrong_claim_is_a_problem_with_a_code(engine, body, status, code):
    a_shop(engine)
    answer = quoted(engine, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def read(engine, text, **more):
    body = {"merchant_id": "m1", "text": text, **more}
    return ask(a_service(engine), "/v1/adverts/check", key=a_key(engine, "programmes:decide"), method="POST", json=body)


def test_a_member_may_say_what_it_carries(any_engine):
    a_shop(any_engine)
    assert read(any_engine, "七天无理由").json()["outcome"] == "false_promise"
    tell(any_engine, "programme_joined", programme="seven_day_return")
    assert read(any_engine, "七天无理由").json() == {
        "merchant_id": "m1", "outcome": "passed", "claims": [],
        "policy_version": a_service(any_engine).adverts.version,
    }  # fmt: skip


def test_only_the_goods_own_brand_can_call_them_genuine(engine):
    a_shop(engine)
    tell(engine, "qualification_checked", qualification="brand_authorisation", outcome="passed", brand="Lumi")
    assert read(engine, "100% genuine", brand="Lumi").json()["outcome"] == "passed"
    claim = read(engine, "It is 100% genuine", brand="Hush").json()["claims"][0]
    assert (claim["code"], claim["start"], claim["words"]) == ("D301", 6, "100% genuine")


def test_an_absolute_claim_is_named_where_it_stands(engine):
    a_shop(engine)
    answer = read(engine, "本店最好的围巾").json()
    assert (answer["outcome"], answer["claims"][0]["words"]) == ("absolute_claim", "最好")


def test_an_advert_of_nobody_is_a_problem(engine):
    assert read(engine, "a scarf").json()["code"] == "merchant_unknown"
