"""`POST /v1/events`: what goes in is there, once, and counts."""

import json
from datetime import timedelta

import pytest

from features.database import reading
from features.lookup import live_state
from features.moment import features_now
from tests.serving.world import NOON, FakeClock, a_key, a_service, ask

ORDER = {"event_id": "e1", "event_type": "order_placed", "merchant_id": "m1", "order_id": "o1", "amount_cents": 500}


def an_order(event_id="e1", *, at=NOON - timedelta(hours=1), **changes):
    return {**ORDER, "event_id": event_id, "event_time": at.isoformat(), **changes}


def send(service, *events, **more):
    key = a_key(service.engine, "events:write")
    return ask(service, "/v1/events", key=key, method="POST", json={"events": list(events)}, **more)


def orders_of(service, merchant_id="m1"):
    with reading(service.engine) as tx:
        (row,) = features_now(tx, [merchant_id], now=service.clock()).to_pylist()
    return row["n_orders_7d"]


def codes(answer):
    return [(one["index"], one["code"]) for one in answer.json()["rejected"]]


def test_an_event_counts_when_the_answer_is_sent(engine):
    service = a_service(engine)
    answer = send(service, an_order())
    assert (answer.status_code, answer.json()) == (200, {"accepted": 1, "duplicates": 0, "rejected": []})
    assert orders_of(service) == 1


def test_its_merchant_is_due_from_then_on(engine):
    send(a_service(engine), an_order())
    with reading(engine) as tx:
        state = live_state(tx, "m1")
    assert state is not None
    assert state.last_seq > state.assessed_seq


def test_the_same_again_later_is_a_duplicate_though_the_clock_has_moved(engine):
    clock = FakeClock()
    service = a_service(engine, clock=clock)
    send(service, an_order())
    clock.move(timedelta(minutes=1))
    assert send(service, an_order()).json() == {"accepted": 0, "duplicates": 1, "rejected": []}
    assert orders_of(service) == 1


def test_other_content_under_the_same_id_is_a_conflict_and_changes_nothing(engine):
    service = a_service(engine)
    send(service, an_order())
    answer = send(service, an_order(amount_cents=501), an_order("e2", order_id="o2"))
    assert (answer.json()["accepted"], codes(answer)) == (1, [(0, "event_id_conflict")])


def test_of_one_id_within_a_request_the_one_known_first_stands(engine):
    service, early = a_service(engine), (NOON - timedelta(minutes=30)).isoformat()
    later = (NOON - timedelta(minutes=10)).isoformat()
    sent = [
        an_order(known_at=later, amount_cents=2),
        an_order(known_at=early, amount_cents=1),
        an_order(known_at=early, amount_cents=1),
    ]
    answer = send(service, *sent)
    assert (answer.json()["accepted"], answer.json()["duplicates"], codes(answer)) == (1, 1, [(0, "event_id_conflict")])


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (an_order(event_type="order_lost"), "unknown_type"),
        (an_order(colour="red"), "unknown_column"),
        (an_order(amount_cents=-1), "bad_value"),
        (an_order(order_id=None), "missing_column"),
        (an_order(event_time="2026-11-20T11:00:00"), "naive_time"),
        (an_order(known_at=(NOON - timedelta(hours=2)).isoformat()), "known_before_event"),
        (an_order(known_at=(NOON + timedelta(minutes=6)).isoformat()), "known_in_future"),
        (an_order(at=NOON + timedelta(hours=1)), "known_before_event"),
        (an_order(currency="EUR"), "currency_mismatch"),
        ("no event", "bad_json"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_wrong_event_is_rejected_with_a_code_and_the_good_ones_go_in(engine, event, code):
    service = a_service(engine)
    answer = send(service, event, an_order("good", order_id="o9"))
    assert (answer.status_code, answer.json()["accepted"], codes(answer)) == (200, 1, [(0, code)])


def test_a_clock_that_is_a_little_ahead_is_waited_for(engine):
    clock = FakeClock()
    service = a_service(engine, clock=clock)
    answer = send(service, an_order(at=NOON + timedelta(minutes=3)))
    assert answer.json()["accepted"] == 1
    assert orders_of(service) == 0


@pytest.mark.parametrize(
    "body", [{}, {"events": {}}, {"events": [], "more": 1}, {"events": [{}] * 1001}, [], None], ids=repr
)
def test_what_is_no_list_of_up_to_a_thousand_events_is_refused(engine, body):
    service = a_service(engine)
    answer = ask(service, "/v1/events", key=a_key(engine, "events:write"), method="POST", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def sender(service, idempotency_key):
    """A caller who sends everything under one idempotency key."""
    key = a_key(service.engine, "events:write")
    headers = {"Idempotency-Key": idempotency_key, "Content-Type": "application/json"}

    def send_again(*events):
        content = json.dumps({"events": events})
        return ask(service, "/v1/events", key=key, method="POST", content=content, headers=headers)

    return send_again


def test_a_repeat_with_an_idempotency_key_gets_the_answer_that_its_first_got(any_engine):
    service = a_service(any_engine)
    send_again = sender(service, "one")
    first, again = (send_again(an_order(), an_order(colour="red")) for _ in range(2))
    assert (first.status_code, again.text, again.json()["accepted"]) == (200, first.text, 1)
    assert orders_of(service) == 1


def test_the_same_idempotency_key_with_other_events_is_a_conflict_and_takes_nothing(any_engine):
    service = a_service(any_engine)
    send_again = sender(service, "one")
    send_again(an_order())
    answer = send_again(an_order("e2", order_id="o2"))
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")
    assert orders_of(service) == 1


def test_an_idempotency_key_stands_for_events_too_of_which_none_was_taken(engine):
    send_again = sender(a_service(engine), "one")
    first, again = (send_again(an_order(order_id="\ud800"), "no event") for _ in range(2))
    assert (first.status_code, codes(first)) == (200, [(0, "bad_value"), (1, "bad_json")])
    assert again.text == first.text


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_an_idempotency_key_may_be_left_out_but_not_be_wrong(engine, key):
    answer = send(a_service(engine), an_order(), headers={"Idempotency-Key": key})
    assert answer.status_code == 422


def test_an_empty_list_does_nothing(engine):
    assert send(a_service(engine)).json() == {"accepted": 0, "duplicates": 0, "rejected": []}
