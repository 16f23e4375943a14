"""The use case: make a model from a log, prove it out of time, register it."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from features.log import EventLog
from features.partition import Accepted
from training.dataset import Dataset, build_dataset
from training.errors import OneSided
from training.evaluate import Evaluation, Figure, difference, ece_by_chance, evaluate, verdict
from training.fit import Fitted, bundle_of, fit_baseline, fit_trees
from training.recipe import Recipe, Split
from training.registry import NAMES, Registry
from training.splits import cut

__all__ = ["Proof", "Report", "Side", "prove", "train"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Model and baseline judged on the same test rows; `gain` is the model's AUC minus the baseline's, paired.

    `chance` is the calibration error that the model's probabilities would show on these rows if they were perfect.
    """

    model: Evaluation
    baseline: Evaluation
    gain: Figure
    chance: float

    @property
    def verdict(self) -> str:
        """What the gain means, in words."""
        return verdict(self.gain)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Proof:
    """One split: what was learned from its training part, and how that does on its test.

    `sides` holds "all" merchants and those "unseen" in training; the latter is absent when there are none.
    """

    split: str
    overlap: str
    train: Dataset
    test_from: datetime
    test_to: datetime
    model: Fitted
    baseline: Fitted
    sides: Mapping[str, Side]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Report:
    """What a training run has to show: the registered version, which is the first split's model, and all proofs.

    `faults` tells how many orders behind the labels went wrong by whose fault; none are told for fakes.
    """

    recipe: Recipe
    version: str
    digest: str
    rows: int
    faults: Mapping[str, int]
    proofs: tuple[Proof, ...]

    def plain(self) -> dict[str, Any]:
        """The report as plain JSON values; a figure that cannot be computed is None."""
        return {
            "target": self.recipe.target,
            "recipe": self.recipe.name,
            "name": NAMES[self.recipe.target],
            "version": self.version,
            "bundle": self.digest,
            "rows": self.rows,
            "faults": dict(self.faults),
            "inputs": len(self.proofs[0].train.inputs),
            "splits": [_plain_proof(proof) for proof in self.proofs],
        }


def train(
    log: EventLog,
    recipe: Recipe,
    *,
    registry: Registry,
    until: datetime | None = None,
    say: Callable[[str], None] = lambda text: None,
    heard: Callable[[Accepted], None] | None = None,
) -> Report:
    """Learn what the recipe says from a log, prove it on later rows, register the first split's model.

    `until`: nothing that became known then or later is used. `say` is told what is being done, `heard` what became
    of the log's rows.
    Raises TrainingError when the log does not hold enough to learn from or to be tested on.
    """
    say("labels and features")
    rows = build_dataset(log, recipe, until=until, heard=heard)
    proofs = tuple(prove(rows, recipe, split, say=say) for split in recipe.splits)
    say("registering")
    bundle = bundle_of(proofs[0].model, proofs[0].train, recipe)
    baseline = bundle_of(proofs[0].baseline, proofs[0].train, recipe)
    report = Report(recipe=recipe, version="", digest=bundle.digest, rows=len(rows), faults=rows.faults, proofs=proofs)
    version = registry.register(
        bundle,
        metrics=_metrics(proofs),
        parameters=_parameters(recipe, rows),
        files={
            "recipe.toml": recipe.text.encode(),
            "figures.json": json.dumps(report.plain(), indent=1).encode(),
            **{f"baseline-{name}": content for name, content in baseline.pack().items()},
        },
    )
    return replace(report, version=version)


