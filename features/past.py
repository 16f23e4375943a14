"""A merchant as it was known at a past moment: its events up to one, in a store of its own that lookups read as any.

So the past is read by the code that reads the present, and there is no second way to know a fact.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, delete, insert, select

from features.catalogue.feature import Feature
from features.database import columns_of, create_tables, insert_all, open_engine, writing
from features.jsonrows import parse_canonical
from features.measures import Crossed, Dealt
from features.neighbours import key_columns
from features.tables import event_keys, events, merchants

__all__ = ["Past", "is_of_its_own"]


def is_of_its_own(feature: Feature) -> bool:
    """Whether a merchant's own events, and nothing else, make a feature's value.

    What crosses from others is as of a midnight that may have been added up anew since; what deals names into groups
    is another once a buyer was forgotten.
    """
    measures = [measure for measure, _ in feature.numbers]
    crosses = any(isinstance(one.source, Crossed) or isinstance(one.amount, Dealt) for one in measures)
    return not (crosses or feature.shrunk)


class Past:
    """Reads merchants of a store as they were known; one at a time, and quickest forwards."""

    def __init__(self, tx: Connection) -> None:
        self._store = tx
        self._engine: Engine = open_engine("sqlite://")
        create_tables(self._engine)
        self._merchant, self._seen = "", 0

    @contextmanager
    def of(self, merchant_id: str, *, seen: int, but: Collection[int] = ()) -> Iterator[Connection]:
        """A merchant after the event with this number, without some that did not count yet; it is gone at the end."""
        with writing(self._engine) as tx:
            if merchant_id != self._merchant or seen < self._seen:
                self._begin(tx, merchant_id)
            self._add(tx, merchant_id, after=self._seen, through=seen)
            self._merchant, self._seen = merchant_id, seen
            with tx.begin_nested() as without:
                tx.execute(delete(events).where(events.c.seq.in_(but)))
                tx.execute(delete(event_keys).where(event_keys.c.seq.in_(but)))
                yield tx
                without.rollback()

    def close(self) -> None:
        """Forget everything."""
        self._engine.dispose()

    def _begin(self, tx: Connection, merchant_id: str) -> None:
        for table in (events, event_keys, merchants):
            tx.execute(delete(table))
        # Its tiles are of no version, so that features are worked out from its events.
        unborn = {"last_seq": 1, "assessed_seq": 0, "measures": "", "heads": "[]"}
        tx.execute(insert(merchants).values(merchant_id=merchant_id, **unborn))
        self._seen = 0

    def _add(self, tx: Connection, merchant_id: str, *, after: int, through: int) -> None:
        within = (events.c.merchant_id == merchant_id, events.c.seq > after, events.c.seq <= through)
        rows = [dict(row._mapping) for row in self._store.execute(select(events).where(*within).order_by(events.c.seq))]
        if rows:
            insert_all(tx, events, columns_of(rows))
            told = parse_canonical([row["body"] for row in rows])
            insert_all(tx, event_keys, key_columns(told, [row["seq"] for row in rows]))
