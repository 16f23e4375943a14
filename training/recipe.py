"""Recipes: how a model is made, written in TOML so that a committee can read and question every number."""

import hashlib
import re
import tomllib
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib import resources
from pathlib import Path

from features.label_spec import LabelSpec
from training.errors import RecipeBroken, RecipeUnknown
from training.recipe_inputs import Constraints, Inputs, constraints_in, inputs_in
from training.recipe_keys import Keys
from training.recipe_label import TABLE, exemptions_in, label_in
from training.recipe_selection import WEIGH, Selection, selection_in

__all__ = [
    "BEST", "CANDIDATES", "TABLE", "Columns", "Costs", "Logistic", "Recipe", "Scorecard", "Selection",
    "Spine", "Split", "Trees", "Tuning", "find_recipe", "recipe_text", "shipped_recipes",
]  # fmt: skip

TARGETS = ("credit", "counterfeit", "bust_out", "refund_loss")

#: What may be tried, from the plainest to the most involved; the first is what all others have to beat.
CANDIDATES = ("shrunk_rate", "scorecard", "logistic", "trees", "blend")
#: To serve the candidate that was best on folds of the training rows; to hold it against the best single column.
BEST = "best"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spine:
    """The months whose first midnights are the moments to learn from; None = as far as the log goes."""

    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Earlier moments to learn from, later ones to be tested on; all dates inclusive.

    Either `test_from`, or `test_share`: the share of the log's mature months that form the test. Where `train_to` is
    left away, training ends `LabelSpec.gap` before the test begins; one that ends later is refused, unless `overlap` is
    "stated".
    """

    name: str
    test_from: date | None = None
    test_to: date | None = None
    test_share: float | None = None
    train_from: date | None = None
    train_to: date | None = None
    overlap: str = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Of a table's column of words, at most so many `levels` of at least `least_share` of the rows get an input each;
    the rest share one.
    """

    levels: int = 20
    least_share: float = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """Settings of the boosted trees; the first `lead_rounds` only draw the baseline's line (see candidates/trees)."""

    leaves: int
    depth: int
    learning_rate: float
    rounds: int
    lead_rounds: int
    min_rows: int
    l2: float
    input_share: float
    row_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """At most so many `bins` of an input, each of at least `least_share` of the rows, and at most so many inputs."""

    bins: int = 6
    least_share: float = 0.05
    inputs: int = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Logistic:
    """How strongly coefficients of standardised inputs are drawn to 0."""

    l2: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """How many settings of the trees are tried on `folds` time-ordered folds, within so many seconds (0: no limit)."""

    trials: int = 0
    seconds: int = 0
    folds: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a wrong answer costs, in any one unit: a bad merchant let in (`missed`), a good one refused (`refused`), a
    person's look (`review`); and how many looks a day there are for every thousand merchants (`capacity`).
    """

    missed: float
    refused: float
    review: float
    capacity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides, together with the log, what a model will be.

    With `acts` it is also told what a model would gain that saw the platform's own acts; no such model is served.
    """

    name: str
    target: str
    seed: int
    label: LabelSpec
    spine: Spine
    splits: tuple[Split, ...]
    inputs: Inputs
    constraints: Constraints
    columns: Columns
    baseline: str
    candidates: tuple[str, ...]
    serve: str
    model: Trees
    scorecard: Scorecard
    logistic: Logistic
    tuning: Tuning
    costs: Costs | None
    acts: bool
    selection: Selection
    folds: int
    resamples: int
    text: str = field(repr=False, compare=False)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the recipe's text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def learned_after(self) -> timedelta:
        """How long after its moment a row may be learned from: once its label is mature, or once its window is over."""
        return timedelta(days=self.label.horizon_days) if self.selection.immature == WEIGH else self.label.gap

    @property
    def against(self) -> str:
        """What a model has to beat, in words."""
        return f"the best single column ({self.baseline})" if self.target == TABLE else "the shrunk rate"

    @classmethod
    def parse(cls, text: str) -> "Recipe":
        """Read a recipe from TOML.

        Raises RecipeBroken, which names the key, on anything missing, unknown or out of its range.
        """
        try:
            top = Keys(tomllib.loads(text), "")
        except tomllib.TOMLDecodeError as error:
            raise RecipeBroken("(file)", f"is not TOML: {error}") from error
        tried, serve = _candidates(top.table("candidates"))
        recipe = cls(
            name=top.take("name", str),
            target=(target := top.one_of("target", (*TARGETS, TABLE))),
            seed=top.within("seed", int, 0, 2**31 - 1),
            label=label_in(top.table("label"), target=target, exemptions=exemptions_in(top)),
            spine=_spine(top.table("spine")),
            splits=_splits(top),
            inputs=inputs_in(top.table("inputs")),
            constraints=constraints_in(top.table("constraints")),
            columns=_columns(top.table("columns")),
            baseline=_baseline(top.table("baseline")),
            candidates=tried,
            serve=serve,
            model=_trees(top.table("model")),
            scorecard=_scorecard(top.table("scorecard")),
            logistic=_logistic(top.table("logistic")),
            tuning=_tuning(top.table("tuning")),
            costs=_costs(top.table("costs")) if "costs" in top else None,
            acts=_acts(top.table("acts")),
            selection=selection_in(top.table("selection")),
            folds=_folds(top.table("calibration")),
            resamples=_resamples(top.table("evaluation")),
            text=text,
        )
        top.finish()
        return recipe


