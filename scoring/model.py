"""A model that answers: inputs -> calibrated log-odds of bad, probability, exact contributions.

Every number of a row is the same to the last bit whether the row is asked alone or in a batch.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scoring.blend import Blend
from scoring.bundle import Bundle, Golden
from scoring.errors import BundleBroken, GoldenRowsDiffer, InputMissing, WidthDiffers
from scoring.evidence import Row, number
from scoring.linear import LinearModel
from scoring.scorecard import probability
from scoring.trees import Trees

__all__ = ["GOLDEN_TOLERANCE", "SUM_TOLERANCE", "Model", "ModelName", "with_golden_rows"]

Floats = NDArray[np.float64]

#: Golden rows may differ by this much, since mathematics libraries of two machines differ in the last bits.
GOLDEN_TOLERANCE = 1e-9

#: Contributions and base may differ from the log-odds by this much (design 6-goals).
SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelName:
    """Which model, in which of the registry's versions; `digest` is its bundle's, None where it is no bundle."""

    name: str
    version: str
    digest: str | None = None


class _Kind(Protocol):
    """What every kind of model can do; `base` is the raw log-odds before any input is looked at."""

    base: float

    def raw(self, X: Floats) -> Floats: ...
    def contributions(self, X: Floats) -> Floats: ...


class Model:
    """A bundle, ready to judge; may be asked from several threads.

    `version` is the registry's name for it (default: the start of the bundle's digest), `num_threads` how
    many threads LightGBM may use for one call. Errors: BundleBroken where the model file cannot be read.
    """

    def __init__(self, bundle: Bundle, *, version: str = "", num_threads: int = 1) -> None:
        self.bundle = bundle
        digest = bundle.digest
        self.named = ModelName(name=bundle.name, version=version or digest[:12], digest=digest)
        self._kind = _open(bundle, num_threads)
        self._calibration = bundle.calibration

    @property
    def base(self) -> float:
        """Calibrated log-odds before any input is looked at; with a row's contributions it is the row's."""
        return self._calibration.slope * self._kind.base + self._calibration.intercept

    def matrix(self, rows: Sequence[Row]) -> Floats:
        """The inputs of rows that map column names to values, as float64 (n, k) in the model's order.

        Errors: ColumnMissing, NotANumber, InputMissing, each naming the input.
        """
        names = self.bundle.inputs
        numbers = [[_or_nan(number(row, name)) for name in names] for row in rows]
        return self._checked(np.array(numbers, dtype=np.float64).reshape(len(rows), len(names)))

    def log_odds(self, X: ArrayLike) -> Floats:
        """Calibrated log-odds of bad: (n, k) -> (n,); WidthDiffers or InputMissing for what it cannot take."""
        inputs = self._checked(X)
        if not len(inputs):
            return np.zeros(0)
        return self._calibration.slope * self._kind.raw(inputs) + self._calibration.intercept

    def p(self, X: ArrayLike) -> Floats:
        """Calibrated probability of bad: (n, k) -> (n,)."""
        # One scalar function for all: NumPy's vector exponential may round otherwise than the scalar one.
        return np.array([probability(value) for value in self.log_odds(X).tolist()], dtype=np.float64)

    def contributions(self, X: ArrayLike) -> tuple[Floats, float]:
        """What each input adds to the calibrated log-odds, (n, k) -> (n, k) and the base; positive = riskier.

        A row's contributions and the base add up to its log-odds (to 1e-6, tested).
        """
        inputs = self._checked(X)
        if not len(inputs):
            return np.zeros_like(inputs), self.base
        return self._calibration.slope * self._kind.contributions(inputs), self.base

    def check_golden(self) -> None:
        """Repeat the golden rows; GoldenRowsDiffer where there are none, or a row comes out or adds up otherwise."""
        golden = self.bundle.golden
        if not golden.p:
            raise GoldenRowsDiffer(problem="the bundle holds none")
        for row, (now, then) in enumerate(zip(self.p(golden.inputs).tolist(), golden.p, strict=True)):
            if abs(now - then) > GOLDEN_TOLERANCE:
                raise GoldenRowsDiffer(problem=f"row {row} gives {now}, and gave {then}")
        parts, base = self.contributions(golden.inputs)
        if np.abs(parts.sum(axis=1) + base - self.log_odds(golden.inputs)).max() > SUM_TOLERANCE:
            raise GoldenRowsDiffer(problem="contributions do not add up to the log-odds")

    def _checked(self, X: ArrayLike) -> Floats:
        inputs = np.ascontiguousarray(X, dtype=np.float64)
        wanted = len(self.bundle.inputs)
        if inputs.ndim != 2 or inputs.shape[1] != wanted:
            raise WidthDiffers(wanted=wanted, shape=inputs.shape)
        finite = np.isfinite(inputs)
        if not finite.all():
            row, column = np.argwhere(~finite)[0].tolist()
            raise InputMissing(feature=self.bundle.inputs[column], row=row)
        return inputs


def with_golden_rows(bundle: Bundle, inputs: ArrayLike) -> Bundle:
    """The bundle with these rows of inputs (n, k) and what its model gives for them now."""
    rows = np.asarray(inputs, dtype=np.float64)
    return bundle.with_golden(Golden.of(rows.tolist(), Model(bundle).p(rows).tolist()))


def _open(bundle: Bundle, num_threads: int) -> _Kind:
    files, inputs = bundle.files, bundle.inputs
    match bundle.kind:
        case "trees":
            return Trees(files["model.txt"], inputs, num_threads=num_threads)
        case "points":
            return LinearModel(files["points.json"], inputs)
        case "text":
            raise BundleBroken(problem="a model of texts judges no rows")
    trees = Trees(files["model.txt"], inputs, num_threads=num_threads)
    return Blend(files["blend.json"], trees, LinearModel(files["points.json"], inputs))


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
