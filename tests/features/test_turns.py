"""Turns are taken one at a time, in order; who does not wait any longer stands in nobody's way."""

from threading import Event, Thread

import pytest

from features.database import open_engine, writing
from features.errors import StoreUnavailable
from features.turns import Turns


def in_order(turns, names, *, told):
    """Threads that queue one after the other; they are begun, and those who gave up are among `told`."""
    threads = []
    for name, within in names:
        before = len(turns._waiting)

        def wait(name=name, within=within):
            try:
                with turns.taken(within=within):
                    told.append(name)
            except TimeoutError:
                told.append(f"{name} left")

        threads.append(Thread(target=wait))
        threads[-1].start()
        while len(turns._waiting) == before and f"{name} left" not in told:
            Event().wait(0.001)
    return threads


def test_who_came_first_goes_first_and_who_left_is_passed_over():
    turns, told = Turns(), []
    with turns.taken(within=1):
        threads = in_order(turns, [("a", 30), ("b", 0), ("c", 30), ("d", 30)], told=told)
        assert told == ["b left"]
    for thread in threads:
        thread.join()
    assert told == ["b left", "a", "c", "d"]
    with turns.taken(within=0):
        pass


def test_a_turn_is_over_also_where_it_failed():
    turns = Turns()
    with pytest.raises(ZeroDivisionError), turns.taken(within=0):
        raise ZeroDivisionError
    with turns.taken(within=0):
        pass


def test_writers_of_one_file_take_turns_whichever_engine_they_use(tmp_path):
    url = f"sqlite:///{tmp_path / 'goodfaith.db'}"
    one, other = open_engine(url), open_engine(url, waits=0.01)
    with writing(one), pytest.raises(StoreUnavailable, match="waited"), writing(other):
        raise AssertionError("two wrote at once")
    with writing(other):
        pass
    one.dispose()
    other.dispose()
