"""Members through the nights: places are judged, recorded, told as events, and seen by the gate and the API."""

from datetime import timedelta

import pytest

from features.database import reading
from serving import decisions
from serving.members import review_members
from serving.record.check import first_fault
from serving.standing import membership
from tests.serving.shop import a_shop, tell
from tests.serving.world import NOON, FakeReadings, a_key, a_service, ask

LATE = {"dispatch_kept_rate_90d_capped": (500, 600), "n_affected_buyers_90d": 5}
UNPAID = {"merchant_debt_cents": 2_000_000}


def a_night(engine, day, **readings):
    """The review of one night, so many days after noon, of a merchant with these figures; its decisions' number."""
    now = NOON + timedelta(days=day)
    service = a_service(engine, readings=FakeReadings(**readings), clock=lambda: now)
    return review_members(service, ["m1"], now=now)


def joins(engine, day):
    """The platform says that the merchant has the programme again."""
    tell(engine, "programme_joined", programme="lightning_dispatch", at=NOON + timedelta(days=day, hours=-1))


def doors(engine, day):
    """What the gate says of the programme on a day, by its reasons."""
    later = a_service(engine, clock=lambda: NOON + timedelta(days=day))
    told = ask(later, "/v1/merchants/m1/programmes", key=a_key(engine, "scores:read")).json()["programmes"]
    one = next(each for each in told if each["programme"] == "lightning_dispatch")
    return {reason["code"] for reason in one["reasons"]}


def a_member(engine, programme="lightning_dispatch"):
    a_shop(engine)
    tell(engine, "programme_joined", programme=programme, at=NOON - timedelta(days=1))


def standings(engine):
    """What was decided of places, the oldest first."""
    with reading(engine) as tx:
        found = decisions.decisions_of(tx, "m1", 50)
    return [one.outcome for one in reversed(found) if one.kind == "standing"]


def carries(engine, programme="lightning_dispatch"):
    with reading(engine) as tx:
        return membership(tx, "m1")[programme].joined


def test_a_good_member_is_judged_once_a_month_and_keeps_its_place(any_engine):
    a_member(any_engine)
    assert [a_night(any_engine, day) for day in (1, 30, 31, 62)] == [0, 1, 0, 1]
    assert standings(any_engine) == ["keep", "keep"]
    assert carries(any_engine)


def test_a_member_that_breaks_its_promise_twice_leaves_and_comes_back_when_it_keeps_it(any_engine):
    a_member(any_engine)
    a_night(any_engine, 30, **LATE)
    assert carries(any_engine)
    a_night(any_engine, 60, **LATE)
    assert not carries(any_engine)
    a_night(any_engine, 90)
    assert standings(any_engine) == ["warn", "suspend", "keep"]
    assert carries(any_engine)


def test_a_stop_rule_suspends_on_the_same_night(engine):
    a_member(engine)
    assert a_night(engine, 3, **UNPAID) == 1
    assert (standings(engine), carries(engine)) == (["suspend"], False)
    with reading(engine) as tx:
        assert decisions.decisions_of(tx, "m1", 1)[0].expires_at > NOON + timedelta(days=3)
    assert a_night(engine, 3, **UNPAID) == 0


def test_whoever_was_expelled_is_refused_at_the_door_until_it_may_come_back(engine):
    a_member(engine)
    for day in (30, 60, 90, 120):
        a_night(engine, day, **LATE)
    assert standings(engine) == ["warn", "suspend", "suspend", "expel"]
    assert "P911" in doors(engine, 130)


def test_whoever_is_suspended_gains_nothing_by_joining_anew(any_engine):
    a_member(any_engine)
    a_night(any_engine, 30, **LATE)
    a_night(any_engine, 60, **LATE)
    joins(any_engine, 65)
    assert carries(any_engine)
    assert [a_night(any_engine, day, **LATE) for day in (65, 66)] == [1, 0]
    assert (standings(any_engine), carries(any_engine)) == (["warn", "suspend", "suspend"], False)
    assert "P913" in doors(any_engine, 66)


def test_a_warning_outlives_leaving_and_joining(engine):
    a_member(engine)
    a_night(engine, 30, **LATE)
    tell(engine, "programme_left", programme="lightning_dispatch", at=NOON + timedelta(days=31))
    assert a_night(engine, 32, **LATE) == 0
    joins(engine, 59)
    a_night(engine, 60, **LATE)
    assert standings(engine) == ["warn", "suspend"]


def test_a_suspended_place_that_is_given_up_does_not_come_back_by_itself(engine):
    a_member(engine)
    a_night(engine, 3, **UNPAID)
    tell(engine, "programme_left", programme="lightning_dispatch", at=NOON + timedelta(days=4))
    assert a_night(engine, 40) == 0
    assert not carries(engine)


def test_whoever_was_expelled_is_put_out_again_until_its_time_and_then_begins_anew(engine):
    a_member(engine)
    for day in (30, 60, 90, 120):
        a_night(engine, day, **LATE)
    joins(engine, 150)
    assert (a_night(engine, 150), carries(engine)) == (1, False)
    joins(engine, 240)
    assert [a_night(engine, day, **LATE) for day in (240, 269, 270)] == [0, 0, 1]
    assert standings(engine)[-2:] == ["expel", "warn"]


def test_a_member_that_left_by_itself_is_left_alone(engine):
    a_member(engine)
    tell(engine, "programme_left", programme="lightning_dispatch", at=NOON)
    assert a_night(engine, 40, **LATE) == 0


def test_a_programme_that_the_policy_no_longer_has_is_nobodys_place(engine):
    a_shop(engine)
    tell(engine, "programme_joined", programme="free_lunch", at=NOON - timedelta(days=1))
    assert a_night(engine, 40) == 0


def test_a_place_is_a_decision_like_any_other(engine):
    a_member(engine)
    a_night(engine, 30, **LATE)
    key = a_key(engine, "scores:read")
    (one,) = ask(a_service(engine), "/v1/merchants/m1/history", key=key).json()["decisions"]
    told = ask(a_service(engine), f"/v1/decisions/{one['decision_id']}", key=key).json()
    assert (told["kind"], told["outcome"], told["decided_by"]) == ("standing", "warn", "worker")
    assert [reason["code"] for reason in told["answer"]["reasons"]] == ["P301"]
    assert told["trace"]["place"]["failed_running"] == 1
    with reading(engine) as tx:
        assert first_fault(tx) is None


@pytest.mark.parametrize("merchant", ["m1", "nobody"])
def test_whoever_carries_nothing_has_no_place(engine, merchant):
    a_shop(engine)
    assert review_members(a_service(engine), [merchant], now=NOON) == 0
