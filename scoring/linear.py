"""The model kind `points`: a sum of terms that fits on a page, read from JSON.

Log-odds of bad = intercept + what each input adds: `coefficient` * (transform(input) - `center`), or the points of the
bin that it lies in.
"""

import json
import math
from bisect import bisect_right
from dataclasses import asdict, dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from scoring.errors import BundleBroken

__all__ = ["LEAST_SHARE", "Bins", "Linear", "LinearModel", "Term", "transformed"]

Floats = NDArray[np.float64]

#: A share is held this far from 0 and 1 before its log-odds are taken, where they have none.
LEAST_SHARE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One input's part: `coefficient` per unit of the transformed input above `center`."""

    feature: str
    coefficient: float
    transform: Literal["identity", "log_odds", "log1p"]
    center: float

    def of(self, value: float) -> float:
        """What one value of the input adds to the log-odds.

        >>> round(Term(feature="late_rate", coefficient=2.0, transform="log_odds", center=0.0).of(0.9), 4)
        4.3944
        """
        return self.coefficient * (transformed(self.transform, value) - self.center)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bins:
    """One input's part as a step function: `values` has one more entry than the rising `edges`."""

    feature: str
    edges: tuple[float, ...]
    values: tuple[float, ...]

    @property
    def sound(self) -> bool:
        """Whether the edges rise and the values fit between them."""
        return len(self.values) == len(self.edges) + 1 and list(self.edges) == sorted(set(self.edges))

    def of(self, value: float) -> float:
        """What one value of the input adds to the log-odds; an edge belongs to the bin above it.

        >>> late = Bins(feature="late_rate", edges=(0.1, 0.3), values=(-0.5, 0.2, 1.0))
        >>> late.of(0.05), late.of(0.1), late.of(0.9)
        (-0.5, 0.2, 1.0)
        """
        return self.values[bisect_right(self.edges, value)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """The whole sum. It is added up row by row in plain floats, so a row alone equals the row in a batch."""

    intercept: float
    terms: tuple[Term | Bins, ...]

    @classmethod
    def unpack(cls, content: bytes) -> Self:
        """Read `points.json`; BundleBroken where it is none."""
        try:
            return TypeAdapter(cls).validate_json(content)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the start"
            raise BundleBroken(problem=f"points.json at {place}: {first['msg']}") from error

    def pack(self) -> bytes:
        """The sum as `points.json`."""
        return json.dumps(asdict(self), sort_keys=True, allow_nan=False, indent=1).encode()


class LinearModel:
    """A sum of terms over the columns of a bundle."""

    def __init__(self, content: bytes, inputs: tuple[str, ...]) -> None:
        self._linear = Linear.unpack(content)
        self._columns = {name: column for column, name in enumerate(inputs)}
        named = [term.feature for term in self._linear.terms]
        if len(set(named)) != len(named) or not self._columns.keys() >= set(named):
            raise BundleBroken(problem="a term of points.json names no input of the manifest, or one that another has")
        if not all(term.sound for term in self._linear.terms if isinstance(term, Bins)):
            raise BundleBroken(problem="bins of points.json do not rise, or have not one value more than edges")
        self.base = self._linear.intercept

    def raw(self, X: Floats) -> Floats:
        """Uncalibrated log-odds of bad: (n, k) -> (n,)."""
        parts = self.contributions(X)
        return np.array([math.fsum((self.base, *row)) for row in parts.tolist()], dtype=np.float64)

    def contributions(self, X: Floats) -> Floats:
        """Each input's part of the log-odds: (n, k) -> (n, k), without the base."""
        parts = np.zeros_like(X)
        for term in self._linear.terms:
            column = self._columns[term.feature]
            parts[:, column] = [term.of(value) for value in X[:, column].tolist()]
        return parts


def transformed(transform: Literal["identity", "log_odds", "log1p"], value: float) -> float:
    """An input as a term sees it; a share is held off 0 and 1, and a logarithm keeps the sign of what it is of.

    >>> transformed("log1p", 0.0), transformed("identity", 3.0)
    (0.0, 3.0)
    """
    if transform == "log_odds":
        held = min(max(value, LEAST_SHARE), 1 - LEAST_SHARE)
        return math.log(held / (1 - held))
    return math.copysign(math.log1p(abs(value)), value) if transform == "log1p" else value
