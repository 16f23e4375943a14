"""The model kind `blend`: trees and points together, each part of the log-odds weighed, read from JSON."""

import json
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from scoring.errors import BundleBroken
from scoring.linear import LinearModel
from scoring.trees import Trees

__all__ = ["Blend", "Weights"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How much of the log-odds of each part counts; neither is negative, so riskier stays riskier."""

    trees: float
    points: float

    @classmethod
    def unpack(cls, content: bytes) -> Self:
        """Read `blend.json`; BundleBroken where it is none."""
        try:
            weights = TypeAdapter(cls).validate_json(content)
        except ValidationError as error:
            raise BundleBroken(problem=f"blend.json: {error.errors()[0]['msg']}") from error
        if not (weights.trees >= 0 and weights.points >= 0 and 0 < weights.trees + weights.points < np.inf):
            raise BundleBroken(problem=f"blend.json holds no weights: {weights}")
        return weights

    def pack(self) -> bytes:
        """The weights as `blend.json`."""
        return json.dumps(asdict(self), sort_keys=True, allow_nan=False, indent=1).encode()


class Blend:
    """A weighed sum of two models over the same columns; what each input contributes is weighed alike."""

    def __init__(self, weights: bytes, trees: Trees, points: LinearModel) -> None:
        self._weights = Weights.unpack(weights)
        self._trees, self._points = trees, points
        self.base = self._weights.trees * trees.base + self._weights.points * points.base

    def raw(self, X: Floats) -> Floats:
        """Uncalibrated log-odds of bad: (n, k) -> (n,)."""
        return self._weights.trees * self._trees.raw(X) + self._weights.points * self._points.raw(X)

    def contributions(self, X: Floats) -> Floats:
        """Each input's part of the log-odds: (n, k) -> (n, k), without the base."""
        return self._weights.trees * self._trees.contributions(X) + self._weights.points * self._points.contributions(X)
