"""Members: who keeps a place, who is warned, suspended and expelled; as stories of months, and what always holds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.errors import TimeNaive
from scoring.gate import Application
from scoring.pledges import Member, pledged_cents
from scoring.standing import Place, Standing, review
from tests.scoring.applicants import IDENTITY, LICENCE, NOW, PROGRAMMES, a_merchant, a_number, asked, codes, shipped

JOINED = datetime(2027, 1, 1, 9, tzinfo=UTC)
LET_DOWN = a_number("n_affected_buyers_90d", 5)
GOOD = a_merchant()
LATE = a_merchant(shipped(500, 600), LET_DOWN)
FAKE = a_merchant(counterfeit_level="confirmed")
UNPAID = a_merchant(a_number("merchant_debt_cents", 2_000_000))


def a_night(place, merchant, day, programme="lightning_dispatch", policy=PROGRAMMES):
    """The review of one night."""
    wanted = Application(programme=policy.programme(programme), category="cosmetics", brand="Lumi")
    return review(place, wanted, merchant, policy=policy, as_of=JOINED + timedelta(days=day))


def after(nights):
    """Where a place stands after some nights: day -> how the merchant is from then on."""
    place, told = Place.new(JOINED), {}
    for day in range(1, max(nights) + 1):
        merchant = nights[max(begin for begin in nights if begin <= day)]
        found = a_night(place, merchant, day)
        if found.changes(place):
            told[day] = found.place.standing.value
        place = found.place
    return place, told


@pytest.mark.parametrize(
    ("nights", "told"),
    [
        # A good member is left alone.
        ({0: GOOD, 200: GOOD}, {}),
        # One bad month is a warning, and is forgotten after a good one.
        ({0: LATE, 31: GOOD, 100: GOOD}, {30: "warn", 60: "keep"}),
        # Two running cost the place; a good month brings it back.
        ({0: LATE, 61: GOOD, 100: GOOD}, {30: "warn", 60: "suspend", 90: "keep"}),
        # A month of grace, a month of notice, and it is over.
        ({0: LATE, 130: LATE}, {30: "warn", 60: "suspend", 90: "suspend", 120: "expel"}),
        # Notice that was given is taken back by a good month.
        ({0: LATE, 100: GOOD, 130: GOOD}, {30: "warn", 60: "suspend", 90: "suspend", 120: "keep"}),
        # A stop rule acts on the same night, and for what can be mended the place comes back with the month.
        ({0: GOOD, 10: UNPAID, 12: GOOD, 70: GOOD}, {10: "suspend", 30: "keep"}),
        # A fake ends it, after notice.
        ({0: GOOD, 10: FAKE, 60: FAKE}, {10: "suspend", 40: "expel"}),
        # Papers are the merchant's own affair, whoever was or was not let down.
        ({0: a_merchant(papers=(IDENTITY,)), 70: GOOD}, {30: "warn", 60: "suspend"}),
    ],
)
def test_a_place_through_the_months(nights, told):
    assert after(nights)[1] == told


def test_a_few_buyers_let_down_cost_no_place():
    few = a_merchant(shipped(500, 600), a_number("n_affected_buyers_90d", 4))
    assert after({0: few, 200: few})[1] == {}


def test_a_link_alone_never_costs_a_place():
    linked = a_merchant(a_number("n_linked_removed", 9), LET_DOWN, band="C")
    assert after({0: linked, 400: linked})[1] == {}


def test_rules_newer_than_the_membership_bind_only_after_notice():
    one = PROGRAMMES.programme("lightning_dispatch").model_copy(update={"since": (JOINED + timedelta(days=28)).date()})
    policy = PROGRAMMES.model_copy(update={"programmes": (one,)})
    assert a_night(Place.new(JOINED), LATE, 30, policy=policy).place.standing is Standing.KEEP
    assert a_night(Place.new(JOINED), LATE, 35, policy=policy).place.standing is Standing.WARN


def test_whoever_was_expelled_stays_so_and_is_told_when_to_come_back():
    place, _ = after({0: FAKE, 60: FAKE})
    found = a_night(place, GOOD, 90)
    assert (found.place, [one.code for one in found.reasons]) == (place, ["P912"])
    assert found.may_return_at == place.since + timedelta(days=90)


def test_the_door_stays_shut_until_then():
    barred = a_merchant(barred_until=NOW.date() + timedelta(days=1))
    assert codes(asked(barred)) == ["P911"]
    assert codes(asked(replace(barred, barred_until=NOW.date()))) == []


def test_applying_anew_is_no_way_around_a_suspension():
    suspended = a_merchant(suspended_until=NOW.date() + timedelta(days=1))
    answer = asked(suspended)
    assert (codes(answer), answer.path_to_qualify[0].earliest) == (["P913"], suspended.suspended_until)
    assert codes(asked(replace(suspended, suspended_until=NOW.date()))) == []


def test_reasons_name_the_promise_that_was_broken():
    found = a_night(Place.new(JOINED), LATE, 30)
    assert [one.code for one in found.reasons] == ["P301"]
    assert found.policy_version == PROGRAMMES.version


def test_a_moment_without_an_offset_is_refused():
    wanted = Application(programme=PROGRAMMES.programmes[0], category="")
    with pytest.raises(TimeNaive):
        review(Place.new(JOINED), wanted, GOOD, policy=PROGRAMMES, as_of=datetime(2027, 1, 1))  # noqa: DTZ001


#: A worker that is down misses nights; what must hold then holds when it misses none.
SOME_NIGHTS = 4
kinds = st.sampled_from([GOOD, LATE, UNPAID, FAKE, a_merchant(papers=(IDENTITY, LICENCE), band="D")])


@given(st.lists(kinds, min_size=1, max_size=8))
def test_nothing_but_a_stop_rule_changes_a_place_twice_in_a_period(months):
    place, changed = Place.new(JOINED), []
    for day in range(1, 25 * len(months), SOME_NIGHTS):
        found = a_night(place, months[day // 25], day)
        by_stop = found.place.stopped or place.stopped
        if found.place.standing is not place.standing and not by_stop and found.place.standing is not Standing.EXPEL:
            changed.append(day)
        place = found.place
    assert all(later - earlier >= PROGRAMMES.standing.every_days for earlier, later in pairwise(changed))


@given(st.lists(kinds, min_size=1, max_size=6))
def test_nobody_is_expelled_without_notice(months):
    place = Place.new(JOINED)
    for day in range(1, 40 * len(months), SOME_NIGHTS):
        found = a_night(place, months[day // 40], day).place
        if found.standing is Standing.EXPEL and place.standing is not Standing.EXPEL:
            assert place.ends_at == found.ends_at
        place = found


@pytest.mark.parametrize(
    ("members", "cents"),
    [
        ([], 0),
        ([("advance_compensation", True, 0)], 50_000),
        ([("advance_compensation", True, 0), ("genuine_guarantee", True, 0)], 100_000),
        ([("lightning_dispatch", True, 0), ("gone_since", True, 0)], 0),
        ([("advance_compensation", False, 89)], 50_000),
        ([("advance_compensation", False, 90)], 0),
        ([("one_fake_three_paid", True, 0)], 0),
    ],
)
def test_the_deposit_stays_pledged_until_the_last_claim_day(members, cents):
    told = [Member(programme=one, joined=joined, since=JOINED - timedelta(days=ago)) for one, joined, ago in members]
    assert pledged_cents(told, policy=PROGRAMMES, as_of=JOINED, but="one_fake_three_paid") == cents
