"""The policy of compensation: what the law gives on which ground, and when it gives nothing on top, from reviewed TOML.

The text is the caller's to read; the shipped one is `scoring/policies/compensation.toml`.
"""

from collections.abc import Collection
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from scoring.policy_text import Cents, Policy, PolicyPart, Text, one_sentence_per_code

__all__ = ["CompensationPolicy", "Exclusion", "Ground", "Rule", "Said"]

#: What a buyer can be compensated for.
Ground = Literal[
    "no_reason", "quality", "not_as_described", "counterfeit", "fraud", "damaged", "wrong_item", "missing_parts",
    "unsafe", "unsafe_food", "spoilt", "late_dispatch", "late_delivery", "not_received", "service_not_done",
]  # fmt: skip

Code = Annotated[str, Field(pattern=r"^C\d{3}$")]
Times = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Said(PolicyPart):
    """What is said of a rule, under its code."""

    code: Code
    text: Text
    text_zh: Text


class Rule(Said):
    """What a law gives on its grounds: the price back, the freight, and on top the largest of its amounts.

    It holds for claims `within_days` of receipt, and not for goods of the categories that it `excludes`; with
    `unless_confirmed`, nor for goods of which the buyer confirmed at the purchase that they cannot be returned.
    `household` = what goes beyond an ordinary household's needs counts for nothing.
    """

    grounds: Annotated[tuple[Ground, ...], Field(min_length=1)]
    law: Text
    refund: bool = False
    freight: bool = False
    times_price: Times | None = None
    times_loss: Times | None = None
    at_least_cents: Cents = 0
    household: bool = False
    within_days: Annotated[int, Field(gt=0)] | None = None
    excludes: tuple[str, ...] = ()
    unless_confirmed: bool = False

    def is_late(self, days_since_receipt: int | None) -> bool:
        """Whether a claim so long after receipt (None: nobody knows) comes too late."""
        return self.within_days is not None and (days_since_receipt or 0) > self.within_days

    def leaves_out(self, categories: Collection[str], *, no_return_confirmed: bool) -> bool:
        """Whether it does not hold for goods of any of these categories, or for what the buyer confirmed of them."""
        return any(one in self.excludes for one in categories) or (self.unless_confirmed and no_return_confirmed)

    @model_validator(mode="after")
    def _least_of_something(self) -> Self:
        if self.at_least_cents and self.times_price is None:
            raise ValueError(f"{self.code}: at_least_cents needs times_price")
        return self


class Exclusion(Said):
    """When nothing is paid on top, on these grounds or on any; `takes_all` = nor is anything paid back."""

    grounds: tuple[Ground, ...] = ()
    law: Text
    takes_all: bool = False

    def covers(self, ground: Ground) -> bool:
        """Whether it is about this ground."""
        return not self.grounds or ground in self.grounds


class Exclusions(PolicyPart):
    """Every exclusion, by what a person has found."""

    buyer_deceived: Exclusion
    label_flaw: Exclusion


class Unpaid(PolicyPart):
    """What is said where a law or a promise gives nothing: too late, not for these goods, or nothing on that ground."""

    too_late: Said
    excluded: Said
    nothing: Said


class CompensationPolicy(Policy):
    """What the law of one jurisdiction gives."""

    kind: ClassVar[str] = "compensation"

    currency: Text
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    exclusions: Exclusions
    programmes: Said
    unpaid: Unpaid

    @model_validator(mode="after")
    def _one_sentence_per_code(self) -> Self:
        one_sentence_per_code(self.coded)
        return self

    @property
    def coded(self) -> tuple[Said, ...]:
        """Everything that has a reason code."""
        exclusions = (self.exclusions.buyer_deceived, self.exclusions.label_flaw)
        unpaid = (self.unpaid.too_late, self.unpaid.excluded, self.unpaid.nothing)
        return (*self.rules, *exclusions, self.programmes, *unpaid)
