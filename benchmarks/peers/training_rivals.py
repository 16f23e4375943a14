"""A bare library learning from the rows that `benchmarks.training` made; nothing is tuned, tested or kept."""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd


def lightgbm(X: "np.ndarray", y: "np.ndarray", settings: list[float]) -> None:
    """`lightgbm.train` with trees of the size that ours have, one thread."""
    import lightgbm as library

    rounds, leaves, depth, rate, least = settings
    parameters = {"objective": "binary", "num_leaves": int(leaves), "max_depth": int(depth), "learning_rate": rate,
                  "min_data_in_leaf": int(least), "num_threads": 1, "verbosity": -1}  # fmt: skip
    library.train(parameters, library.Dataset(X, label=y), num_boost_round=int(rounds))


def sklearn(X: "np.ndarray", y: "np.ndarray", settings: list[float]) -> None:
    """LogisticRegression on standardised inputs, the median for a null."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(max_iter=1000)).fit(X, y)


def optbinning(X: "np.ndarray", y: "np.ndarray", settings: list[float]) -> None:
    """Its scorecard: optimal bins of every input, then a logistic regression of their weights of evidence."""
    from optbinning import BinningProcess, Scorecard
    from sklearn.linear_model import LogisticRegression

    rows = pd.DataFrame(X, columns=[f"input_{at}" for at in range(X.shape[1])])
    process = BinningProcess(list(rows.columns))
    Scorecard(binning_process=process, estimator=LogisticRegression(max_iter=1000)).fit(rows, y)


RIVALS: dict[str, Callable[["np.ndarray", "np.ndarray", list[float]], None]] = {
    "lightgbm": lightgbm,
    "sklearn": sklearn,
    "optbinning": optbinning,
}


def main() -> None:
    """Learn once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("who", choices=RIVALS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("settings", help="rounds, leaves, depth, learning rate, least rows of a leaf")
    asked = parser.parse_args()
    with np.load(asked.folder / "rows.npz") as held:
        RIVALS[asked.who](held["X"], held["y"], [float(one) for one in asked.settings.split(",")])


if __name__ == "__main__":
    main()
