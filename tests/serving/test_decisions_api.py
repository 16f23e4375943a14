import json
from datetime import timedelta

import pytest

from features.database import writing
from serving import cases
from serving.auth import SCOPES
from serving.limits import LARGEST_BODY
from tests.serving.shop import a_payment, a_refund, a_shop, an_order, judged, refund
from tests.serving.world import NOON, FakeClock, a_key, a_service, ask

REFUNDS = "/v1/refunds/decisions"


def post(engine, body=None, *, key=None, path=REFUNDS, idempotency_key="k", **more):
    key = key or a_key(engine, "refunds:decide")
    sent = more or {"json": body if body is not None else a_refund().model_dump(mode="json")}
    headers = {"Idempotency-Key": idempotency_key, "Content-Type": "application/json"}
    return ask(a_service(engine), path, method="POST", key=key, headers=headers, **sent)


def read(engine, path, **more):
    return ask(a_service(engine), path, key=a_key(engine, "scores:read"), **more)


def test_a_refund_is_decided_over_http_and_a_repeat_gets_the_same_bytes(engine):
    a_shop(engine)
    key = a_key(engine, "refunds:decide")
    first, second = post(engine, key=key), post(engine, key=key)
    assert (first.status_code, first.json()["outcome"]) == (200, "instant")
    assert first.content == second.content
    third = post(engine, key=key, idempotency_key="other")
    assert (third.status_code, third.json()["code"]) == (409, "order_already_decided")


def test_another_body_under_the_same_key_is_a_conflict(engine):
    a_shop(engine)
    key = a_key(engine, "refunds:decide")
    post(engine, key=key)
    answer = post(engine, a_refund(cents=1).model_dump(mode="json"), key=key)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")


def test_trying_needs_no_key_and_names_no_decision(engine):
    a_shop(engine)
    key = a_key(engine, "refunds:decide")
    body = a_refund().model_dump(mode="json")
    answer = ask(a_service(engine), REFUNDS, method="POST", key=key, json=body, params={"dry_run": "true"})
    assert (answer.status_code, answer.json()["decision_id"], answer.json()["outcome"]) == (200, None, "instant")


WRONG_BODIES = {
    "negative money": {"amount_cents": -5},
    "no money": {"amount_cents": 0},
    "money as text": {"amount_cents": "100"},
    "money as a fraction": {"amount_cents": 1.5},
    "money as a truth value": {"amount_cents": True},
    "more money than there is": {"amount_cents": 10**30},
    "an unknown field": {"colour": "red"},
    "an unknown reason": {"reason": "because"},
    "a lower-case currency": {"currency": "cny"},
    "credit above the scale": {"buyer": {"id": "b0", "credit": 1001}},
    "no buyer": {"buyer": {}},
    "a text that cannot be kept": {"order_id": "a\x00b"},
    "half a character": {"order_id": "\ud800"},
    "an order in no state": {"order": {"state": "cancelled", "paid_cents": 5}},
}


@pytest.mark.parametrize("changes", WRONG_BODIES.values(), ids=WRONG_BODIES)
def test_a_wrong_body_is_a_422(engine, changes):
    a_shop(engine)
    body = {**a_refund().model_dump(mode="json"), **changes}
    answer = post(engine, content=json.dumps(body).encode())
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