def shipped_recipes() -> tuple[str, ...]:
    """Names of the recipes that come with the product, in alphabetical order."""
    folder = resources.files("training").joinpath("recipes")
    return tuple(sorted(Path(entry.name).stem for entry in folder.iterdir() if entry.name.endswith(".toml")))


def find_recipe(name: str) -> Recipe:
    """The recipe in a file of this path, or the shipped one of this name; raises RecipeUnknown, RecipeBroken."""
    return Recipe.parse(recipe_text(name))


def recipe_text(name: str) -> str:
    """The text of the recipe in a file of this path, or of the shipped one of this name; raises RecipeUnknown."""
    if name in shipped_recipes():
        return resources.files("training").joinpath("recipes", f"{name}.toml").read_text("utf-8")
    path = Path(name)
    if not path.is_file():
        raise RecipeUnknown(name, shipped_recipes())
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise RecipeBroken("(file)", "is not UTF-8 text") from error


def _spine(keys: Keys) -> Spine:
    spine = Spine(first=keys.day("from"), last=keys.day("to"))
    if spine.first and spine.last and spine.first > spine.last:
        raise keys.broken("from", "is later than `to`")
    keys.finish()
    return spine


def _split(keys: Keys) -> Split:
    split = Split(
        name=keys.take("name", str),
        test_from=keys.day("test_from"),
        test_to=keys.day("test_to"),
        test_share=keys.within("test_share", float, 0.01, 0.9) if "test_share" in keys else None,
        train_from=keys.day("train_from"),
        train_to=keys.day("train_to"),
        overlap=keys.one_of("overlap", ("none", "stated"), "none"),
    )
    if (split.test_from is None) == (split.test_share is None):
        raise keys.broken("test_from", "or `test_share` is needed, and not both")
    for side in ("test", "train"):
        first, last = getattr(split, f"{side}_from"), getattr(split, f"{side}_to")
        if first and last and first > last:
            raise keys.broken(f"{side}_from", f"is later than `{side}_to`")
    if not re.fullmatch(r"[a-z0-9_]+", split.name):
        raise keys.broken("name", "has to consist of small letters, digits and underscores")
    keys.finish()
    return split


