"""Bounds of a rate: they hold it between them, narrow with evidence, and know the ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.bounds import lower, upper
from scoring.evidence import Measured


def a_rate(of, per, prior=None, strength=0.0):
    return Measured(name="kept", value=None, of=of, per=per, prior=prior, strength=strength)


def test_the_published_need_for_spotless_orders():
    # Beta(n + 1, 1) at 95 %: 0.05 ** (1 / (n + 1)) reaches 97 % with n = 98, one less than without any prior thing.
    assert lower(a_rate(98, 98), 0.95) >= 0.97 > lower(a_rate(97, 97), 0.95)


@pytest.mark.parametrize(
    ("rate", "low", "high"),
    [
        (a_rate(0, 0, prior=0.0, strength=5.0), 0.0, 0.0),
        (a_rate(3, 3, prior=1.0, strength=5.0), 1.0, 1.0),
        (a_rate(0, 0, prior=0.5, strength=0.0), 0.0, 1.0),
        (a_rate(5, 3, prior=1.0, strength=1.0), 1.0, 1.0),
    ],
)
def test_a_side_without_weight_leaves_the_other_end(rate, low, high):
    assert (lower(rate, 0.8), upper(rate, 0.8)) == (low, high)


def test_more_failures_than_things_leave_the_prior_its_say():
    # Beta(5 + 1, 0 + 1): the share of all x ** 6 below the bound is one fifth.
    assert lower(a_rate(5, 3, prior=0.5, strength=2.0), 0.8) == pytest.approx(0.2 ** (1 / 6))


def test_a_figure_that_is_no_rate_may_be_anything_an_even_prior_allows():
    rate = Measured(name="deposit_cents", value=5)
    assert not rate.is_rate
    assert (lower(rate, 0.8), upper(rate, 0.8)) == pytest.approx((0.2, 0.8))


rates = st.builds(
    lambda of, rest, prior, strength: a_rate(of, of + rest, prior, strength),
    st.integers(0, 500), st.integers(0, 500), st.floats(0.01, 0.99), st.floats(0.5, 100),
)  # fmt: skip


@given(rates, st.floats(0.55, 0.99))
def test_the_bounds_hold_the_drawn_rate_between_them_or_lie_on_its_side(rate, confidence):
    assert 0.0 <= lower(rate, confidence) < upper(rate, confidence) <= 1.0


@given(rates)
def test_more_confidence_is_a_wider_range(rate):
    assert lower(rate, 0.95) < lower(rate, 0.8)
    assert upper(rate, 0.8) < upper(rate, 0.95) or upper(rate, 0.8) == 1.0


@given(rates)
def test_another_success_moves_both_bounds_up(rate):
    more = a_rate(rate.of + 1, rate.per + 1, rate.prior, rate.strength)
    assert lower(more, 0.8) >= lower(rate, 0.8)
    assert upper(more, 0.8) >= upper(rate, 0.8)


def test_a_category_draws_a_thin_record_and_lets_a_thick_one_be():
    thin, thick = (
        abs(upper(a_rate(0, per, 0.3, 10.0), 0.8) - upper(a_rate(0, per, 0.01, 10.0), 0.8)) for per in (2, 2000)
    )
    assert thin > 0.2 > 0.01 > thick
