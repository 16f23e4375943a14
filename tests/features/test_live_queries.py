"""What one more event costs does not grow with what is stored: no statement walks through a table that grows."""

import re

from sqlalchemy import create_engine, event

from features.database import create_tables, writing
from features.live import take_in_waiting
from features.store import EventStore
from tests.features.build import a_log, moment
from tests.features.test_live_clocks import checked

NOON = moment("2024-03-10T12:00")
GROWS = re.compile(r"\bSCAN (events|event_keys|tiles|merchants)\b")

LOG = """
    2024-03-10T09:00  order_placed   order_id=A amount_cents=500 buyer_id=b1
    2024-03-10T09:05  order_placed   order_id=B amount_cents=500 buyer_id=b1 known_at=2024-03-10T23:00
    2024-03-10T10:00  order_shipped  order_id=A
    2024-03-11T10:00  order_placed   order_id=C amount_cents=500 buyer_id=b2
"""


def test_no_statement_of_taking_in_events_walks_through_a_table():
    engine, walked = create_engine("sqlite://"), []
    create_tables(engine)

    @event.listens_for(engine, "before_cursor_execute")
    def explain(_connection, cursor, statement, parameters, _context, many):
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters[0] if many else parameters)
            walked.extend((statement, row[3]) for row in cursor.fetchall() if GROWS.search(row[3]))

    for one in a_log(LOG):
        EventStore(engine).append(checked([one]), at=NOON)
    with writing(engine) as tx:
        take_in_waiting(tx, at=2**60)
    engine.dispose()
    # The greatest `seq` is read from the end of the table.
    assert [found for found in walked if "max(events.seq)" not in found[0]] == []
