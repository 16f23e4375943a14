import json
from datetime import datetime, timedelta

import pytest
from pydantic import TypeAdapter

from features.database import reading
from scoring.gate import Applicant, Application, gate
from serving import cases
from serving.decide import plain
from serving.decisions import decision
from serving.policy import shipped_programmes
from serving.readings import live_readings
from tests.serving.shop import a_shop, an_order, judged, tell
from tests.serving.world import NOON, FakeReadings, a_key, a_merchant_exists, a_service, ask

APPLY = "/v1/programmes/{}/applications"


def apply(engine, programme="lightning_dispatch", *, body=None, key="k", service=None, **readings):
    service = service or a_service(engine, readings=FakeReadings(**readings))
    sent = {"merchant_id": "m1", "category": "toys", **(body or {})}
    caller = a_key(engine, "programmes:decide")
    headers = {"Idempotency-Key": key}
    return ask(service, APPLY.format(programme), key=caller, method="POST", json=sent, headers=headers)


def test_a_spotless_merchant_is_admitted_and_told_until_when(engine):
    a_shop(engine)
    answer = apply(engine)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["outcome"], told["reasons"], told["path_to_qualify"]) == ("admit", [], [])
    assert told["expires_at"] == "2027-02-18T12:00:00Z"
    assert told["policy_version"].startswith("programmes-")


def test_the_answer_has_the_fields_of_the_contract(engine):
    a_shop(engine)
    told = apply(engine, dispatch_kept_rate_90d_capped=(500, 600)).json()
    contract = {"decision_id", "outcome", "conditions", "reasons", "path_to_qualify", "policy_version", "expires_at"}
    assert contract <= set(told)
    assert {"metric", "have", "need", "gap", "earliest"} <= set(told["path_to_qualify"][0])
    assert {"code", "text", "text_zh"} <= set(told["reasons"][0])


def test_a_merchant_that_turned_bad_is_refused_with_the_condition_it_failed(engine):
    a_shop(engine)
    told = apply(engine, dispatch_kept_rate_90d_capped=(500, 600)).json()
    assert told["outcome"] == "refuse"
    assert [one["code"] for one in told["reasons"]] == ["P301"]


def test_figures_that_prove_little_give_a_place_on_trial(engine):
    a_shop(engine)
    told = apply(engine, dispatch_kept_rate_90d_capped=(58, 60)).json()
    assert told["outcome"] == "conditions"
    assert told["cap"] > 0


def test_what_one_buyer_orders_on_one_day_is_three_orders_and_one_day_of_history(engine):
    a_shop(engine, orders=0)
    for number in range(9):
        an_order(engine, f"again{number}", buyer="b1")
    told = apply(engine, service=a_service(engine, readings=live_readings)).json()
    with reading(engine) as tx:
        asked = json.loads(decision(tx, told["decision_id"]).trace)["applicant"]
    assert (asked["orders_365d"], asked["order_days"]) == (3, 1)


def test_the_same_gate_gives_the_same_answer_from_the_trace(engine):
    a_shop(engine)
    service = a_service(engine)
    told = apply(engine, "seven_day_return", return_refusal_rate_90d_capped=(3, 100)).json()
    with reading(engine) as tx:
        trace = json.loads(decision(tx, told["decision_id"]).trace)
    applicant = TypeAdapter(Applicant).validate_python(trace["applicant"])
    wanted = Application(programme=service.programmes.programme("seven_day_return"), category="toys")
    again = gate(wanted, applicant, policy=service.programmes, as_of=datetime.fromisoformat(trace["as_of"]))
    assert {**told, **plain(again)} == told


def test_a_failed_paper_check_replaces_the_one_that_was_passed(engine):
    a_shop(engine)
    assert apply(engine).json()["outcome"] == "admit"
    tell(engine, "qualification_checked", qualification="identity", outcome="failed", at=NOON - timedelta(minutes=1))
    assert apply(engine, key="later").json()["outcome"] == "refuse"


def test_an_older_check_that_comes_in_late_replaces_nothing(engine):
    a_shop(engine)
    tell(engine, "qualification_checked", qualification="identity", outcome="failed", at=NOON - timedelta(days=9))
    assert apply(engine).json()["outcome"] == "admit"


def test_a_check_that_was_taken_back_counts_no_more(engine):
    a_shop(engine)
    failed = tell(engine, "qualification_checked", qualification="identity", outcome="failed", at=NOON)
    tell(engine, "event_reversed", reverses=failed, at=NOON)
    assert apply(engine).json()["outcome"] == "admit"


