"""A blend is the weighed sum of its parts, in every answer that it gives."""

import numpy as np
import pytest

from scoring.blend import Weights
from scoring.bundle import Bundle, Calibration
from scoring.errors import BundleBroken
from scoring.linear import Linear
from scoring.model import Model
from tests.scoring.build import a_bundle, a_term, an_input, grown

INPUTS = [an_input("x0"), an_input("x1")]
FILES = {
    "model.txt": grown(2, seed=4),
    "points.json": Linear(intercept=-1.0, terms=(a_term("x0", 0.5), a_term("x1", 2.0))).pack(),
}
X = np.array([[0.0, 0.0], [0.5, -1.0], [2.0, 1.5]])


def a_part(kind):
    return Model(a_bundle(kind, FILES[{"trees": "model.txt", "points": "points.json"}[kind]], INPUTS, calibration=EVEN))


def a_blend(**weights):
    files = FILES | {"blend.json": Weights(**weights).pack()}
    bundle = a_bundle("trees", b"", INPUTS, calibration=EVEN)
    return Bundle(**{name: getattr(bundle, name) for name in KEPT}, kind="blend", files=files)


EVEN = Calibration(slope=1.0, intercept=0.0)
KEPT = ("target", "name", "features", "calibration", "scaling", "training", "golden")


def test_log_odds_contributions_and_base_are_weighed_alike():
    trees, points, both = a_part("trees"), a_part("points"), Model(a_blend(trees=0.25, points=0.75))
    assert both.log_odds(X) == pytest.approx(0.25 * trees.log_odds(X) + 0.75 * points.log_odds(X))
    (parts, base), (ours, one), (theirs, other) = (model.contributions(X) for model in (both, trees, points))
    assert parts == pytest.approx(0.25 * ours + 0.75 * theirs)
    assert base == pytest.approx(0.25 * one + 0.75 * other)


def test_a_blend_comes_back_as_it_was_packed():
    bundle = a_blend(trees=0.5, points=0.5)
    again = Bundle.unpack(bundle.pack())
    assert (again, Model(again).p(X).tolist()) == (bundle, Model(bundle).p(X).tolist())


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b'{"trees": "much", "points": 1}', b'{"trees": -0.1, "points": 1}', b'{"trees": 1, "points": -0.1}',
        b'{"trees": 0, "points": 0}', b'{"trees": 1e308, "points": 1e308}',
    ],
)  # fmt: skip
def test_what_weighs_nothing_is_refused(content):
    with pytest.raises(BundleBroken, match=r"blend\.json"):
        Weights.unpack(content)
