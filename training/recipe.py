"""Recipes: how a model is made, written in TOML so that a committee can read and question every number."""

import hashlib
import re
import tomllib
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from pathlib import Path
from typing import TypeVar

from features.exemptions import Exemption
from features.label_spec import KINDS, LabelSpec, Undelivered, Unrecovered
from training.errors import RecipeBroken, RecipeUnknown
from training.recipe_keys import REQUIRED, Keys

__all__ = ["Inputs", "Recipe", "Spine", "Split", "Trees", "find_recipe", "shipped_recipes"]

T = TypeVar("T")

TARGETS = ("credit", "counterfeit", "bust_out")
#: The own faults (`features/faults.py`) that a label may count.
COMPONENTS = (
    "dispatch_late", "cancelled", "dispute_lost", "low_stars_on_time", "return_accepted", "refunded", "settled",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Spine:
    """The months whose first midnights are the moments to learn from; None = as far as the log goes."""

    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Earlier moments to learn from, later ones to be tested on; all dates inclusive.

    Either `test_from`, or `test_share`: the share of the log's mature months that form the test. Training ends
    `LabelSpec.gap` before the test begins, whatever `train_to` says, unless `overlap` is "stated".
    """

    name: str
    test_from: date | None = None
    test_to: date | None = None
    test_share: float | None = None
    train_from: date | None = None
    train_to: date | None = None
    overlap: str = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Which of the catalogue's inputs a model may see, as regular expressions over the whole name.

    >>> Inputs(only=("dispatch_.*",), never=(".*_7d",)).admits("dispatch_kept_rate_90d_shrunk")
    True
    """

    only: tuple[str, ...] = (".*",)
    never: tuple[str, ...] = ()

    def admits(self, name: str) -> bool:
        """Whether the input of this name is used."""
        return any(re.fullmatch(pattern, name) for pattern in self.only) and not any(
            re.fullmatch(pattern, name) for pattern in self.never
        )


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
class Recipe:
    """Everything that decides, together with the log, what a model will be."""

    name: str
    target: str
    seed: int
    label: LabelSpec
    spine: Spine
    splits: tuple[Split, ...]
    inputs: Inputs
    baseline: str
    model: Trees
    folds: int
    resamples: int
    text: str = field(repr=False, compare=False)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the recipe's text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @classmethod
    def parse(cls, text: str) -> "Recipe":
        """Read a recipe from TOML.

        Raises RecipeBroken, which names the key, on anything missing, unknown or out of its range.
        """
        try:
            top = Keys(tomllib.loads(text), "")
        except tomllib.TOMLDecodeError as error:
            raise RecipeBroken("(file)", f"is not TOML: {error}") from error
        recipe = cls(
            name=top.take("name", str),
            target=(target := top.one_of("target", TARGETS)),
            seed=top.within("seed", int, 0, 2**31 - 1),
            label=_label(top.table("label"), target=target, exemptions=_exemptions(top)),
            spine=_spine(top.table("spine")),
            splits=_splits(top),
            inputs=_inputs(top.table("inputs")),
            baseline=_baseline(top.table("baseline")),
            model=_trees(top.table("model")),
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
    if name in shipped_recipes():
        return Recipe.parse(resources.files("training").joinpath("recipes", f"{name}.toml").read_text("utf-8"))
    path = Path(name)
    if not path.is_file():
        raise RecipeUnknown(name, shipped_recipes())
    try:
        return Recipe.parse(path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise RecipeBroken("(file)", "is not UTF-8 text") from error


def _label(keys: Keys, *, target: str, exemptions: tuple[Exemption, ...]) -> LabelSpec:
    kind = keys.one_of("kind", KINDS)
    components = keys.texts("components", REQUIRED if kind == "own_fault" else ())
    strange = [component for component in components if component not in COMPONENTS]
    if strange or (kind == "own_fault") != bool(components):
        raise keys.broken("components", f"is {list(components)}, and has to list some of {', '.join(COMPONENTS)}")
    undelivered, unrecovered = _losses(keys) if kind == "bust_out" else (None, None)
    parts = {"undelivered": undelivered, "unrecovered": unrecovered}
    named = components or tuple(name for name, part in parts.items() if part)
    label = LabelSpec(
        target=target,
        kind=kind,
        components=components,
        threshold=keys.within("threshold", float, 0.0, 1.0, REQUIRED if kind == "own_fault" else 0.0),
        min_orders=keys.within("min_orders", int, 0, 10**6),
        horizon_days=keys.within("horizon_days", int, 1, 3650),
        delay_days=keys.within("delay_days", int, 0, 3650),
        sources=keys.texts("sources", ()),
        weights=_by_component(keys.table("weights"), components, float, (0.000001, 1.0)),
        delays=_by_component(keys.table("delays"), named, int, (0, 3650)),
        exemptions=exemptions,
        undelivered=undelivered,
        unrecovered=unrecovered,
    )
    keys.finish()
    if undelivered and undelivered.grace_days > label.delay_of("undelivered"):
        raise keys.broken("undelivered.grace_days", "is longer than the delay after which the window is judged")
    return label


def _losses(keys: Keys) -> tuple[Undelivered | None, Unrecovered | None]:
    """When goods that never came, and money that was never repaid, are too much; either may be left away."""
    if "undelivered" not in keys and "unrecovered" not in keys:
        raise keys.broken("undelivered", "or `unrecovered` is needed")
    return (
        _undelivered(keys.table("undelivered")) if "undelivered" in keys else None,
        _unrecovered(keys.table("unrecovered")) if "unrecovered" in keys else None,
    )


def _undelivered(keys: Keys) -> Undelivered:
    undelivered = Undelivered(
        share=keys.within("share", float, 0.0, 1.0),
        cents=keys.within("cents", int, 0, 10**12),
        grace_days=keys.within("grace_days", int, 0, 365),
    )
    keys.finish()
    return undelivered


def _unrecovered(keys: Keys) -> Unrecovered:
    unrecovered = Unrecovered(share=keys.within("share", float, 0.0, 1.0), cents=keys.within("cents", int, 0, 10**12))
    keys.finish()
    return unrecovered


def _by_component(keys: Keys, components: tuple[str, ...], kind: type[T], limits: tuple[float, float]) -> dict[str, T]:
    """What is stated of some of the label's components."""
    found = {name: keys.within(name, kind, *limits) for name in components if name in keys}
    keys.finish()
    return found


def _exemptions(top: Keys) -> tuple[Exemption, ...]:
    return tuple(_exemption(keys) for keys in top.tables("exemptions", []))


def _exemption(keys: Keys) -> Exemption:
    first, until = keys.day("from"), keys.day("until")
    if first is None or until is None or until <= first:
        raise keys.broken("until", "has to be a date after `from`")
    exemption = Exemption(
        first=first,
        until=until,
        regions=keys.texts("regions", ()),
        categories=keys.texts("categories", ()),
        reason=keys.take("reason", str),
    )
    keys.finish()
    return exemption


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
        test_share=keys.within("test_share", float, 0.01, 0.9) if "test_share" in keys._left else None,
        train_from=keys.day("train_from"),
        train_to=keys.day("train_to"),
        overlap=keys.one_of("overlap", ("none", "stated"), "none"),
    )
    if (split.test_from is None) == (split.test_share is None):
        raise keys.broken("test_from", "or `test_share` is needed, and not both")
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


def _inputs(keys: Keys) -> Inputs:
    inputs = Inputs(only=keys.texts("only", (".*",)), never=keys.texts("never", ()))
    for key, patterns in (("only", inputs.only), ("never", inputs.never)):
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise keys.broken(key, f"holds {pattern!r}, which is no regular expression: {error}") from error
    keys.finish()
    return inputs


def _baseline(keys: Keys) -> str:
    feature = keys.take("feature", str)
    keys.finish()
    return feature


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
