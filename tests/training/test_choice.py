"""Which candidate is served, and how trees are set, is decided without the test."""

from datetime import timedelta

import numpy as np

from tests.training.build import a_recipe, some_rows
from training.choice import choose, folds_of, loss_of
from training.splits import time_folds
from training.train import Given, prove
from training.tuning import tuned

ROWS = some_rows()
TRIED = '[candidates]\ntry = ["trees"]\nserve = "best"\n[model]'
BEST = a_recipe(("[model]", TRIED))
TUNED = a_recipe(("[model]", "[tuning]\ntrials = 3\nfolds = 2\n[model]"))


def test_folds_learn_from_what_was_mature_when_they_begin():
    as_of = ROWS.as_of
    gap = timedelta(days=40)
    folds = time_folds(as_of, gap=gap, folds=3)
    assert len(folds) == 3
    for learned, judged in folds:
        assert as_of[learned].max() + np.timedelta64(gap) <= as_of[judged].min()
    judged = np.stack([late for _, late in folds])
    assert judged.sum(axis=0).max() == 1, "no row is judged twice"


def test_the_best_on_earlier_rows_is_served():
    folds = folds_of(ROWS, BEST)
    choice = choose(folds, BEST, trees=BEST.model)
    assert set(choice.losses) == {"shrunk_rate", "trees"}
    assert choice.served == min(choice.losses, key=choice.losses.get)
    assert choice.losses["trees"] == loss_of("trees", folds, BEST, BEST.model)


def test_a_candidate_that_the_recipe_names_is_served_whatever_is_better():
    assert choose(folds_of(ROWS, TUNED), TUNED, trees=TUNED.model).served == "trees"


def test_without_a_fold_the_baseline_is_served():
    assert choose([], BEST, trees=BEST.model).served == "shrunk_rate"


def test_tuning_that_is_broken_off_goes_on_and_finds_the_same(tmp_path):
    folds = folds_of(ROWS, TUNED)
    whole = tuned(folds, TUNED, journal=tmp_path / "whole.log", study="a")
    said = []
    first = a_recipe(("[model]", "[tuning]\ntrials = 1\nfolds = 2\n[model]"))
    tuned(folds, first, journal=tmp_path / "parts.log", study="a")
    assert tuned(folds, TUNED, journal=tmp_path / "parts.log", study="a", say=said.append) == whole
    assert said[0].endswith("1 trials were made before")
    assert len(said) == 3


def test_without_a_journal_settings_are_looked_for_all_the_same(tmp_path):
    said = []
    found = prove(ROWS, TUNED, TUNED.splits[0], say=said.append).choice.trees
    kept = prove(ROWS, TUNED, TUNED.splits[0], given=Given(journal=tmp_path / "tuning.log")).choice.trees
    assert found == kept
    assert any(text.startswith("trial 3 of 3") for text in said)


def test_tuning_never_settles_for_worse_than_the_recipe(tmp_path):
    folds = folds_of(ROWS, TUNED)
    found = tuned(folds, TUNED, journal=tmp_path / "tuning.log", study="a")
    assert loss_of("trees", folds, TUNED, found) <= loss_of("trees", folds, TUNED, TUNED.model)
    assert found.lead_rounds == TUNED.model.lead_rounds


def test_a_budget_of_seconds_ends_it(tmp_path):
    hurried = a_recipe(("[model]", "[tuning]\ntrials = 1000\nseconds = 1\nfolds = 2\n[model]"))
    said = []
    tuned(folds_of(ROWS, hurried), hurried, journal=tmp_path / "tuning.log", study="a", say=said.append)
    assert said[-1].startswith("the time is over after")
