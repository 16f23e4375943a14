"""What the store answers as of now is, at every midnight, what a feature file holds: equal, not close."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, delete, select

from features.database import create_tables, micros, reading, writing
from features.engine import build_features
from features.jsonrows import canonical, check_rows
from features.live import outdated, put_off, rebuild, take_in_waiting
from features.midnights import ensure_midnight
from features.moment import features_as_of, features_now, readings
from features.store import EventStore
from features.tables import category_sums, merchants, tiles, waiting
from tests.features.build import a_log, a_spine, moment
from tests.features.strategies import (
    AS_OF,
    MERCHANTS,
    TICK,
    Event,
    account_logs,
    hands_logs,
    known_at,
    logs,
    report_logs,
    spines,
    splits,
)

# An example is a whole history with a store of its own, told bit by bit and built anew at each of its midnights.
now_and_then = settings(max_examples=settings().max_examples // 10)


@contextmanager
def a_store() -> Iterator[EventStore]:
    """An empty store in memory."""
    engine = create_engine("sqlite://")
    create_tables(engine)
    yield EventStore(engine)
    engine.dispose()


def standing(log: Sequence[Event]) -> list[Event]:
    """Those events of a log that the store would keep, in the order in which they become known."""
    checked = check_rows([plain(event) for event in log], currency="CNY")
    assert not checked.rejected
    first: dict[str, tuple[datetime, str, Event]] = {}
    for event, text in zip(log, canonical(checked.rows) if log else [], strict=True):
        rival = (known_at(event), text)
        if event["event_id"] not in first or rival < first[event["event_id"]][:2]:
            first[event["event_id"]] = (*rival, event)
    return [event for _, _, event in sorted(first.values(), key=lambda one: one[:2])]


def plain(event: Event) -> Event:
    return {name: value for name, value in event.items() if value is not None}


def add(store: EventStore, events: Sequence[Event], *, at: datetime) -> None:
    if events:
        store.append(check_rows([plain(event) for event in events], currency="CNY").rows, at=at)


def live(store: EventStore, as_of: datetime) -> list[Event]:
    ensure_midnight(store.engine, (as_of - datetime(1970, 1, 1, tzinfo=UTC)).days)
    with reading(store.engine) as tx:
        return features_now(tx, MERCHANTS, now=as_of).to_pylist()


def offline(store: EventStore, as_of: datetime) -> list[Event]:
    log = store.log(known_before=as_of)
    return build_features(log, a_spine([(merchant, as_of) for merchant in MERCHANTS])).to_pylist()


def differences(found: list[Event], expected: list[Event]) -> list[tuple[str, str, object, object]]:
    return [
        (one["merchant_id"], name, one[name], other[name])
        for one, other in zip(found, expected, strict=True)
        for name in other
        if one[name] != other[name]
    ]


@now_and_then
@given(logs() | report_logs() | account_logs() | hands_logs(), spines(), st.integers(1, 5))
def test_a_log_told_event_by_event_gives_at_every_midnight_what_a_file_gives(log, moments, at_once):
    events = standing(log)
    with a_store() as store:
        for as_of in sorted(set(moments)):
            due = [event for event in events if known_at(event) < as_of]
            events = events[len(due) :]
            for begin in range(0, len(due), at_once):
                some = due[begin : begin + at_once]
                add(store, some, at=known_at(some[-1]))
            assert differences(live(store, as_of), offline(store, as_of)) == []


@now_and_then
@given(logs() | hands_logs(), splits())
def test_the_order_in_which_events_come_in_changes_nothing(log, split):
    events = [event for event in standing(log) if known_at(event) < AS_OF]
    with a_store() as store:
        for part in split(events):
            for event in part:
                add(store, [event], at=AS_OF - TICK)
        assert differences(live(store, AS_OF), offline(store, AS_OF)) == []


@now_and_then
@given(logs(), splits(2))
def test_tiles_made_anew_are_the_tiles_that_were_kept(log, split):
    first, second = split([event for event in standing(log) if known_at(event) < AS_OF])
    with a_store() as store:
        add(store, first, at=AS_OF - TICK)
        add(store, second, at=AS_OF - TICK)
        before = rows_of(store.engine)
        with writing(store.engine) as tx:
            put_off(tx, MERCHANTS)
            rebuild(tx, outdated(tx, most=100), at=micros(AS_OF - TICK))
        assert rows_of(store.engine) == before


def rows_of(engine: Engine) -> list[tuple[object, ...]]:
    """Everything that is kept of merchants."""
    with reading(engine) as tx:
        kept = [tuple(row) for row in tx.execute(select(tiles).order_by(*tiles.primary_key))]
        return kept + [tuple(row) for row in tx.execute(select(merchants).order_by(merchants.c.merchant_id))]


@now_and_then
@given(logs() | report_logs(), spines())
def test_the_past_read_from_events_is_what_a_file_gives(log, moments):
    with a_store() as store:
        add(store, standing(log), at=AS_OF + timedelta(days=1000))
        for as_of in set(moments):
            expected = offline(store, as_of)
            with writing(store.engine) as tx:
                tx.execute(delete(category_sums))
            ensure_midnight(store.engine, (as_of - datetime(1970, 1, 1, tzinfo=UTC)).days)
            with writing(store.engine) as tx:
                answers = [features_as_of(tx, merchant, as_of=as_of).to_pylist() for merchant in MERCHANTS]
            known = {one["merchant_id"] for one in log if known_at(one) < as_of}
            assert [bool(answer) for answer in answers] == [merchant in known for merchant in MERCHANTS]
            told = [one for one in expected if one["merchant_id"] in known]
            assert differences([row for answer in answers for row in answer], told) == []


# --- While a day runs ------------------------------------------------------------------------------------------

DAY = moment("2024-03-10")


def now_of(text: str, at: str) -> Event:
    """The features of a shop during a day, after the events of a log."""
    with a_store() as store:
        for event in a_log(text):
            add(store, [event], at=known_at(event))
        with reading(store.engine) as tx:
            return features_now(tx, ["shop"], now=moment(at)).to_pylist()[0]


def test_an_order_counts_as_soon_as_it_is_placed():
    found = now_of("2024-03-10T09:00  order_placed  order_id=A amount_cents=500 buyer_id=b1", "2024-03-10T09:01")
    assert (found["n_orders_7d"], found["order_value_cents_7d"], found["n_buyers_7d"]) == (1, 500, 1)


def test_a_window_is_up_to_a_day_longer_while_the_day_runs():
    order = "2024-03-03T00:00  order_placed  order_id=A amount_cents=500"
    assert now_of(order, "2024-03-10T23:59")["n_orders_7d"] == 1
    assert now_of(order, "2024-03-11T00:00")["n_orders_7d"] == 0


def test_a_deadline_of_today_is_not_missed_before_midnight():
    order = "2024-03-09T09:00  order_placed  order_id=A amount_cents=500 ship_by=2024-03-10T08:00"
    today, tomorrow = now_of(order, "2024-03-10T20:00"), now_of(order, "2024-03-11T00:00")
    assert (today["dispatch_kept_rate_7d"], today["own_fault_rate_7d"]) == (None, 0.0)
    assert (tomorrow["dispatch_kept_rate_7d"], tomorrow["own_fault_rate_7d"]) == (0.0, 1.0)


def test_what_is_learned_today_of_a_deadline_of_yesterday_counts_at_once():
    log = """
    2024-03-08T09:00  order_placed   order_id=A amount_cents=500 ship_by=2024-03-09T12:00
    2024-03-09T11:00  order_shipped  order_id=A known_at=2024-03-10T15:00
    """
    assert now_of(log, "2024-03-10T16:00")["dispatch_kept_rate_7d"] == 1.0


def test_days_are_counted_to_the_day_that_runs():
    log = "2024-03-08T23:00  order_placed  order_id=A amount_cents=500"
    assert now_of(log, "2024-03-10T01:00")["days_since_last_order"] == 2


def test_a_paper_of_today_is_valid_until_midnight():
    paper = "2024-03-01T09:00  qualification_checked  qualification=identity outcome=passed valid_until=2024-03-10"
    today, tomorrow = now_of(paper, "2024-03-10T20:00"), now_of(paper, "2024-03-11T00:00")
    assert (today["n_papers_valid"], today["days_until_paper_expires"]) == (1, 0)
    assert (tomorrow["n_papers_valid"], tomorrow["n_papers_expired"]) == (0, 1)


# --- Clocks that are ahead -------------------------------------------------------------------------------------


def test_an_event_from_a_clock_that_is_ahead_counts_from_its_own_moment_on():
    (early,) = a_log("2024-03-10T12:03  order_placed  order_id=A amount_cents=500")
    with a_store() as store:
        add(store, [early], at=moment("2024-03-10T12:00"))
        counts = []
        for at in ("2024-03-10T12:02", "2024-03-10T12:03"):
            with writing(store.engine) as tx:
                take_in_waiting(tx, at=micros(moment(at)))
                counts.append(features_now(tx, ["shop"], now=moment(at)).to_pylist()[0]["n_orders_7d"])
        with reading(store.engine) as tx:
            assert tx.execute(select(waiting)).all() == []
    assert counts == [0, 1]


def test_what_comes_in_meanwhile_does_not_see_what_still_waits():
    early, seen = a_log("""
        2024-03-10T12:03  order_placed  order_id=A amount_cents=500 ship_by=2024-03-10T13:00
        2024-03-10T12:01  order_shipped order_id=A
    """)
    with a_store() as store:
        add(store, [early], at=moment("2024-03-10T12:00"))
        add(store, [seen], at=moment("2024-03-10T12:01"))
        with writing(store.engine) as tx:
            take_in_waiting(tx, at=micros(moment("2024-03-10T12:04")))
        assert differences(live(store, DAY + timedelta(days=1)), offline(store, DAY + timedelta(days=1))) == []


# --- Readings --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "of", "per"), [("merchant_cancel_rate_30d_capped", 1, 2), ("dispatch_kept_rate_30d_capped", 1, 2)]
)
def test_a_rate_is_read_with_what_it_rests_on_and_its_categorys_rate(name, of, per):
    log = a_log("""
        2024-03-01T09:00  merchant_registered  category=toys
        2024-03-02T09:00  order_placed     order_id=A amount_cents=500 ship_by=2024-03-03
        2024-03-02T10:00  order_shipped    order_id=A
        2024-03-02T09:00  order_placed     order_id=B amount_cents=500 ship_by=2024-03-03
        2024-03-04T10:00  order_cancelled  order_id=B actor=merchant
    """)
    with a_store() as store:
        add(store, log, at=DAY - TICK)
        found = live(store, DAY)[0]
        with reading(store.engine) as tx:
            reading_of = readings(tx, ["shop"], [name], now=DAY)["shop"][name]
    assert (reading_of.of, reading_of.per, reading_of.value) == (of, per, found[name])
    drawn = (of + reading_of.strength * reading_of.prior) / (per + reading_of.strength)
    assert drawn == pytest.approx(found[f"{name}_shrunk"], abs=1e-12)
