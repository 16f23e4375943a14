"""Penalties through the nights: what is found leads up the ladder; two people take trade away; nothing counts twice."""

import json
from datetime import timedelta

import pytest

from features.database import reading, writing
from features.lookup import events_of_type
from serving import cases, decisions
from serving.errors import ResolutionInvalid, SecondPersonNeeded
from serving.penalties.ladder import review_penalties
from serving.policies.in_force import note_policies
from serving.record.check import first_fault
from serving.replay.rerun import replay_all
from tests.serving.shop import a_shop, tell
from tests.serving.world import NOON, a_key, a_service, ask


@pytest.fixture
def shop(engine):
    """A good merchant where the rules of penalties have been in force for a hundred days."""
    return in_force(engine)


def in_force(engine):
    a_shop(engine)
    note_policies(a_service(engine, clock=lambda: NOON - timedelta(days=100)))
    return engine


def at(day):
    return NOON + timedelta(days=day)


def a_night(engine, day=0):
    return review_penalties(a_service(engine, clock=lambda: at(day)), ["m1"], now=at(day))


def refused_a_promise(engine, number, *, day=0.0):
    """A ruling that the merchant refused a return that it had promised: four points."""
    told = {"dispute_id": f"d{number}", "order_id": f"o{number}", "outcome": "merchant_at_fault"}
    return tell(engine, "dispute_resolved", reason="return_refused", at=at(day) - timedelta(hours=1), **told)


def a_fake(engine, number, *, day=0.0, listing=None):
    told = {"report_id": f"r{number}", "outcome": "confirmed", "listing_id": listing or f"l{number}"}
    return tell(engine, "fake_report_resolved", at=at(day) - timedelta(hours=1), **told)


def applied(engine):
    """The penalties that were told as events, each with its points."""
    with reading(engine) as tx:
        return [(one.says["penalty"], one.says["points"]) for one in events_of_type(tx, "m1", "penalty_applied")]


def penalties(engine):
    """What was decided, the oldest first."""
    with reading(engine) as tx:
        found = decisions.decisions_of(tx, "m1", 50)
    return [one for one in reversed(found) if one.kind == "penalty"]


def the_case(engine):
    with reading(engine) as tx:
        return next(one for one in cases.of_merchant(tx, "m1") if one.kind == "penalty")


def resolve(engine, outcome="apply", *, by="ann", day=0):
    with writing(engine) as tx:
        return cases.resolve(tx, the_case(engine).id, outcome=outcome, reason="Seen it.", by=by, now=at(day))


def approve(engine, *, agrees=True, by="bob", day=0):
    with writing(engine) as tx:
        return cases.approve(tx, the_case(engine).id, agrees=agrees, by=by, now=at(day))


