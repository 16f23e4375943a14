"""The policy of fast refunds: limits, the loss table and the rules against abuse, read from reviewed TOML.

The text is the caller's to read; the shipped one is `scoring/policies/refunds.toml`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import Field, field_validator, model_validator

from scoring.policy_text import BAND_NAMES, BandName, Cents, Policy, PolicyPart, Text, Whole

__all__ = [
    "Abuse",
    "BuyerBand",
    "Fund",
    "Loss",
    "OrderState",
    "Reason",
    "ReasonKinds",
    "RefundPolicy",
    "SuspectedFakes",
    "Timing",
    "Velocity",
]

#: Why money is asked back: the reasons of `return_requested`, and goods that never came.
Reason = Literal[
    "no_reason", "quality", "not_as_described", "counterfeit", "damaged", "late", "wrong_item", "missing_parts",
    "unsafe", "other", "not_received",
]  # fmt: skip

#: How far an order has come; a cancelled one asks for no decision but a plain refund.
OrderState = Literal["paid", "shipped", "delivered", "confirmed"]

_STATES: tuple[OrderState, ...] = ("paid", "shipped", "delivered", "confirmed")

Positive = Annotated[int, Field(gt=0)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Risk = Annotated[float, Field(gt=0, allow_inf_nan=False)]

#: The entry of a table for whatever it does not name.
_OTHERWISE = "otherwise"

Table = TypeVar("Table", bound=Mapping[Any, Any])


def _needs(table: Table, names: tuple[str, ...]) -> Table:
    missing = [name for name in names if name not in table]
    if missing:
        raise ValueError(f"there is nothing for {', '.join(missing)}")
    return table


class BuyerBand(PolicyPart):
    """A range of buyer credit (0-1000), from its least on; `risk` multiplies the loss table's shares."""

    name: Text
    least: Annotated[int, Field(alias="from", ge=0, le=1000)]
    risk: Risk


class SuspectedFakes(PolicyPart):
    """From which levels on buyers of suspected fakes are refunded as at a merchant of the band `stands_in_for`."""

    levels: tuple[Literal["watch", "high", "confirmed"], ...]
    stands_in_for: BandName


class ReasonKinds(PolicyPart):
    """For which reasons the goods come back, and for which it is open whose fault it was."""

    goods_come_back: tuple[Reason, ...]
    fault_is_open: tuple[Reason, ...]


class Loss(PolicyPart):
    """The table that stands in until a loss model is promoted.

    `not_back` is the share of goods not back intact, by state and reason; `merchant_defaults` that of merchants that
    do not repay; `salvage` what the goods are still worth, by category; `most` the share of an amount that may be lost.
    """

    most: Annotated[float, Field(gt=0, lt=1)]
    not_back: dict[OrderState, dict[Reason | Literal["otherwise"], Probability]]
    merchant_defaults: dict[BandName, Probability]
    salvage: dict[str, Probability]
    salvage_otherwise: Probability

    @field_validator("not_back")
    @classmethod
    def _says_something_of_all(cls, table: dict[OrderState, dict[str, float]]) -> dict[OrderState, dict[str, float]]:
        _needs(table, _STATES)
        for state, shares in table.items():
            if _OTHERWISE not in shares:
                raise ValueError(f"{state} has no share for {_OTHERWISE}")
        return table

    @field_validator("merchant_defaults")
    @classmethod
    def _names_every_band(cls, table: dict[BandName, float]) -> dict[BandName, float]:
        return _needs(table, BAND_NAMES)

    def share_not_back(self, state: str | None, reason: str, risk: float) -> float:
        """The share of goods not back intact for a buyer of this risk; in a state that nobody knows, all of them."""
        tables: Mapping[Any, Mapping[Any, float]] = self.not_back
        shares = tables.get(state, {_OTHERWISE: 1.0})
        return min(1.0, shares.get(reason, shares[_OTHERWISE]) * risk)

    def salvage_of(self, category: str) -> float:
        """The share of the price that the goods are still worth."""
        return self.salvage.get(category, self.salvage_otherwise)


class Fund(PolicyPart):
    """How much may be out at once: for one buyer in 90 days, and for one merchant in 30 days, by its band.

    And of the platform's own money for everybody together: in 30 days, and in one day.
    """

    total_30d_cents: Cents
    day_cents: Cents
    buyer_90d_cents: Cents
    merchant_30d_cents: dict[BandName, Cents]

    @field_validator("merchant_30d_cents")
    @classmethod
    def _names_every_band(cls, table: dict[BandName, int]) -> dict[BandName, int]:
        return _needs(table, BAND_NAMES)


