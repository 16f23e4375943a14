"""Requests that are decided in one transaction: each as if it had been alone, after those before it."""

import json
import math
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from features.database import open_engine, reading
from features.errors import StoreUnavailable
from serving.decide import decide_all
from serving.errors import IdempotencyConflict, MerchantUnknown, OrderAlreadyDecided
from serving.idempotency import Answer, Asked
from serving.migrate import migrate
from serving.owed import OwedBy
from serving.plain import as_json
from serving.record.check import first_fault
from serving.refunds import RefundAsked, RefundJudge, decide_on_refunds
from serving.tables import decisions, idempotency, reservations
from tests.serving.shop import PRICE, a_refund, a_shop, refund
from tests.serving.world import a_service


def asked(body, key):
    return RefundAsked(
        body=body,
        asked=Asked(caller="k1", route="/v1/refunds/decisions", key=key, body=as_json(body.model_dump(mode="json"))),
    )


def together(service, *bodies, keys=None):
    """What is told to refunds that are decided at once: outcomes, or the kinds of errors."""
    wishes = [asked(body, keys[n] if keys else f"key-{n}") for n, body in enumerate(bodies)]
    told = decide_on_refunds(service, wishes, OwedBy())
    return [json.loads(one.body)["outcome"] if isinstance(one, Answer) else type(one) for one in told]


def count_of(engine, table):
    with reading(engine) as tx:
        return tx.scalar(select(func.count()).select_from(table))


def test_each_sees_what_those_before_it_were_promised(any_engine):
    a_shop(any_engine)
    half = a_refund(cents=PRICE // 2)
    told = together(a_service(any_engine), half, half, a_refund(cents=1))
    assert told == ["instant", "instant", OrderAlreadyDecided]
    assert count_of(any_engine, reservations) == 2


def test_what_one_is_refused_for_is_nobody_elses_business(any_engine):
    a_shop(any_engine, orders=3)
    unknown = a_refund(merchant_id="nobody")
    told = together(a_service(any_engine), a_refund(), unknown, a_refund(cents=1), a_refund("o1", buyer="b1"))
    assert told == ["instant", MerchantUnknown, OrderAlreadyDecided, "instant"]
    assert (count_of(any_engine, decisions), count_of(any_engine, idempotency)) == (2, 2)
    with reading(any_engine) as tx:
        assert first_fault(tx) is None


def test_one_key_twice_gets_one_answer_and_another_body_under_it_none(any_engine):
    a_shop(any_engine, orders=2)
    service, bodies = a_service(any_engine), (a_refund(), a_refund(), a_refund("o1", buyer="b1"))
    first, again, other = decide_on_refunds(service, [asked(body, "same") for body in bodies], OwedBy())
    assert first == again
    assert isinstance(other, IdempotencyConflict)
    assert decide_on_refunds(service, [asked(a_refund(), "same")], OwedBy()) == [first]
    assert count_of(any_engine, decisions) == 1


def test_together_is_told_what_is_told_one_after_the_other(engine, tmp_path):
    alone = open_engine(f"sqlite:///{tmp_path}/alone.db")
    migrate(alone)
    wishes = [
        ("o0", "b0", 4000),
        ("o0", "b0", 5000),
        ("o1", "b1", PRICE),
        ("o0", "b0", 2000),
        ("o1", "b2", 5),
        ("o2", "b0", 7),
    ]
    bodies = [a_refund(order, buyer=buyer, cents=cents) for order, buyer, cents in wishes]
    for store in (engine, alone):
        a_shop(store, orders=3)
    at_once = decide_on_refunds(a_service(engine), [asked(body, f"key-{n}") for n, body in enumerate(bodies)], OwedBy())
    one_by_one = [refund(a_service(alone), body) for body in bodies]
    nameless = {"decision_id": None}
    assert [json.loads(one.body) | nameless for one in at_once] == [one | nameless for one in one_by_one]
    assert traces_of(engine) == traces_of(alone)


def traces_of(engine):
    """What every decision was made from, without ids that are drawn by lot."""
    with reading(engine) as tx:
        traces = tx.scalars(select(decisions.c.trace).order_by(decisions.c.decided_at, decisions.c.request)).all()
    return [json.loads(trace) | {"case_id": None, "seen_seq": None} for trace in traces]


def test_where_the_transaction_fails_everybody_is_told_and_nothing_is_kept(engine):
    a_shop(engine, orders=2)
    with engine.begin() as tx:
        tx.exec_driver_sql("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no room'); END")
    with pytest.raises(StoreUnavailable):
        together(a_service(engine), a_refund(), a_refund("o1", buyer="b1"))
    assert [count_of(engine, table) for table in (decisions, reservations, idempotency)] == [0, 0, 0]
    with engine.begin() as tx:
        tx.exec_driver_sql("DROP TRIGGER full")
    assert refund(a_service(engine))["outcome"] == "instant"


def test_what_goes_wrong_while_a_decision_is_kept_takes_the_whole_transaction_with_it(engine):
    a_shop(engine, orders=2)
    wishes = [asked(a_refund(), "a"), asked(a_refund("o1", buyer="b1"), "b")]

    def sit(sitting, _):
        judge = RefundJudge(sitting, [one.body for one in wishes], OwedBy())
        unwritable = {wishes[1].body: {"trace": {"not a number": math.nan}}}
        return lambda one: replace(judge.verdict(one.body), **unwritable.get(one.body, {}))

    with pytest.raises(ValueError, match="not JSON compliant"):
        decide_all(a_service(engine), wishes, sit)
    assert [count_of(engine, table) for table in (decisions, reservations, idempotency)] == [0, 0, 0]
