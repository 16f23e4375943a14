"""The use case: make models from somebody's own table, prove them on rows set aside, keep the run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from training.columns import Preparation
from training.dataset import Dataset
from training.errors import RecipeBroken, TooLittleToLearnFrom
from training.evaluate import auc
from training.fit import bundle_of
from training.recipe import BEST, Recipe, Split
from training.recipe_inputs import unmatched
from training.registry import Registry
from training.splits import Parts
from training.table import About, Table, parts_of
from training.train import Given, Proof, Report, files_of, metrics_of, parameters_of, prove

__all__ = ["COLUMNS_FILE", "Prepared", "prepare", "train_table"]

#: What was learned about the columns, kept with the run, so that new rows become the same inputs.
COLUMNS_FILE = "columns.json"

#: A single column that ranks this well in training mostly is one that was written down afterwards (own proposal).
_TOO_GOOD = 0.99

#: So many names of columns an error tells.
_TOLD = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """A table's rows as inputs, of which the recipe names the baseline; `alone` is that input's AUC in training."""

    rows: Dataset
    columns: Preparation
    recipe: Recipe
    alone: float


def train_table(
    table: Table,
    recipe: Recipe,
    *,
    registry: Registry,
    journal: Path | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Report:
    """Learn what the recipe says from a table, and prove it on rows set aside; the first split's model is kept.

    It is a run of the experiment `goodfaith-table`, and no registered model. Raises TrainingError when the table does
    not hold enough to learn from or to be tested on.
    """
    made = [_proved(table, recipe, split, journal, say) for split in recipe.splits]
    first, proofs = made[0][0], tuple(proof for _, proof in made)
    bundle = bundle_of(proofs[0].model, proofs[0].train, first.recipe)
    report = Report(
        recipe=first.recipe, version="", digest=bundle.digest, rows=len(table), faults={}, proofs=proofs,
        table=_about(table, first),
    )  # fmt: skip
    say("keeping the run")
    run = registry.keep(
        bundle,
        metrics=metrics_of(proofs),
        parameters={**parameters_of(first.recipe, first.rows), "table": table.name, "column": table.asked.label},
        files={**files_of(report), COLUMNS_FILE: first.columns.pack()},
    )
    return replace(report, version=run)


def prepare(table: Table, recipe: Recipe, parts: Parts) -> Prepared:
    """The table's rows as inputs, all that is learned about columns learned from the training part.

    Raises RecipeBroken where the recipe names what stands for no column and no input, TooLittleToLearnFrom where no
    column becomes an input.
    """
    _check_inputs(table, recipe)
    learned = table.columns.filter(parts.train)
    columns = Preparation.learn(
        learned, recipe.columns, riskier=table.asked.riskier, admits=recipe.inputs.admits
    )  # fmt: skip
    if not columns.inputs:
        told = "; ".join(f"{name}: {why}" for name, why in columns.left_out.items())
        raise TooLittleToLearnFrom(f"{table.name}: no column becomes an input ({told})")
    known = [*(one.name for one in columns.inputs), *columns.left_out]
    _check_stand_for("constraints.free", recipe.constraints.free, known)
    rows = Dataset(
        inputs=columns.inputs,
        X=columns.matrix(table.columns),
        y=table.y,
        merchants=table.merchants,
        as_of=table.as_of,
        groups=table.kinds,
    )
    name, alone = _best(rows.where(parts.train))
    recipe = replace(recipe, baseline=name) if recipe.baseline == BEST else recipe
    return Prepared(rows=rows, columns=columns, recipe=recipe, alone=alone)


def _check_inputs(table: Table, recipe: Recipe) -> None:
    """Refuse what stands for no column: it would leave in what it was to leave out."""
    for name in recipe.inputs.families:
        raise RecipeBroken("inputs", f"names the family {name!r}, and the columns of a table have none")
    names = [*table.columns.column_names, *table.asked.named]
    _check_stand_for("inputs.only", recipe.inputs.only, table.columns.column_names)
    _check_stand_for("inputs.never", recipe.inputs.never, names)


def _check_stand_for(key: str, patterns: Sequence[str], names: Sequence[str]) -> None:
    for pattern in unmatched(patterns, names):
        known = ", ".join(names[:_TOLD]) + (", ..." if len(names) > _TOLD else "")
        raise RecipeBroken(key, f"holds {pattern!r}, which is the name of nothing in the table; it has {known}")


def _proved(
    table: Table, recipe: Recipe, split: Split, journal: Path | None, say: Callable[[str], None]
) -> tuple[Prepared, Proof]:
    parts = parts_of(table, split, recipe)
    prepared = prepare(table, recipe, parts)
    return prepared, prove(prepared.rows, prepared.recipe, split, parts=parts, given=Given(journal=journal), say=say)


def _best(rows: Dataset) -> tuple[str, float]:
    """The input that ranks best by itself, whichever way round, and its AUC."""
    alone = [abs(auc(rows.y, rows.X[:, at], rows.weight) - 0.5) for at in range(len(rows.inputs))]
    best = int(np.argmax(alone))
    return rows.inputs[best].name, 0.5 + alone[best]


def _about(table: Table, prepared: Prepared) -> About:
    asked, notes = table.asked, []
    if not asked.time:
        notes.append("Not out of time: no column of time was named, so the test was drawn by lot from the same days.")
    elif not prepared.recipe.label.gap:
        notes.append("The recipe gives labels no time to become known: learning ends where the test begins.")
    if prepared.alone > _TOO_GOOD:
        notes.append(
            f"{prepared.recipe.baseline} alone tells nearly everything (AUC {prepared.alone:.3f} in training): "
            "was it written down after the label was known?"
        )
    return About(
        name=table.name,
        label=asked.label,
        time=asked.time,
        group=asked.group,
        fair=asked.fair,
        unlabelled=table.unlabelled,
        columns=len(prepared.columns.columns),
        baseline=prepared.recipe.baseline,
        left_out=prepared.columns.left_out,
        notes=tuple(notes),
    )