def prove(rows: Dataset, recipe: Recipe, split: Split, *, say: Callable[[str], None] = lambda text: None) -> Proof:
    """Fit model and baseline on a split's earlier rows and judge both on its later ones."""
    parts = cut(split, as_of=rows.as_of, merchants=rows.merchants, gap=recipe.label.gap)
    learned, test = rows.where(parts.train), rows.where(parts.test)
    if len(test) == 0 or test.bad in (0, len(test)):
        raise OneSided(f"the test part of split {split.name}", rows=len(test), bad=test.bad)
    say(f"split {split.name}: learning from {len(learned):,} rows")
    model, baseline = fit_trees(learned, recipe), fit_baseline(learned, recipe)
    say(f"split {split.name}: judging {len(test):,} rows")
    groups = {"all": parts.test, "unseen": parts.unseen}
    return Proof(
        split=split.name,
        overlap=parts.overlap,
        train=learned,
        test_from=test.as_of.min().item(),
        test_to=test.as_of.max().item(),
        model=model,
        baseline=baseline,
        sides={name: _side(rows.where(mask), model, baseline, recipe) for name, mask in groups.items() if mask.any()},
    )


def _side(rows: Dataset, model: Fitted, baseline: Fitted, recipe: Recipe) -> Side:
    p, base = model.p(rows.X), baseline.p(rows.X)

    def judged(probabilities: npt.NDArray[np.float64]) -> Evaluation:
        return evaluate(rows.y, probabilities, rows.merchants, resamples=recipe.resamples, seed=recipe.seed)

    gain = difference(rows.y, p, base, rows.merchants, resamples=recipe.resamples, seed=recipe.seed)
    return Side(model=judged(p), baseline=judged(base), gain=gain, chance=ece_by_chance(p, seed=recipe.seed))


def _metrics(proofs: tuple[Proof, ...]) -> dict[str, float]:
    """Figures for the registry: the first split's under plain names, the others' under their split's."""
    found: dict[str, float] = {}
    for proof in proofs:
        for group, side in proof.sides.items():
            start = "" if proof is proofs[0] else f"{proof.split}."
            start += "" if group == "all" else f"{group}."
            figures = {f"{start}{name}": figure for name, figure in side.model.figures.items()}
            figures |= {f"{start}baseline.{name}": figure for name, figure in side.baseline.figures.items()}
            figures[f"{start}gain.auc"] = side.gain
            for name, figure in figures.items():
                found |= {name: figure.value, f"{name}.low": figure.low, f"{name}.high": figure.high}
    return {name: value for name, value in found.items() if math.isfinite(value)}


def _parameters(recipe: Recipe, rows: Dataset) -> dict[str, str]:
    plain = {f"label.{key}": value for key, value in asdict(recipe.label).items()}
    plain |= {f"model.{key}": value for key, value in asdict(recipe.model).items()}
    plain |= {"recipe": recipe.name, "recipe_digest": recipe.digest, "seed": recipe.seed, "baseline": recipe.baseline}
    plain |= {"data": rows.digest, "inputs": len(rows.inputs), "rows": len(rows), "bad": rows.bad}
    return {key: str(value) for key, value in plain.items()}


def _plain_proof(proof: Proof) -> dict[str, Any]:
    return {
        "split": proof.split,
        "overlap": proof.overlap,
        "train": {
            "rows": len(proof.train),
            "bad": proof.train.bad,
            "from": f"{proof.train.as_of.min()}Z",
            "to": f"{proof.train.as_of.max()}Z",
            "data": proof.train.digest,
        },
        "test": {"from": f"{proof.test_from.isoformat()}Z", "to": f"{proof.test_to.isoformat()}Z"},
        "merchants": {name: _plain_side(side) for name, side in proof.sides.items()},
    }


def _plain_side(side: Side) -> dict[str, Any]:
    return {
        "rows": side.model.rows,
        "bad": side.model.bad,
        "merchants": side.model.merchants,
        "model": {name: _plain_figure(figure) for name, figure in side.model.figures.items()},
        "baseline": {name: _plain_figure(figure) for name, figure in side.baseline.figures.items()},
        "ece_by_chance": side.chance,
        "auc_gain": _plain_figure(side.gain),
        "verdict": side.verdict,
    }


def _plain_figure(figure: Figure) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in asdict(figure).items()}
