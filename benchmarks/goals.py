"""The goals of model quality, on made-up marketplaces that no model has seen.

    python -m benchmarks.goals [--target credit ...] [--merchants 500] [--seed 100] [--scenario NAME ...] [--candidates]

Models learn from an everyday marketplace by their recipes, from every row whose label was known when it ended. They are
judged in other scenarios, of seeds from --seed on, that begin on the day on which it ended: other merchants, another
mix, and later. Moments of a marketplace's first 90 days, when nobody has a past yet, are left out. It prints Markdown:
each target's figures, then what could be reached (`truths`), how soon bust-outs are caught
(`bust_outs`) and what false reports do (`rings`).
"""

import argparse
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from benchmarks import bust_outs, rings, truths
from benchmarks.scenarios import made, told
from benchmarks.unseen import LATER, Learned, datasets, learn, log_of, together, with_a_past
from features.simulator.scenario_file import SHIPPED, read_plot
from scoring.scorecard import STANDARD
from training.calibration import platt
from training.dataset import Dataset
from training.evaluate import METRICS, ece_by_chance, evaluate
from training.recipe import TARGETS, find_recipe

#: What is learned from: so many merchants, of this seed.
LEARNED_FROM, LEARNED_SEED = 800, 11
RESAMPLES = 200

Floats = npt.NDArray[np.float64]


def line(name: str, rows: Dataset, said: Mapping[str, Floats], served: str) -> list[str]:
    """The figures of one marketplace, of every candidate's probabilities (n,)."""
    metrics = {one: METRICS[one] for one in ("auc", "recall_at_1_fpr", "ece")}
    judged = {one: evaluate(rows.y, p, rows.merchants, metrics=metrics, resamples=RESAMPLES).figures
              for one, p in said.items()}  # fmt: skip
    figures, p = judged[served], said[served]
    doubling = STANDARD.pdo / platt(np.log(p) - np.log1p(-p), rows.y).slope
    kin = len(set(rows.merchants[rows.y == 1].tolist()))
    return [
        name, f"{len(rows):,}, {rows.bad:,} ({rows.y.mean():.1%}) of {kin}", str(figures["auc"]),
        *(f"{one['auc'].value:.3f}" for other, one in judged.items() if other != served),
        str(figures["recall_at_1_fpr"]), f"{figures['ece'].value:.4f} ({ece_by_chance(p, times=50):.4f})",
        f"{doubling:.1f}",
    ]  # fmt: skip


def report(learned: Learned, seen: Mapping[str, Dataset]) -> None:
    """One target's figures, marketplace by marketplace, and all together."""
    recipe, rows = learned.recipe, learned.rows
    print(f"\n**{recipe.target}** ({learned.served}; learned from {len(rows):,} rows, {rows.bad:,} bad)\n")
    others = [name for name in learned.fitted if name != learned.served]
    body = []
    for name, world in {**seen, "all of them": together(list(seen.values()))}.items():
        said = {one: fitted.p(world.X) for one, fitted in learned.fitted.items()}
        if 0 < world.bad < len(world):
            body.append(line(name, world, said, learned.served))
        else:
            p = said[learned.served].mean()
            body.append([name, f"{len(world):,}, {world.bad} bad; mean p {p:.4f}", *[""] * (4 + len(others))])
    told(["judged in", "rows, bad of merchants", "AUC", *(f"AUC, {name}" for name in others), "recall at 1 % FPR",
          "ECE (by chance)", "points to double the odds"], body)  # fmt: skip


def main() -> None:
    """Learn from one marketplace, judge in the others, print."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--target", choices=TARGETS, nargs="+", default=TARGETS)
    words.add_argument("--merchants", type=int, default=500)
    words.add_argument("--seed", type=int, default=100)
    words.add_argument("--scenario", choices=SHIPPED, nargs="+", default=SHIPPED)
    words.add_argument("--candidates", action="store_true", help="tell every candidate's AUC")
    asked = words.parse_args()
    with TemporaryDirectory() as folder:
        judge(Path(folder), asked)


def judge(folder: Path, asked: argparse.Namespace) -> None:
    """One marketplace after another: each is gone when the next one comes."""
    recipes = [find_recipe(target) for target in asked.target]
    rows = datasets(log_of(made(folder, read_plot("everyday"), LEARNED_FROM, LEARNED_SEED)), recipes)
    learned = {one.target: learn(rows[one.target], one, others=asked.candidates) for one in recipes}
    seen: dict[str, dict[str, Dataset]] = {target: {} for target in learned}
    caught, hit, behind, best = [], [], [], []
    for seed, name in enumerate(asked.scenario, asked.seed):
        written = made(folder, read_plot(name), asked.merchants, seed, start=LATER)
        for target, found in datasets(log_of(written), recipes).items():
            seen[target][name] = with_a_past(found)
        if "credit" in learned:
            days = learned["credit"].recipe.label.horizon_days
            best.append([name, f"{truths.reachable(written, seen['credit'][name], days):.3f}"])
        if "counterfeit" in learned and seen["counterfeit"][name].bad > 0:
            behind.append(truths.fakes(name, written, seen["counterfeit"][name], learned["counterfeit"]))
        if name in ("everyday", "bust_out_spree"):
            caught += bust_outs.bust_outs(name, written, learned)
        if name == "everyday" and {"credit", "counterfeit"} <= set(learned):
            hit.append(rings.rings(folder, written, learned, merchants=asked.merchants, seed=seed))
        shutil.rmtree(written.events.parent)
    for target, one in learned.items():
        report(one, seen[target])
    tables = {
        "credit, by the truth": (["scenario", "AUC"], best),
        "fakes": (truths.HEAD, behind),
        "bust-outs": (bust_outs.HEAD, caught),
        "false reports": (rings.HEAD, hit),
    }
    for title, (head, body) in tables.items():
        print(f"\n**{title}**\n")
        told(head, body)


if __name__ == "__main__":
    main()
