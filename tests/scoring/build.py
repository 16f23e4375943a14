"""Small models, rows and policies for tests of judgement."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any

import lightgbm
import numpy as np
from hypothesis import strategies as st

from scoring.bundle import Bundle, Calibration, Golden, Input
from scoring.linear import Linear, Term
from scoring.model import Model, with_golden_rows
from scoring.score_policy import ScorePolicy
from scoring.scorecard import STANDARD

POLICY_TEXT = files("scoring").joinpath("policies/score.toml").read_text("utf-8")
POLICY = ScorePolicy.parse(POLICY_TEXT)
AS_OF = datetime(2024, 3, 1, tzinfo=UTC)


def an_input(name: str, **changes: Any) -> Input:
    """A share of the last 90 days, riskier when higher, with its own reason code."""
    plain = {
        "name": name,
        "declaration": f"declaration of {name}",
        "riskier": "higher",
        "reason": "R001",
        "shows": name,
        "unit": "share",
        "days": 90,
        "text": "{value:.0%} in {days} days.",
        "text_zh": "近 {days} 天为 {value:.0%}。",
        "text_none": "Nothing in {days} days.",
        "text_none_zh": "近 {days} 天没有记录。",
    }
    return Input(**(plain | changes))


def a_bundle(kind: str, content: bytes, inputs: Sequence[Input], **changes: Any) -> Bundle:
    """A bundle around a model file, without golden rows."""
    plain = {
        "target": "credit",
        "name": "goodfaith-credit",
        "calibration": Calibration(slope=1.25, intercept=-0.5),
        "scaling": STANDARD,
        "training": {"rows": 200, "bad": 40, "recipe": "a small one"},
        "golden": Golden(),
    }
    file = {"trees": "model.txt", "points": "points.json"}[kind]
    return Bundle(**(plain | {"kind": kind, "features": tuple(inputs), "files": {file: content}} | changes))


def grown(width: int, *, seed: int, trees: int = 20, leaves: int = 8, monotone: Sequence[int] = ()) -> bytes:
    """LightGBM text of trees on random inputs `x0`, `x1`, ... whose first ones tell bad from good."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(200, width))
    bad = (X[:, 0] + X[:, -1] + random.normal(size=200) > 1).astype(int)
    parameters = {
        "objective": "binary", "num_leaves": leaves, "min_data_in_leaf": 5, "learning_rate": 0.3, "seed": seed,
        "verbosity": -1, "num_threads": 1, "monotone_constraints": list(monotone) or [0] * width,
    }  # fmt: skip
    data = lightgbm.Dataset(X, bad, feature_name=[f"x{column}" for column in range(width)])
    return lightgbm.train(parameters, data, trees).model_to_string().encode()


@lru_cache
def a_tree_bundle(width: int = 3, seed: int = 7) -> Bundle:
    """A small grown model with golden rows."""
    inputs = [an_input(f"x{column}", reason=f"R{column:03d}") for column in range(width)]
    bundle = a_bundle("trees", grown(width, seed=seed), inputs)
    return with_golden_rows(bundle, np.random.default_rng(seed).normal(size=(5, width)))


def a_points_bundle(*terms: Term, intercept: float = -2.0, inputs: Sequence[Input] = (), **changes: Any) -> Bundle:
    """A sum of terms; without inputs of its own, one share per term."""
    listed = inputs or [an_input(term.feature) for term in terms]
    plain = {"calibration": Calibration()} | changes
    return a_bundle("points", Linear(intercept=intercept, terms=terms).pack(), listed, **plain)


def a_term(feature: str, coefficient: float = 1.0, **changes: Any) -> Term:
    return Term(**({"feature": feature, "coefficient": coefficient, "transform": "identity", "center": 0.0} | changes))


def a_credit_model(intercept: float = -2.0, **changes: Any) -> Model:
    """Log-odds = intercept + 2 * late + 1 * kept: numbers that can be checked by hand."""
    inputs = [
        an_input("late", reason="R020", text="Late {value:.0%}.", text_zh="迟发 {value:.0%}。"),
        an_input("kept", reason="R021", text="Kept {value:.0%}.", text_zh="按时 {value:.0%}。"),
    ]
    bundle = a_points_bundle(a_term("late", 2.0), a_term("kept"), intercept=intercept, inputs=inputs, **changes)
    return Model(bundle, version="3")


def a_counterfeit_model(intercept: float) -> Model:
    """A model that gives every merchant the log-odds `intercept`, and 1 more for each `fakes`."""
    fakes = an_input(
        "fakes",
        unit="count",
        days=None,
        reason="R050",
        text="{value} fakes.",
        text_zh="{value} 件假货。",
        text_none="",
        text_none_zh="",
    )
    bundle = a_points_bundle(
        a_term("fakes"), intercept=intercept, inputs=[fakes], target="counterfeit", name="goodfaith-counterfeit"
    )
    return Model(bundle, version="1")


def a_row(**changes: Any) -> dict[str, Any]:
    """A merchant with plenty of evidence and nothing against it."""
    plain = {
        "merchant_id": "m1",
        "as_of": AS_OF,
        "n_orders_365d": 400,
        "n_buyers_365d": 300,
        "n_fakes_confirmed_365d": 0,
        "days_since_registered": 700,
        "days_since_last_order": 1,
        "late": 0.0,
        "kept": 0.0,
        "fakes": 0,
    }
    return plain | changes


def grown_bundles(*, monotone: bool = False) -> st.SearchStrategy[Bundle]:
    """Bundles of small random trees under any calibration; with `monotone` every second input is safer when higher."""

    def build(width: int, seed: int, trees: int, leaves: int, slope: float, intercept: float) -> Bundle:
        signs = [1 if column % 2 == 0 else -1 for column in range(width)]
        words = {1: "higher", -1: "lower"}
        inputs = [an_input(f"x{column}", riskier=words[sign]) for column, sign in enumerate(signs)]
        text = grown(width, seed=seed, trees=trees, leaves=leaves, monotone=signs if monotone else ())
        return a_bundle("trees", text, inputs, calibration=Calibration(slope=slope, intercept=intercept))

    return st.builds(
        build,
        width=st.integers(1, 5),
        seed=st.integers(0, 10_000),
        trees=st.integers(1, 25),
        leaves=st.integers(2, 8),
        slope=st.floats(0.05, 4.0),
        intercept=st.floats(-5.0, 5.0),
    )


def matrices(width: int, rows: int = 6) -> st.SearchStrategy[np.ndarray]:
    """Any finite inputs: small ones as in training, huge ones as in a mistake."""
    number = st.one_of(st.floats(-3, 3), st.floats(allow_nan=False, allow_infinity=False))
    return st.lists(st.lists(number, min_size=width, max_size=width), min_size=1, max_size=rows).map(np.array)
