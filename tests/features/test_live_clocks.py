"""Requests that take their turns in another order than their moments: nothing that is stored is ever left out."""

import pytest
from sqlalchemy import select

from features.database import micros, reading, writing
from features.jsonrows import check_rows
from features.live import outdated, put_off, rebuild, take_in_waiting
from features.moment import readings
from features.tables import merchants, tiles, words
from tests.features.build import a_log, moment
from tests.features.test_live_equals_offline import DAY, a_store, add, differences, live, offline, standing

NEXT_DAY = moment("2024-03-11")

#: A request that took its moment before another one, and had to wait for it.
SHIPPED_THEN_PLACED = """
    2024-03-10T12:00:02  order_shipped  order_id=A
    2024-03-10T12:00:01  order_placed   order_id=A amount_cents=500 buyer_id=b ship_by=2024-03-10T11:00
"""


def assert_equal_to_a_file(store):
    assert differences(live(store, NEXT_DAY), offline(store, NEXT_DAY)) == []


def test_a_request_that_took_its_moment_first_and_its_turn_second_sees_what_came_before_it():
    shipped, placed = a_log(SHIPPED_THEN_PLACED)
    with a_store() as store:
        add(store, [shipped], at=shipped["event_time"])
        add(store, [placed], at=placed["event_time"])
        assert_equal_to_a_file(store)


def test_tiles_made_anew_by_a_clock_that_is_behind_lose_nothing():
    with a_store() as store:
        add(store, a_log(SHIPPED_THEN_PLACED), at=moment("2024-03-10T12:00:02"))
        with writing(store.engine) as tx:
            put_off(tx, ["shop"])
            rebuild(tx, outdated(tx, most=9), at=micros(moment("2024-03-10T12:00")))
        assert_equal_to_a_file(store)


@pytest.mark.parametrize("later", [False, True])
def test_an_event_of_a_file_from_a_clock_that_is_ahead_counts_when_its_moment_has_come(later):
    early = standing(a_log("2024-03-10T12:03  order_placed  order_id=A amount_cents=500 buyer_id=b"))
    with a_store() as store:
        store.append(checked(early), at=moment("2024-03-10T12:00"), later=True)
        store.catch_up(at=moment("2024-03-10T12:00"))
        with writing(store.engine) as tx:
            assert take_in_waiting(tx, at=micros(moment("2024-03-10T12:03")), later=later) == 1
        store.catch_up(at=moment("2024-03-10T12:03"))
        assert_equal_to_a_file(store)


def checked(events):
    return check_rows(events, currency="CNY").rows


def test_a_merchant_is_due_again_when_what_waited_counts():
    with a_store() as store:
        add(store, a_log("2024-03-10T12:03  order_placed  order_id=A amount_cents=500"), at=DAY)
        with writing(store.engine) as tx:
            tx.execute(merchants.update().values(due_since=None))
            take_in_waiting(tx, at=micros(moment("2024-03-10T12:03")))
        with reading(store.engine) as tx:
            assert tx.scalar(select(merchants.c.due_since)) == micros(moment("2024-03-10T12:03"))


def test_what_is_read_while_tiles_are_put_off_is_what_they_will_say_and_writes_nothing():
    log = checked(standing(a_log("2024-03-10T12:00  merchant_registered  category=never_heard_of")))
    with a_store() as store:
        store.append(log, at=moment("2024-03-10T12:00"), later=True)
        with reading(store.engine) as tx:
            before = readings(tx, ["shop"], ["category", "days_since_registered"], now=NEXT_DAY)
            assert tx.execute(select(tiles)).all() == tx.execute(select(words)).all() == []
        store.catch_up(at=NEXT_DAY)
        with reading(store.engine) as tx:
            assert readings(tx, ["shop"], ["category", "days_since_registered"], now=NEXT_DAY) == before
    told = before["shop"]
    assert (told["category"].value, told["days_since_registered"].value) == ("never_heard_of", 1)
