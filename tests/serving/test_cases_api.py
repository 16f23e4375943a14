"""Cases over HTTP: worked on by keys as by people, by two where that is needed; and objections to decisions."""

import json
from datetime import timedelta

import pytest

from features.database import reading, writing
from features.lookup import events_of_type
from serving import cases
from serving.app import create_app
from serving.cases import Kind, Matter
from serving.penalties.ladder import review_penalties
from serving.policies.in_force import note_policies
from serving.record import audit
from tests.serving.shop import a_shop, refund, tell
from tests.serving.world import NOON, a_key, a_service, ask, call


def a_case(engine, kind=Kind.SUSPICION, about="a", **more):
    with writing(engine) as tx:
        matter = Matter(kind=kind, merchant_id="m1", about=about, summary="Look. / 看。", **more)
        return cases.open_case(tx, matter, now=NOON)


class Desk:
    """Somebody's key, and what they do with it."""

    def __init__(self, engine, clock=lambda: NOON):
        self.app, self.key = create_app(a_service(engine, clock=clock)), a_key(engine, "cases:write")

    def send(self, path, **body):
        return call(self.app, path, key=self.key, method="POST", json=body)

    def listed(self, **query):
        return call(self.app, "/v1/cases", key=self.key, params=query).json()["cases"]


def test_cases_are_listed_taken_and_ended(any_engine):
    desk, case = Desk(any_engine), a_case(any_engine)
    (told,) = desk.listed()
    assert (told["id"], told["kind"], told["waits"], told["summary"]) == (case, "suspicion", False, "Look. / 看。")
    assert desk.send(f"/v1/cases/{case}/assign", to="wang").json()["assigned_to"] == "wang"
    assert desk.send(f"/v1/cases/{case}/assign").json()["assigned_to"].startswith("key:")
    ended = desk.send(f"/v1/cases/{case}/resolve", outcome="dismissed", reason="Nothing to it.").json()
    assert (ended["state"], ended["outcome"], ended["resolved_by"][:4]) == ("resolved", "dismissed", "key:")
    assert (desk.listed(), [one["id"] for one in desk.listed(state="resolved")]) == ([], [case])
    with reading(any_engine) as tx:
        assert {one.actor[:4] for one in audit.about(tx, f"case:{case}")} == {"key:"}


