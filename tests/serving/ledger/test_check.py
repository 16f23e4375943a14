"""A sum that is not that of its postings is found, whoever wrote it."""

import json

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from features.database import open_engine, reading, writing
from serving.errors import LedgerBroken
from serving.ledger.check import differences
from serving.ledger.store import money_of
from serving.migrate import migrate
from tests.serving.shop import a_payment, a_refund, a_shop, refund, tell
from tests.serving.world import a_command_line, a_service


def with_all_movements(engine):
    a_shop(engine)
    told = refund(a_service(engine), a_refund(cents=6000))
    tell(engine, "deposit_changed", deposit_cents=9000)
    a_payment(engine, told, 5000, finally_liable="merchant")
    tell(engine, "advance_recovered", refund_id="r1", amount_cents=1000)


PLANTED = {
    "UPDATE reservations SET cents = cents + 1": ["decision:"],
    "DELETE FROM reservations": ["decision:"],
    "UPDATE held_days SET cents = cents - 1 WHERE holder LIKE 'fund:%'": ["fund:fast_refund on day"],
    "UPDATE held_days SET cents = cents - 1 WHERE holder LIKE 'merchant:%'": ["merchant:m1 on day"],
    "DELETE FROM held_days": ["fund:fast_refund on day", "merchant:m1 on day"],
    "UPDATE merchant_balances SET receivable = 0": ["receivable of merchant m1"],
    "UPDATE merchant_balances SET deposit = 1": ["deposit of merchant m1"],
    "UPDATE postings SET fund = fund - 1, receivable = receivable + 1 WHERE movement = 'pay'":
        ["decision:", "fund:fast_refund on day", "merchant:m1 on day", "receivable of merchant m1"],
}  # fmt: skip


def test_every_sum_that_was_changed_by_hand_is_named(any_engine):
    with_all_movements(any_engine)
    with any_engine.connect() as tx:
        for planted, named in PLANTED.items():
            assert list(differences(tx)) == []
            tx.execute(text(planted))
            found = [one.of for one in differences(tx)]
            assert len(found) >= len(named)
            assert all(any(one.startswith(name) for one in found) for name in named), (planted, found)
            tx.rollback()


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command on a store in a folder of its own."""
    monkeypatch.setenv("GOODFAITH_HOME", str(tmp_path))
    return lambda *words: CliRunner().invoke(a_command_line(), words)


@pytest.fixture
def store(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'goodfaith.db'}")
    migrate(engine)
    yield engine
    engine.dispose()


def test_the_command_says_whether_the_ledger_adds_up(run, store):
    with_all_movements(store)
    assert run("ledger", "verify").stdout == "The ledger adds up.\n"
    assert json.loads(run("ledger", "verify", "--json").stdout) == []
    with writing(store) as tx:
        tx.execute(text("UPDATE merchant_balances SET receivable = 7"))
    failed = run("ledger", "verify", "--json")
    assert json.loads(failed.stdout) == [{"of": "receivable of merchant m1", "kept_cents": 7, "booked_cents": 4000}]
    assert isinstance(failed.exception, LedgerBroken)
    with reading(store) as tx:
        assert str(next(differences(tx))) in str(failed.exception)


def test_what_was_told_before_there_was_a_ledger_is_booked_once(run, store):
    with_all_movements(store)
    a_payment(store, {"decision_id": None}, 700, refund="r9", finally_liable="merchant")
    with reading(store) as tx:
        stood = money_of(tx, "m1")
    with writing(store) as tx:
        tx.execute(text("DELETE FROM postings WHERE subject NOT LIKE 'decision:%'"))
        tx.execute(text("UPDATE merchant_balances SET receivable = receivable - 700, deposit = 0"))
        assert list(differences(tx)) == []
    assert run("ledger", "book").stdout.endswith("2 postings were missing.\n")
    assert run("ledger", "book").stdout.endswith("0 postings were missing.\n")
    with reading(store) as tx:
        assert money_of(tx, "m1") == stood
        assert list(differences(tx)) == []
