"""The lot at the gate: it lets in a share of those whom only the score keeps out, and nobody past anything else."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.exploration import lot_of
from scoring.gate import ConditionState, Outcome
from scoring.programmes import ProgrammePolicy
from tests.scoring.applicants import (
    IDENTITY,
    LICENCE,
    NOW,
    PROGRAMMES,
    PROGRAMMES_TEXT,
    a_merchant,
    a_number,
    asked,
    cancelled,
    codes,
    drawn,
    shipped,
)  # fmt: skip

TERMS = PROGRAMMES.exploration
WINS, LOSES = 0.0, TERMS.share
LOW = a_merchant(band="D", score=520)
SALT = "a salt that nobody guesses"


def the_lot(merchant, *, programme="lightning_dispatch", period=1):
    return lot_of(SALT, merchant_id=merchant, programme=programme, period=period)


def test_who_draws_it_is_let_in_on_trial_and_told_so_in_both_languages():
    answer = drawn(LOW, lot=WINS)
    assert (answer.admission.outcome, answer.admission.cap) == (Outcome.CONDITIONS, TERMS.cap)
    assert codes(answer.admission) == ["P907", "P902"]
    told = answer.admission.reasons[0]
    assert "by lot" in told.text
    assert "随机抽取" in told.text_zh
    assert answer.admission.expires_at == NOW + timedelta(days=TERMS.valid_days)
    assert answer.admission.path_to_qualify == asked(LOW).path_to_qualify


def test_each_answer_says_how_likely_it_was():
    assert (drawn(LOW, lot=WINS).propensity, drawn(LOW, lot=WINS).explored) == (TERMS.share, True)
    assert (drawn(LOW, lot=LOSES).propensity, drawn(LOW, lot=LOSES).explored) == (1 - TERMS.share, False)
    assert (drawn(LOW, lot=None).propensity, drawn(a_merchant(), lot=WINS).propensity) == (1.0, 1.0)


@pytest.mark.parametrize("lot", [None, LOSES, 0.999])
def test_who_does_not_draw_it_gets_the_answer_that_there_is_without_a_lot(lot):
    assert drawn(LOW, lot=lot).admission == asked(LOW)


def test_a_merchant_of_whom_nothing_good_is_known_may_be_let_in_too():
    stranger = a_merchant(shipped(0, 0), cancelled(0, 0), orders_365d=0)
    assert asked(stranger).outcome is Outcome.REVIEW
    assert codes(drawn(stranger, lot=WINS).admission)[:2] == ["P907", "P906"]


@pytest.mark.parametrize(
    "change",
    [
        {"band": "E"}, {"counterfeit_level": "watch"}, {"counterfeit_level": "high"},
        {"counterfeit_level": "confirmed"},
        {"papers": (IDENTITY,)}, {"papers": (IDENTITY, replace(LICENCE, outcome="expired"))}, {"basis": "fallback"},
        {"assessed_stale": True},
    ],
)  # fmt: skip
def test_no_lot_lets_anybody_past_anything_but_the_score(change):
    merchant = replace(LOW, **change)
    assert drawn(merchant, lot=WINS).admission == asked(merchant)
    assert drawn(merchant, lot=WINS).propensity == 1.0


def test_a_programme_that_the_policy_does_not_name_lets_nobody_in_by_lot():
    for programme in ("seven_day_return", "one_fake_three_paid"):
        assert drawn(LOW, programme, lot=WINS).admission == asked(LOW, programme)


FIGURES = st.tuples(
    st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: shipped(min(pair), max(pair))),
    st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: cancelled(min(pair), max(pair))),
    st.integers(0, 3_000_000).map(lambda cents: a_number("merchant_debt_cents", cents)),
    st.integers(0, 3_000_000).map(lambda cents: a_number("deposit_cents", cents)),
)
MERCHANTS = st.builds(
    lambda figures, **changes: a_merchant(*figures, **changes),
    FIGURES,
    band=st.sampled_from("ABCDE"),
    basis=st.sampled_from(["model", "model", "fallback"]),
    counterfeit_level=st.sampled_from(["none", "none", "watch", "high", "confirmed"]),
    papers=st.sets(st.sampled_from([IDENTITY, LICENCE, replace(LICENCE, outcome="expired")])).map(tuple),
    assessed_stale=st.booleans(),
    orders_365d=st.integers(0, 50),
)


@given(MERCHANTS)
def test_nobody_is_explored_past_a_stop_rule_a_missing_paper_a_failed_condition_or_a_suspicion(merchant):
    answer = drawn(merchant, lot=WINS)
    plain = asked(merchant)
    if not answer.explored:
        assert answer.admission == plain
        return
    states = {one.state for one in plain.conditions}
    assert not states & {ConditionState.FAILED, ConditionState.MISSING}
    assert set(codes(plain)) <= {"P902", "P906", "P301", "P302"}
    assert merchant.counterfeit_level == "none"
    debt, deposit = (merchant.measured[one].value for one in ("merchant_debt_cents", "deposit_cents"))
    assert debt <= deposit
    assert plain.outcome in (Outcome.REVIEW, Outcome.REFUSE)


@given(MERCHANTS, st.floats(0, 1, exclude_max=True))
def test_a_lot_never_makes_an_answer_worse_and_says_how_likely_it_was(merchant, lot):
    answer, plain = drawn(merchant, lot=lot), asked(merchant)
    order = list(Outcome)
    assert order.index(answer.admission.outcome) <= order.index(plain.outcome)
    assert answer.propensity in (TERMS.share, 1 - TERMS.share, 1.0)


def test_the_share_that_is_let_in_comes_out_as_the_policy_says():
    count = 40_000
    lots = [the_lot(f"m{number}") for number in range(count)]
    found = sum(lot < TERMS.share for lot in lots)
    expected, spread = count * TERMS.share, (count * TERMS.share * (1 - TERMS.share)) ** 0.5
    assert abs(found - expected) < 4 * spread
    assert all(drawn(LOW, lot=lot).explored == (lot < TERMS.share) for lot in lots[:300])


def test_programmes_and_periods_draw_lots_of_their_own():
    names = [f"m{number}" for number in range(2000)]
    first = [the_lot(name) < 0.5 for name in names]
    for other in ({"programme": "home_delivery"}, {"period": 2}):
        alike = sum(one == (the_lot(name, **other) < 0.5) for one, name in zip(first, names, strict=True))
        assert 850 < alike < 1150


def test_a_lot_holds_for_a_whole_period():
    days = [date(1970, 1, 1) + timedelta(days=day) for day in range(2 * TERMS.period_days)]
    assert [TERMS.period(day) for day in days] == [0] * TERMS.period_days + [1] * TERMS.period_days


def test_without_the_section_a_policy_has_the_version_that_it_had_before_there_was_one():
    begin, end = PROGRAMMES_TEXT.index("[exploration]"), PROGRAMMES_TEXT.index("# Conditions of entry.")
    plain = ProgrammePolicy.parse(PROGRAMMES_TEXT[:begin] + PROGRAMMES_TEXT[end:])
    assert "exploration" not in plain.model_dump_json()
    assert plain.version != PROGRAMMES.version
    assert drawn(LOW, lot=WINS, policy=plain).admission == asked(LOW, policy=plain)