def test_what_takes_two_takes_two_keys(engine):
    one, other, case = Desk(engine), Desk(engine), a_case(engine, Kind.PENALTY)
    assert one.send(f"/v1/cases/{case}/resolve", outcome="apply", reason="Seen.").json()["waits"]
    assert one.send(f"/v1/cases/{case}/approve").json()["code"] == "second_person_needed"
    assert other.send(f"/v1/cases/{case}/approve", agrees=False).json()["outcome"] is None
    one.send(f"/v1/cases/{case}/resolve", outcome="apply", reason="Seen again.")
    assert other.send(f"/v1/cases/{case}/approve").json()["state"] == "resolved"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("c_none/resolve", {"outcome": "upheld", "reason": "x"}, 404, "case_unknown"),
        ("{}/resolve", {"outcome": "admit", "reason": "x"}, 422, "resolution_invalid"),
        ("{}/resolve", {"outcome": "upheld", "reason": " "}, 422, "resolution_invalid"),
        ("{}/resolve", {"outcome": "upheld"}, 422, "invalid"),
        ("{}/approve", {}, 422, "resolution_invalid"),
        ("{}/assign", {"whom": "me"}, 422, "invalid"),
    ],
)
def test_a_wrong_wish_is_a_problem_with_a_code(engine, path, body, status, code):
    answer = Desk(engine).send(f"/v1/cases/{path.format(a_case(engine))}", **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


# Objections.


def objected(engine, decision_id, *, days=0, text="It was not me."):
    desk = Desk(engine, clock=lambda: NOON + timedelta(days=days))
    return desk.send(f"/v1/decisions/{decision_id}/appeals", text=text)


def refused_a_promise(engine, dispute, at=None):
    told = {"dispute_id": dispute, "order_id": "o0", "outcome": "merchant_at_fault", "reason": "return_refused"}
    tell(engine, "dispute_resolved", at=at, **told)


def a_penalty(engine):
    """The decision on points for a promise that was refused."""
    a_shop(engine)
    note_policies(a_service(engine, clock=lambda: NOON - timedelta(days=9)))
    refused_a_promise(engine, "d1")
    assert review_penalties(a_service(engine), ["m1"], now=NOON) == 1
    history = ask(a_service(engine), "/v1/merchants/m1/history", key=a_key(engine, "scores:read")).json()
    return history["decisions"][0]["decision_id"]


def test_an_objection_is_a_case_with_a_clock_and_once(any_engine):
    a_shop(any_engine)
    decided = refund(a_service(any_engine))["decision_id"]
    told = objected(any_engine, decided).json()
    assert (told["decision_id"], told["state"], told["due_at"]) == (decided, "open", "2026-12-05T12:00:00Z")
    assert objected(any_engine, decided).json()["case_id"] == told["case_id"]


@pytest.mark.parametrize(("days", "status"), [(179, 200), (180, 409)])
def test_an_objection_may_come_for_half_a_year(engine, days, status):
    a_shop(engine)
    assert objected(engine, refund(a_service(engine))["decision_id"], days=days).status_code == status


def test_an_objection_to_nothing_or_without_words_is_a_problem(engine):
    assert objected(engine, "d_none").json()["code"] == "decision_unknown"
    assert objected(engine, "d_none", text="").json()["code"] == "invalid"


def test_an_objection_that_was_judged_stands(engine):
    decided, desk = a_penalty(engine), Desk(engine)
    case = objected(engine, decided).json()["case_id"]
    assert desk.send(f"/v1/cases/{case}/resolve", outcome="dismissed", reason="It was.").json()["state"] == "resolved"
    assert objected(engine, decided).json()["code"] == "case_closed"


def test_a_penalty_is_lifted_where_two_people_uphold_the_objection_and_its_deed_never_counted(engine):
    decided, one, other = a_penalty(engine), Desk(engine), Desk(engine)
    case = objected(engine, decided).json()["case_id"]
    one.send(f"/v1/cases/{case}/resolve", outcome="upheld", reason="The ruling was of another order.")
    assert other.send(f"/v1/cases/{case}/approve").json()["state"] == "resolved"
    with reading(engine) as tx:
        (lifted,) = events_of_type(tx, "m1", "reinstated")
    assert lifted.says["reason"] == "an objection to the penalty was upheld"
    refused_a_promise(engine, "d2", NOON + timedelta(days=1))
    later = NOON + timedelta(days=2)
    assert review_penalties(a_service(engine, clock=lambda: later), ["m1"], now=later) == 1
    history = ask(a_service(engine), "/v1/merchants/m1/history", key=a_key(engine, "scores:read")).json()
    answer = ask(a_service(engine), f"/v1/decisions/{history['decisions'][0]['decision_id']}",
                 key=a_key(engine, "scores:read")).json()["answer"]  # fmt: skip
    assert (answer["points"], answer["outcome"]) == (4, "points")


def test_whoever_applied_a_penalty_cannot_judge_the_objection_to_it(engine):
    a_shop(engine)
    note_policies(a_service(engine, clock=lambda: NOON - timedelta(days=9)))
    tell(engine, "fake_report_resolved", report_id="r1", outcome="confirmed", listing_id="l1")
    review_penalties(a_service(engine), ["m1"], now=NOON)
    one, other, third = Desk(engine), Desk(engine), Desk(engine)
    (case,) = one.listed()
    one.send(f"/v1/cases/{case['id']}/resolve", outcome="apply", reason="Seen.")
    other.send(f"/v1/cases/{case['id']}/approve")
    appeal = objected(engine, case["decision_id"]).json()["case_id"]
    for desk in (one, other):
        answer = desk.send(f"/v1/cases/{appeal}/resolve", outcome="dismissed", reason="I said so.")
        assert answer.json()["code"] == "second_person_needed"
    ended = third.send(f"/v1/cases/{appeal}/resolve", outcome="dismissed", reason="It stands.")
    assert ended.json()["state"] == "resolved"


def test_a_penalty_whose_objection_was_upheld_in_time_is_never_told(engine):
    a_shop(engine)
    note_policies(a_service(engine, clock=lambda: NOON - timedelta(days=9)))
    for number in (1, 2):
        tell(engine, "fake_report_resolved", report_id=f"r{number}", outcome="confirmed", listing_id=f"l{number}")
    review_penalties(a_service(engine), ["m1"], now=NOON)
    one, other, third, fourth = (Desk(engine) for _ in range(4))
    (case,) = one.listed()
    one.send(f"/v1/cases/{case['id']}/resolve", outcome="apply", reason="Seen.")
    other.send(f"/v1/cases/{case['id']}/approve")
    appeal = objected(engine, case["decision_id"]).json()["case_id"]
    third.send(f"/v1/cases/{appeal}/resolve", outcome="upheld", reason="The laboratory was wrong.")
    fourth.send(f"/v1/cases/{appeal}/approve")
    later = NOON + timedelta(days=40)
    review_penalties(a_service(engine, clock=lambda: later), ["m1"], now=later)
    with reading(engine) as tx:
        assert events_of_type(tx, "m1", "penalty_applied") == ()


def test_what_was_objected_is_what_a_reviewer_reads(engine):
    decided = a_penalty(engine)
    objected(engine, decided, text="<b>No.")
    (told,) = Desk(engine).listed()
    assert (told["kind"], told["summary"], told["decision_id"]) == ("appeal", "<b>No.", decided)
    assert json.dumps(told)
