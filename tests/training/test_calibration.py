"""Calibration is learned from rows that the model did not see, and keeps the order of merchants."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.calibration import Line, cross_fitted_logits, merchant_folds, platt, probability
from training.dataset import Dataset


def test_platt_undoes_a_known_distortion():
    random = np.random.default_rng(0)
    truth = random.normal(-1, 1, 20_000)
    y = (random.random(20_000) < probability(truth)).astype(np.int8)
    line = platt(2 * truth + 1, y)
    assert line.slope == pytest.approx(0.5, abs=0.03)
    assert line.intercept == pytest.approx(-0.5, abs=0.05)


def test_labels_that_the_logits_separate_give_a_finite_line():
    line = platt(np.array([-1.0, -1.0, 1.0, 1.0]), np.array([0, 0, 1, 1], dtype=np.int8))
    assert 0 < line.slope < 10


def test_a_model_that_ranks_backwards_is_kept_almost_flat_at_the_right_level():
    logits = np.repeat([2.0, -2.0], 100)
    y = np.repeat(np.array([0, 1, 0], dtype=np.int8), [100, 50, 50])
    line = platt(logits, y)
    assert line.slope == 0.05
    assert probability(line(logits)).mean() == pytest.approx(51 / 202, abs=0.01)


def test_logits_that_are_all_the_same_give_the_share_of_bad_rows():
    line = platt(np.full(1000, 0.3), np.repeat(np.array([1, 0], dtype=np.int8), [200, 800]))
    assert probability(line(np.array([0.3])))[0] == pytest.approx(0.2, abs=0.01)


@given(st.lists(st.floats(-30, 30), min_size=2, max_size=20), st.floats(0.05, 5), st.floats(-5, 5))
def test_a_line_never_turns_two_merchants_round(logits, slope, intercept):
    ordered = np.sort(np.array(logits))
    assert np.all(np.diff(probability(Line(slope=slope, intercept=intercept)(ordered))) >= 0)


def test_a_merchant_lies_in_one_fold_and_bad_ones_are_dealt_evenly():
    merchants = np.array([f"m{number % 50}" for number in range(200)], dtype=object)
    y = np.array([number % 50 < 10 for number in range(200)], dtype=np.int8)
    fold = merchant_folds(merchants, y, folds=5)
    assert all(len(set(fold[merchants == one])) == 1 for one in set(merchants))
    assert [len(set(merchants[(fold == number) & (y == 1)])) for number in range(5)] == [2] * 5


def test_folds_do_not_depend_on_the_order_of_rows():
    merchants = np.array([f"m{number % 20}" for number in range(60)], dtype=object)
    y = np.array([number % 20 < 4 for number in range(60)], dtype=np.int8)
    backwards = merchant_folds(merchants[::-1], y[::-1], folds=3)
    assert backwards[::-1].tolist() == merchant_folds(merchants, y, folds=3).tolist()


def numbered(labels):
    """Rows whose one input is their number."""
    count = len(labels)
    return Dataset(
        inputs=(),
        X=np.arange(float(count))[:, None],
        y=np.array(labels, dtype=np.int8),
        merchants=np.arange(count).astype(str).astype(object),
        as_of=np.zeros(count, dtype="datetime64[us]"),
    )


class Memory:
    """A learner that only knows which rows it has seen."""

    def fit(self, rows):
        self.seen_ = set(rows.X[:, 0].tolist())
        return self

    def log_odds(self, X):
        return np.array([float(row in self.seen_) for row in X[:, 0].tolist()])


def test_cross_fitted_logits_come_from_learners_that_never_saw_the_row():
    rows = numbered([1, 0] * 10)
    assert not cross_fitted_logits(Memory, rows, np.arange(20) % 4).any()


def test_a_fold_whose_other_side_teaches_nothing_calibrates_nothing():
    assert np.isnan(cross_fitted_logits(Memory, numbered([1, 1, 0, 0]), np.array([0, 0, 1, 1]))).all()
