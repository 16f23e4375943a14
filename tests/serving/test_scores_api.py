from datetime import timedelta
from urllib.parse import quote

import pytest

from serving.answers import ScoreAnswer, stored
from serving.store import AssessmentStore, KeyStore
from tests.serving.world import MIDNIGHT, NOON, FakeClock, a_key, a_merchant_exists, a_service, an_assessment, ask

#: The fields of contracts 3.4, down to the last level.
CONTRACT = {
    "merchant_id": None,
    "score": None,
    "band": None,
    "p_bad": None,
    "counterfeit": {"p", "level", "flagged", "model"},
    "reasons": {"code", "text", "text_zh", "feature", "value", "contribution"},
    "evidence": {"orders", "buyers", "sufficient"},
    "model": {"name", "version", "digest"},
    "basis": None,
    "policy_version": None,
    "as_of": None,
    "assessed_at": None,
}


def assessed(engine, merchant_id="m1", **facts):
    AssessmentStore(engine).remember([stored(an_assessment(merchant_id, **facts), assessed_at=NOON)])


def score_of(engine, merchant_id="m1", **more):
    path = f"/v1/merchants/{quote(merchant_id, safe='')}/score"
    return ask(a_service(engine), path, key=a_key(engine, "scores:read"), **more)


def test_the_answer_has_the_fields_of_the_contract_and_by_what_it_was_judged(engine):
    assessed(engine)
    answer = score_of(engine).json()
    assert set(answer) == set(CONTRACT)
    assert answer["reasons"]
    for name, inner in CONTRACT.items():
        parts = answer[name] if name == "reasons" else [answer[name]]
        assert inner is None or all(set(part) == inner for part in parts)


def test_the_answer_is_the_stored_assessment(engine):
    assessed(engine, n_orders_365d=77)
    answer = score_of(engine)
    assert answer.headers["content-type"] == "application/json"
    assert answer.text == AssessmentStore(engine).latest("m1")
    assert answer.json()["evidence"] == {"orders": 77, "buyers": 80, "sufficient": True}


def test_the_answer_fits_its_own_description(engine):
    assessed(engine)
    answer = ScoreAnswer.model_validate_json(score_of(engine).text, strict=True)
    assert (answer.as_of, answer.assessed_at) == (MIDNIGHT, NOON)
    assert answer.counterfeit.p is None


def test_an_unknown_merchant_is_a_404_with_a_code(engine):
    answer = score_of(engine, "nobody")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "merchant_unknown"


def test_a_known_merchant_that_was_never_assessed_gets_the_fallback(engine):
    a_merchant_exists(engine, "newcomer")
    answer = score_of(engine, "newcomer").json()
    assert (answer["basis"], answer["merchant_id"], answer["band"]) == ("fallback", "newcomer", "C")
    assert (answer["as_of"], answer["assessed_at"]) == ("2026-11-20T12:00:00Z", "2026-11-20T12:00:00Z")


def test_the_fallback_tells_the_evidence_that_there_is(engine):
    a_merchant_exists(engine, "busy", orders=35)
    a_merchant_exists(engine, "other", orders=3)
    assert score_of(engine, "busy").json()["evidence"] == {"orders": 35, "buyers": 1, "sufficient": True}


def test_the_fallback_is_not_stored(engine):
    a_merchant_exists(engine, "newcomer")
    score_of(engine, "newcomer")
    assert AssessmentStore(engine).latest("newcomer") is None


@pytest.mark.parametrize("merchant_id", ["a/b", "a/score", "../x", "店铺 1", "a%2Fb", "?as_of=1", "x" * 10_000])
def test_ids_are_other_peoples_strings(engine, merchant_id):
    assert score_of(engine, merchant_id).json()["code"] == "merchant_unknown"
    assessed(engine, merchant_id)
    assert score_of(engine, merchant_id).json()["merchant_id"] == merchant_id


