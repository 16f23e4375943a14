"""The model: contributions that add up, no row that depends on its neighbours, nothing judged from nothing."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.bundle import Calibration, Golden
from scoring.errors import BundleBroken, ColumnMissing, GoldenRowsDiffer, InputMissing, NotANumber, WidthDiffers
from scoring.linear import LEAST_SHARE, Bins
from scoring.model import Model, with_golden_rows
from scoring.reasons import reasons_of
from scoring.scorecard import points
from scoring.trees import Trees, _SingleRow
from tests.scoring.build import (
    POLICY,
    a_bundle,
    a_credit_model,
    a_points_bundle,
    a_term,
    a_tree_bundle,
    an_input,
    grown,
    grown_bundles,
    matrices,
)

some_models = settings(max_examples=25)


@st.composite
def asked(draw, **how):
    """A random model and rows to ask it about."""
    bundle = draw(grown_bundles(**how))
    return Model(bundle), draw(matrices(len(bundle.inputs)))


@some_models
@given(asked())
def test_contributions_and_base_add_up_to_the_calibrated_log_odds(question):
    model, X = question
    parts, base = model.contributions(X)
    assert parts.shape == X.shape
    assert parts.sum(axis=1) + base == pytest.approx(model.log_odds(X), abs=1e-6)


@some_models
@given(asked())
def test_a_row_alone_is_the_row_in_the_batch_to_the_last_bit(question):
    model, X = question
    alone = [(model.p(X[[row]])[0], *model.contributions(X[[row]])[0][0]) for row in range(len(X))]
    together = np.column_stack([model.p(X), model.contributions(X)[0]])
    assert np.array(alone).tobytes() == together.tobytes()


@some_models
@given(asked(monotone=True), st.data())
def test_a_step_in_the_riskier_direction_never_raises_the_score(question, data):
    model, X = question
    column = data.draw(st.integers(0, X.shape[1] - 1))
    step = data.draw(st.floats(0, 10))
    worse = X.copy()
    worse[:, column] += step if model.bundle.features[column].riskier == "higher" else -step
    before, after = (list(map(points, model.log_odds(rows).tolist())) for rows in (X, worse))
    assert all(later <= earlier for earlier, later in zip(before, after, strict=True))


#: The end of an input at which nothing speaks against a merchant.
SAFEST = {"higher": -1e300, "lower": 1e300}


@some_models
@given(asked(monotone=True))
def test_the_heaviest_reason_removed_never_lowers_the_score_and_is_no_reason_any_more(question):
    model, X = question
    parts, rows = model.contributions(X)[0], np.arange(len(X))
    heaviest, spoke = parts.argmax(axis=1), parts.max(axis=1) > 0
    without = X.copy()
    without[rows, heaviest] = [SAFEST[model.bundle.features[column].riskier] for column in heaviest]
    assert (model.log_odds(without) <= model.log_odds(X))[spoke].all()
    assert (model.contributions(without)[0][rows, heaviest] < 1e-9)[spoke].all()


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.1, 4.0))
def test_the_top_reason_of_a_sum_removed_moves_the_log_odds_by_just_what_it_says(late, kept, slope):
    model = a_credit_model(calibration=Calibration(slope=slope, intercept=-0.5))
    row = {"late": late, "kept": kept}
    for top in reasons_of(model, model.matrix([row]), [row], limit=POLICY.reasons)[0][:1]:
        # The terms' centre is 0: there an input says nothing.
        before, after = (model.log_odds(model.matrix([one]))[0] for one in (row, row | {top.feature: 0.0}))
        assert before - after == pytest.approx(top.contribution)
        assert top.contribution > 0


def test_several_threads_get_what_one_gets():
    bundle = a_tree_bundle(width=6, seed=3)
    X = np.random.default_rng(1).normal(size=(300, 6))
    expected = Model(bundle).contributions(X)[0]
    # A fresh model, so that the very first calls, which still build the trees' depths, come at once.
    model = Model(bundle)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda row: model.contributions(X[[row]])[0][0], range(300)))
    assert np.array_equal(np.array(answers), expected)


class OneAtATime:
    """A booster that fails when a second caller comes in before the first has gone."""

    def __init__(self, booster):
        self.booster = booster
        self.inside = threading.Lock()

    def predict(self, *inputs, **how):
        assert self.inside.acquire(blocking=False)
        try:
            return self.booster.predict(*inputs, **how)
        finally:
            self.inside.release()


def test_lightgbm_is_asked_by_one_thread_at_a_time():
    trees = Trees(a_tree_bundle().files["model.txt"], ("x0", "x1", "x2"))
    trees._booster = OneAtATime(trees._booster)
    X = np.zeros((2_000, 3))
    with ThreadPoolExecutor(8) as threads:
        assert len(list(threads.map(lambda _: trees.contributions(X), range(40)))) == 40


@pytest.mark.parametrize("num_threads", [1, 2])
def test_the_number_of_threads_changes_no_bit(num_threads):
    bundle, X = a_tree_bundle(), np.random.default_rng(2).normal(size=(50, 3))
    assert Model(bundle, num_threads=num_threads).p(X).tobytes() == Model(bundle).p(X).tobytes()


def test_a_sum_of_points_can_be_checked_by_hand():
    model = a_credit_model(intercept=-2.0)
    assert model.log_odds([[0.5, 0.25]]).tolist() == [-0.75]
    parts, base = model.contributions([[0.5, 0.25]])
    assert (parts.tolist(), base) == ([[1.0, 0.25]], -2.0)


def test_calibration_stretches_and_shifts_every_part():
    calibration = Calibration(slope=1.25, intercept=-0.5)
    model = Model(a_points_bundle(a_term("late", 2.0), intercept=-1.0, calibration=calibration))
    parts, base = model.contributions([[0.5]])
    assert (parts.tolist(), base) == ([[1.25]], -1.75)
    assert model.log_odds([[0.5]]).tolist() == [-0.5]


@pytest.mark.parametrize(("share", "held"), [(0.0, LEAST_SHARE), (1.0, 1 - LEAST_SHARE), (0.5, 0.5)])
def test_shares_of_nothing_and_everything_have_finite_log_odds(share, held):
    term = a_term("late", transform="log_odds", center=0.25)
    assert term.of(share) == pytest.approx(np.log(held / (1 - held)) - 0.25)


EITHER_KIND = [a_tree_bundle(width=2), a_points_bundle(a_term("x0"), a_term("x1"))]


@pytest.mark.parametrize("bundle", EITHER_KIND, ids=["trees", "points"])
class TestAModelOfEitherKind:
    @pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
    def test_an_input_that_is_not_finite_is_refused_by_name(self, bundle, value):
        with pytest.raises(InputMissing, match=r"x1 .* row 1"):
            Model(bundle).p([[0.0, 0.0], [0.0, value]])

    @pytest.mark.parametrize("X", [[[0.0]], [[0.0, 0.0, 0.0]], [0.0, 0.0], 0.0])
    def test_another_width_is_refused(self, bundle, X):
        with pytest.raises(WidthDiffers, match="2 inputs"):
            Model(bundle).contributions(X)

    def test_no_rows_have_no_answers(self, bundle):
        model, nobody = Model(bundle), np.zeros((0, 2))
        assert model.p(nobody).shape == (0,)
        assert model.contributions(nobody)[0].shape == (0, 2)
        assert model.matrix([]).shape == (0, 2)

    def test_golden_rows_are_repeated(self, bundle):
        Model(with_golden_rows(bundle, [[0.1, 0.2], [0.3, 0.4]])).check_golden()

    def test_golden_rows_that_come_out_otherwise_are_found(self, bundle):
        model = Model(bundle.with_golden(Golden(inputs=((0.1, 0.2),), p=(0.987,))))
        with pytest.raises(GoldenRowsDiffer, match=r"row 0 .* 0\.987"):
            model.check_golden()

    def test_a_model_without_golden_rows_does_not_pass_for_checked(self, bundle):
        with pytest.raises(GoldenRowsDiffer, match="none"):
            Model(bundle.with_golden(Golden())).check_golden()


def test_inputs_are_taken_from_rows_by_name():
    rows = [{"kept": 2, "late": 1.0, "other": "x"}, {"late": np.float64(3), "kept": True}]
    assert a_credit_model().matrix(rows).tolist() == [[1.0, 2.0], [3.0, 1.0]]


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ({"late": 0.5}, ColumnMissing),
        ({"late": 0.5, "kept": None}, InputMissing),
        ({"late": 0.5, "kept": float("nan")}, InputMissing),
        ({"late": 0.5, "kept": "0.5"}, NotANumber),
        ({"late": 0.5, "kept": [1]}, NotANumber),
    ],
)
def test_a_row_without_an_input_is_refused_by_name(row, error):
    with pytest.raises(error, match="kept"):
        a_credit_model().matrix([row | {"merchant_id": "m1"}])


@pytest.mark.parametrize("content", [b"", b"garbage", b"\xff", b"tree\n\nend of trees\n"])
def test_a_file_that_is_no_model_is_refused(content):
    with pytest.raises(BundleBroken):
        Model(replace(a_tree_bundle(), files={"model.txt": content}))


def test_a_text_in_which_a_tree_does_not_stand_where_the_header_says_is_refused():
    whole = a_tree_bundle().files["model.txt"]
    for cut in (whole.replace(b"Tree=1\n", b"Tree=2\n"), whole.replace(b"tree_sizes=", b"tree_sizes=x")):
        with pytest.raises(BundleBroken, match="no whole LightGBM model"):
            Model(replace(a_tree_bundle(), files={"model.txt": cut}))


@given(st.integers(0, 9_999))
def test_a_cut_model_is_refused_before_lightgbm_reads_beyond_its_end(ten_thousandths):
    whole = a_tree_bundle().files["model.txt"]
    trees_end = whole.index(b"end of trees\n")
    with pytest.raises(BundleBroken):
        Model(replace(a_tree_bundle(), files={"model.txt": whole[: trees_end * ten_thousandths // 10_000]}))


@pytest.mark.parametrize("names", [("x1", "x0"), ("x0", "y"), ("x0",), ("x0", "x1", "x2")])
def test_trees_grown_on_other_inputs_are_refused(names):
    with pytest.raises(BundleBroken, match="names or order"):
        Model(a_bundle("trees", grown(2, seed=1), list(map(an_input, names))))


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b'{"intercept": 0, "terms": [{"feature": "late"}]}', b'{"intercept": "high", "terms": []}'],
)
def test_a_file_that_is_no_sum_is_refused(content):
    with pytest.raises(BundleBroken, match=r"points\.json"):
        Model(a_bundle("points", content, [an_input("late")]))


@pytest.mark.parametrize("terms", [(a_term("other"),), (a_term("late"), a_term("late"))])
def test_a_term_needs_an_input_of_its_own(terms):
    with pytest.raises(BundleBroken, match="term"):
        Model(a_points_bundle(*terms, inputs=[an_input("late")]))


BINS = {"feature": "late", "edges": (0.1, 0.3), "values": (-0.5, 0.2, 1.0)}


def in_bins(**changes):
    return Model(a_points_bundle(Bins(**(BINS | changes)), inputs=[an_input("late")], intercept=-1.0))


def test_a_scorecard_adds_what_the_bin_of_each_input_says():
    assert in_bins().log_odds([[0.05], [0.1], [0.9]]).tolist() == [-1.5, -0.8, 0.0]


@pytest.mark.parametrize("changes", [{"edges": (0.3, 0.1)}, {"edges": (0.1, 0.1)}, {"values": (0.5, 0.2)}])
def test_bins_that_do_not_rise_or_say_too_little_are_refused(changes):
    with pytest.raises(BundleBroken, match="bins"):
        in_bins(**changes)


class Forgetful:
    """A model that answers rightly, and explains nothing."""

    def __init__(self, kind):
        self.raw, self.base = kind.raw, kind.base

    def contributions(self, X):
        return np.zeros_like(X)


def test_contributions_that_do_not_add_up_are_found():
    model = Model(with_golden_rows(a_points_bundle(a_term("late")), [[0.5]]))
    model._kind = Forgetful(model._kind)
    with pytest.raises(GoldenRowsDiffer, match="add up"):
        model.check_golden()


def test_trees_that_answer_more_than_one_question_are_refused():
    data = lightgbm.Dataset(np.arange(60.0).reshape(60, 1), np.arange(60) % 3, feature_name=["x0"])
    parameters = {"objective": "multiclass", "num_class": 3, "verbosity": -1, "num_threads": 1}
    content = lightgbm.train(parameters, data, 2).model_to_string().encode()
    with pytest.raises(BundleBroken, match="more than one question"):
        Model(a_bundle("trees", content, [an_input("x0")]))


def test_trees_that_cannot_be_asked_for_one_row_are_refused():
    with pytest.raises(BundleBroken, match="do not answer"):
        _SingleRow(lightgbm.Booster(model_str=grown(2, seed=1).decode()), 1)


def test_a_model_is_called_by_its_version_or_its_digest():
    assert (a_credit_model().named.name, a_credit_model().named.version) == ("goodfaith-credit", "3")
    assert Model(a_tree_bundle()).named.version == a_tree_bundle().digest[:12]