def test_a_refused_promise_costs_points_at_once_with_its_reasons_and_a_time_to_object(any_engine):
    engine = in_force(any_engine)
    refused_a_promise(engine, 1)
    assert a_night(engine) == 1
    (made,) = penalties(engine)
    told = json.loads(made.answer)
    assert (made.outcome, told["points"], told["proposed"]) == ("points", 4, False)
    assert [one["text"] for one in told["reasons"]] == ["A promise on the order was refused. (found once, 4 points)"]
    assert told["reasons"][0]["text_zh"] == "拒绝履行订单所含承诺。（1 次，计 4 分）"
    assert told["appeal_until"] == (at(180) - timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    assert applied(engine) == [("points", 4)]


def test_nobody_is_punished_twice_for_the_same(shop):
    refused_a_promise(shop, 1)
    assert [a_night(shop, day) for day in (0, 1, 27, 29, 60)] == [1, 0, 0, 0, 0]


def test_a_harder_step_follows_from_what_was_found_since(shop):
    refused_a_promise(shop, 1)
    a_night(shop)
    for number in (2, 3):
        refused_a_promise(shop, number, day=8)
    assert a_night(shop, 8) == 1
    assert applied(shop) == [("points", 4), ("demotion", 12)]


def test_what_was_found_before_the_rules_counts_for_nothing(engine):
    a_shop(engine)
    a_fake(engine, 1)
    assert a_night(engine) == 0
    note_policies(a_service(engine))
    assert a_night(engine) == 0


def test_two_reports_of_one_listing_on_a_day_are_one_fake(shop):
    a_fake(shop, 1, listing="l1")
    a_fake(shop, 2, listing="l1")
    a_night(shop)
    assert penalties(shop)[0].outcome == "suspension"


def test_trade_is_taken_away_by_two_people_and_not_by_one(shop):
    a_fake(shop, 1)
    assert a_night(shop) == 1
    assert (applied(shop), the_case(shop).priority) == ([], 1)
    assert resolve(shop).state == "open"
    with pytest.raises(SecondPersonNeeded):
        approve(shop, by="ann")
    with pytest.raises(ResolutionInvalid, match="another person"):
        resolve(shop, by="bob")
    assert applied(shop) == []
    ended = approve(shop)
    assert (ended.state, ended.resolved_by, ended.approved_by) == ("resolved", "ann", "bob")
    assert applied(shop) == [("suspension", 24)]
    assert a_night(shop, 1) == 0


def test_what_the_second_person_does_not_agree_to_is_open_as_before(shop):
    a_fake(shop, 1)
    a_night(shop)
    resolve(shop)
    back = approve(shop, agrees=False)
    assert (back.state, back.outcome, back.resolved_by) == ("open", None, None)
    with pytest.raises(ResolutionInvalid, match="nobody has proposed"):
        approve(shop)


def test_one_person_may_drop_it_and_nothing_follows_until_something_new_is_found(shop):
    a_fake(shop, 1)
    a_night(shop)
    assert resolve(shop, "drop").state == "resolved"
    assert [a_night(shop, day) for day in (1, 2)] == [0, 0]
    assert applied(shop) == []


def test_a_removal_holds_once_its_notice_has_run_out(shop):
    for number in (1, 2):
        a_fake(shop, number)
    a_night(shop)
    resolve(shop)
    approve(shop, day=2)
    a_night(shop, 31)
    assert applied(shop) == []
    a_night(shop, 32)
    a_night(shop, 33)
    assert applied(shop) == [("removal", 48)]


def test_what_rests_on_a_ruling_that_was_taken_back_is_lifted(shop):
    ruling = refused_a_promise(shop, 1)
    a_night(shop)
    tell(shop, "event_reversed", reverses=ruling, reason="appeal", at=at(1))
    assert [a_night(shop, day) for day in (2, 3)] == [1, 0]
    with reading(shop) as tx:
        assert len(events_of_type(tx, "m1", "reinstated")) == 1
    assert [one.outcome for one in penalties(shop)] == ["points", "lifted"]


def test_a_step_that_the_platform_took_itself_is_not_taken_again(shop):
    refused_a_promise(shop, 1, day=-1)
    tell(shop, "penalty_applied", penalty="demotion", points=12, at=NOON - timedelta(hours=2))
    assert a_night(shop) == 0


def test_whoever_reports_another_in_bad_faith_is_found_in_the_others_events(shop):
    tell(shop, "fake_report_resolved", merchant="m2", report_id="r1", outcome="bad_faith", reporter_id="m1",
         reporter_kind="merchant")  # fmt: skip
    a_night(shop)
    assert [one["code"] for one in json.loads(penalties(shop)[0].answer)["reasons"]] == ["V106"]


def test_a_penalty_is_a_decision_that_is_shown_replayed_and_audited(shop):
    refused_a_promise(shop, 1)
    a_fake(shop, 1)
    a_night(shop)
    (made,) = penalties(shop)
    told = ask(a_service(shop), f"/v1/decisions/{made.id}", key=a_key(shop, "scores:read")).json()
    assert (told["kind"], told["outcome"], told["case"]["kind"]) == ("penalty", "suspension", "penalty")
    with reading(shop) as tx:
        assert [one.same for one in replay_all(tx)] == [True]
        assert first_fault(tx) is None


def test_no_score_has_a_part_in_a_penalty(shop):
    refused_a_promise(shop, 1)
    a_night(shop)
    (made,) = penalties(shop)
    assert not {"band", "score"} & set(json.loads(made.answer))
