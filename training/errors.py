"""Errors of the training floor.

TrainingError
├── RecipeBroken             a recipe cannot be read, or asks for something that does not exist
├── RecipeUnknown            no file and no shipped recipe has this name
├── TableBroken              a table cannot be read, or a column is not there or not what it has to be
├── TooLittleToLearnFrom
│   ├── LabelsMissing        the log holds no label of this target at all
│   └── OneSided             a part of the split is empty, or its labels are all the same
├── SplitLeaks               a training label would not be known before the test begins
├── PropensitiesBroken       a file of propensities cannot be used
└── RegistryError
    ├── VersionUnknown       the registry has no such version of this model
    └── PromotionRefused     the version may not become the champion, or its challenger
"""

__all__ = [
    "LabelsMissing",
    "OneSided",
    "PromotionRefused",
    "PropensitiesBroken",
    "RecipeBroken",
    "RecipeUnknown",
    "RegistryError",
    "SplitLeaks",
    "TableBroken",
    "TooLittleToLearnFrom",
    "TrainingError",
    "VersionUnknown",
]


class TrainingError(Exception):
    """Something about a recipe, its data or a model version is wrong; the message says what."""


class RecipeBroken(TrainingError):
    """The recipe's key is missing, unknown, or holds a value it may not hold."""

    def __init__(self, key: str, what: str) -> None:
        super().__init__(f"recipe: `{key}` {what}")
        self.key = key


class RecipeUnknown(TrainingError):
    """There is neither a file nor a shipped recipe of this name."""

    def __init__(self, name: str, shipped: tuple[str, ...]) -> None:
        super().__init__(f"no recipe {name!r}: give a file, or one of {', '.join(shipped)}")


class TableBroken(TrainingError):
    """A table, or a column of it, is not what training needs."""

    def __init__(self, table: str, what: str) -> None:
        super().__init__(f"{table}: {what}")
        self.table = table


class TooLittleToLearnFrom(TrainingError):
    """The log does not hold what a model could be learned from."""


class LabelsMissing(TooLittleToLearnFrom):
    """No merchant of the log has a label of this target."""

    def __init__(self, target: str, why: str) -> None:
        super().__init__(f"this log has no labels for target {target!r}: {why}")


class OneSided(TooLittleToLearnFrom):
    """A part of the split is empty, or every label in it is the same."""

    def __init__(self, part: str, *, rows: int, bad: int) -> None:
        super().__init__(f"{part}: {rows} rows with {bad} bad ones; both kinds are needed")


class SplitLeaks(TrainingError):
    """A training label would only be known after the test begins."""


class RegistryError(TrainingError):
    """The registry cannot do what was asked."""


class VersionUnknown(RegistryError):
    """The registry has no such version."""

    def __init__(self, target: str, version: str) -> None:
        super().__init__(f"there is no version {version} of the {target} model")


class PromotionRefused(RegistryError):
    """The version may not become the champion, or its challenger."""


class PropensitiesBroken(TrainingError):
    """A file of propensities cannot be used."""