def _splits(top: Keys) -> tuple[Split, ...]:
    splits = tuple(_split(keys) for keys in top.tables("split"))
    if not splits or splits[0].overlap == "stated":
        # The first split makes the model that is registered, so its figures have to be honest ones.
        raise top.broken("split", "has to begin with a split without overlap")
    if len({split.name for split in splits}) < len(splits):
        raise top.broken("split", "has two entries of the same name")
    return splits


def _columns(keys: Keys) -> Columns:
    plain = Columns()
    columns = Columns(
        levels=keys.within("levels", int, 1, 1000, plain.levels),
        least_share=keys.within("least_share", float, 0.0, 0.5, plain.least_share),
    )
    keys.finish()
    return columns


def _baseline(keys: Keys) -> str:
    feature = keys.take("feature", str)
    keys.finish()
    return feature


def _candidates(keys: Keys) -> tuple[tuple[str, ...], str]:
    """What is tried, in the order of `CANDIDATES`, and which of it is served; the baseline always is tried."""
    named = keys.texts("try", ("trees",))
    strange = [name for name in named if name not in CANDIDATES]
    if strange or not named:
        raise keys.broken("try", f"is {list(named)}, and has to list some of {', '.join(CANDIDATES)}")
    tried = tuple(name for name in CANDIDATES if name in named or name == CANDIDATES[0])
    serve = keys.one_of("serve", (*tried, BEST), "trees" if "trees" in tried else BEST)
    keys.finish()
    return tried, serve


def _scorecard(keys: Keys) -> Scorecard:
    plain = Scorecard()
    scorecard = Scorecard(
        bins=keys.within("bins", int, 2, 20, plain.bins),
        least_share=keys.within("least_share", float, 0.001, 0.5, plain.least_share),
        inputs=keys.within("inputs", int, 1, 100, plain.inputs),
    )
    keys.finish()
    return scorecard


def _logistic(keys: Keys) -> Logistic:
    logistic = Logistic(l2=keys.within("l2", float, 0.0, 10**6, Logistic().l2))
    keys.finish()
    return logistic


def _tuning(keys: Keys) -> Tuning:
    plain = Tuning()
    tuning = Tuning(
        trials=keys.within("trials", int, 0, 10_000, plain.trials),
        seconds=keys.within("seconds", int, 0, 10**6, plain.seconds),
        folds=keys.within("folds", int, 2, 10, plain.folds),
    )
    keys.finish()
    return tuning


def _costs(keys: Keys) -> Costs:
    costs = Costs(
        missed=keys.within("missed", float, 0.0, 10**9),
        refused=keys.within("refused", float, 0.0, 10**9),
        review=keys.within("review", float, 0.0, 10**9),
        capacity=keys.within("capacity", int, 1, 10**6),
    )
    keys.finish()
    return costs


def _acts(keys: Keys) -> bool:
    compare = keys.take("compare", bool, False)
    keys.finish()
    return compare


def _trees(keys: Keys) -> Trees:
    trees = Trees(
        leaves=keys.within("leaves", int, 2, 64),
        depth=keys.within("depth", int, 1, 8),
        learning_rate=keys.within("learning_rate", float, 0.001, 1.0),
        rounds=keys.within("rounds", int, 1, 5000),
        lead_rounds=keys.within("lead_rounds", int, 0, 5000, 0),
        min_rows=keys.within("min_rows", int, 1, 10**6),
        l2=keys.within("l2", float, 0.0, 10**6),
        input_share=keys.within("input_share", float, 0.01, 1.0, 1.0),
        row_share=keys.within("row_share", float, 0.1, 1.0, 1.0),
    )
    keys.finish()
    return trees


def _folds(keys: Keys) -> int:
    keys.one_of("kind", ("platt",), "platt")
    folds = keys.within("folds", int, 2, 20, 5)
    keys.finish()
    return folds


def _resamples(keys: Keys) -> int:
    resamples = keys.within("resamples", int, 20, 100_000, 1000)
    keys.finish()
    return resamples
