"""The part of a recipe that says what a model may see, and which way it may bend."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from training.recipe_keys import Keys

__all__ = ["Constraints", "Inputs", "constraints_in", "inputs_in", "unmatched"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Which inputs a model may see: patterns are regular expressions over the whole name, families the catalogue's.

    >>> Inputs(only=("dispatch_.*",), never=(".*_7d",)).admits("dispatch_kept_rate_90d_shrunk")
    True
    >>> Inputs(never_families=("fakes",)).admits("n_fakes_confirmed_365d_capped", family="fakes")
    False
    """

    only: tuple[str, ...] = (".*",)
    never: tuple[str, ...] = ()
    only_families: tuple[str, ...] = ()
    never_families: tuple[str, ...] = ()

    @property
    def families(self) -> tuple[str, ...]:
        """Every family that is named."""
        return (*self.only_families, *self.never_families)

    def admits(self, name: str, family: str = "") -> bool:
        """Whether the input of this name is used; the columns of a table have no family."""
        if family in self.never_families or (self.only_families and family not in self.only_families):
            return False
        return _any(self.only, name) and not _any(self.never, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """Every input may only bend the way that its declaration calls riskier, but for those whose names are `free`.

    >>> Constraints(free=("n_orders_.*",)).way("n_orders_90d_capped", "lower")
    'neither'
    """

    free: tuple[str, ...] = ()

    def way(self, name: str, riskier: str) -> str:
        """Which way an input may bend that is declared `riskier` this way."""
        return "neither" if _any(self.free, name) else riskier


def unmatched(patterns: Sequence[str], names: Iterable[str]) -> tuple[str, ...]:
    """The patterns that are none of these names.

    >>> unmatched(("a.*", "b"), ["abc"])
    ('b',)
    """
    known = list(names)
    return tuple(one for one in patterns if not any(re.fullmatch(one, name) for name in known))


def inputs_in(keys: Keys) -> Inputs:
    """The inputs of a recipe; raises RecipeBroken, which names the key."""
    inputs = Inputs(
        only=_patterns(keys, "only", (".*",)),
        never=_patterns(keys, "never", ()),
        only_families=keys.texts("only_families", ()),
        never_families=keys.texts("never_families", ()),
    )
    keys.finish()
    return inputs


def constraints_in(keys: Keys) -> Constraints:
    """Which inputs may bend both ways; raises RecipeBroken, which names the key."""
    constraints = Constraints(free=_patterns(keys, "free", ()))
    keys.finish()
    return constraints


def _patterns(keys: Keys, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    patterns = keys.texts(key, default)
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise keys.broken(key, f"holds {pattern!r}, which is no regular expression: {error}") from error
    return patterns


def _any(patterns: Sequence[str], name: str) -> bool:
    return any(re.fullmatch(pattern, name) for pattern in patterns)
