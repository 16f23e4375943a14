"""Rows that are not mature yet: what is known so far, weighed so that together it says what will be known."""

from dataclasses import replace

import numpy as np
import pytest

from features.log import FileLog
from tests.training.build import a_log, a_recipe, some_rows
from training.dataset import build_dataset
from training.errors import RecipeBroken
from training.maturity import known_so_far
from training.train import prove

WEIGHING = a_recipe(
    ("delay_days = 10", "delay_days = 60"),
    ("[model]", '[selection]\nimmature = "weigh"\nleast_known = 0.2\n[model]'),
)
NOVEMBER = np.datetime64("2024-11-01", "us")


def news_that_comes_late(count=20_000):
    """Rows of ten months; of the bad ones two in three are known within 45 days, the others take up to 75."""
    rows, random = some_rows(count, seed=1), np.random.default_rng(2)
    fast = random.random(count) < 2 / 3
    days = np.where(fast, random.integers(5, 46, count), random.integers(16, 76, count))
    days = np.where(rows.y == 1, days, 90)
    reasons = np.where(rows.y == 1, np.where(fast, "bad_fast", "bad_slow"), "good").astype(object)
    return replace(rows, known=rows.as_of + days * np.timedelta64(1, "D"), reasons=reasons)


def test_weights_bring_back_the_bad_that_are_not_known_yet():
    rows = news_that_comes_late()
    told = known_so_far(rows, WEIGHING, at=NOVEMBER)
    for month, off in (("2024-09-01", 0.01), ("2024-10-01", 0.04)):
        mine = told.as_of == np.datetime64(month, "us")
        true = rows.y[mine].mean()
        assert told.y[mine].mean() < true - 0.015, "some of the bad are not known yet"
        assert np.average(told.y[mine], weights=told.weight[mine]) == pytest.approx(true, abs=off)


def test_each_outcome_has_a_delay_of_its_own():
    told = known_so_far(news_that_comes_late(), WEIGHING, at=NOVEMBER)
    young = told.as_of == np.datetime64("2024-09-01", "us")
    fast, slow = (told.weight[young & (told.y == 1) & (told.reasons == name)] for name in ("bad_fast", "bad_slow"))
    assert np.unique(fast).tolist() == [1.0]
    assert np.unique(slow)[0] == pytest.approx(60 / 46, abs=0.1)


def test_rows_of_one_age_weigh_together_as_much_as_there_are():
    told = known_so_far(news_that_comes_late(), WEIGHING, at=NOVEMBER)
    for moment in np.unique(told.as_of):
        mine = told.as_of == moment
        assert told.weight[mine].sum() == pytest.approx(mine.sum())


def test_nothing_is_learned_that_was_known_later():
    rows = news_that_comes_late()
    told = known_so_far(rows, WEIGHING, at=NOVEMBER)
    assert len(told) == len(rows)
    assert (told.known[told.y == 1] <= NOVEMBER).all()
    mature = told.as_of < np.datetime64("2024-08-03", "us")
    assert (told.y[mature] == rows.y[mature]).all()
    assert set(told.weight[mature].tolist()) == {1.0}


def test_of_an_age_at_which_too_little_is_known_nothing_is_kept():
    strict = a_recipe(
        ("delay_days = 10", "delay_days = 60"),
        ("[model]", '[selection]\nimmature = "weigh"\nleast_known = 0.7\n[model]'),
    )
    told = known_so_far(news_that_comes_late(), strict, at=NOVEMBER)
    assert told.as_of.max() == np.datetime64("2024-09-01", "us")


def test_rows_stay_as_they_are_where_immature_ones_are_left_out():
    rows = news_that_comes_late(400)
    assert known_so_far(rows, a_recipe(), at=NOVEMBER) is rows


def test_a_row_may_be_learned_from_once_its_window_is_over_and_not_before(tmp_path):
    weighing = a_recipe(("[model]", '[selection]\nimmature = "weigh"\n[model]'))
    rows = build_dataset(FileLog([a_log(tmp_path / "log.parquet")], currency="CNY"), weighing)
    later, plain = (prove(rows, one, one.splits[0]) for one in (weighing, a_recipe()))
    first = np.datetime64(later.test_from, "us")
    assert first == np.datetime64(plain.test_from, "us")
    assert later.train.as_of.max() > plain.train.as_of.max()
    assert later.train.as_of.max() + np.timedelta64(weighing.label.horizon_days, "D") <= first
    assert (later.train.known[later.train.y == 1] <= first).all()


@pytest.mark.parametrize(("text", "key"), [('immature = "guess"', "immature"), ("least_known = 0.0", "least_known")])
def test_a_wrong_word_about_immature_rows_is_refused(text, key):
    with pytest.raises(RecipeBroken, match=rf"selection\.{key}"):
        a_recipe(("[model]", f"[selection]\n{text}\n[model]"))
