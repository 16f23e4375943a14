"""Points: the scale, its ends, its rounding, and that it never turns round."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.errors import NotANumber
from scoring.scorecard import STANDARD, Scaling, log_odds, odds_table, points, probability


def log_odds_of_points(exact):
    """The log-odds of bad that stands exactly at `exact` points."""
    return -(math.log(STANDARD.odds) + (exact - STANDARD.points) / STANDARD.factor)


@pytest.mark.parametrize(
    ("good", "bad", "score"), [(50, 1, 600), (100, 1, 620), (25, 1, 580), (800, 1, 680), (1, 1, 487)]
)
def test_twice_the_odds_are_twenty_points(good, bad, score):
    assert points(math.log(bad / good)) == score


@pytest.mark.parametrize(
    ("exact", "score"), [(599.49, 599), (599.51, 600), (300.4, 300), (849.6, 850), (299.0, 300), (851.0, 850)]
)
def test_points_are_rounded_to_the_nearest_and_held_on_the_scale(exact, score):
    assert points(log_odds_of_points(exact)) == score


def test_a_half_point_is_rounded_up():
    halves = Scaling(points=601, odds=1, pdo=1, lowest=0, highest=1000)
    assert points(0.5 / halves.factor, halves) == 601
    assert points(-0.5 / halves.factor, halves) == 602


@pytest.mark.parametrize(("log_odds_bad", "score"), [(math.inf, 300), (-math.inf, 850)])
def test_certainty_stands_at_the_ends_of_the_scale(log_odds_bad, score):
    assert points(log_odds_bad) == score


def test_what_is_no_number_has_no_score():
    with pytest.raises(NotANumber):
        points(math.nan)


@given(st.floats(1e-9, 1 - 1e-9), st.floats(1e-9, 1 - 1e-9))
def test_a_higher_probability_of_bad_never_has_the_higher_score(one, other):
    assert points(log_odds(max(one, other))) <= points(log_odds(min(one, other)))


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_score_and_probability_of_one_log_odds_agree_on_who_is_safer(one, other):
    safer, riskier = min(one, other), max(one, other)
    assert points(safer) >= points(riskier)
    assert 0 <= probability(safer) <= probability(riskier) <= 1


@given(st.floats(1e-9, 1 - 1e-9))
def test_a_probability_comes_back_from_its_log_odds(p):
    assert probability(log_odds(p)) == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize("row", odds_table(step=50), ids=lambda row: str(row.points))
def test_the_published_table_is_what_the_score_does(row):
    assert points(-math.log(row.odds)) == row.points
    assert row.p_bad == pytest.approx(1 / (1 + row.odds))
