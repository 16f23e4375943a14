from datetime import timedelta

import pytest
from sqlalchemy import func, select

from features.database import reading, writing
from serving.errors import IdempotencyConflict, OrderAlreadyDecided
from serving.idempotency import KEPT_FOR, Answer, Asked, earlier_answer, forget_old_answers, keep
from serving.tables import idempotency
from tests.serving.shop import a_refund, a_shop, refund
from tests.serving.world import NOON, FakeClock, a_key, a_service, ask

SENT = Asked(caller="k1", route="/r", key="one", body="{}")


def remembered(engine, asked=SENT, *, now=NOON, status=200):
    with writing(engine) as tx:
        assert earlier_answer(tx, asked, now=now) is None
        keep(tx, asked, Answer(status=status, body='{"a":1}'))


def earlier(engine, now=NOON, **changes):
    asked = Asked(**{"caller": "k1", "route": "/r", "key": "one", "body": "{}", **changes})
    with writing(engine) as tx:
        found = earlier_answer(tx, asked, now=now)
        tx.rollback()
    return found


def test_a_repeat_gets_the_stored_answer_with_the_stored_status(any_engine):
    remembered(any_engine, status=201)
    assert earlier(any_engine) == Answer(status=201, body='{"a":1}')


def test_the_same_key_with_another_body_is_a_conflict(any_engine):
    remembered(any_engine)
    with pytest.raises(IdempotencyConflict):
        earlier(any_engine, body='{"b":2}')


@pytest.mark.parametrize("changes", [{"caller": "k2"}, {"route": "/other"}, {"key": "One"}])
def test_a_key_is_its_callers_and_its_routes_own(engine, changes):
    remembered(engine)
    assert earlier(engine, **changes) is None


def test_an_answer_is_kept_for_thirty_days_and_no_longer(engine):
    remembered(engine)
    assert earlier(engine, now=NOON + KEPT_FOR) is not None
    assert earlier(engine, now=NOON + KEPT_FOR + timedelta(seconds=1), body='{"b":2}') is None


def test_old_answers_go_a_few_at_a_time(any_engine):
    for number in range(25):
        remembered(any_engine, Asked(caller="k1", route="/r", key=f"old{number}", body="{}"))
    remembered(any_engine, Asked(caller="k1", route="/r", key="new", body="{}"), now=NOON + timedelta(days=31))
    with reading(any_engine) as tx:
        assert tx.execute(select(func.count()).select_from(idempotency)).scalar_one() == 6


def test_the_worker_forgets_old_answers_and_no_others(any_engine):
    for number in range(3):
        remembered(any_engine, Asked(caller="k1", route="/r", key=f"old{number}", body="{}"))
    later = NOON + timedelta(days=30, seconds=1)
    remembered(any_engine, Asked(caller="k1", route="/other", key="new", body="{}"), now=NOON + timedelta(days=1))
    assert [forget_old_answers(any_engine, now=later) for _ in range(2)] == [3, 0]


def test_a_decisions_key_stands_for_its_answer_for_thirty_days_and_then_for_another(any_engine):
    a_shop(any_engine, orders=2)
    clock = FakeClock()
    service, other = a_service(any_engine, clock=clock), a_refund("o1", buyer="b1", cents=5)
    first = refund(service, a_refund(cents=5), key="same")
    clock.move(KEPT_FOR)
    assert refund(service, a_refund(cents=5), key="same") == first
    clock.move(timedelta(seconds=1))
    assert refund(service, other, key="same")["decision_id"] != first["decision_id"]


def test_a_request_that_failed_leaves_its_key_free(any_engine):
    a_shop(any_engine)
    service = a_service(any_engine)
    refund(service)
    with pytest.raises(OrderAlreadyDecided):
        refund(service, key="again")
    assert earlier(any_engine, key="again", route="/v1/refunds/decisions") is None


def test_a_refund_asked_for_twice_gets_the_same_answer(engine):
    a_shop(engine)
    assert refund(a_service(engine), key="same") == refund(a_service(engine), key="same")
    with pytest.raises(IdempotencyConflict):
        refund(a_service(engine), a_refund(cents=1), key="same")


def post(engine, headers):
    key = a_key(engine, "refunds:decide")
    body = a_refund().model_dump(mode="json")
    return ask(a_service(engine), "/v1/refunds/decisions", method="POST", key=key, json=body, headers=headers)


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": ""}, {"Idempotency-Key": "   "}])
def test_a_decision_needs_a_key(engine, headers):
    a_shop(engine)
    answer = post(engine, headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_missing")


@pytest.mark.parametrize("key", [b"x" * 201, b"\xe5\xba\x97", b"a\tb", b"\x7f"])
def test_a_key_is_short_and_printable(engine, key):
    a_shop(engine)
    answer = post(engine, {"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_invalid")
