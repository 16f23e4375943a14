"""The use case: make a model from a log, prove it out of time, register it."""

import io
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from features.log import EventLog
from features.partition import Accepted
from features.progress import Watch, silently
from training.acts import Compared, gain_by_acts
from training.choice import Choice, choose, folds_of
from training.costs import cost_metrics, cutoffs
from training.dataset import Dataset, build_dataset
from training.errors import OneSided
from training.evaluate import METRICS, Evaluation, Figure, difference, ece_by_chance, evaluate, verdict
from training.fit import Fitted, bundle_of, fit
from training.maturity import known_so_far
from training.plain import plain_proof
from training.psi import Reference, Shift
from training.recipe import BEST, CANDIDATES, TABLE, Recipe, Split
from training.registry import LABEL, NAMES, TEST_FILE, Registry
from training.report.page import card, page
from training.segments import FAIR, Group, Month, by_group, by_month, unfair
from training.selection import Bounds, Propensities, bounds, weighed
from training.splits import Parts, cut
from training.table import About
from training.tuning import tuned

__all__ = ["Given", "Proof", "Report", "Side", "files_of", "metrics_of", "parameters_of", "prove", "train"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a run is given besides its log and recipe.

    `until`: nothing that became known then or later is used. `journal` is the file that keeps what was tried in tuning,
    so that a run that was broken off goes on; without one it begins anew. `propensities` tell how likely merchants
    were to be let in, for recipes that weigh their rows. `watch` shows how reading and computing go on.
    """

    until: datetime | None = None
    journal: Path | None = None
    propensities: Propensities | None = None
    watch: Watch = silently


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Side:
    """Every candidate judged on the same test rows; `gains` are AUCs less the baseline's (`against`), paired.

    `p` holds each candidate's probabilities of the rows (n,). `groups` and `months` tell how the `served` one treats
    kinds of merchants (refused from `cutoff` on), and how it does over time, `bounds` what removed merchants could
    change. `chance` is the calibration error that its probabilities would show on these rows if they were perfect.
    """

    served: str
    against: str
    rows: Dataset
    p: Mapping[str, npt.NDArray[np.float64]]
    judged: Mapping[str, Evaluation]
    gains: Mapping[str, Figure]
    groups: tuple[Group, ...]
    cutoff: float
    months: tuple[Month, ...]
    bounds: Bounds
    chance: float

    @property
    def model(self) -> Evaluation:
        """The served candidate's."""
        return self.judged[self.served]

    @property
    def baseline(self) -> Evaluation:
        """The shrunk rate's, or the best single column's."""
        return self.judged[CANDIDATES[0]]

    @property
    def gain(self) -> Figure:
        """The served candidate's AUC less the baseline's."""
        return self.gains[self.served]

    @property
    def verdict(self) -> str:
        """What the gain means, in words."""
        return verdict(self.gain, self.against)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Proof:
    """One split: what was learned from its training part, and how that does on its test.

    `fitted` are the candidates, `choice` how the served one was chosen and the trees tuned, without the test. `sides`
    holds "all" merchants and those "unseen" in training and "returning"; one is absent where there are none. `acts`
    compares trees with such that see the platform's own acts, where the recipe asks for it. The test's
    moments are None where no time is known.
    """

    split: str
    overlap: str
    train: Dataset
    test_from: datetime | None
    test_to: datetime | None
    fitted: Mapping[str, Fitted]
    choice: Choice
    sides: Mapping[str, Side]
    acts: Compared | None

    @property
    def model(self) -> Fitted:
        """The candidate that is served."""
        return self.fitted[self.choice.served]

    @property
    def score_shift(self) -> Shift:
        """How far the served candidate's probabilities have moved from training to test; merchants count once."""
        side = self.sides["all"]
        then = Reference.of(self.model.p(self.train.X), rows=self.train.heads)
        return then.shift(side.p[side.served], rows=side.rows.heads)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Report:
    """What a training run has to show: the registered version, which is the first split's model, and all proofs.

    `faults` tells how many orders behind the labels went wrong by whose fault; none are told for fakes. With `table`,
    it is about a table of one's own, and `version` is the run in which everything is kept.
    """

    recipe: Recipe
    version: str
    digest: str
    rows: int
    faults: Mapping[str, int]
    proofs: tuple[Proof, ...]
    table: About | None = None

    @property
    def many(self) -> str:
        """What is judged, as people say it."""
        return self.table.many if self.table else "merchants"

    @property
    def titles(self) -> dict[str, str]:
        """What each side of a proof is called."""
        many = self.many
        return {
            "all": f"all {many}",
            "unseen": f"{many} unseen in training",
            "returning": f"{many} learned from before",
        }

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
            "table": asdict(self.table) if self.table else None,
            "splits": [plain_proof(proof) for proof in self.proofs],
        }


