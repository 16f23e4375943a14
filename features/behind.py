"""What stands behind rates in a log: how many of how many things, and the rate that a merchant's category draws it to.

A feature file holds rates alone; whoever asks how many merchants could prove one needs the counts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pyarrow as pa

from features.catalogue import CATALOGUE
from features.catalogue.feature import Context, Feature, Ratio, Shrunk
from features.engine import features_of
from features.measures import Number
from features.partition import Divided
from features.spine import Spine

__all__ = ["Behind", "behind"]

_BY_NAME = {feature.name: feature for feature in CATALOGUE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """One merchant's rate: so many of so many, and what it is drawn to; `prior` None where it has none."""

    of: int
    per: int
    prior: float | None = None
    strength: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Count:
    """What a rate divides, or what it divides by."""

    rate: Ratio
    below: bool

    def numbers(self, days: int | None) -> tuple[Number, ...]:
        """What must be counted for it."""
        return self.rate.numbers(days)

    def values(self, context: Context, days: int | None) -> pa.Array:
        """Its values (n,)."""
        return pa.array(self.rate.sums(context.own, days)[self.below])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prior(Shrunk):
    """The category's rate, by itself."""

    def values(self, context: Context, days: int | None) -> pa.Array:
        """Its values (n,)."""
        return pa.array(self.towards(context, days))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Strength(Shrunk):
    """How many things of evidence the category's rate weighs."""

    def values(self, context: Context, days: int | None) -> pa.Array:
        """Its values (n,)."""
        return pa.array(np.asarray(context.strength(self), dtype=np.float64))


def behind(log: Divided, spine: Spine, names: Sequence[str]) -> dict[str, list[Behind]]:
    """For each of these features that is a rate, what stands behind it in each row of the spine, in its order."""
    rates = {name: _BY_NAME[name] for name in names if isinstance(_BY_NAME[name].formula, Ratio)}
    asked = [part for feature in rates.values() for part in _parts(feature)]
    table = features_of(log, spine, features=asked) if asked else pa.table({})
    return {name: _rows(table, name) for name in rates}


def _parts(feature: Feature) -> Iterator[Feature]:
    """The features that together tell what stands behind a rate."""
    rate, drawn = feature.formula, _BY_NAME.get(f"{feature.name}_shrunk")
    if isinstance(rate, Ratio):
        yield replace(feature, name=f"{feature.name}.of", formula=_Count(rate=rate, below=False))
        yield replace(feature, name=f"{feature.name}.per", formula=_Count(rate=rate, below=True))
    if drawn is not None and isinstance(drawn.formula, Shrunk):
        yield replace(drawn, name=f"{feature.name}.prior", formula=_Prior(**_fields(drawn.formula)))
        yield replace(drawn, name=f"{feature.name}.strength", formula=_Strength(**_fields(drawn.formula)))


def _fields(formula: Shrunk) -> dict[str, Any]:
    """What a drawn rate is declared with."""
    return {one.name: getattr(formula, one.name) for one in fields(formula)}


def _rows(table: pa.Table, name: str) -> list[Behind]:
    columns = {part: table[f"{name}.{part}"].to_pylist() for part in ("of", "per", "prior", "strength")
               if f"{name}.{part}" in table.column_names}  # fmt: skip
    return [Behind(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]