def test_a_merchant_that_no_model_has_judged_goes_to_a_person(any_engine):
    a_merchant_exists(any_engine, "m1")
    for paper in ("identity", "business_licence"):
        tell(any_engine, "qualification_checked", qualification=paper, outcome="passed")
    told = apply(any_engine).json()
    assert told["outcome"] == "review"
    with reading(any_engine) as tx:
        (case,) = cases.queue(tx)
    assert (case.kind, case.merchant_id, case.decision_id) == ("programme", "m1", told["decision_id"])
    assert told["reasons"][0]["text"] in case.summary
    assert told["reasons"][0]["text_zh"] in case.summary


def test_applying_again_while_a_person_looks_opens_no_second_case(engine):
    a_shop(engine, basis="fallback")
    first, second = (apply(engine, key=key).json() for key in ("a", "b"))
    assert first["decision_id"] != second["decision_id"]
    with reading(engine) as tx:
        assert len(cases.queue(tx)) == 1


def test_an_assessment_of_yesterday_morning_is_too_old_for_a_plain_yes(engine):
    a_shop(engine)
    judged(engine, at=NOON - timedelta(hours=27))
    assert apply(engine).json()["outcome"] == "review"


@pytest.mark.parametrize(
    ("programme", "body", "status", "code"),
    [
        ("no_such", {}, 404, "programme_unknown"),
        ("lightning_dispatch", {"merchant_id": "nobody"}, 404, "merchant_unknown"),
        ("lightning_dispatch", {"merchant_id": ""}, 422, "invalid"),
        ("lightning_dispatch", {"merchant_id": "a\x00b"}, 422, "invalid"),
        ("lightning_dispatch", {"category": None}, 422, "invalid"),
        ("lightning_dispatch", {"colour": "red"}, 422, "invalid"),
        ("lightning_dispatch", {"merchant_id": 7}, 422, "invalid"),
    ],
)
def test_a_wrong_application_is_a_problem_with_a_code(engine, programme, body, status, code):
    a_shop(engine)
    answer = apply(engine, programme, body=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_catalogue_tells_every_programme_with_its_conditions_in_both_languages(engine):
    key = a_key(engine, "scores:read")
    told = ask(a_service(engine), "/v1/programmes", key=key).json()["programmes"]
    assert [one["programme"] for one in told] == [one.id for one in shipped_programmes().programmes]
    assert all(one["name"] and one["name_zh"] and one["conditions"] for one in told)
    fakes = next(one for one in told if one["programme"] == "one_fake_three_paid")
    assert (fakes["pays"]["times_price"], fakes["pledge_cents"], fakes["claim_days"]) == (3.0, 50_000, 90)
    assert {one["code"] for one in fakes["keep"]} == {one["code"] for one in fakes["conditions"]}


def test_one_programme_is_described_like_in_the_catalogue(engine):
    key = a_key(engine, "scores:read")
    all_of_them = ask(a_service(engine), "/v1/programmes", key=key).json()["programmes"]
    one = ask(a_service(engine), "/v1/programmes/seven_day_return", key=key).json()
    assert one in all_of_them
    assert ask(a_service(engine), "/v1/programmes/nothing", key=key).json()["code"] == "programme_unknown"


def standing_of(engine, merchant="m1"):
    key = a_key(engine, "scores:read")
    return ask(a_service(engine), f"/v1/merchants/{merchant}/programmes", key=key).json()


def test_a_merchants_standing_tells_what_it_carries_and_what_the_gate_would_say(engine):
    a_shop(engine)
    tell(engine, "programme_joined", programme="seven_day_return", at=NOON - timedelta(days=3))
    tell(engine, "programme_joined", programme="lightning_dispatch", at=NOON - timedelta(days=3))
    tell(engine, "programme_left", programme="lightning_dispatch", at=NOON - timedelta(days=1))
    told = {one["programme"]: one for one in standing_of(engine)["programmes"]}
    assert (told["seven_day_return"]["joined"], told["seven_day_return"]["since"]) == (True, "2026-11-17T12:00:00Z")
    assert (told["lightning_dispatch"]["joined"], told["lightning_dispatch"]["outcome"]) == (False, "admit")
    assert (told["one_fake_three_paid"]["joined"], told["one_fake_three_paid"]["since"]) == (False, None)


def test_the_standing_decides_nothing(engine):
    a_shop(engine, basis="fallback")
    assert "review" in {one["outcome"] for one in standing_of(engine)["programmes"]}
    with reading(engine) as tx:
        assert cases.queue(tx) == ()
    assert standing_of(engine, "nobody")["code"] == "merchant_unknown"
