"""Tuning the trees: settings are tried on time-ordered folds of the training rows, within a budget.

What was tried is kept in a journal, so that a run that was broken off goes on where it was. Each trial is drawn from
the recipe's seed, its number and the trials before it: how often one breaks off does not show in what is found.
Source: Optuna's TPE (Akiba 2019).
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from training.choice import Fold, loss_of
from training.recipe import Recipe, Trees

if TYPE_CHECKING:
    from optuna import Study, Trial

__all__ = ["tuned"]


def tuned(
    folds: list[Fold],
    recipe: Recipe,
    *,
    journal: Path | None,
    study: str,
    say: Callable[[str], None] = lambda text: None,
) -> Trees:
    """The settings of the least log-loss over the folds; the recipe's own where no trial was better.

    `journal` is a file that holds what was tried before under the name `study`, and is written trial by trial; with
    None nothing is kept. The budget is the recipe's: so many trials in all, or what can be tried in so many seconds of
    this run.
    """
    if journal is None:
        with TemporaryDirectory(prefix="goodfaith-") as folder:
            return tuned(folds, recipe, journal=Path(folder) / "tuning.log", study=study, say=say)
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    journal.parent.mkdir(parents=True, exist_ok=True)
    storage = JournalStorage(JournalFileBackend(str(journal)))
    held = optuna.create_study(storage=storage, study_name=study, direction="minimize", load_if_exists=True)
    if _PLAIN not in held.user_attrs:
        held.set_user_attr(_PLAIN, loss_of("trees", folds, recipe, recipe.model))
    plain = float(held.user_attrs[_PLAIN])
    done = [one for one in held.trials if one.state == optuna.trial.TrialState.COMPLETE]
    say(f"log-loss {plain:.5f} as the recipe sets it; {len(done)} trials were made before")
    began = time.monotonic()
    for number in range(len(done), recipe.tuning.trials):
        if recipe.tuning.seconds and time.monotonic() - began > recipe.tuning.seconds:
            say(f"the time is over after {number} trials")
            break
        held.sampler = optuna.samplers.TPESampler(seed=recipe.seed + number)
        loss = _try(held, recipe, folds)
        say(f"trial {number + 1} of {recipe.tuning.trials}: log-loss {loss:.5f}, best {held.best_value:.5f}")
    better = any(one.value is not None and one.value < plain for one in held.trials)
    return replace(recipe.model, **held.best_params) if better else recipe.model


#: Under which name a study keeps the log-loss of the recipe's own settings.
_PLAIN = "plain"


def _try(study: "Study", recipe: Recipe, folds: list[Fold]) -> float:
    trial = study.ask()
    loss = loss_of("trees", folds, recipe, _drawn(trial, recipe.model))
    study.tell(trial, loss)
    return loss


def _drawn(trial: "Trial", plain: Trees) -> Trees:
    """Small trees only: exact contributions cost with leaves and depth (design note 8)."""
    return replace(
        plain,
        leaves=trial.suggest_int("leaves", 3, 8),
        depth=trial.suggest_int("depth", 2, 4),
        learning_rate=trial.suggest_float("learning_rate", 0.01, 0.2, log=True),
        rounds=trial.suggest_int("rounds", 50, 400, step=25),
        min_rows=trial.suggest_int("min_rows", 5, 200, log=True),
        l2=trial.suggest_float("l2", 0.1, 100.0, log=True),
        input_share=trial.suggest_float("input_share", 0.1, 1.0),
        row_share=trial.suggest_float("row_share", 0.4, 1.0),
    )
