"""The comparison on public credit data judges everybody alike; it needs none of the other tools here."""

import numpy as np

from benchmarks.credit import OTHERS, SETS, by_fold, figures, tell
from benchmarks.peers import credit_rivals, credit_sets


def test_folds_hold_both_kinds_evenly_and_do_not_change():
    bad = [int(row % 4 == 0) for row in range(400)]
    folds = np.array(credit_sets.fold_of(bad))
    assert np.bincount(folds).tolist() == [80] * credit_sets.FOLDS
    assert np.bincount(folds, weights=bad).tolist() == [20.0] * credit_sets.FOLDS
    assert credit_sets.fold_of(bad) == folds.tolist()


def test_an_auc_is_the_mean_over_folds_so_that_scales_need_not_agree():
    y, fold = np.array([0, 1, 0, 1], dtype=np.int8), np.array([0, 0, 1, 1])
    assert by_fold(y, np.array([0.1, 0.2, 0.8, 0.9]), np.ones(4), fold) == 1.0


def test_ours_is_held_against_the_best_of_the_others():
    random = np.random.default_rng(0)
    y, fold = (random.random(300) < 0.4).astype(np.int8), np.arange(300) % 5
    said = {name: random.random(300) for name in OTHERS} | {"goodfaith": y * 1.0, "ebm": y + random.random(300)}
    found, gap = figures(y, said, fold)
    assert gap.value == found["goodfaith"].value - max(found[name].value for name in OTHERS) == 0.0
    told = tell("some", found, gap, dict.fromkeys(said, 1.0), ["trees"])
    assert "goodfaith less ebm: +0.0000" in told


def test_the_rivals_named_are_those_that_run():
    assert tuple(credit_rivals.RIVALS) == OTHERS
    assert SETS[0] == "german"
