"""Deposits: what debts draw from them is gone at once, and what programmes hold of them is in the ledger."""

import json
from datetime import timedelta

from typer.testing import CliRunner

from features.database import open_engine, reading
from serving import decisions
from serving.ledger.check import differences
from serving.ledger.deposits import drawn_cents, pledges
from serving.ledger.store import money_of
from serving.members import review_members
from serving.migrate import migrate
from serving.readings import live_readings
from tests.serving.shop import a_payment, a_refund, a_shop, judged, refund, tell
from tests.serving.world import NOON, a_command_line, a_service

NO_DECISION = {"decision_id": None}


def a_debt_from_the_deposit(engine, cents=3000):
    """A deposit of 9,000 cents, from which a debt is recovered that the merchant did not pay."""
    a_shop(engine)
    tell(engine, "deposit_changed", deposit_cents=9000, at=NOON - timedelta(hours=4))
    a_payment(engine, NO_DECISION, cents, finally_liable="merchant", at=NOON - timedelta(hours=3))
    tell(engine, "advance_recovered", refund_id="r1", amount_cents=cents, recovered_from="deposit",
         at=NOON - timedelta(hours=2))  # fmt: skip
    judged(engine)


def test_what_was_drawn_from_a_deposit_covers_no_refund_before_the_new_balance_is_told(engine):
    a_debt_from_the_deposit(engine)
    service = a_service(engine, readings=live_readings)
    left = []
    for balance in (None, 6000):
        if balance:
            tell(engine, "deposit_changed", deposit_cents=balance)
            judged(engine)
        told = refund(service, a_refund(cents=100))
        with reading(engine) as tx:
            trace = json.loads(decisions.decision(tx, told["decision_id"]).trace)
            assert list(differences(tx)) == []
        left.append((trace["facts"]["merchant"]["deposit_cents"], trace["facts"]["merchant"]["debt_cents"]))
    assert left == [(6000, 0), (6000, 0)]


def test_a_balance_that_is_told_late_is_that_of_its_own_time(any_engine):
    a_debt_from_the_deposit(any_engine)
    tell(any_engine, "deposit_changed", deposit_cents=8000, at=NOON - timedelta(hours=3))
    with reading(any_engine) as tx:
        assert (money_of(tx, "m1")["deposit"], drawn_cents(tx, ["m1"])["m1"]) == (5000, 3000)


def a_night(engine, day, programmes=None):
    now = NOON + timedelta(days=day)
    changes = {"programmes": programmes} if programmes else {}
    service = a_service(engine, clock=lambda: now, **changes)
    review_members(service, ["m1"], now=now)
    with reading(engine) as tx:
        assert list(differences(tx)) == []
        return pledges(tx, "m1"), money_of(tx, "m1")


def test_what_programmes_hold_of_a_deposit_is_booked_every_night_until_no_claim_can_come(any_engine):
    a_shop(any_engine)
    tell(any_engine, "deposit_changed", deposit_cents=1_000_000)
    tell(any_engine, "programme_joined", programme="one_fake_three_paid")
    policy = a_service(any_engine).programmes.programme("one_fake_three_paid")
    held = {"one_fake_three_paid": policy.pledge_cents}
    nights = [a_night(any_engine, 1), a_night(any_engine, 2)]
    tell(any_engine, "programme_left", programme="one_fake_three_paid")
    nights += [a_night(any_engine, policy.claim_days - 1), a_night(any_engine, policy.claim_days + 1)]
    assert [pledged for pledged, _ in nights] == [held, held, held, {}]
    free = 1_000_000 - policy.pledge_cents
    assert [money["deposit"] for _, money in nights] == [free, free, free, 1_000_000]
    assert [money["pledge"] for _, money in nights] == [policy.pledge_cents] * 3 + [0]


def test_the_command_shows_where_a_merchants_money_stands(tmp_path, monkeypatch):
    monkeypatch.setenv("GOODFAITH_HOME", str(tmp_path))
    engine = open_engine(f"sqlite:///{tmp_path / 'goodfaith.db'}")
    migrate(engine)
    a_debt_from_the_deposit(engine)
    engine.dispose()
    shown = CliRunner().invoke(a_command_line(), ["ledger", "show", "m1", "--json"])
    assert json.loads(shown.stdout) == {
        "merchant_id": "m1", "advanced_cents": 0, "receivable_cents": 0, "deposit_cents": 6000, "pledge_cents": 0,
        "drawn_cents": 3000, "pledges": {},
    }  # fmt: skip
    in_words = CliRunner().invoke(a_command_line(), ["ledger", "show", "m1"]).stdout
    assert "drawn from the deposit since its balance was told: 3000 cents" in in_words
