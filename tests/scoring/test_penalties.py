"""Penalties: the ladder as a table, and what must hold for every record."""

from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.errors import PolicyInvalid, TimeNaive, ViolationUnknown
from scoring.penalties import Deed, penalty_of, points_at
from scoring.penalty_policy import STEPS, PenaltyPolicy

TEXT = files("scoring").joinpath("policies/penalties.toml").read_text("utf-8")
POLICY = PenaltyPolicy.parse(TEXT)
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
KINDS = [one.kind for one in POLICY.violations]


def deeds(*told):
    """Deeds by kind and days ago."""
    return [Deed(kind=kind, found_at=NOW - timedelta(days=ago)) for kind, ago in told]


@pytest.mark.parametrize(
    ("told", "points", "step"),
    [
        ([], 0, None),
        ([("no_answer", 3)], 1, "warning"),
        ([("late_dispatch", 1)] * 9, 3, "points"),
        ([("late_dispatch", 1)] * 9 + [("late_dispatch", 9)] * 9, 6, "points"),
        ([("brushing", 1)], 12, "demotion"),
        ([("brushing", day) for day in range(1, 20)], 24, "suspension"),
        ([("counterfeit", 5)], 24, "suspension"),
        ([("counterfeit", 5), ("counterfeit", 2)], 48, "removal"),
        ([("counterfeit", 5), ("counterfeit", 89)], 48, "removal"),
        ([("counterfeit", 5), ("counterfeit", 91)], 24, "suspension"),
        ([("counterfeit", 91)], 0, None),
    ],
)
def test_points_lead_up_the_ladder(told, points, step):
    found = penalty_of(deeds(*told), policy=POLICY, as_of=NOW)
    assert (found.points, found.step) == (points, step)


@pytest.mark.parametrize(
    ("told", "proposed", "begins", "ends"),
    [
        ([("no_answer", 3)], False, -3, 87),
        ([("brushing", 3)], False, -3, 25),
        ([("counterfeit", 3)], True, -3, 25),
        ([("counterfeit", 3)] * 2, True, 27, None),
    ],
)
def test_what_weighs_most_needs_a_person_and_an_end_needs_notice(told, proposed, begins, ends):
    found = penalty_of(deeds(*told), policy=POLICY, as_of=NOW)
    assert (found.proposed, found.begins_at) == (proposed, NOW + timedelta(days=begins))
    assert found.ends_at == (None if ends is None else NOW + timedelta(days=ends))
    assert found.appeal_until == NOW + timedelta(days=177)


def test_reasons_name_every_kind_of_deed_the_heaviest_first():
    found = penalty_of(deeds(("late_dispatch", 1), ("counterfeit", 2), ("late_dispatch", 2)), policy=POLICY, as_of=NOW)
    assert [(one.code, one.times, one.points) for one in found.statements] == [("V101", 1, 24), ("V107", 2, 2)]
    assert found.text_zh == "暂停接单。"


def test_what_an_appeal_overturned_never_counted():
    overturned = [Deed(kind="counterfeit", found_at=NOW - timedelta(days=1), overturned=True)]
    assert penalty_of(overturned, policy=POLICY, as_of=NOW).step is None


def test_what_is_found_later_counts_for_nothing_yet():
    assert points_at(deeds(("counterfeit", -1), ("counterfeit", 0)), policy=POLICY, as_of=NOW) == 0


def test_a_deed_that_no_policy_names_and_a_moment_without_an_offset_are_refused():
    with pytest.raises(ViolationUnknown, match="rudeness"):
        penalty_of(deeds(("rudeness", 1)), policy=POLICY, as_of=NOW)
    with pytest.raises(TimeNaive):
        penalty_of([], policy=POLICY, as_of=NOW.replace(tzinfo=None))


records = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 120)), max_size=25)
RANKS = (None, *STEPS)


@given(records, st.tuples(st.sampled_from(KINDS), st.integers(1, 120)))
def test_one_more_deed_never_leads_down(told, more):
    before, after = (penalty_of(deeds(*record), policy=POLICY, as_of=NOW) for record in (told, [*told, more]))
    assert RANKS.index(after.step) >= RANKS.index(before.step)
    assert after.points >= before.points


@given(records, st.integers(1, 200))
def test_time_alone_never_leads_up(told, days):
    before = points_at(deeds(*told), policy=POLICY, as_of=NOW + timedelta(days=1))
    assert points_at(deeds(*told), policy=POLICY, as_of=NOW + timedelta(days=1 + days)) <= before


@given(records, st.randoms(use_true_random=False))
def test_the_order_of_the_record_does_not_matter(told, random):
    shuffled = list(told)
    random.shuffle(shuffled)
    assert penalty_of(deeds(*shuffled), policy=POLICY, as_of=NOW) == penalty_of(deeds(*told), policy=POLICY, as_of=NOW)


@pytest.mark.parametrize(
    ("found", "instead", "place"),
    [
        ("from_points = 3 ", "from_points = 1 ", "a harder step asks for no more points: points"),
        ('name = "points"', 'name = "warning"', "the steps must be warning, points"),
        ("points = 24 ", "points = 50 ", "V101: one violation already passes most_points"),
        ('kind = "unsafe_goods"', 'kind = "counterfeit"', "stands twice"),
        ('code = "V102"', 'code = "V101"', "codes with more than one sentence: V101"),
    ],
)
def test_a_wrong_policy_says_where_it_is_wrong(found, instead, place):
    assert found in TEXT
    with pytest.raises(PolicyInvalid, match=place):
        PenaltyPolicy.parse(TEXT.replace(found, instead, 1))
