"""What crosses merchants as of a midnight: when it is added up, and when anew."""

from datetime import UTC, datetime, timedelta

from features.database import day_of, reading
from features.jsonrows import check_rows
from features.midnights import Midnight, ensure_midnight, midnight_of, sum_up
from features.store import EventStore

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
DAY = day_of(MIDNIGHT)


def tell(store, first, count, *, at=MIDNIGHT - timedelta(days=1)):
    order = {"event_type": "order_placed", "merchant_id": "m1", "event_time": at.isoformat(), "amount_cents": 1}
    events = [{**order, "event_id": f"e{one}", "order_id": f"o{one}"} for one in range(first, first + count)]
    store.append(check_rows(events, currency="CNY").rows, at=NOON)


def kept(store):
    ensure_midnight(store.engine, DAY)
    with reading(store.engine) as tx:
        return midnight_of(tx, DAY)


def summed(store):
    return sum_up(store.log(known_before=MIDNIGHT), DAY)[0]


def test_a_midnight_of_an_empty_store_is_summed_anew_when_a_history_has_come_in(any_engine):
    store = EventStore(any_engine)
    assert kept(store) == Midnight(day=DAY)
    tell(store, 0, 20)
    assert kept(store) == summed(store) != Midnight(day=DAY)


def test_a_few_late_events_do_not_have_everything_added_up_again(engine):
    store = EventStore(engine)
    tell(store, 0, 20)
    before = kept(store)
    tell(store, 20, 2)
    assert kept(store) == before != summed(store)
    tell(store, 22, 1)
    assert kept(store) == summed(store)


def test_what_becomes_known_during_the_day_is_no_part_of_its_midnight(engine):
    store = EventStore(engine)
    tell(store, 0, 20)
    before = kept(store)
    tell(store, 20, 20, at=NOON)
    assert kept(store) == before
