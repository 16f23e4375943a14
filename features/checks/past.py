"""What the store says of the weeks before a log: read only, and no more of it than a check needs."""

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta

import pyarrow as pa
from sqlalchemy import func, select

from features.database import among, reading, some
from features.jsonrows import parse_canonical
from features.numbers import numbers_of
from features.store import EventStore
from features.tables import event_keys, events

__all__ = ["Past"]

_DAY = timedelta(days=1) // timedelta(microseconds=1)
_ROWS_AT_ONCE = 32_768


class Past:
    """A store of events, as checks look at it."""

    def __init__(self, store: EventStore) -> None:
        self._engine = store.engine

    def events(self) -> int:
        """How many events there are."""
        with reading(self._engine) as tx:
            return int(tx.scalar(select(func.count()).select_from(events)) or 0)

    def counts(self, *, since: int, before: int) -> list[tuple[str, str, int, int]]:
        """Events by type, feed (empty where none is named) and the day they became known, from one day to another."""
        feed, day = func.coalesce(events.c.source, ""), events.c.known_at // _DAY
        known = (events.c.known_at >= since * _DAY) & (events.c.known_at < before * _DAY)
        query = select(events.c.event_type, feed, day, func.count()).where(known)
        with reading(self._engine) as tx:
            rows = tx.execute(query.group_by(events.c.event_type, feed, day)).all()
        return [(name, source, int(on), count) for name, source, on, count in rows]

    def newest(self, most: int) -> Iterator[pa.Table]:
        """The events that came in last, in pieces."""
        query = select(events.c.body).order_by(events.c.seq.desc()).limit(most)
        with reading(self._engine) as tx:
            found = tx.execution_options(yield_per=_ROWS_AT_ONCE).execute(query)
            for bodies in found.scalars().partitions():
                yield parse_canonical(bodies)

    def openers(self, keys: Collection[str], event_type: str) -> set[tuple[str, str]]:
        """Which of some keys (such as `order:o1`) events of a type carry, with their merchants."""
        query = select(event_keys.c.merchant_id, event_keys.c.key).join(events, events.c.seq == event_keys.c.seq)
        found: set[tuple[str, str]] = set()
        with reading(self._engine) as tx:
            for piece in some(sorted(keys)):
                chosen = query.where(event_keys.c.key.in_(piece), events.c.event_type == event_type)
                found.update((row.merchant_id, row.key) for row in tx.execute(chosen))
        return found

    def stored(self, event_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Of some event ids those that are stored: merchant and canonical text."""
        query = select(events.c.event_id, events.c.merchant_id, events.c.body)
        found: dict[str, tuple[str, str]] = {}
        with reading(self._engine) as tx:
            for piece in some(event_ids):
                seqs = numbers_of(tx, piece)
                rows = tx.execute(query.where(among(tx, events.c.seq, list(seqs.values()))))
                found.update((row.event_id, (row.merchant_id, row.body)) for row in rows)
        return found
