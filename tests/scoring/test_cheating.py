"""The search for the least is a pure function, and warns just where cheating costs less than it unlocks."""

from hypothesis import given
from hypothesis import strategies as st

from scoring.cheating import Aim, Cheat, Price, least, warnings_of

numbers = st.integers(1, 5000)


@given(numbers, numbers)
def test_the_least_is_where_it_begins_to_hold(threshold, most):
    found = least(lambda number: number >= threshold, most=most)
    assert found == (threshold if threshold <= most else None)


@given(numbers, numbers)
def test_the_search_asks_little_and_never_beyond_the_most(threshold, most):
    asked = []

    def holds(number):
        asked.append(number)
        return number >= threshold

    least(holds, most=most)
    assert max(asked) <= most
    assert len(asked) <= 2 * most.bit_length() + 1


def a_cheat(*, cents, worth, attack="brushing_ring", goal="lightning_dispatch"):
    price = None if cents is None else Price(things=9, accounts=3, days=8, cents=cents)
    return Cheat(attack=attack, aim=Aim.PLACE, goal=goal, before="refuse", price=price, unlocks_cents=worth)


def test_what_costs_as_much_as_it_unlocks_is_not_too_cheap():
    assert a_cheat(cents=99, worth=100).too_cheap
    assert not a_cheat(cents=100, worth=100).too_cheap


def test_what_is_not_possible_is_never_too_cheap():
    cheat = a_cheat(cents=None, worth=100)
    assert (cheat.possible, cheat.too_cheap) == (False, False)


def test_each_goal_is_warned_of_once_by_its_cheapest_attack():
    dear, cheap = a_cheat(cents=90, worth=100), a_cheat(cents=5, worth=100, attack="fake_dispatch")
    (warning,) = warnings_of([dear, cheap, a_cheat(cents=500, worth=100, goal="installation")])
    assert warning.where == "programmes.lightning_dispatch"
    assert warning.text.startswith("fake_dispatch gains a place on trial for lightning_dispatch for 0.05")
    assert "fake_dispatch" in warning.text_zh
