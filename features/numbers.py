"""Numbers of events (`seq`): rising, and on PostgreSQL telling the month in which they were given.

A number is the month, counted from January 1970, times 2^40, and how many numbers were given before: so the months of
the table of events are ranges of its only key, and whoever knows a number knows where its event is. Numbers only go
forward, whatever the clocks of several machines say.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select, text

from features.database import among, next_numbers
from features.months import Monthly, month_of
from features.partitions import POSTGRESQL
from features.tables import event_ids, events

__all__ = ["EVENTS", "first_number", "how_many", "numbers_for", "numbers_of"]

_IN_A_MONTH = 1 << 40


def first_number(month: int) -> int:
    """The first number of a month."""
    return month * _IN_A_MONTH


#: Events by month.
EVENTS = Monthly(table=events, column="seq", first=first_number)


def how_many(seq: int) -> int:
    """How many numbers had been given with this one: about as many events as there were."""
    return seq % _IN_A_MONTH


def numbers_for(tx: Connection, count: int, *, at: datetime) -> list[int]:
    """Numbers for so many events that are stored at a moment; of its month, or of a later one that has begun."""
    given = next_numbers(tx, events.c.seq, count)
    if tx.dialect.name == POSTGRESQL and given and given[0] < first_number(month_of(at)):
        _turn(tx, month_of(at))
        given = next_numbers(tx, events.c.seq, count)
    return given


def _turn(tx: Connection, month: int) -> None:
    """Let numbers go on from the beginning of a month, unless somebody else has just seen to it."""
    tx.execute(text("SELECT pg_advisory_xact_lock(hashtext('numbers of events'))"))
    sequence = tx.scalar(select(func.pg_get_serial_sequence(events.name, events.c.seq.name)))
    last = int(tx.execute(text(f"SELECT last_value FROM {sequence}")).scalar_one())
    if last < first_number(month):
        tx.execute(select(func.setval(sequence, first_number(month) + how_many(last))))


def numbers_of(tx: Connection, ids: Sequence[str]) -> dict[str, int]:
    """The numbers of those of some events (by id) that are stored."""
    query = select(event_ids.c.event_id, event_ids.c.seq).where(among(tx, event_ids.c.event_id, ids))
    return {row.event_id: row.seq for row in tx.execute(query)}
