"""What training costs: each candidate and a whole run, beside the bare libraries, on the same 100,000 x 120 numbers.

    python -m benchmarks.training [--rows 100000] [--inputs 120] [contender ...]

Merchants have ten moments each; one row in ten is bad; half of the inputs are shares, half counts, and one value in
fifty of each peer's is null (ours declares what no evidence means, so its inputs hold the column's median there).
Each contender is a process of its own and learns from all rows, once: `one` is a single fit, `fit` what Goodfaith
does with a candidate, which is five more for the calibration. `run` is a whole split: every candidate, the test on the
last quarter with intervals, report and card. Its CPU, wall clock and peak memory are its own, start-up included.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.contenders import alone
from benchmarks.peers import environment
from training.columns import ColumnInput, Number
from training.dataset import Dataset
from training.fit import fit, maker
from training.recipe import CANDIDATES, Recipe, find_recipe

Floats = npt.NDArray[np.float64]

MOMENTS = 10
PEERS = ("lightgbm", "sklearn", "optbinning")


def made(folder: Path, rows: int, inputs: int) -> None:
    """Write inputs (n, k), with NaN for null, labels (n,) and merchants (n,) that the same seed always gives."""
    random = np.random.default_rng(7)
    merchants = np.repeat(np.arange(rows // MOMENTS + 1), MOMENTS)[:rows]
    hidden = random.normal(size=merchants.max() + 1)[merchants] + 0.5 * random.normal(size=rows)
    X = random.normal(size=(rows, inputs)) + hidden[:, None] * random.uniform(0, 0.6, inputs)
    X[:, ::2] = 1 / (1 + np.exp(-X[:, ::2]))
    X[:, 1::2] = np.floor(np.exp(X[:, 1::2]))
    X[random.random(X.shape) < 0.02] = np.nan
    y = random.random(rows) < 1 / (1 + np.exp(2.7 - 1.2 * hidden))
    np.savez(folder / "rows.npz", X=X, y=y.astype(np.int8), merchants=merchants)


def dataset(folder: Path) -> tuple[Dataset, Recipe]:
    """The rows as training sees them, and the credit recipe with the first input as its shrunk rate."""
    with np.load(folder / "rows.npz") as held:
        X, y, merchants = held["X"], held["y"], held["merchants"]
    median = np.nanmedian(X, axis=0)
    np.copyto(X, median, where=np.isnan(X))
    inputs = tuple(
        ColumnInput(
            name=f"input_{at}", text="{value}", text_zh="{value}", riskier="higher",
            of=Number(column=f"input_{at}", median=float(one), missing=False, amount=at % 2 == 1, riskier="higher"),
        )
        for at, one in enumerate(median)
    )  # fmt: skip
    months = np.datetime64("2024-01-01", "M") + np.arange(len(y)) % MOMENTS
    rows = Dataset(
        inputs=inputs, X=X, y=y, merchants=merchants.astype(str).astype(object), as_of=months.astype("datetime64[us]")
    )
    return rows, replace(find_recipe("credit"), baseline="input_0", acts=False)


def one_of(name: str) -> Callable[[Path], None]:
    """A single fit of a candidate, without calibration."""

    def work(folder: Path) -> None:
        rows, recipe = dataset(folder)
        maker(name, rows, recipe)().fit(rows)

    return work


def calibrated(name: str) -> Callable[[Path], None]:
    """A candidate as training fits it."""

    def work(folder: Path) -> None:
        rows, recipe = dataset(folder)
        fit(name, rows, recipe)

    return work


def whole(folder: Path) -> None:
    """A split from rows to report: every candidate, intervals, report and card."""
    from training.train import Report, files_of, prove

    rows, recipe = dataset(folder)
    recipe = replace(recipe, label=replace(recipe.label, horizon_days=20, delay_days=10))
    began = time.process_time()

    def say(text: str) -> None:
        print(f"{time.process_time() - began:8.1f} CPU s  {text}", file=sys.stderr, flush=True)

    proof = prove(rows, recipe, recipe.splits[0], say=say)
    say("report")
    files_of(Report(recipe=recipe, version="", digest="0" * 64, rows=len(rows), faults={}, proofs=(proof,)))
    say("done")


def nothing(folder: Path) -> None:
    """Start, import, read the rows."""
    dataset(folder)


CONTENDERS: dict[str, Callable[[Path], None]] = {
    "nothing": nothing,
    **{f"one {name}": one_of(name) for name in CANDIDATES},
    **{f"fit {name}": calibrated(name) for name in CANDIDATES},
    "run": whole,
}


def main() -> None:
    """Make the rows, run each contender, print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("contenders", nargs="*", help=f"some of {', '.join((*CONTENDERS, *PEERS))}; left away: all")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--inputs", type=int, default=120)
    parser.add_argument("--within", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.within:
        CONTENDERS[asked.contenders[0]](asked.within)
        return
    trees = find_recipe("credit").model
    settings = f"{trees.rounds},{trees.leaves},{trees.depth},{trees.learning_rate},{trees.min_rows}"
    with tempfile.TemporaryDirectory() as folder:
        made(Path(folder), asked.rows, asked.inputs)
        print(
            f"{environment.versions('credit')}\n\n| | CPU s | wall s | peak MB |\n| --- | --- | --- | --- |", flush=True
        )
        for name in asked.contenders or (*PEERS, *CONTENDERS):
            if name in PEERS:
                command = environment.command("credit", "training_rivals", name, folder, settings)
            else:
                command = [sys.executable, "-m", "benchmarks.training", name, "--within", folder]
            cost = alone(command, os.environ)
            told = f"{cost.cpu:.1f} | {cost.wall:.1f} | {cost.peak:,.0f}" if cost else "failed | |"
            print(f"| {name} | {told} |", flush=True)


if __name__ == "__main__":
    main()
