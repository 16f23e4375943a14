"""What the platform does of its own accord is switched by itself: everybody else does what they did."""

from functools import cache

import pytest

from features.simulator.scenario import Acts
from tests.features.simulator.market import Market, a_scenario

#: What money does, and what else an act of the platform's is told by.
MONEY = ("refund_paid", "advance_recovered", "advance_written_off", "deposit_changed")


@cache
def market(**acts):
    return Market(a_scenario(merchants=120, days=300, acts=Acts(**acts)))


def lives(told, but, until="infinity"):
    """Everything but events of some types; a removal ends a life, so merchants are compared until theirs."""
    return told.ask(f"""
        SELECT merchant_id, event_type, epoch_us(event_time), epoch_us(known_at), order_id, stars, outcome, actor
        FROM told WHERE event_type NOT IN {(*but, "")} AND event_time < TIMESTAMPTZ '{until}' ORDER BY ALL""")


@pytest.mark.parametrize(
    ("acts", "but"),
    [
        ({"fast_refund": False}, MONEY),
        ({"programmes": False}, ("programme_joined",)),
        ({"inspections": (), "penalties": False}, ("inspection_completed",)),
        ({"inspections": ("random",), "penalties": False}, ("inspection_completed",)),
    ],
    ids=str,
)
def test_nobody_behaves_otherwise_for_it(acts, but):
    usual = {"penalties": acts.get("penalties", True)}
    assert lives(market(**acts), but) == lives(market(**usual), but)


def test_without_fast_refunds_nothing_is_paid_at_once():
    assert market().count("refund_paid", "speed = 'instant'") > 100
    assert market(fast_refund=False).count("refund_paid", "speed = 'instant'") == 0


def test_without_programmes_orders_promise_nothing():
    assert market().count("order_placed", "len(programmes) > 0") > 1000
    bare = market(programmes=False)
    assert bare.count("programme_joined") == bare.count("order_placed", "len(programmes) > 0") == 0


def test_inspections_are_held_on_the_occasions_that_are_on():
    triggers = {
        looks: {row[0] for row in market(inspections=looks).ask("SELECT DISTINCT trigger FROM events")} - {None}
        for looks in (("random", "report"), ("random",), ("report",), ())
    }
    assert triggers == {looks: set(looks) for looks in triggers}


def test_without_penalties_nobody_is_removed_and_until_a_removal_all_is_the_same():
    free, usual = market(penalties=False), market()
    assert free.number("SELECT count(removed_at) FROM truth") == 0
    assert free.count("penalty_applied") == free.count("reinstated") == 0
    [(until,)] = usual.ask("SELECT min(removed_at)::VARCHAR FROM truth")
    but = ("penalty_applied", "reinstated", *MONEY)
    assert lives(free, but, until) == lives(usual, but, until)
    assert free.number("SELECT sum(n_orders) FROM truth") > usual.number("SELECT sum(n_orders) FROM truth")
