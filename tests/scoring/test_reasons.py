"""Reasons: the heaviest adverse ones, kin together, in sentences with the value that people see."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.errors import ColumnMissing
from scoring.reasons import UNKNOWN, State, principal_reasons, state_reason
from tests.scoring.build import an_input

LATE_30 = an_input("late_30d", reason="R020", days=30)
LATE_90 = an_input("late_90d", reason="R020")
KEPT = an_input("kept_90d_shrunk", reason="R021", riskier="lower", shows="kept_90d")
DEBT = an_input("debt", reason="R040", unit="cents", days=None, text="Owes {money}.", text_zh="欠款 {money}。")
SHOWN = {"merchant_id": "m1", "late_30d": 0.5, "late_90d": 0.25, "kept_90d": 0.8, "debt": 123456.0}


def told(inputs, contributions, shown=SHOWN, **how):
    return principal_reasons(inputs, contributions, shown, **how)


def test_a_reason_says_the_value_that_people_see_in_both_languages():
    (reason,) = told([KEPT], [0.7])
    assert (reason.code, reason.feature, reason.value, reason.contribution) == ("R021", "kept_90d", 0.8, 0.7)
    assert (reason.text, reason.text_zh) == ("80% in 90 days.", "近 90 天为 80%。")


def test_kin_count_as_their_sum_and_the_heaviest_speaks():
    (reason,) = told([LATE_30, LATE_90], [0.25, 0.5])
    assert (reason.feature, reason.value, reason.contribution) == ("late_90d", 0.25, 0.75)


@pytest.mark.parametrize(("seen", "taken"), [(1.0, 0.8), (0.9, 0.85)])
def test_a_figure_that_looks_good_is_no_reason_against_anybody(seen, taken):
    (reason,) = told([KEPT], [0.25], SHOWN | {"kept_90d": seen, "kept_90d_shrunk": taken})
    assert (reason.code, reason.feature, reason.contribution) == ("R904", None, 0.25)


def test_a_figure_that_looks_worse_than_the_model_takes_it_speaks_for_itself():
    (reason,) = told([KEPT], [0.25], SHOWN | {"kept_90d": 0.5, "kept_90d_shrunk": 0.7})
    assert (reason.code, reason.value) == ("R021", 0.5)


def test_kin_that_outweigh_each_other_are_no_reason():
    assert told([LATE_30, LATE_90], [0.5, -0.5]) == ()


def test_where_nothing_is_adverse_there_are_no_reasons():
    assert told([LATE_90, KEPT], [-0.5, 0.0]) == ()


def test_reasons_come_heaviest_first_and_ties_by_code():
    reasons = told([KEPT, LATE_90, DEBT], [0.5, 0.5, 0.75])
    assert [reason.code for reason in reasons] == ["R040", "R020", "R021"]


def test_money_is_shown_in_major_units_with_its_currency():
    (reason,) = told([DEBT], [0.5], currency="CNY")
    assert (reason.text, reason.text_zh, reason.value) == ("Owes 1,234.56 CNY.", "欠款 1,234.56 CNY。", 123456)


@pytest.mark.parametrize("nothing", [None, float("nan")])
def test_a_value_that_is_not_known_has_its_own_sentence(nothing):
    (reason,) = told([LATE_90], [0.5], SHOWN | {"late_90d": nothing})
    assert (reason.text, reason.text_zh, reason.value) == ("Nothing in 90 days.", "近 90 天没有记录。", None)


def test_a_value_that_is_not_known_and_has_no_sentence_is_said_to_be_unknown():
    (reason,) = told([an_input("late_90d", text_none="", text_none_zh="")], [0.5], SHOWN | {"late_90d": None})
    assert (reason.text, reason.text_zh) == UNKNOWN


def test_a_feature_to_be_shown_must_be_there():
    with pytest.raises(ColumnMissing, match="merchant m1 has no column kept_90d"):
        told([KEPT], [0.5], {"merchant_id": "m1"})


@pytest.mark.parametrize(
    ("riskier", "seen", "taken", "code"),
    [
        ("higher", 0.20, 0.21, "R021"), ("higher", 0.20, 0.26, "R021"), ("higher", 0.20, 0.27, "R904"),
        ("lower", 0.80, 0.79, "R021"), ("lower", 0.80, 0.74, "R021"), ("lower", 0.80, 0.73, "R904"),
    ],
)  # fmt: skip
def test_a_bad_figure_stands_for_itself_though_the_model_takes_it_a_little_worse(riskier, seen, taken, code):
    one = an_input("late_90d_shrunk", shows="late_90d", riskier=riskier, reason="R021")
    (reason,) = told([one], [0.5], SHOWN | {"late_90d": seen, "late_90d_shrunk": taken}, drawn_from=0.25)
    assert reason.code == code


@given(st.lists(st.tuples(st.integers(0, 8), st.floats(-3, 3)), max_size=30), st.integers(1, 4))
def test_reasons_are_few_adverse_ordered_and_each_of_its_own_code(drawn, most):
    inputs = [an_input(f"f{position}", reason=f"R{code:03d}") for position, (code, _) in enumerate(drawn)]
    reasons = told(inputs, [weight for _, weight in drawn], {one.name: 0.5 for one in inputs}, most=most)
    assert len(reasons) <= most
    assert all(reason.contribution > 0 for reason in reasons)
    assert list(reasons) == sorted(reasons, key=lambda reason: (-reason.contribution, reason.code))
    assert len({reason.code for reason in reasons}) == len(reasons)


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_sentence_in_both_languages(state):
    reason = state_reason(state, {state.feature: 1234})
    assert reason.text.isascii()
    assert not reason.text_zh.isascii()
    assert reason.code.startswith("R9")
    assert "{" not in reason.text + reason.text_zh


def test_states_have_codes_of_their_own():
    assert len({state.code for state in State}) == len(State)
