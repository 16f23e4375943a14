"""What a challenger would have decided stands beside what was decided, which it changes in nothing."""

import itertools
import json
import secrets
from contextlib import closing
from datetime import timedelta

import structlog
from sqlalchemy import select

from features.database import create_tables, reading, writing
from serving import store_shadow
from serving.plain import as_json
from serving.record.check import first_fault
from serving.refunds import try_refund
from serving.store import AssessmentStore
from serving.tables import audit, cases, decisions, reservations, shadow_decisions
from tests.serving.shop import PRICE, a_refund, a_shop, refund
from tests.serving.test_applications import apply
from tests.serving.world import NOON, a_service
from tests.stores import postgresql_store, sqlite_store


def believed(engine, *, target="credit", at=NOON, **changes):
    """A challenger thinks otherwise of the shop."""
    answer = {**json.loads(AssessmentStore(engine).latest("m1")), **changes}
    row = {"target": target, "merchant_id": "m1", "as_of": 1, "assessed_at": int(at.timestamp() * 1e6)}
    row |= {"champion": "7", "challenger": "8", "answer": as_json(answer)}
    with writing(engine) as tx:
        store_shadow.remember(tx, latest=[row], days=[])


WORST = {"band": "E", "score": 320, "p_bad": 0.9, "model": {"name": "goodfaith-credit", "version": "8"}}


def rows_of(engine, table):
    with reading(engine) as tx:
        return [dict(row._mapping) for row in tx.execute(select(table).order_by(*table.primary_key))]


def test_a_refund_is_decided_as_ever_and_what_the_challenger_would_have_decided_is_kept(any_engine):
    a_shop(any_engine)
    believed(any_engine, **WORST)
    told = refund(a_service(any_engine))
    (row,) = rows_of(any_engine, shadow_decisions)
    assert (told["outcome"], told["model_version"]) == ("instant", "7")
    assert (row["target"], row["champion"], row["challenger"]) == ("credit", "7", "8")
    assert (row["live_outcome"], row["shadow_outcome"], row["cents"]) == ("instant", "on_return_scan", PRICE)
    answer = json.loads(row["answer"])
    assert (answer["decision_id"], answer["model_version"], answer["limit_cents"]) == (told["decision_id"], "8", 0)
    assert set(answer) == set(told)


def test_a_challenger_that_would_pay_at_once_reserves_nothing(any_engine):
    a_shop(any_engine, **WORST)
    believed(any_engine, band="A", score=700, p_bad=0.002)
    assert refund(a_service(any_engine))["outcome"] != "instant"
    (row,) = rows_of(any_engine, shadow_decisions)
    assert row["shadow_outcome"] == "instant"
    assert rows_of(any_engine, reservations) == []


def test_a_challenger_of_fakes_has_its_say_where_fakes_are_claimed(any_engine):
    a_shop(any_engine)
    believed(any_engine, target="counterfeit", counterfeit={"p": None, "level": "confirmed", "flagged": True})
    told = refund(a_service(any_engine), a_refund(reason="counterfeit"))
    (row,) = rows_of(any_engine, shadow_decisions)
    answer = json.loads(row["answer"])
    assert (told["finally_liable"], answer["finally_liable"]) == ("undecided", "merchant")


def test_an_application_keeps_what_the_gate_would_have_said(any_engine):
    a_shop(any_engine)
    believed(any_engine, **WORST)
    told = apply(any_engine).json()
    (row,) = rows_of(any_engine, shadow_decisions)
    assert (told["outcome"], row["kind"], row["live_outcome"], row["cents"]) == ("admit", "programme", "admit", None)
    assert row["shadow_outcome"] == "refuse"
    assert set(json.loads(row["answer"])) == set(told)


def test_both_targets_challengers_are_kept_each_for_itself(any_engine):
    a_shop(any_engine)
    believed(any_engine, **WORST)
    believed(any_engine, target="counterfeit")
    refund(a_service(any_engine))
    outcomes = {row["target"]: row["shadow_outcome"] for row in rows_of(any_engine, shadow_decisions)}
    assert outcomes == {"credit": "on_return_scan", "counterfeit": "instant"}


