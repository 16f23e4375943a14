"""What is told of money is booked: each movement once, in whatever order it is told, and everything adds up."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from features.database import reading, writing
from serving.ledger.accounts import ACCOUNTS, of_decision, of_refund
from serving.ledger.check import differences
from serving.ledger.promises import expire
from serving.ledger.store import money_of, reservations_with, sums_of
from serving.ledger.tables import postings
from tests.serving.shop import a_payment, a_refund, a_shop, refund, tell
from tests.serving.world import NOON, a_service


def stands(engine, subject):
    """What stands on each account of a subject."""
    with reading(engine) as tx:
        assert list(differences(tx)) == []
        totals = {account: sum(one.amounts[account] for one in sums_of(tx, [subject])) for account in ACCOUNTS}
    return {account: cents for account, cents in totals.items() if cents}


def state(engine, told):
    with reading(engine) as tx:
        found = reservations_with(tx, [told["decision_id"]])[told["decision_id"]]
    return found.state, found.cents


def a_promise(engine, cents=6000):
    a_shop(engine)
    return refund(a_service(engine), a_refund(cents=cents))


def back(engine, cents, event_type="advance_recovered", **columns):
    return tell(engine, event_type, refund_id="r1", amount_cents=cents, **columns)


def test_a_promise_is_reserved_out_of_the_fund(any_engine):
    told = a_promise(any_engine)
    assert stands(any_engine, of_decision(told["decision_id"])) == {"fund": -6000, "reserved": 6000}
    assert state(any_engine, told) == ("reserved", 6000)


def test_a_payment_ends_the_promise_and_stands_as_an_advance(any_engine):
    told = a_promise(any_engine)
    a_payment(any_engine, told, 2500)
    assert stands(any_engine, of_decision(told["decision_id"])) == {"fund": -2500, "advanced": 2500}
    assert state(any_engine, told) == ("paid", 2500)


def test_what_is_finally_the_merchants_is_its_debt_until_it_is_back(any_engine):
    told = a_promise(any_engine)
    a_payment(any_engine, told, 6000, finally_liable="merchant")
    back(any_engine, 1000)
    with reading(any_engine) as tx:
        assert money_of(tx, "m1")["receivable"] == 5000
    assert state(any_engine, told) == ("paid", 6000)
    back(any_engine, 5000)
    assert stands(any_engine, of_decision(told["decision_id"])) == {"fund": -6000, "recovered": 6000}
    assert state(any_engine, told) == ("recovered", 6000)


def test_what_is_given_up_is_written_off(engine):
    told = a_promise(engine)
    a_payment(engine, told, 6000)
    back(engine, 1000)
    back(engine, 5000, "advance_written_off")
    assert stands(engine, of_decision(told["decision_id"])) == {"fund": -6000, "recovered": 1000, "written_off": 5000}
    assert state(engine, told) == ("written_off", 6000)


def test_more_back_than_was_paid_leaves_us_owing_it(engine):
    told = a_promise(engine)
    a_payment(engine, told, 6000, finally_liable="merchant")
    back(engine, 7000)
    with reading(engine) as tx:
        assert money_of(tx, "m1")["receivable"] == -1000


def test_what_came_back_before_the_payment_was_told_waits_for_it(any_engine):
    told = a_promise(any_engine)
    back(any_engine, 1000)
    a_payment(any_engine, told, 6000)
    assert stands(any_engine, of_decision(told["decision_id"])) == {"fund": -6000, "advanced": 5000, "recovered": 1000}


def test_a_payment_that_is_taken_back_renews_the_promise_while_it_lasts(any_engine):
    told = a_promise(any_engine)
    event = a_payment(any_engine, told, 2500)
    tell(any_engine, "event_reversed", reverses=event)
    assert stands(any_engine, of_decision(told["decision_id"])) == {"fund": -6000, "reserved": 6000}
    assert state(any_engine, told) == ("reserved", 6000)


def test_a_payment_that_is_told_anew_with_another_bearer_moves_the_debt(engine):
    told = a_promise(engine)
    event = a_payment(engine, told, 6000)
    tell(engine, "event_reversed", reverses=event)
    a_payment(engine, told, 6000, finally_liable="merchant")
    assert stands(engine, of_decision(told["decision_id"])) == {"fund": -6000, "receivable": 6000}


def test_a_merchant_that_pays_by_its_word_owes_nothing(engine):
    told = a_promise(engine)
    a_payment(engine, told, 6000, advanced_by="merchant")
    assert stands(engine, of_decision(told["decision_id"])) == {"escrow": -6000, "merchant_paid": 6000}


def test_what_was_not_paid_in_time_is_free_again_and_a_late_payment_is_booked_all_the_same(any_engine):
    told = a_promise(any_engine)
    service = a_service(any_engine)
    later = NOON + timedelta(hours=service.refunds.timing.reservation_hours)
    assert [expire(any_engine, now=one) for one in (later - timedelta(seconds=1), later, later)] == [0, 1, 0]
    assert stands(any_engine, of_decision(told["decision_id"])) == {}
    assert state(any_engine, told) == ("expired", 0)
    a_payment(any_engine, told, 6000)
    assert stands(any_engine, of_decision(told["decision_id"])) == {"fund": -6000, "advanced": 6000}
    assert state(any_engine, told) == ("paid", 6000)


def test_a_refund_that_no_decision_promised_comes_from_elsewhere_than_the_fund(engine):
    a_shop(engine)
    a_payment(engine, {"decision_id": None}, 700, finally_liable="merchant")
    assert stands(engine, of_refund("m1", "r1")) == {"platform": -700, "receivable": 700}
    back(engine, 700)
    assert stands(engine, of_refund("m1", "r1")) == {"platform": -700, "recovered": 700}


def test_what_a_merchant_pays_itself_without_a_decision_is_its_own_affair(engine):
    a_shop(engine)
    a_payment(engine, {"decision_id": None}, 700, advanced_by="merchant")
    back(engine, 100)
    assert stands(engine, of_refund("m1", "r1")) == {}


def test_another_merchants_payment_settles_no_promise(engine):
    told = a_promise(engine)
    a_shop(engine, "m2", orders=0)
    a_payment(engine, told, 6000, merchant="m2")
    assert state(engine, told) == ("reserved", 6000)
    assert stands(engine, of_refund("m2", "r1")) == {"platform": -6000, "advanced": 6000}


def test_a_deposit_is_drawn_by_debts_until_its_new_balance_is_told(any_engine):
    a_shop(any_engine)
    tell(any_engine, "deposit_changed", deposit_cents=9000, at=NOON - timedelta(hours=4))
    a_payment(any_engine, {"decision_id": None}, 3000, finally_liable="merchant")
    draw = back(any_engine, 3000, recovered_from="deposit", at=NOON - timedelta(hours=2))
    money = []
    for word in ({}, {"reverses": draw}, {"deposit_cents": 6500}):
        if word:
            kind = "event_reversed" if "reverses" in word else "deposit_changed"
            tell(any_engine, kind, **word)
        with reading(any_engine) as tx:
            money.append((money_of(tx, "m1")["deposit"], money_of(tx, "m1")["receivable"]))
    assert money == [(6000, 0), (9000, 3000), (6500, 3000)]


def test_no_entries_are_stored_that_do_not_sum_to_zero(any_engine):
    row = {"subject": "s", "id": "i", "movement": "pay", "merchant_id": "m1", "happened_at": 0, "booked_at": 0}
    lopsided = {**dict.fromkeys(ACCOUNTS, 0), "fund": -100, "advanced": 99}
    with pytest.raises(Exception, match="entries_sum_to_zero"), writing(any_engine) as tx:
        tx.execute(postings.insert().values(**row, **lopsided))
    with reading(any_engine) as tx:
        assert tx.scalar(select(func.count()).select_from(postings)) == 0
