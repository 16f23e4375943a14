"""Recipes: how a model is made, written in TOML so that a committee can read and question every number."""

import hashlib
import re
import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from features.exemptions import Exemption
from features.label_spec import KINDS, LabelSpec
from training.errors import RecipeBroken, RecipeUnknown

__all__ = ["Inputs", "Recipe", "Spine", "Split", "Trees", "find_recipe", "shipped_recipes"]

T = TypeVar("T")

TARGETS = ("credit", "counterfeit")
#: The own faults (`features/faults.py`) that a label may count.
COMPONENTS = (
    "dispatch_late", "cancelled", "dispute_lost", "low_stars_on_time", "return_accepted", "refunded", "settled",
)  # fmt: skip
#: Left away, a key has no default.
_REQUIRED: Any = object()


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
            top = _Keys(tomllib.loads(text), "")
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


class _Keys:
    """A TOML table whose keys are taken one by one, so that none is misread and none is overlooked."""

    def __init__(self, table: dict[str, Any], path: str) -> None:
        self._left = dict(table)
        self._path = path

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def broken(self, key: str, what: str) -> RecipeBroken:
        return RecipeBroken(f"{self._path}{key}", what)

    def take(self, key: str, kind: type[T], default: T = _REQUIRED) -> T:
        if key not in self._left:
            if default is _REQUIRED:
                raise self.broken(key, "is missing")
            return default
        value = self._left.pop(key)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise self.broken(key, f"is {value!r}, and has to be of type {kind.__name__}")
        return value

    def within(self, key: str, kind: type[T], least: float, most: float, default: T = _REQUIRED) -> T:
        value: Any = self.take(key, kind, default)
        if not least <= value <= most:
            raise self.broken(key, f"is {value}, and has to lie from {least} to {most}")
        return value  # type: ignore[no-any-return]  # Its type was checked just above.

    def one_of(self, key: str, words: tuple[str, ...], default: str = _REQUIRED) -> str:
        value = self.take(key, str, default)
        if value not in words:
            raise self.broken(key, f"is {value!r}, and has to be one of {', '.join(words)}")
        return value

    def texts(self, key: str, default: tuple[str, ...] = _REQUIRED) -> tuple[str, ...]:
        if key not in self._left and default is not _REQUIRED:
            return default
        values = self.take(key, list)
        if not all(isinstance(value, str) for value in values):
            raise self.broken(key, "has to be a list of texts")
        return tuple(values)

    def day(self, key: str) -> date | None:
        value = self._left.pop(key, None)
        if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
            raise self.broken(key, f"is {value!r}, and has to be a date such as 2026-01-01")
        return value

    def table(self, key: str) -> "_Keys":
        return _Keys(self.take(key, dict, {}), f"{self._path}{key}.")

    def tables(self, key: str, default: list[Any] = _REQUIRED) -> list["_Keys"]:
        values = self.take(key, list, default)
        if not all(isinstance(value, dict) for value in values):
            raise self.broken(key, f"has to be written as [[{key}]]")
        return [_Keys(value, f"{self._path}{key}[{index}].") for index, value in enumerate(values)]

    def finish(self) -> None:
        for key in self._left:
            raise self.broken(key, "is no key of a recipe")


def _label(keys: _Keys, *, target: str, exemptions: tuple[Exemption, ...]) -> LabelSpec:
    kind = keys.one_of("kind", KINDS)
    components = keys.texts("components", _REQUIRED if kind == "own_fault" else ())
    strange = [component for component in components if component not in COMPONENTS]
    if strange or (kind == "own_fault" and not components):
        raise keys.broken("components", f"is {list(components)}, and has to list some of {', '.join(COMPONENTS)}")
    label = LabelSpec(
        target=target,
        kind=kind,
        components=components,
        threshold=keys.within("threshold", float, 0.0, 1.0, _REQUIRED if kind == "own_fault" else 0.0),
        min_orders=keys.within("min_orders", int, 0, 10**6),
        horizon_days=keys.within("horizon_days", int, 1, 3650),
        delay_days=keys.within("delay_days", int, 0, 3650),
        sources=keys.texts("sources", ()),
        weights=_by_component(keys.table("weights"), components, float, (0.000001, 1.0)),
        delays=_by_component(keys.table("delays"), components, int, (0, 3650)),
        exemptions=exemptions,
    )
    keys.finish()
    return label


def _by_component(keys: _Keys, components: tuple[str, ...], kind: type[T], limits: tuple[float, float]) -> dict[str, T]:
    """What is stated of some of the label's components."""
    found = {name: keys.within(name, kind, *limits) for name in components if name in keys}
    keys.finish()
    return found


def _exemptions(top: _Keys) -> tuple[Exemption, ...]:
    return tuple(_exemption(keys) for keys in top.tables("exemptions", []))


def _exemption(keys: _Keys) -> Exemption:
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


def _spine(keys: _Keys) -> Spine:
    spine = Spine(first=keys.day("from"), last=keys.day("to"))
    if spine.first and spine.last and spine.first > spine.last:
        raise keys.broken("from", "is later than `to`")
    keys.finish()
    return spine


def _split(keys: _Keys) -> Split:
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


def _splits(top: _Keys) -> tuple[Split, ...]:
    splits = tuple(_split(keys) for keys in top.tables("split"))
    if not splits or splits[0].overlap == "stated":
        # The first split makes the model that is registered, so its figures have to be honest ones.
        raise top.broken("split", "has to begin with a split without overlap")
    if len({split.name for split in splits}) < len(splits):
        raise top.broken("split", "has two entries of the same name")
    return splits


def _inputs(keys: _Keys) -> Inputs:
    inputs = Inputs(only=keys.texts("only", (".*",)), never=keys.texts("never", ()))
    for key, patterns in (("only", inputs.only), ("never", inputs.never)):
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise keys.broken(key, f"holds {pattern!r}, which is no regular expression: {error}") from error
    keys.finish()
    return inputs


def _baseline(keys: _Keys) -> str:
    feature = keys.take("feature", str)
    keys.finish()
    return feature


def _trees(keys: _Keys) -> Trees:
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


def _folds(keys: _Keys) -> int:
    keys.one_of("kind", ("platt",), "platt")
    folds = keys.within("folds", int, 2, 20, 5)
    keys.finish()
    return folds


def _resamples(keys: _Keys) -> int:
    resamples = keys.within("resamples", int, 20, 100_000, 1000)
    keys.finish()
    return resamples
