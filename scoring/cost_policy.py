"""What answers cost and how merchants are told apart by size, read from reviewed TOML; nothing is decided by it.

The text is the caller's to read; the shipped one is `scoring/policies/costs.toml`.
"""

from itertools import pairwise
from typing import Annotated, ClassVar

from pydantic import Field, field_validator

from scoring.policy_text import Cents, Policy

__all__ = ["CostPolicy"]

Positive = Annotated[int, Field(gt=0)]
Part = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class CostPolicy(Policy):
    """What a month costs: a bad merchant's promise, a promise that a good one may not make, and a person's look.

    `loss_share` and `lost_share` are shares of the order value under one promise.
    """

    kind: ClassVar[str] = "costs"

    loss_share: Part
    lost_share: Part
    review_cents: Cents
    review_days: Positive
    give_or_take: Annotated[float, Field(gt=0, lt=1)]
    step: Positive
    sizes: Annotated[tuple[Positive, ...], Field(min_length=1)]

    def size(self, orders: int) -> str:
        """The size of a merchant with so many orders a year."""
        return self.size_names[sum(orders >= least for least in self.sizes)]

    @property
    def size_names(self) -> tuple[str, ...]:
        """Every size, the smallest first, as people read it."""
        between = (f"{least}-{more - 1}" for least, more in pairwise(self.sizes))
        return (f"0-{self.sizes[0] - 1}" if self.sizes[0] > 1 else "0", *between, f"{self.sizes[-1]}+")

    @field_validator("sizes")
    @classmethod
    def _rise(cls, sizes: tuple[int, ...]) -> tuple[int, ...]:
        if any(least >= more for least, more in pairwise(sizes)):
            raise ValueError("sizes must rise")
        return sizes