class Timing(PolicyPart):
    """How long a decision holds its money, and how old an assessment may be."""

    reservation_hours: Positive
    stale_after_hours: Positive
    due_after_minutes: Positive


class Velocity(PolicyPart):
    """From how many orders on, whose money is asked back `within_hours`, a person looks at a buyer's refunds."""

    within_hours: Positive
    orders_at_least: Annotated[int, Field(ge=2)]

    def is_reached(self, asked_at: Sequence[datetime], *, as_of: datetime) -> bool:
        """Whether it is by a refund asked for at `as_of`, those of other orders having been at these moments."""
        since = as_of - timedelta(hours=self.within_hours)
        return 1 + sum(since <= moment <= as_of for moment in asked_at) >= self.orders_at_least


class Abuse(PolicyPart):
    """When a buyer's refunds are looked at by a person, and how far a caller's count may lie under ours."""

    refunds_at_least: Positive
    share_at_least: Probability
    claimed_short_by: Whole
    velocity: tuple[Velocity, ...] = ()

    @property
    def looks_back(self) -> timedelta:
        """How far back it matters when refunds were asked for."""
        return timedelta(hours=max((one.within_hours for one in self.velocity), default=0))

    def is_hasty(self, asked_at: Sequence[datetime], *, as_of: datetime) -> bool:
        """Whether a refund asked for now is one of too many within too short a time; the others were at `asked_at`."""
        return any(one.is_reached(asked_at, as_of=as_of) for one in self.velocity)

    def looks_like_it(self, *, refunds: int, orders: int) -> bool:
        """Whether so many refunds of so many orders are too many."""
        return refunds >= self.refunds_at_least and refunds >= self.share_at_least * orders


class RefundPolicy(Policy):
    """Everything arguable about a fast refund; amounts in minor units of `currency`."""

    kind: ClassVar[str] = "refunds"

    currency: Text
    buyer_bands: Annotated[tuple[BuyerBand, ...], Field(min_length=1)]
    tiers: dict[BandName, dict[str, Cents]]
    unknown_buyer_cents: Cents
    unknown_buyer_risk: Risk
    instant_reasons: dict[Reason, tuple[OrderState, ...]]
    counterfeit: SuspectedFakes
    reasons: ReasonKinds
    loss: Loss
    fund: Fund
    timing: Timing
    abuse: Abuse

    def buyer_risk(self, credit: int | None) -> float:
        """How much more of the goods stay away than for an average buyer."""
        return self.unknown_buyer_risk if credit is None else self._band_of(credit).risk

    def tier(self, band: BandName, credit: int | None) -> int:
        """Most that one order may be refunded at once (cents); for an unknown credit the neutral cap, at most."""
        limits = self.tiers[band]
        if credit is None:
            return min(self.unknown_buyer_cents, max(limits.values()))
        return limits[self._band_of(credit).name]

    def can_be_instant(self, reason: str, state: str | None) -> bool:
        """Whether this reason is possible, and quick to settle, in this state."""
        return any(reason == known and state in states for known, states in self.instant_reasons.items())

    def _band_of(self, credit: int) -> BuyerBand:
        return next(band for band in self.buyer_bands if credit >= band.least or band.least == 0)

    @field_validator("buyer_bands")
    @classmethod
    def _bands_fall_to_nothing(cls, bands: tuple[BuyerBand, ...]) -> tuple[BuyerBand, ...]:
        if bands[-1].least != 0 or any(lower.least >= upper.least for upper, lower in pairwise(bands)):
            raise ValueError("bands must fall from the best one to one from 0")
        return bands

    @field_validator("tiers")
    @classmethod
    def _name_every_band(cls, tiers: dict[BandName, dict[str, int]]) -> dict[BandName, dict[str, int]]:
        return _needs(tiers, BAND_NAMES)

    @model_validator(mode="after")
    def _tiers_know_every_buyer(self) -> Self:
        names = {band.name for band in self.buyer_bands}
        wrong = [band for band, limits in self.tiers.items() if set(limits) != names]
        if wrong:
            raise ValueError(
                f"tiers of {', '.join(wrong)} must name exactly the buyer bands {', '.join(sorted(names))}"
            )
        return self
