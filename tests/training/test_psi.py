"""How far a population has moved, and what chance explains."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.psi import Reference, Shift


def test_two_bins_counted_by_hand():
    then = Reference(edges=(1.0,), shares=(0.5, 0.5), rows=1000)
    shift = then.shift(np.array([0.0] * 250 + [2.0] * 750))
    assert shift.psi == pytest.approx((0.25 - 0.5) * np.log(0.25 / 0.5) + (0.75 - 0.5) * np.log(0.75 / 0.5))
    assert shift.state == "shifted"


def test_the_same_values_have_not_moved():
    values = np.random.default_rng(0).normal(size=5000)
    assert Reference.of(values).shift(values).psi == pytest.approx(0.0, abs=1e-12)


def test_chance_alone_is_called_stable_in_nineteen_of_twenty_small_samples():
    random = np.random.default_rng(1)
    reference = Reference.of(random.normal(size=20_000))
    shifts = [reference.shift(random.normal(size=40)) for _ in range(400)]
    assert np.mean([one.psi >= 0.10 for one in shifts]) > 0.8, "without the bound nearly all would be watched"
    assert np.mean([one.state == "stable" for one in shifts]) > 0.9


def test_a_merchants_months_count_once_in_what_chance_explains():
    reference, values = Reference(edges=(1.0,), shares=(0.5, 0.5), rows=1000), np.repeat([0.0, 2.0], 150)
    assert reference.shift(values, rows=50).bound > 4 * reference.shift(values).bound > 0
    assert reference.shift(values, rows=50).psi == reference.shift(values).psi


def test_half_a_deviation_is_seen():
    random = np.random.default_rng(2)
    assert Reference.of(random.normal(size=5000)).shift(random.normal(0.5, 1, 2000)).state != "stable"


@pytest.mark.parametrize(("psi", "state"), [(0.05, "stable"), (0.15, "watch"), (0.30, "shifted")])
def test_states_follow_the_convention(psi, state):
    assert Shift(psi=psi, bound=0.01, rows=1000).state == state


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50))
def test_a_reference_is_read_back_as_it_was_written(values):
    reference = Reference.of(np.array(values))
    assert Reference.read(reference.plain()) == reference
    assert sum(reference.shares) == pytest.approx(1.0)


def test_values_that_never_change_have_one_bin():
    reference = Reference.of(np.zeros(100))
    assert reference.shift(np.zeros(10)).psi == 0.0
    assert reference.shift(np.ones(10)).psi == 0.0, "one bin holds everything"
