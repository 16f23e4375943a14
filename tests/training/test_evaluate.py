"""Metrics agree with their definitions, ignore the order of rows, and carry honest intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from training.evaluate import (
    METRICS,
    Figure,
    auc,
    average_precision,
    brier,
    difference,
    ece,
    evaluate,
    ks,
    recall_at_5_fpr,
    verdict,
)


@st.composite
def judged_rows(draw):
    """Labels of both kinds and probabilities with many ties."""
    count = draw(st.integers(2, 40))
    y = np.array([1, 0, *draw(st.lists(st.integers(0, 1), min_size=count, max_size=count))], dtype=np.int8)
    p = np.array(draw(st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), min_size=len(y), max_size=len(y))))
    return y, p


@given(judged_rows())
def test_ranking_metrics_agree_with_scikit_learn(rows):
    y, p = rows
    ones = np.ones(len(y))
    fpr, recall, _ = sk.roc_curve(y, p, drop_intermediate=False)
    assert auc(y, p, ones) == pytest.approx(sk.roc_auc_score(y, p))
    assert average_precision(y, p, ones) == pytest.approx(sk.average_precision_score(y, p))
    assert ks(y, p, ones) == pytest.approx(np.max(recall - fpr))
    assert recall_at_5_fpr(y, p, ones) == pytest.approx(recall[fpr <= 0.05].max())
    assert brier(y, p, ones) == pytest.approx(sk.brier_score_loss(y, p))


@given(judged_rows(), st.randoms(use_true_random=False))
def test_no_metric_depends_on_the_order_of_rows(rows, random):
    y, p = rows
    order = list(range(len(y)))
    random.shuffle(order)
    for metric in METRICS.values():
        assert metric(y[order], p[order], np.ones(len(y))) == pytest.approx(metric(y, p, np.ones(len(y))))


@pytest.mark.parametrize("name", [name for name in METRICS if name != "ece"])
def test_a_row_of_weight_two_counts_as_two_rows(name):
    y, p = np.array([1, 0, 1, 0], dtype=np.int8), np.array([0.9, 0.8, 0.4, 0.1])
    twice = [0, 0, 1, 2, 3]
    doubled = METRICS[name](y[twice], p[twice], np.ones(5))
    assert METRICS[name](y, p, np.array([2.0, 1, 1, 1])) == pytest.approx(doubled)


def test_a_perfectly_calibrated_model_has_no_calibration_error():
    p = np.repeat([0.1, 0.5], 10)
    y = np.array([1] + [0] * 9 + [1] * 5 + [0] * 5, dtype=np.int8)
    assert ece(y, p, np.ones(20)) == pytest.approx(0)


def test_an_interval_covers_its_figure_and_grows_when_rows_are_of_few_merchants():
    random = np.random.default_rng(3)
    p = random.random(400)
    y = (random.random(400) < p).astype(np.int8)
    alone = np.array([f"m{number}" for number in range(400)], dtype=object)
    kin = np.array([f"m{int(share * 8)}" for share in p], dtype=object)
    narrow = evaluate(y, p, alone, resamples=100).figures["auc"]
    wide = evaluate(y, p, kin, resamples=100).figures["auc"]
    assert narrow.low < narrow.value < narrow.high
    assert wide.high - wide.low > narrow.high - narrow.low


def test_the_same_seed_gives_the_same_interval():
    y, p = np.array([1, 0] * 20, dtype=np.int8), np.linspace(0.1, 0.9, 40)
    merchants = np.array([f"m{number % 10}" for number in range(40)], dtype=object)
    assert evaluate(y, p, merchants, resamples=50, seed=1) == evaluate(y, p, merchants, resamples=50, seed=1)


def test_samples_that_share_their_work_are_measured_as_each_alone():
    random = np.random.default_rng(2)
    p = random.random(200).round(1)
    y, merchants = (random.random(200) < p).astype(np.int8), (np.arange(200) // 4).astype(str).astype(object)
    alone = {name: lambda y, p, weight, metric=metric: metric(y, p, weight) for name, metric in METRICS.items()}
    shared, one_by_one = (evaluate(y, p, merchants, metrics=some, resamples=20) for some in (METRICS, alone))
    assert shared == one_by_one


def test_a_metric_of_one_kind_of_label_is_nan_and_not_an_error():
    found = evaluate(np.zeros(4, dtype=np.int8), np.full(4, 0.5), np.array(list("abcd"), dtype=object), resamples=20)
    assert np.isnan(found.figures["auc"].value)
    assert found.figures["brier"].value == 0.25


def test_a_model_does_not_differ_from_itself():
    y, p = np.array([1, 0] * 20, dtype=np.int8), np.linspace(0.1, 0.9, 40)
    gain = difference(y, p, p, np.array([f"m{number}" for number in range(40)], dtype=object), resamples=20)
    assert (gain.value, gain.low, gain.high) == (0, 0, 0)


@pytest.mark.parametrize(
    ("value", "low", "high", "words"),
    [
        (0.02, 0.01, 0.03, "beats the shrunk rate"),
        (0.02, -0.01, 0.03, "as good as the shrunk rate; not shown to be better"),
        (0.00, -0.01, 0.01, "as good as the shrunk rate; not shown to be better"),
        (-0.01, -0.02, 0.01, "does not beat the shrunk rate: do not use"),
        (-0.02, -0.03, -0.01, "loses to the shrunk rate: do not use"),
        (float("nan"), float("nan"), float("nan"), "cannot be judged: the test holds one kind of label only"),
    ],
)
def test_the_verdict_is_said_in_words(value, low, high, words):
    assert verdict(Figure(value=value, low=low, high=high)) == words
