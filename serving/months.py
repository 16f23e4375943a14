"""Which tables have a partition for each month, and what tells the month of a row from its id."""

import re
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType

from sqlalchemy import ColumnElement, Engine, and_, true

from features.database import look_over, written
from features.months import Monthly, drop_empty, first_moment, make_months, month_of
from features.numbers import EVENTS
from serving.tables import decisions

__all__ = ["MONTHLY", "decided_in_month_of", "drop_empty_months", "ensure_months", "month_in_id"]

#: The tables that grow for ever, by name.
MONTHLY = MappingProxyType(
    {"events": EVENTS, "decisions": Monthly(table=decisions, column="decided_at", first=first_moment)}
)

_MONTH_IN_ID = re.compile(r"d_(\d{4})(\d{2})_")


def ensure_months(engine: Engine, *, now: datetime) -> list[str]:
    """Make the partitions of this month and the next ones; the names of those that were not there yet.

    How full the others are is looked at, too: nobody else looks at all of a table's partitions together.
    """
    made = [name for kept in MONTHLY.values() for name in written(engine, partial(make_months, kept=kept, now=now))]
    look_over(engine, (kept.table for kept in MONTHLY.values()))
    return made


def drop_empty_months(engine: Engine, *, before: datetime) -> list[str]:
    """Drop the partitions of months before a moment in which nothing is left; their names."""
    return [
        name for kept in MONTHLY.values() for name in written(engine, partial(drop_empty, kept=kept, before=before))
    ]


def month_in_id(now: datetime) -> str:
    """How the id of a decision begins that is made now: it tells the month, and so where the decision is."""
    return f"d_{now.astimezone(UTC):%Y%m}_"


def decided_in_month_of(decision_id: str) -> ColumnElement[bool]:
    """That a decision was made in the month that its id tells; ids of earlier versions tell none."""
    told = _MONTH_IN_ID.match(decision_id)
    if told is None or not 1 <= int(told[2]) <= 12:
        return true()
    month = month_of(datetime(int(told[1]), int(told[2]), 1, tzinfo=UTC))
    return and_(decisions.c.decided_at >= first_moment(month), decisions.c.decided_at < first_moment(month + 1))
