"""Candidates learn what is there, bend only the allowed way, and give the same bytes again."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.model import Model
from tests.training.build import NAMES, a_recipe, some_rows
from training.candidates.scorecard import Scorecard
from training.candidates.shrunk_rate import ShrunkRate
from training.candidates.trees import BoostedTrees
from training.columns import Preparation
from training.dataset import Dataset
from training.errors import OneSided
from training.evaluate import auc
from training.fit import bundle_of, fit
from training.recipe import CANDIDATES, Columns
from training.recipe import Scorecard as Bins

ROWS, RECIPE = some_rows(), a_recipe()
FITTED = {name: fit(name, ROWS, RECIPE) for name in CANDIDATES}
TREES, BASELINE = FITTED["trees"], FITTED["shrunk_rate"]


def rows_of(X, y):
    """Rows of inputs that have no name."""
    merchants = np.array([f"m{number}" for number in range(len(y))], dtype=object)
    return Dataset(inputs=(), X=X, y=y, merchants=merchants, as_of=np.zeros(len(y), dtype="datetime64[us]"))


def test_the_shrunk_rate_ranks_exactly_as_the_rate_does():
    kept = np.linspace(0.01, 0.99, 50)
    X = np.column_stack([kept, np.zeros(50), np.zeros(50)])
    assert np.all(np.diff(BASELINE.p(X)) < 0)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_rate_of_nothing_or_all_still_has_log_odds(share):
    assert np.isfinite(BASELINE.p(np.array([[share, 0.5, 20.0]]))).all()


def test_a_count_enters_the_baseline_as_it_is():
    rate = ShrunkRate("n_fakes_confirmed_365d", column=0, riskier="higher", unit="count")
    X, y = np.array([[0.0], [0.0], [3.0], [5.0]] * 10), np.array([0, 0, 1, 1] * 10, dtype=np.int8)
    odds = rate.fit(rows_of(X, y)).log_odds(np.array([[0.0], [1.0], [2.0]]))
    assert odds[1] - odds[0] == pytest.approx(odds[2] - odds[1])


@pytest.mark.parametrize("way", [1, -1])
def test_an_input_that_is_riskier_neither_way_is_turned_as_the_rows_say(way):
    debt = ShrunkRate("debt", column=0, riskier="neither", unit="number")
    X, y = np.array([[1e6], [2e6], [3e6], [9e6]] * 10), np.array([0, 0, 1, 1] * 10, dtype=np.int8)
    odds = debt.fit(rows_of(way * X, y)).log_odds(way * np.array([[1e6], [5e6], [9e6]]))
    assert np.all(np.diff(odds) > 0)
    assert np.abs(odds).max() < 20, "millions do not make the search for the line blow up"


def test_an_amount_enters_the_baseline_by_its_logarithm():
    debt = ShrunkRate("debt", column=0, riskier="higher", unit="amount")
    X, y = np.array([[10.0], [100.0], [1000.0], [9e5]] * 10), np.array([0, 1, 0, 1] * 10, dtype=np.int8)
    odds = debt.fit(rows_of(X, y)).log_odds(np.expm1(np.array([[0.0], [1.0], [2.0]])))
    assert odds[1] - odds[0] == pytest.approx(odds[2] - odds[1])


def test_a_scorecard_cuts_an_input_of_two_values_between_them_unless_one_is_rare():
    X = np.column_stack([np.arange(400) % 2, np.arange(400) < 4]).astype(float)
    y = ((X[:, 0] == 1) & (np.arange(400) % 6 > 1)).astype(np.int8)
    card = Scorecard(Bins(), names=("often", "rare"), riskier=("neither", "neither")).fit(rows_of(X, y))
    assert [(term.feature, term.edges) for term in card.terms_] == [("often", (0.5,))]


def test_trees_that_only_lead_repeat_the_baselines_line():
    # The one tree after the lead is held to almost nothing.
    quiet = (("learning_rate = 0.05", "learning_rate = 0.001"), ("\nrounds = 20", "\nrounds = 1"))
    settings = a_recipe(("lead_rounds = 40", "lead_rounds = 200"), *quiet).model
    lead = ShrunkRate(NAMES[0], column=0, riskier="lower")
    trees = BoostedTrees(settings, names=NAMES, riskier=("lower", "higher", "neither"), lead=lead, seed=1)
    trees.fit(ROWS)
    assert np.corrcoef(trees.log_odds(ROWS.X), lead.log_odds(ROWS.X))[0, 1] > 0.99


def test_trees_find_what_the_baseline_cannot_see():
    rows = some_rows(2000)
    y = (rows.X[:, 1] > np.median(rows.X[:, 1])).astype(np.int8)
    X = rows.X.copy()
    X[:, 0] = np.random.default_rng(0).random(len(X))
    settings = a_recipe(("\nrounds = 20", "\nrounds = 100")).model
    lead = ShrunkRate(NAMES[0], column=0, riskier="lower")
    trees = BoostedTrees(settings, names=NAMES, riskier=("lower", "higher", "neither"), lead=lead, seed=1)
    trees.fit(replace(rows, X=X, y=y))
    assert auc(y, trees.log_odds(X), np.ones(len(y))) > 0.95


@pytest.mark.parametrize("name", CANDIDATES)
@settings(max_examples=50)
@given(row=st.integers(0, len(ROWS) - 1), less=st.floats(0, 1), more=st.floats(0, 1))
def test_a_worse_input_never_lowers_the_probability(name, row, less, more):
    less, more = sorted((less, more))
    better, worse = ROWS.X[[row]].copy(), ROWS.X[[row]].copy()
    better[0, 0], worse[0, 0] = more, less
    better[0, 1], worse[0, 1] = less, more
    assert FITTED[name].p(better)[0] <= FITTED[name].p(worse)[0] + 1e-15


@pytest.mark.parametrize("name", CANDIDATES)
def test_equal_rows_recipe_and_seed_give_equal_bytes(name):
    again = fit(name, some_rows(), a_recipe())
    assert bundle_of(again, ROWS, RECIPE).pack() == bundle_of(FITTED[name], ROWS, RECIPE).pack()


def test_another_seed_gives_another_model():
    other = a_recipe(("seed = 7", "seed = 8"), ("l2 = 5.0", "l2 = 5.0\nrow_share = 0.5"))
    same = a_recipe(("l2 = 5.0", "l2 = 5.0\nrow_share = 0.5"))
    assert fit("trees", ROWS, other).learner.files_ != fit("trees", ROWS, same).learner.files_


@pytest.mark.parametrize("fitted", FITTED.values(), ids=FITTED)
def test_a_bundle_gives_the_numbers_that_were_judged(fitted):
    bundle = bundle_of(fitted, ROWS, RECIPE)
    model = Model(bundle)
    model.check_golden()
    assert model.p(ROWS.X) == pytest.approx(fitted.p(ROWS.X), abs=1e-12)
    assert len(bundle.golden.p) == 100


def test_a_bundle_says_where_it_came_from_and_reads_no_clock():
    origin = bundle_of(TREES, ROWS, RECIPE).training
    assert (origin["rows"], origin["bad"], origin["recipe"]) == (len(ROWS), ROWS.bad, "small")
    assert (origin["from"], origin["until"]) == ("2024-01-01T00:00:00.000000Z", "2024-11-10T00:00:00.000000Z")
    assert origin["data"] == ROWS.digest


def test_an_input_that_a_recipe_sets_free_may_bend_both_ways_and_its_bundle_says_so():
    rows = some_rows()
    wrong = replace(rows, y=(1 - rows.y).astype(np.int8))
    bound, free = a_recipe(), a_recipe(("[baseline]", f"[constraints]\nfree = ['{NAMES[0]}']\n[baseline]"))
    slopes = [abs(fit("logistic", wrong, one).learner.coefficients_[0]) for one in (bound, free)]
    assert slopes[0] == 0 < slopes[1]
    made = bundle_of(fit("logistic", wrong, free), wrong, free)
    assert [one.riskier for one in made.features] == ["neither", *(one.riskier for one in rows.inputs[1:])]


def test_rows_of_one_kind_teach_nothing():
    with pytest.raises(OneSided, match=r"training part: \d+ rows with 0 bad"):
        fit("trees", ROWS.where(ROWS.y == 0), RECIPE)


def test_a_scorecard_has_few_bins_whose_points_rise_with_the_risk():
    terms = {term.feature: term for term in FITTED["scorecard"].learner.terms_}
    kept = terms[NAMES[0]]
    assert 2 <= len(kept.values) <= RECIPE.scorecard.bins
    assert list(kept.values) == sorted(kept.values, reverse=True)
    assert NAMES[2] not in terms, "orders were drawn by lot and say nothing"


def test_a_scorecard_of_inputs_that_say_nothing_is_the_share_of_bad_rows():
    silent = replace(ROWS, X=np.random.default_rng(1).random(ROWS.X.shape).round(1) * 0)
    fitted = fit("scorecard", silent, RECIPE)
    assert fitted.p(silent.X[:1])[0] == pytest.approx(ROWS.bad / len(ROWS), abs=0.01)
    Model(bundle_of(fitted, silent, RECIPE)).check_golden()


def test_a_coefficient_is_held_at_0_where_the_rows_would_turn_it_round():
    turned = replace(ROWS, y=(1 - ROWS.y).astype(np.int8))
    coefficients = fit("logistic", turned, RECIPE).learner.coefficients_
    assert coefficients[:2].tolist() == [0.0, 0.0]


def test_a_row_that_weighs_double_is_two_rows():
    twice = np.concatenate([np.arange(len(ROWS)), np.flatnonzero(ROWS.y)])
    weighed = replace(ROWS, weight=np.where(ROWS.y == 1, 2.0, 1.0))
    doubled = ROWS.where(twice)
    for name in ("shrunk_rate", "logistic"):
        one, other = (fit(name, rows, RECIPE) for rows in (weighed, doubled))
        assert one.learner.log_odds(ROWS.X) == pytest.approx(other.learner.log_odds(ROWS.X), abs=1e-4)


def test_a_blend_is_the_mean_of_its_parts():
    parts = [FITTED[name].learner.log_odds(ROWS.X) for name in ("trees", "scorecard")]
    assert FITTED["blend"].learner.log_odds(ROWS.X) == pytest.approx(np.mean(parts, axis=0), abs=1e-12)


def some_words(count: int = 600) -> Dataset:
    """Who rents or camps is bad every second time, who owns or inherits every sixth."""
    home = ["rent", "own", "camp", "castle", None]
    table = pa.table({"home": [home[at % 5] for at in range(count)]})
    columns = Preparation.learn(table, Columns(), riskier={}, admits=lambda name: True)
    risky = np.isin(np.arange(count) % 5, [0, 2])
    y = (np.arange(count) // 5 % np.where(risky, 2, 6) == 0).astype(np.int8)
    return replace(rows_of(columns.matrix(table), y), inputs=columns.inputs)


def test_words_of_like_risk_are_one_group_of_the_scorecard_and_a_word_never_seen_adds_nothing():
    rows = some_words()
    fitted = fit("scorecard", rows, replace(RECIPE, baseline="home_is_rent"))
    points = {term.feature: term.values[1] for term in fitted.learner.terms_}
    assert points["home_is_rent"] == points["home_is_camp"] > 0.2
    assert points["home_is_own"] == points["home_is_castle"] == points["home_is_missing"] < -0.2
    model = Model(bundle_of(fitted, rows, RECIPE))
    model.check_golden()
    parts, base = model.contributions(np.vstack([rows.X[0], np.zeros(5)]))
    assert [rows.inputs[at].name for at in np.flatnonzero(parts[0])] == ["home_is_rent"]
    assert model.log_odds(np.zeros((1, 5)))[0] == pytest.approx(base)


def test_a_column_of_words_is_one_of_the_inputs_that_a_scorecard_may_have():
    rows = some_words()
    card = fit("scorecard", rows, replace(RECIPE, scorecard=Bins(inputs=1), baseline="home_is_rent")).learner
    assert len(card.terms_) == len(rows.inputs) == 5
