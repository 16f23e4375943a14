"""Several writers at once, with the same events in any order and again and again, leave what one would have left."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from threading import Barrier

import numpy as np
import pytest
from sqlalchemy import create_engine, select

from features.database import create_tables, reading
from features.moment import features_now
from features.store import EventStore
from features.tables import events, merchants
from serving.ingest.requests import ingest_events
from tests.features.build import a_log, moment

NOW = moment("2024-03-01")
SHOPS = ("shop", "stall", "kiosk")

#: What depends on what came before it: promises, parcels, rulings, things taken back, some before they are told.
STORY = """
    2024-01-01  merchant_registered  category=toys deposit_cents=5000
    2024-01-02  order_placed     order_id=A amount_cents=500 buyer_id=Ann ship_by=2024-01-04 deliver_by=2024-01-09
    2024-01-02  order_placed     order_id=B amount_cents=700 buyer_id=Bob ship_by=2024-01-03 deliver_by=2024-01-08
    2024-01-05  order_shipped    order_id=A
    2024-01-06  order_delivered  order_id=A
    2024-01-07  dispute_opened   order_id=A dispute_id=D reason=quality buyer_id=Ann
    2024-01-09  dispute_resolved order_id=A dispute_id=D outcome=merchant_at_fault
    2024-01-10  review_posted    order_id=B stars=1 buyer_id=Bob known_at=2024-01-12
    2024-01-11  refund_paid      refund_id=R order_id=A amount_cents=500 advanced_by=platform finally_liable=merchant
    2024-01-12  advance_recovered refund_id=R amount_cents=200
    2024-01-13  order_placed     order_id=C amount_cents=900 buyer_id=Ann
    2024-01-14  order_cancelled  order_id=C actor=merchant
    2024-01-15  fake_report_filed report_id=F reporter_id=Rob reporter_kind=buyer
    2024-01-16  fake_report_resolved report_id=F outcome=confirmed
    2024-01-17  deposit_changed  deposit_cents=9000
"""


def told(event, shop):
    """The event as JSON, a shop's own; what it takes back too."""
    own = {"event_id": f"{shop}-{event['event_id']}", "merchant_id": shop}
    texts = {name: value.isoformat() if isinstance(value, date | datetime) else value for name, value in event.items()}
    return texts | own


def the_log():
    log = [told(event, shop) for shop in SHOPS for event in a_log(STORY)]
    back = {"event_type": "event_reversed", "event_time": "2024-01-20T00:00:00Z", "known_at": "2024-01-20T00:00:00Z"}
    taken_back = [f"{shop}-{number}" for shop in SHOPS[:2] for number in ("e5", "e8", "e15")]
    return [
        *log,
        *({**back, "event_id": f"not {one}", "merchant_id": one.split("-")[0], "reverses": one} for one in taken_back),
    ]


def batches(seed, log, size=9):
    shuffled = [log[place] for place in np.random.default_rng(seed).permutation(len(log))]
    return [shuffled[begin : begin + size] for begin in range(0, len(shuffled), size)]


def send(engine, sent):
    taken = ingest_events(EventStore(engine), sent, currency="CNY", now=NOW)
    assert taken.rejected == []
    return taken.accepted


def state(engine):
    """What the store thinks of everybody, and what it keeps beside that."""
    with reading(engine) as tx:
        ids = sorted(tx.scalars(select(events.c.event_id)))
        due = sorted(tx.scalars(select(merchants.c.merchant_id).where(merchants.c.due_since.is_not(None))))
        return ids, due, features_now(tx, SHOPS, now=NOW).to_pylist()


@pytest.fixture(scope="module")
def one_by_one():
    """The state that one writer leaves who tells everything once, in order."""
    engine = create_engine("sqlite://")
    create_tables(engine)
    for event in sorted(the_log(), key=lambda event: event["event_time"]):
        send(engine, [event])
    yield state(engine)
    engine.dispose()


def test_writers_that_send_the_same_at_once_in_any_order_leave_what_one_leaves(any_engine, one_by_one):
    log, start = the_log(), Barrier(4)

    def work(seed):
        start.wait()
        return sum(send(any_engine, batch) for batch in batches(seed, log))

    with ThreadPoolExecutor(4) as pool:
        accepted = sum(pool.map(work, range(4)))
    assert accepted == len(log)
    assert state(any_engine) == one_by_one
