"""Training on any table, held against other tools on public credit data.

    python -m benchmarks.credit                     # every set: half an hour
    python -m benchmarks.credit german credit_data  # some of them

Everybody learns on four of five folds and judges the fifth; ours chooses its candidate within the four, by the shipped
recipe `table`. The sets have no time, so the folds are by lot, and the figures say how tools compare, not how well
anybody would do later. AUC is the mean over folds; intervals are by bootstrap of rows, paired for differences.
"""

import argparse
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.csv

from benchmarks.peers import environment
from training.choice import choose, folds_of
from training.evaluate import Figure, auc, figure_of, resampled
from training.fit import fit
from training.recipe import find_recipe
from training.splits import Parts
from training.table import Asked, Table, read_table
from training.train_table import prepare

SETS = ("german", "credit_data", "taiwan", "lending_club")
RESAMPLES = 500

Floats = npt.NDArray[np.float64]
Said = dict[str, Floats]


def ours(table: Table, fold: npt.NDArray[np.int64]) -> tuple[Said, dict[str, float], list[str]]:
    """What every candidate, and the one chosen, said of each row; CPU seconds; and which was chosen, fold by fold."""
    recipe = find_recipe("table")
    said = {name: np.zeros(len(table)) for name in ("goodfaith", *recipe.candidates)}
    seconds, chosen = dict.fromkeys(said, 0.0), []
    for one in np.unique(fold):
        away, here = fold != one, fold == one
        began = time.process_time()
        parts = Parts(name="fold", train=away, test=here, unseen=here, kin=False)
        prepared = prepare(table, recipe, parts)
        learned, asked = prepared.rows.where(away), prepared.rows.X[here]
        choice = choose(folds_of(learned, recipe), prepared.recipe, trees=recipe.model)
        seconds["goodfaith"] += time.process_time() - began
        chosen.append(choice.served)
        for name in recipe.candidates:
            began = time.process_time()
            said[name][here] = fit(name, learned, prepared.recipe).p(asked)
            seconds[name] += time.process_time() - began
        said["goodfaith"][here] = said[choice.served][here]
    return said, seconds, chosen


def rivals(rows: Path, out: Path) -> tuple[Said, dict[str, float]]:
    """The same of the other tools."""
    words = ["--words-are-never-null"] if rows.stem == "german" else []
    subprocess.run([*environment.command("credit", "credit_rivals", rows, out), *words], check=True)
    said = pyarrow.csv.read_csv(out)
    seconds = pyarrow.csv.read_csv(out.with_suffix(".seconds.csv"), pyarrow.csv.ReadOptions(column_names=["who", "s"]))
    pairs = zip(seconds["who"].to_pylist()[1:], seconds["s"].to_pylist()[1:], strict=True)
    return {name: said[name].to_numpy() for name in said.column_names}, {who: float(s) for who, s in pairs}


def by_fold(y: npt.NDArray[np.int8], p: Floats, weight: Floats, fold: npt.NDArray[np.int64]) -> float:
    """The mean over folds of the AUC: models of two folds are not on one scale."""
    return float(np.mean([auc(y[fold == one], p[fold == one], weight[fold == one]) for one in np.unique(fold)]))


def figures(y: npt.NDArray[np.int8], said: Said, fold: npt.NDArray[np.int64]) -> tuple[dict[str, Figure], Figure]:
    """The AUC of each, and ours less the best of the others', on the same resamples."""
    weights = list(resampled(np.arange(len(y)).astype(str).astype(object), times=RESAMPLES, seed=0))
    ones = np.ones(len(y))
    drawn = {name: [by_fold(y, p, weight, fold) for weight in weights] for name, p in said.items()}
    values = {name: by_fold(y, p, ones, fold) for name, p in said.items()}
    best = max((name for name in said if name in OTHERS), key=lambda name: values[name])
    gap = [a - b for a, b in zip(drawn["goodfaith"], drawn[best], strict=True)]
    return {name: figure_of(values[name], drawn[name]) for name in said}, figure_of(
        values["goodfaith"] - values[best], gap
    )


OTHERS = ("optbinning", "toad", "lightgbm", "lightgbm_small", "ebm")


def tell(
    name: str, found: Mapping[str, Figure], gap: Figure, seconds: Mapping[str, float], chosen: Sequence[str]
) -> str:
    """One set's table in Markdown."""
    lines = [f"### {name}", "", "| | AUC | CPU s |", "| --- | --- | --- |"]
    lines += [f"| {who} | {figure.value:.4f} [{figure.low:.3f}, {figure.high:.3f}] | {seconds[who]:.1f} |"
              for who, figure in sorted(found.items(), key=lambda pair: -pair[1].value)]  # fmt: skip
    best = max(OTHERS, key=lambda who: found[who].value)
    lines += [
        "",
        f"goodfaith less {best}: {gap.value:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}]; served: {', '.join(chosen)}",
    ]
    return "\n".join([*lines, ""])


def main() -> None:
    """Compare on each set, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=SETS, help=f"some of {', '.join(SETS)}")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(environment.command("credit", "credit_sets", folder), check=True)
        print(environment.versions("credit"), flush=True)
        for name in parser.parse_args().sets:
            path = Path(folder) / f"{name}.csv"
            table = read_table(path, Asked(label="bad"))
            fold = table.columns["fold"].to_numpy().astype(np.int64)
            table = Table(**{one: getattr(table, one) for one in table.__slots__} | {
                "columns": table.columns.drop_columns("fold")})  # fmt: skip
            said, seconds, chosen = ours(table, fold)
            theirs, took = rivals(path, Path(folder) / f"{name}.said.csv")
            found, gap = figures(table.y, said | theirs, fold)
            print(tell(name, found, gap, seconds | took, chosen), flush=True)


if __name__ == "__main__":
    main()
