"""Months of tables that grow for ever: on PostgreSQL each month's rows are a table of their own, a partition.

Old months can then be dropped as a whole. What no month's partition was made for yet goes to the partition named
`TABLE_default`, so that no insertion fails; months are made ahead, and take what belongs to them from there. What was
stored before there were months is the partition `TABLE_before`. On SQLite a table is one table.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Table, text

from features.database import micros
from features.partitions import POSTGRESQL

__all__ = [
    "MONTHS_AHEAD",
    "Month",
    "Monthly",
    "drop_empty",
    "first_moment",
    "make_months",
    "month_of",
]

#: So many months are made ahead: whoever makes them may be away for as long.
MONTHS_AHEAD = 2

_UPPER = re.compile(r"TO \('?(-?\d+)'?\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Monthly:
    """A table with a partition for each month: by which of its columns, and the column's first value of a month."""

    table: Table
    column: str
    first: Callable[[int], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A partition; what it holds lies below `upper`."""

    name: str
    upper: int


def month_of(at: datetime) -> int:
    """The month of a moment (UTC), counted from January 1970."""
    at = at.astimezone(UTC)
    return (at.year - 1970) * 12 + at.month - 1


def first_moment(month: int) -> int:
    """The first moment of a month, in microseconds since 1970."""
    return micros(datetime(1970 + month // 12, month % 12 + 1, 1, tzinfo=UTC))


def make_months(tx: Connection, kept: Monthly, *, now: datetime, ahead: int = MONTHS_AHEAD) -> list[str]:
    """Make the partitions of this month and of some to come that are not there yet; their names."""
    if tx.dialect.name != POSTGRESQL:
        return []
    # Two processes that made the same month would get in each other's way.
    tx.execute(text("SELECT pg_advisory_xact_lock(hashtext(:table))"), {"table": f"months of {kept.table.name}"})
    there = {one.name: one.upper for one in _partitions(tx, kept)}
    # What was stored before there were months may reach into this one: then it is one with it.
    before = there.get(f"{kept.table.name}_before", -(2**63))
    new = [one for one in _wanted(now, ahead) if _name(kept, one) not in there and kept.first(one + 1) > before]
    for month in new:
        _make(tx, kept, month)
    return [_name(kept, one) for one in new]


def drop_empty(tx: Connection, kept: Monthly, *, before: datetime) -> list[str]:
    """Drop the partitions of months before a moment's in which nothing is left; their names."""
    if tx.dialect.name != POSTGRESQL:
        return []
    last = kept.first(month_of(before))
    old = [one.name for one in _partitions(tx, kept) if one.upper <= last]
    empty = [name for name in old if not tx.scalar(text(f"SELECT EXISTS (SELECT 1 FROM {name})"))]
    for name in empty:
        tx.execute(text(f"DROP TABLE {name}"))
    return empty


def _wanted(now: datetime, ahead: int) -> Iterator[int]:
    first = month_of(now)
    yield from range(first, first + ahead + 1)


def _partitions(tx: Connection, kept: Monthly) -> list[Month]:
    """Every partition but the default one, the oldest first."""
    query = text(
        "SELECT child.relname AS name, pg_get_expr(child.relpartbound, child.oid) AS bounds FROM pg_inherits "
        "JOIN pg_class child ON child.oid = inhrelid WHERE inhparent = CAST(:parent AS regclass)"
    )
    found = [(row.name, _UPPER.search(row.bounds)) for row in tx.execute(query, {"parent": kept.table.name})]
    return sorted((Month(name=name, upper=int(upper[1])) for name, upper in found if upper), key=lambda one: one.upper)


def _make(tx: Connection, kept: Monthly, month: int) -> None:
    """Make a month's partition; what had to go to the default one until now moves there."""
    table, name, column = kept.table.name, _name(kept, month), kept.column
    first, last = kept.first(month), kept.first(month + 1)
    within = f"{column} >= {first} AND {column} < {last}"
    tx.execute(text(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)"))
    moved = f"WITH moved AS (DELETE FROM {table}_default WHERE {within} RETURNING *)"
    tx.execute(text(f"{moved} INSERT INTO {name} SELECT * FROM moved"))
    # Attached, and not created as a part: so those who read and write the other months go on.
    tx.execute(text(f"ALTER TABLE {name} ADD CONSTRAINT {name}_month CHECK ({within})"))
    tx.execute(text(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({last})"))


def _name(kept: Monthly, month: int) -> str:
    return f"{kept.table.name}_{1970 + month // 12}_{month % 12 + 1:02}"