BROKEN = {
    "nothing": b"",
    "half": b'{"order_id": ',
    "no object": b"[]",
    "no text": b"\xff\xfe{}",
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a number of many digits": b'{"amount_cents": ' + b"9" * 5000 + b"}",
    "not a number": b'{"amount_cents": NaN}',
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_broken_json_is_a_422_and_no_crash(engine, content):
    answer = post(engine, content=content)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def _streamed(size):
    for _ in range(size // 1_000_000 + 1):
        yield b" " * 1_000_000


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_beyond_the_limit_is_refused_also_where_it_does_not_say_its_size(engine, announced):
    size = LARGEST_BODY + 1
    answer = post(engine, content=b" " * size if announced else _streamed(size))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_a_large_body_within_the_limit_is_read(engine):
    a_shop(engine)
    body = json.dumps(a_refund().model_dump(mode="json")).encode()
    assert post(engine, content=body + b" " * (LARGEST_BODY - len(body))).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"merchant_id": "nobody"}, 404, "merchant_unknown"),
        ({"currency": "EUR"}, 422, "currency_mismatch"),
    ],
)
def test_what_cannot_be_decided_is_a_problem_with_a_code(engine, changes, status, code):
    a_shop(engine)
    answer = post(engine, {**a_refund().model_dump(mode="json"), **changes})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_wrong_scope_is_refused_before_anything_is_looked_at(engine):
    others = [scope for scope in SCOPES if scope != "refunds:decide"]
    answer = post(engine, {"merchant_id": "nobody"}, key=a_key(engine, *others))
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_a_decision_is_shown_with_everything_it_was_made_from(any_engine):
    a_shop(any_engine)
    told = refund(a_service(any_engine))
    shown = read(any_engine, f"/v1/decisions/{told['decision_id']}").json()
    assert shown["answer"] == told
    assert shown["request"]["buyer"]["credit"] == 800
    assert shown["trace"]["facts"]["order"]["state"] == "delivered"
    assert (shown["kind"], shown["outcome"], shown["case"]) == ("refund", "instant", None)


def test_how_a_person_decided_shows_at_the_decision(any_engine):
    a_shop(any_engine)
    told = refund(a_service(any_engine), a_refund(order={"state": "delivered", "paid_cents": 30_000}))
    path = f"/v1/decisions/{told['decision_id']}"
    case = read(any_engine, path).json()["case"]
    assert (case["state"], case["outcome"]) == ("open", None)
    with writing(any_engine) as tx:
        cases.resolve(tx, case["id"], outcome="standard", reason="The claim is wrong.", by="wang", now=NOON)
    ended = read(any_engine, path).json()
    assert ended["outcome"] == "review"
    assert (ended["case"]["outcome"], ended["case"]["resolved_by"]) == ("standard", "wang")


def test_an_unknown_decision_is_a_404(any_engine):
    answer = read(any_engine, "/v1/decisions/d_0")
    assert (answer.status_code, answer.json()["code"]) == (404, "decision_unknown")


@pytest.mark.parametrize("path", ["merchants/a%00b/score", "merchants/a%00b/history", "decisions/%00"])
def test_a_path_that_no_store_can_hold_names_nothing(any_engine, path):
    answer = read(any_engine, f"/v1/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "route_unknown")


def test_the_history_tells_what_was_thought_and_decided_newest_first(engine):
    a_shop(engine)
    judged(engine, at=NOON + timedelta(hours=1), score=650)
    an_order(engine, "o1", buyer="b1")
    later = a_service(engine, clock=FakeClock(NOON + timedelta(seconds=1)))
    decided = [refund(a_service(engine)), refund(later, a_refund("o1", buyer="b1"))]
    history = read(engine, "/v1/merchants/m1/history").json()
    assert [one["score"] for one in history["assessments"]] == [650, 700]
    assert [one["decision_id"] for one in history["decisions"]] == [one["decision_id"] for one in reversed(decided)]
    assert history["decisions"][0]["order_id"] == "o1"
    one = read(engine, "/v1/merchants/m1/history", params={"limit": 1}).json()
    assert (len(one["assessments"]), len(one["decisions"])) == (1, 1)


def test_a_merchant_without_a_past_has_an_empty_one_and_an_unknown_one_none(engine):
    a_shop(engine, "m1", orders=0)
    assert read(engine, "/v1/merchants/m1/history").json()["decisions"] == []
    assert read(engine, "/v1/merchants/nobody/history").json()["code"] == "merchant_unknown"
    assert read(engine, "/v1/merchants/m1/history", params={"limit": 0}).status_code == 422


def test_a_decision_tells_where_its_money_stands(engine):
    a_shop(engine)
    instant, ordinary = (post(engine, a_refund(name, cents=100).model_dump(mode="json"), idempotency_key=name).json()
                         for name in ("o0", "never"))  # fmt: skip
    a_payment(engine, instant, 60)
    money = read(engine, f"/v1/decisions/{instant['decision_id']}").json()["money"]
    assert (money["state"], money["promised_cents"], money["paid_cents"], money["refund_ids"]) == (
        "paid",
        100,
        60,
        ["r1"],
    )
    assert read(engine, f"/v1/decisions/{ordinary['decision_id']}").json()["money"] is None