def train(
    log: EventLog,
    recipe: Recipe,
    *,
    registry: Registry,
    given: Given = Given(),  # It is frozen.
    say: Callable[[str], None] = lambda text: None,
    heard: Callable[[Accepted], None] | None = None,
) -> Report:
    """Learn what the recipe says from a log, prove it on later rows, register the first split's model.

    `say` is told what is being done, `heard` what became of the log's rows.
    Raises TrainingError when the log does not hold enough to learn from or to be tested on.
    """
    say("labels and features")
    rows = build_dataset(log, recipe, until=given.until, heard=heard, watch=given.watch)
    proofs = tuple(prove(rows, recipe, split, given=given, say=say) for split in recipe.splits)
    say("registering")
    bundle = bundle_of(proofs[0].model, proofs[0].train, recipe)
    report = Report(recipe=recipe, version="", digest=bundle.digest, rows=len(rows), faults=rows.faults, proofs=proofs)
    version = registry.register(
        bundle,
        metrics=metrics_of(proofs),
        parameters=parameters_of(recipe, rows),
        files=files_of(report),
    )
    return replace(report, version=version)


def files_of(report: Report) -> dict[str, bytes]:
    """What is kept with the run beside the model: recipe, report, card, test rows, figures, every candidate."""
    recipe, proof = report.recipe, report.proofs[0]
    others = {name: bundle_of(one, proof.train, recipe) for name, one in proof.fitted.items()}
    return {
        "recipe.toml": recipe.text.encode(),
        "report.html": page(report).encode(),
        "card.md": card(report).encode(),
        TEST_FILE: _tested(proof.sides["all"]),
        "figures.json": json.dumps(report.plain(), indent=1).encode(),
        **{f"{of}/{name}": content for of, one in others.items() for name, content in one.pack().items()},
    }


def _tested(side: Side) -> bytes:
    rows, out = side.rows, io.BytesIO()
    columns = {
        "merchant_id": rows.merchants.astype(str),
        "as_of": rows.as_of,
        "label": rows.y,
        "p": side.p[side.served],
    }
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def prove(
    rows: Dataset,
    recipe: Recipe,
    split: Split,
    *,
    parts: Parts | None = None,
    given: Given = Given(),  # It is frozen.
    say: Callable[[str], None] = lambda text: None,
) -> Proof:
    """Tune, choose and fit on a split's earlier rows, and judge every candidate on its later ones.

    `parts` are the rows of each where something else than time tells them apart.
    """
    parts = parts or cut(split, as_of=rows.as_of, merchants=rows.merchants, gap=recipe.learned_after)
    test = rows.where(parts.test)
    if len(test) == 0 or test.bad in (0, len(test)):
        raise OneSided(f"the test part of split {split.name}", rows=len(test), bad=test.bad)
    known = known_so_far(rows.where(parts.train), recipe, at=test.as_of.min())
    learned = weighed(known, recipe, propensities=given.propensities)
    say(f"split {split.name}: learning from {len(learned):,} rows")
    choice = _choice(learned, recipe, split, journal=given.journal, say=say)
    fitted = {name: fit(name, learned, recipe, trees=choice.trees) for name in recipe.candidates}
    say(f"split {split.name}: judging {len(test):,} rows")
    return Proof(
        split=split.name,
        overlap=parts.overlap,
        train=learned,
        test_from=test.as_of.min().item(),
        test_to=test.as_of.max().item(),
        fitted=fitted,
        choice=choice,
        sides={name: _side(rows.where(one), fitted, choice, recipe) for name, one in parts.sides.items() if one.any()},
        acts=_by_acts(learned, test, recipe, choice, fitted) if recipe.acts else None,
    )


def _by_acts(learned: Dataset, test: Dataset, recipe: Recipe, choice: Choice, fitted: Mapping[str, Fitted]) -> Compared:
    without = fitted.get("trees") or fit("trees", learned, recipe, trees=choice.trees)
    return gain_by_acts(learned, test, recipe, without=without, trees=choice.trees)