def test_a_parameter_that_is_not_understood_is_refused_and_not_passed_over(engine):
    assessed(engine)
    answer = score_of(engine, params={"asof": "2026-01-01T00:00:00Z"})
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"
    assert "asof" in answer.json()["detail"]


def test_who_may_not_read_does_not_learn_who_exists(engine):
    assessed(engine)
    key = a_key(engine, "admin")
    answers = [ask(a_service(engine), f"/v1/merchants/{name}/score?x=1", key=key) for name in ("m1", "nobody")]
    assert {answer.status_code for answer in answers} == {403}
    assert answers[0].text == answers[1].text


def test_a_revoked_key_opens_nothing_any_more(engine):
    assessed(engine)
    key = a_key(engine, "scores:read")
    KeyStore(engine).revoke(key.split("_")[1], now=NOON)
    answer = ask(a_service(engine), "/v1/merchants/m1/score", key=key)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_the_stored_answer_does_not_move_with_the_clock(engine):
    assessed(engine)
    key = a_key(engine, "scores:read")
    later = a_service(engine, clock=FakeClock(NOON + timedelta(days=3)))
    assert ask(later, "/v1/merchants/m1/score", key=key).json()["assessed_at"] == "2026-11-20T12:00:00Z"


# --- As of then, anew, and of many -----------------------------------------------------------------------------


def test_as_of_a_moment_is_judged_from_what_was_known_before_it(engine):
    a_merchant_exists(engine, "m1", orders=35)
    ten_days_on = score_of(engine, params={"as_of": "2026-01-11T00:00:00Z"}).json()
    assert (ten_days_on["evidence"]["orders"], ten_days_on["as_of"]) == (10, "2026-01-11T00:00:00Z")
    assert AssessmentStore(engine).latest("m1") is None


@pytest.mark.parametrize(
    ("as_of", "status", "code"),
    [
        ("2026-11-20T12:00:01Z", 422, "as_of_in_future"),
        ("2026-11-20T10:00:00", 422, "invalid"),
        ("yesterday", 422, "invalid"),
        ("2025-12-31T23:00:00Z", 404, "merchant_unknown"),
        ("0001-01-01T00:00:00Z", 404, "merchant_unknown"),
        ("0001-01-01T00:00:00+08:00", 404, "merchant_unknown"),
    ],
)
def test_a_moment_that_cannot_be_judged_is_refused(engine, as_of, status, code):
    a_merchant_exists(engine)
    answer = score_of(engine, params={"as_of": as_of})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_fresh_judges_now_and_is_remembered(engine):
    a_merchant_exists(engine, "m1", orders=35)
    answer = score_of(engine, params={"fresh": "true"})
    assert answer.json()["evidence"]["orders"] == 35
    assert AssessmentStore(engine).latest("m1") == answer.text


def test_fresh_of_nobody_is_a_404(engine):
    assert score_of(engine, "nobody", params={"fresh": "true"}).json()["code"] == "merchant_unknown"


def test_many_are_answered_in_the_order_in_which_they_were_asked_for(engine):
    assessed(engine, "m2")
    assessed(engine, "m1")
    a_merchant_exists(engine, "newcomer")
    wanted = {"merchant_ids": ["m1", "nobody", "newcomer", "m2", "m1"]}
    answer = ask(
        a_service(engine), "/v1/merchants/scores", key=a_key(engine, "scores:read"), method="POST", json=wanted
    )
    found = answer.json()
    assert [one["merchant_id"] for one in found["scores"]] == ["m1", "newcomer", "m2"]
    assert (found["scores"][1]["basis"], found["unknown"]) == ("fallback", ["nobody"])


@pytest.mark.parametrize(
    "body", [{}, {"merchant_ids": "m1"}, {"merchant_ids": ["m"] * 1001}, {"merchant_ids": [1]}], ids=repr
)
def test_what_is_no_list_of_up_to_a_thousand_merchants_is_refused(engine, body):
    answer = ask(a_service(engine), "/v1/merchants/scores", key=a_key(engine, "scores:read"), method="POST", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
