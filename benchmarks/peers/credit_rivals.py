"""What other tools make of a public credit set: each learns on four folds and judges the fifth, with its own defaults.

Nulls and words are given to each as its documentation has it: optbinning bins both itself (nulls in a bin of their
own); toad takes neither nulls in numbers (the training median stands for them) nor in words; LightGBM takes both;
EBM takes both. Nothing is tuned.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

Frame = pd.DataFrame
Judge = Callable[[Frame, "np.ndarray", Frame], "np.ndarray"]


def _words(rows: Frame) -> list[str]:
    return [name for name in rows if not pd.api.types.is_numeric_dtype(rows[name])]


def _said(rows: Frame) -> Frame:
    """The same with a null among words told by a word."""
    return rows.assign(
        **{name: rows[name].astype(object).where(rows[name].notna(), "missing") for name in _words(rows)}
    )


def optbinning(learned: Frame, bad: "np.ndarray", asked: Frame) -> "np.ndarray":
    """Its scorecard: optimal bins, then a logistic regression of their weights of evidence; a null has its own bin."""
    from optbinning import BinningProcess, Scorecard
    from sklearn.linear_model import LogisticRegression

    learned, asked = _said(learned), _said(asked)
    process = BinningProcess(list(learned.columns), categorical_variables=_words(learned))
    card = Scorecard(binning_process=process, estimator=LogisticRegression(max_iter=1000))
    card.fit(learned, bad, metric_missing="empirical")
    return card.predict_proba(asked)[:, 1]


def toad(learned: Frame, bad: "np.ndarray", asked: Frame) -> "np.ndarray":
    """Bins by chi-squared, weights of evidence, a logistic regression."""
    from sklearn.linear_model import LogisticRegression
    from toad.transform import Combiner, WOETransformer

    median = learned.median(numeric_only=True)
    learned, asked = _said(learned).fillna(median), _said(asked).fillna(median)
    bins = Combiner().fit(learned.assign(bad=bad), y="bad", method="chi", min_samples=0.05)
    evidence = WOETransformer()
    seen = evidence.fit_transform(bins.transform(learned), bad)
    model = LogisticRegression(max_iter=1000).fit(seen, bad)
    return model.predict_proba(evidence.transform(bins.transform(asked)))[:, 1]


def _lightgbm(**settings: float) -> Judge:
    def judge(learned: Frame, bad: "np.ndarray", asked: Frame) -> "np.ndarray":
        import lightgbm

        kinds = {name: pd.CategoricalDtype(sorted(learned[name].dropna().unique())) for name in _words(learned)}
        model = lightgbm.LGBMClassifier(verbose=-1, n_jobs=1, **settings).fit(learned.astype(kinds), bad)
        return model.predict_proba(asked.astype(kinds))[:, 1]

    return judge


def ebm(learned: Frame, bad: "np.ndarray", asked: Frame) -> "np.ndarray":
    """The explainable boosting machine of `interpret`."""
    from interpret.glassbox import ExplainableBoostingClassifier

    return ExplainableBoostingClassifier(n_jobs=1, random_state=0).fit(learned, bad).predict_proba(asked)[:, 1]


RIVALS: dict[str, Judge] = {
    "optbinning": optbinning,
    "toad": toad,
    "lightgbm": _lightgbm(),
    "lightgbm_small": _lightgbm(n_estimators=300, num_leaves=8, max_depth=3, learning_rate=0.03),
    "ebm": ebm,
}


def main() -> None:
    """Write what each said of every row, and the CPU seconds that it took, as CSV."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--words-are-never-null", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = pd.read_csv(arguments.rows, keep_default_na=not arguments.words_are_never_null)
    bad, fold = rows["bad"].to_numpy(), rows["fold"].to_numpy()
    inputs, said, took = rows.drop(columns=["bad", "fold"]), {}, {}
    for name, judge in RIVALS.items():
        p, began = np.zeros(len(rows)), time.process_time()
        for one in np.unique(fold):
            away, here = fold != one, fold == one
            p[here] = judge(inputs[away], bad[away], inputs[here])
        said[name], took[name] = p, time.process_time() - began
    pd.DataFrame(said).to_csv(arguments.out, index=False)
    pd.Series(took, name="seconds").to_csv(arguments.out.with_suffix(".seconds.csv"))


if __name__ == "__main__":
    main()
