"""Tables with a partition for each month: no row is ever without a place, and everything reads as from one table."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from features.database import micros, reading, writing
from features.jsonrows import check_rows
from features.lookup import events_about, events_of_type
from features.months import first_moment, make_months, month_of
from features.numbers import first_number, how_many, numbers_for
from features.store import EventStore
from serving.decisions import decision, decisions_of
from serving.months import MONTHLY, drop_empty_months, ensure_months
from serving.record.check import first_fault
from serving.replay.rerun import replay_all
from serving.tables import decisions
from tests.serving.shop import a_refund, a_shop, an_order, refund
from tests.serving.world import NOON, FakeClock, a_service

DECISIONS = MONTHLY["decisions"]


@pytest.mark.parametrize(
    ("at", "month", "first"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0, datetime(1970, 1, 1, tzinfo=UTC)),
        (datetime(2026, 11, 30, 23, 59, tzinfo=UTC), 682, datetime(2026, 11, 1, tzinfo=UTC)),
        (datetime(2026, 12, 1, tzinfo=UTC), 683, datetime(2026, 12, 1, tzinfo=UTC)),
        (datetime(1969, 12, 31, tzinfo=UTC), -1, datetime(1969, 12, 1, tzinfo=UTC)),
    ],
)
def test_months_are_counted_from_the_first_of_1970(at, month, first):
    assert (month_of(at), first_moment(month)) == (month, micros(first))


def test_events_are_numbered_by_their_month_and_numbers_only_go_forward(any_engine):
    if any_engine.dialect.name == "sqlite":
        pytest.skip("on SQLite numbers tell no month")
    numbers = []
    for days in (0, 31, -200, 32):
        with writing(any_engine) as tx:
            numbers += numbers_for(tx, 2, at=NOON + timedelta(days=days))
    assert numbers == sorted(set(numbers))
    assert how_many(numbers[-1]) < 20
    # A clock that lags behind gets numbers of the month that has begun.
    november = month_of(NOON)
    assert [one // first_number(1) for one in numbers] == [november] * 2 + [november + 1] * 6


def test_whoever_turns_the_month_at_the_same_time_gets_numbers_of_their_own(any_engine):
    if any_engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    given, together = [], threading.Barrier(4)

    def one():
        together.wait(timeout=30)
        with writing(any_engine) as tx:
            given.extend(numbers_for(tx, 50, at=NOON))

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(given)) == 200
    assert {one // first_number(1) for one in given} == {month_of(NOON)}


def test_an_event_is_the_same_in_whatever_month_it_comes_again(any_engine):
    ensure_months(any_engine, now=NOON)
    told = {"event_id": "e1", "event_type": "merchant_registered", "merchant_id": "m1"}
    rows = [check_rows([{**told, "event_time": NOON.isoformat(), "region": region}], currency="CNY").rows
            for region in ("north", "north", "south")]  # fmt: skip
    store = EventStore(any_engine)
    first, again, other = (store.append(one, at=NOON + timedelta(days=20 * n)) for n, one in enumerate(rows))
    assert (first.accepted, again.duplicates, other.conflicts) == (1, 1, (0,))
    assert store.log().rows == 1


def test_events_of_many_months_are_read_as_from_one_table(any_engine):
    ensure_months(any_engine, now=NOON)
    for number, days in enumerate((0, 20, 400)):
        told = {"event_id": f"e{number}", "event_type": "order_placed", "merchant_id": "m1", "order_id": f"o{number}"}
        row = {**told, "event_time": NOON.isoformat(), "amount_cents": 5, "buyer_id": "b1"}
        EventStore(any_engine).append(check_rows([row], currency="CNY").rows, at=NOON + timedelta(days=days))
    with reading(any_engine) as tx:
        assert [one.says["order_id"] for one in events_about(tx, "buyer:b1")] == ["o0", "o1", "o2"]
        assert [one.says["order_id"] for one in events_of_type(tx, "m1", "order_placed")] == ["o0", "o1", "o2"]
        if any_engine.dialect.name == "postgresql":
            places = tx.scalars(text("SELECT tableoid::regclass::text FROM events ORDER BY seq")).all()
            assert places == ["events_2026_11", "events_2026_12", "events_default"]


def where(engine, decision_id):
    """The partition that holds a decision."""
    with reading(engine) as tx:
        return tx.scalar(text("SELECT tableoid::regclass::text FROM decisions WHERE id = :id"), {"id": decision_id})


def decided(engine, number, *, days=0):
    """A refund that was decided so many days after noon."""
    an_order(engine, f"x{number}", buyer=f"b{number}")
    clock = FakeClock(NOON + timedelta(days=days))
    return refund(a_service(engine, clock=clock), a_refund(f"x{number}", buyer=f"b{number}"))["decision_id"]


def everything_is_there(engine, ids):
    with reading(engine) as tx:
        assert {one.id for one in decisions_of(tx, "m1", 50)} == set(ids)
        assert [decision(tx, one).id for one in ids] == ids
        assert {one.same for one in replay_all(tx)} == {True}
        assert first_fault(tx) is None


def test_decisions_of_any_month_are_found_as_in_one_table(any_engine):
    a_shop(any_engine)
    ensure_months(any_engine, now=NOON)
    ids = [decided(any_engine, number, days=days) for number, days in enumerate((0, 15, 45, 400))]
    everything_is_there(any_engine, ids)


def test_months_are_made_once_and_ahead_and_those_without_one_have_a_place(any_engine):
    if any_engine.dialect.name == "sqlite":
        assert ensure_months(any_engine, now=NOON) == []
        return
    made = ["decisions_2026_11", "decisions_2026_12", "decisions_2027_01"]
    assert [one for one in ensure_months(any_engine, now=NOON) if one.startswith("decisions")] == made
    assert ensure_months(any_engine, now=NOON) == []
    a_shop(any_engine)
    ids = [decided(any_engine, number, days=days) for number, days in enumerate((0, 15, 90))]
    places = ["decisions_2026_11", "decisions_2026_12", "decisions_default"]
    assert [where(any_engine, one) for one in ids] == places


def test_a_month_that_is_made_late_takes_what_is_its_own(any_engine):
    a_shop(any_engine)
    ids = [decided(any_engine, number, days=days) for number, days in enumerate((0, 15))]
    ensure_months(any_engine, now=NOON)
    everything_is_there(any_engine, ids)
    if any_engine.dialect.name == "postgresql":
        assert [where(any_engine, one) for one in ids] == ["decisions_2026_11", "decisions_2026_12"]


def test_the_database_knows_how_full_all_months_are_together(any_engine):
    if any_engine.dialect.name == "sqlite":
        pytest.skip("on SQLite a table is one table")
    a_shop(any_engine, orders=5)
    ensure_months(any_engine, now=NOON)
    with reading(any_engine) as tx:
        rows = tx.scalar(text("SELECT reltuples FROM pg_class WHERE oid = 'events'::regclass"))
        assert rows == tx.scalar(text("SELECT count(*) FROM events")) > 0


def test_months_in_which_nothing_is_left_are_dropped(any_engine):
    if any_engine.dialect.name == "sqlite":
        assert drop_empty_months(any_engine, before=NOON) == []
        return
    a_shop(any_engine)
    with writing(any_engine) as tx:
        make_months(tx, DECISIONS, now=NOON - timedelta(days=100), ahead=5)
    kept = decided(any_engine, 0, days=-45)
    empty = ["decisions_2026_08", "decisions_2026_09"]
    assert [one for one in drop_empty_months(any_engine, before=NOON) if one.startswith("decisions")] == empty
    everything_is_there(any_engine, [kept])


def test_an_id_of_an_earlier_version_is_found_in_any_month(any_engine):
    a_shop(any_engine)
    ensure_months(any_engine, now=NOON)
    kept = decided(any_engine, 0)
    with writing(any_engine) as tx:
        tx.execute(decisions.update().values(id="d_3f9c"))
        row = tx.execute(select(decisions.c.id)).scalar_one()
        assert decision(tx, row).id == "d_3f9c"
    assert kept.startswith("d_202611_")
