"""What answers cost, and where the cheapest answer changes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.costs import Cutoffs, cost_metrics, cost_per_row, cutoffs, precision_at
from training.recipe import Costs

COSTS = Costs(missed=10.0, refused=2.0, review=0.5, capacity=2)
Y, P = np.array([1, 0, 1, 0], dtype=np.int8), np.array([0.9, 0.8, 0.2, 0.01])


def test_each_answer_costs_what_it_says():
    # Refused: a bad one (0) and a good one (2); looked at: 0.5; let in and good: 0.
    assert cost_per_row(Y, P, np.ones(4), COSTS) == pytest.approx((0 + 2 + 0.5 + 0) / 4)


@given(st.floats(0.1, 100), st.floats(0.1, 100), st.floats(0.0, 100), st.floats(0.0, 1.0))
def test_at_the_cutoffs_no_other_answer_would_be_cheaper(missed, refused, review, p):
    costs = Costs(missed=missed, refused=refused, review=review, capacity=1)
    cut = cutoffs(costs)
    each = {"in": p * missed, "refuse": (1 - p) * refused, "review": review}
    answer = "refuse" if p >= cut.refuse else "review" if p >= cut.review else "in"
    assert each[answer] <= min(each.values()) + 1e-9


def test_another_line_costs_more_for_calibrated_probabilities():
    random = np.random.default_rng(0)
    p = random.random(50_000)
    y = (random.random(50_000) < p).astype(np.int8)
    best = cost_per_row(y, p, np.ones(len(p)), COSTS)
    for at in (0.1, 0.3, 0.6, 0.9):
        assert cost_per_row(y, p, np.ones(len(p)), COSTS, Cutoffs(review=at, refuse=at)) > best


def test_precision_of_the_riskiest_few_shares_ties():
    assert precision_at(Y, P, np.ones(4), 1) == 1.0
    assert precision_at(Y, np.full(4, 0.5), np.ones(4), 2) == 0.5
    assert precision_at(Y, P, np.ones(4), 100) == 0.5


@pytest.mark.parametrize(("capacity", "precision"), [(1, 1.0), (2, 0.5), (100, 0.03)])
def test_people_can_look_at_a_months_share_of_the_merchants(capacity, precision):
    # Of a thousand merchants, thirty are looked at in a month by whoever can look at one a day.
    y = np.array([1] * 30 + [0] * 970, dtype=np.int8)
    metrics = cost_metrics(replace(COSTS, capacity=capacity))
    assert metrics["precision_at_capacity"](y, np.linspace(1, 0, 1000), np.ones(1000)) == pytest.approx(precision)