def _choice(rows: Dataset, recipe: Recipe, split: Split, *, journal: Path | None, say: Callable[[str], None]) -> Choice:
    """How trees are set and what is served, from folds of the training rows."""
    needed = recipe.tuning.trials or recipe.serve == BEST
    folds = folds_of(rows, recipe) if needed else []
    trees = recipe.model
    if recipe.tuning.trials and folds:
        study = f"{recipe.name}-{split.name}-{recipe.digest[:12]}-{rows.digest[:12]}"
        trees = tuned(folds, recipe, journal=journal, study=study, say=say)
    return choose(folds, recipe, trees=trees, say=say)


def _side(rows: Dataset, fitted: Mapping[str, Fitted], choice: Choice, recipe: Recipe) -> Side:
    p = {name: one.p(rows.X) for name, one in fitted.items()}
    metrics = {**METRICS, **(cost_metrics(recipe.costs) if recipe.costs else {})}

    def judged(one: npt.NDArray[np.float64]) -> Evaluation:
        return evaluate(rows.y, one, rows.merchants, metrics=metrics, resamples=recipe.resamples, seed=recipe.seed)

    def gain(one: npt.NDArray[np.float64]) -> Figure:
        base = p[CANDIDATES[0]]
        return difference(rows.y, one, base, rows.merchants, resamples=recipe.resamples, seed=recipe.seed)

    cutoff, fair = _cutoff(recipe, rows, p[choice.served]), tuple(rows.groups) if recipe.target == TABLE else FAIR
    return Side(
        served=choice.served,
        against=recipe.against,
        rows=rows,
        p=p,
        judged={name: judged(one) for name, one in p.items()},
        gains={name: gain(one) for name, one in p.items()},
        groups=by_group(rows.y, p[choice.served], rows.merchants, rows.groups, cutoff=cutoff, fair=fair),
        cutoff=cutoff,
        bounds=bounds(rows.y, p[choice.served], fitted[choice.served].p(rows.hidden.X.reshape(-1, rows.X.shape[1]))),
        months=tuple(by_month(rows.y, p[choice.served], rows.merchants, rows.as_of)),
        chance=ece_by_chance(p[choice.served], seed=recipe.seed),
    )


def _cutoff(recipe: Recipe, rows: Dataset, p: npt.NDArray[np.float64]) -> float:
    """From which probability on a merchant is refused: what costs say, or else where one good one in twenty is."""
    return cutoffs(recipe.costs).refuse if recipe.costs else float(np.quantile(p[rows.y == 0], 0.95))


def metrics_of(proofs: tuple[Proof, ...]) -> dict[str, float]:
    """Figures for the registry: the first split's under plain names, the others' under their split's."""
    found: dict[str, float] = {}
    for proof in proofs:
        for group, side in proof.sides.items():
            start = "" if proof is proofs[0] else f"{proof.split}."
            start += "" if group == "all" else f"{group}."
            figures = {f"{start}{name}": figure for name, figure in side.model.figures.items()}
            figures |= {f"{start}baseline.{name}": figure for name, figure in side.baseline.figures.items()}
            figures[f"{start}gain.auc"] = side.gain
            for other, judged in side.judged.items():
                figures |= {f"{start}{other}.{name}": figure for name, figure in judged.figures.items()}
            for name, figure in figures.items():
                found |= {name: figure.value, f"{name}.low": figure.low, f"{name}.high": figure.high}
    side = proofs[0].sides["all"]
    found |= {"unfair_ratio": unfair(side.groups).ratio, "ece_by_chance": side.chance}
    moved = proofs[0].score_shift
    found |= {"score_psi": moved.psi, "score_psi_bound": moved.bound}
    return {name: value for name, value in found.items() if math.isfinite(value)}


def parameters_of(recipe: Recipe, rows: Dataset) -> dict[str, str]:
    """What decided the model, for the registry."""
    plain = {f"{LABEL}{key}": value for key, value in asdict(recipe.label).items()}
    plain |= {f"model.{key}": value for key, value in asdict(recipe.model).items()}
    plain |= {"recipe": recipe.name, "recipe_digest": recipe.digest, "seed": recipe.seed, "baseline": recipe.baseline}
    plain |= {"data": rows.digest, "inputs": len(rows.inputs), "rows": len(rows), "bad": rows.bad}
    return {key: str(value) for key, value in plain.items()}
