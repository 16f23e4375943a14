"""What may be asked of an event, as plain frozen values; `features/selection.py` tells for which events they hold."""

from dataclasses import dataclass

__all__ = ["After", "AtLeast", "AtMost", "Carries", "Condition", "Is", "IsNot", "Lists", "Ticked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Is:
    """The column holds one of these words."""

    column: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IsNot:
    """The column holds none of these words, or nothing."""

    column: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AtMost:
    """The number is at most this."""

    column: str
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AtLeast:
    """The number is at least this; null is 0."""

    column: str
    least: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Carries:
    """The event says anything in the column: a time, by itself or repeated from what it follows; or anything else."""

    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """The event happened after the deadline that it carries."""

    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """The flag says yes (or, with `yes` False, no); a flag that says nothing is neither, or, with `untold`, is too."""

    column: str
    yes: bool = True
    untold: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """The column, which holds several words, holds this one among them."""

    column: str
    word: str


Condition = Is | IsNot | AtLeast | AtMost | Carries | After | Ticked | Lists