def test_a_repeat_and_a_trial_keep_nothing_more(any_engine):
    a_shop(any_engine, orders=2)
    believed(any_engine, **WORST)
    service = a_service(any_engine)
    assert refund(service, key="same") == refund(service, key="same")
    try_refund(service, a_refund("o1", buyer="b1"))
    assert len(rows_of(any_engine, shadow_decisions)) == 1


def test_what_was_thought_of_other_facts_is_compared_with_nothing(any_engine):
    a_shop(any_engine)
    believed(any_engine, at=NOON - timedelta(hours=1), **WORST)
    assert refund(a_service(any_engine))["outcome"] == "instant"
    assert rows_of(any_engine, shadow_decisions) == []


def unkeepable(engine, monkeypatch):
    def full(tx, _):
        tx.exec_driver_sql("INSERT INTO nowhere VALUES (1)")

    believed(engine, **WORST)
    monkeypatch.setattr(store_shadow, "add_decisions", full)


def test_what_a_challenger_cannot_decide_is_kept_as_failed_and_the_decision_stands(any_engine):
    a_shop(any_engine)
    believed(any_engine, band="Z")
    with structlog.testing.capture_logs() as lines:
        told = refund(a_service(any_engine))
    (kept,) = rows_of(any_engine, shadow_decisions)
    assert (told["outcome"], kept["live_outcome"], kept["shadow_outcome"]) == ("instant", "instant", "failed")
    assert "a challenger could not decide" in [line["event"] for line in lines]


def test_what_goes_wrong_beside_a_decision_leaves_it_whole(any_engine, monkeypatch):
    a_shop(any_engine)
    unkeepable(any_engine, monkeypatch)
    with structlog.testing.capture_logs() as lines:
        told = refund(a_service(any_engine))
    assert told["outcome"] == "instant"
    assert [row["cents"] for row in rows_of(any_engine, reservations)] == [PRICE]
    with reading(any_engine) as tx:
        assert first_fault(tx) is None
    assert "what challengers would have decided could not be kept" in [line["event"] for line in lines]


def asked_of(engine, monkeypatch, *, challenged):
    """Some decisions about a shop: their answers as bytes, and every row that they left."""
    numbers = itertools.count()
    monkeypatch.setattr(secrets, "token_hex", lambda size: f"{next(numbers):0{2 * size}x}")
    a_shop(engine, orders=3)
    if challenged:
        believed(engine, **WORST)
        believed(engine, target="counterfeit", counterfeit={"p": 0.9, "level": "high", "flagged": True})
    service = a_service(engine)
    bodies = (a_refund(), a_refund("o1", buyer="b1", reason="counterfeit"), a_refund("o2", buyer="thief"))
    answers = [as_json(refund(service, body, key=f"k{number}")) for number, body in enumerate(bodies)]
    answers += [apply(engine, name, key=name).text for name in ("lightning_dispatch", "seven_day_return")]
    left = [rows_of(engine, table) for table in (decisions, reservations, cases, audit)]
    return answers, left, len(rows_of(engine, shadow_decisions))


def test_answers_decisions_money_and_audit_chain_are_the_same_to_the_byte_with_and_without_challengers(
    any_engine, tmp_path, monkeypatch
):
    (tmp_path / "without").mkdir()
    is_postgresql = any_engine.dialect.name == "postgresql"
    with closing(postgresql_store() if is_postgresql else sqlite_store(tmp_path / "without")) as stores:
        without = next(stores)
        create_tables(without)
        answers, left, beside = asked_of(without, monkeypatch, challenged=False)
    answers_beside, left_beside, kept = asked_of(any_engine, monkeypatch, challenged=True)
    assert answers_beside == answers
    assert left_beside == left
    assert (beside, kept) == (0, 10)
