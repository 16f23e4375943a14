"""Features of a merchant as they are now: what the serving floor wants to be told, by whoever reads them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from scoring.wording import Value

__all__ = ["Reading", "Readings"]


class Reading(Protocol):
    """A feature as it is now: `of` in `per` things, and the category's rate with the weight it has."""

    @property
    def name(self) -> str:
        """The feature."""

    @property
    def value(self) -> Value:
        """Its value; None where there is nothing yet."""

    @property
    def of(self) -> int | None:
        """How many of the things."""

    @property
    def per(self) -> int | None:
        """The things."""

    @property
    def prior(self) -> float | None:
        """The rate of the merchant's category."""

    @property
    def strength(self) -> float:
        """How many things that weighs."""


class Readings(Protocol):
    """Whatever reads features of a merchant as they are now."""

    def __call__(
        self, tx: Connection, merchant_id: str, names: Sequence[str], *, now: datetime
    ) -> Mapping[str, Reading]:
        """Feature -> its reading."""
