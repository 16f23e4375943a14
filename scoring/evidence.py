"""Evidence: how much is known about a merchant, and how its row of features is read.

A row maps column names to values, as a row of a feature file does: `merchant_id`, `as_of`, then features.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from scoring.errors import ColumnMissing, NotANumber, TimeNaive
from scoring.score_policy import EvidenceFloor
from scoring.wording import Value

__all__ = ["Evidence", "Measured", "Row", "count", "ever_sold", "moment", "number"]

#: A row of a feature file.
Row = Mapping[str, Any]


def number(row: Row, column: str) -> float | None:
    """A numeric column's value; null and NaN are None. ColumnMissing, NotANumber for what has none."""
    try:
        value = row[column]
    except KeyError:
        raise ColumnMissing(merchant_id=row.get("merchant_id"), column=column) from None
    if value is None or type(value) is int:
        return value
    if isinstance(value, str) or not hasattr(value, "__float__"):
        raise NotANumber(column=column, merchant_id=row.get("merchant_id"), value=repr(value))
    found = float(value)
    return None if math.isnan(found) else found


def count(row: Row, column: str) -> int:
    """A count's value; a count that nobody took is 0."""
    return int(number(row, column) or 0)


def moment(row: Row) -> datetime:
    """The row's `as_of` in UTC; TimeNaive where it has no offset."""
    as_of = row.get("as_of")
    if not isinstance(as_of, datetime) or as_of.utcoffset() is None:
        raise TimeNaive(as_of=as_of)
    return as_of.astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Orders and distinct buyers of the last 365 days, and whether they are enough to rest the best band on."""

    orders: int
    buyers: int
    sufficient: bool

    @classmethod
    def of(cls, row: Row, floor: EvidenceFloor) -> Self:
        """What a row rests on, against the policy's floor."""
        orders = count(row, "n_orders_365d")
        sufficient = orders >= floor.orders and _days_of_trading(row) >= floor.days
        return cls(orders=orders, buyers=count(row, "n_buyers_365d"), sufficient=sufficient)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A feature's value with what it rests on.

    A rate is `of` in `per` things; `prior` is its category's rate (itself drawn towards everybody's), weighing
    `strength` things of evidence. All None where the feature is no rate; `prior` None where it has none.
    """

    name: str
    value: Value
    of: int | None = None
    per: int | None = None
    prior: float | None = None
    strength: float = 0.0

    @property
    def is_rate(self) -> bool:
        """Whether it is one number of things in another."""
        return self.of is not None and self.per is not None


def ever_sold(row: Row) -> bool:
    """Whether the merchant has any order at all, however old."""
    return count(row, "n_orders_365d") > 0 or _known(row, "days_since_last_order") is not None


def _days_of_trading(row: Row) -> float:
    """Days since the first order where the row has them, else since registration, else none.

    An account that was opened long ago and sold nothing has shown nothing.
    """
    traded = _known(row, "days_since_first_order")
    return (_known(row, "days_since_registered") or 0.0) if traded is None else traded


def _known(row: Row, column: str) -> float | None:
    """A column's value, where the row has the column and a value in it."""
    return number(row, column) if column in row else None
