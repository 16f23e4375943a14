"""How much a rate is drawn towards its category's: more where merchants hardly differ, less where they do."""

import doctest

import numpy as np
import pytest

import features.strength
from features.database import day_of, reading
from features.engine import build_features
from features.jsonrows import check_rows
from features.midnights import ensure_midnight
from features.moment import features_now, readings
from features.store import EventStore
from features.strength import spread_of, strengths
from tests.features.build import a_spine, moment

AS_OF = moment("2024-04-01")
NAME = "merchant_cancel_rate_90d_capped"


def beta_binomial(strength, *, merchants, rate=0.1, orders=60, seed=7):
    """Merchants whose true rates have a Beta distribution that weighs `strength` orders."""
    draw = np.random.default_rng(seed)
    placed = draw.integers(1, orders, size=(merchants, 1))
    true = draw.beta(strength * rate, strength * (1 - rate), size=(merchants, 1))
    return draw.binomial(placed, true), placed


@pytest.mark.parametrize("strength", [5, 20, 80])
def test_the_strength_of_a_known_market_is_found_again(strength):
    of, per = beta_binomial(strength, merchants=20_000)
    found = strengths(spread_of(of, per, np.zeros_like(of)), default=10.0)
    assert found[0] == pytest.approx(strength, rel=0.15)


def test_categories_that_differ_do_not_make_their_merchants_differ():
    of, per = beta_binomial(100, merchants=5_000, rate=0.05)
    other, more = beta_binomial(100, merchants=5_000, rate=0.4, seed=8)
    together = np.concatenate([of, other]), np.concatenate([per, more])
    apart = spread_of(*together, np.repeat([[0], [1]], 5_000, axis=0))
    as_one = spread_of(*together, np.zeros_like(together[0]))
    assert strengths(apart, default=10.0)[0] > 70 > 10 > strengths(as_one, default=10.0)[0]


def test_in_parts_it_is_the_same_to_the_last_bit():
    of, per = beta_binomial(20, merchants=500)
    group = np.arange(500)[:, None] % 3
    whole = strengths(spread_of(of, per, group), default=10.0)
    parts = [spread_of(of[begin::7], per[begin::7], group[begin::7]) for begin in range(7)]
    added = parts[0]
    for part in parts[1:]:
        added = part.plus(added)
    assert strengths(added, default=10.0) == whole


def test_the_order_in_which_groups_are_met_changes_nothing_to_the_last_bit():
    of, per = beta_binomial(20, merchants=500)
    found = {
        float(strengths(spread_of(of, per, (np.arange(500)[:, None] % 11 + turn) % 13), default=10.0)[0])
        for turn in range(13)
    }
    assert len(found) == 1


@pytest.mark.parametrize(("merchants", "orders"), [(20, 60), (0, 60), (400, 2)], ids=["few", "none", "one order each"])
def test_where_too_little_is_known_the_default_stands(merchants, orders):
    of, per = beta_binomial(20, merchants=merchants, orders=orders)
    assert strengths(spread_of(of, per, np.zeros_like(of)), default=10.0).tolist() == [10.0]


def a_market(*, cancelling=20, merchants=60, orders=12):
    """Merchants of which some cancel every order, and the others none."""
    events = []
    for merchant in range(merchants):
        told = {"merchant_id": f"m{merchant:02}", "event_time": "2024-02-10T09:00:00Z"}
        events += [
            {**told, "event_id": f"{merchant}p{n}", "event_type": "order_placed", "order_id": f"{n}", "amount_cents": 1}
            for n in range(orders)
        ]
        if merchant < cancelling:
            events += [
                {**told, "event_id": f"{merchant}c{n}", "event_type": "order_cancelled", "order_id": f"{n}",
                 "actor": "merchant"}
                for n in range(orders)
            ]  # fmt: skip
    return check_rows(events, currency="CNY").rows


def test_where_merchants_differ_one_with_evidence_keeps_its_own_rate_live_and_offline(engine):
    store = EventStore(engine)
    store.append(a_market(), at=AS_OF)
    ensure_midnight(engine, day_of(AS_OF))
    with reading(engine) as tx:
        live = features_now(tx, ["m00", "m59"], now=AS_OF).to_pylist()
        told = readings(tx, ["m00"], [NAME], now=AS_OF)["m00"][NAME]
    offline = build_features(store.log(), a_spine([("m00", AS_OF), ("m59", AS_OF)]), parts=3).to_pylist()
    assert live == offline
    assert told.strength == 1.0
    assert live[0][f"{NAME}_shrunk"] > 0.94


def test_a_month_knows_only_what_was_known_when_it_began(engine):
    store = EventStore(engine)
    store.append(a_market(), at=AS_OF)
    days = [moment("2024-02-29"), moment("2024-03-01")]
    found = build_features(store.log(), a_spine([("m00", day) for day in days])).column(f"{NAME}_shrunk").to_pylist()
    assert found[0] < found[1]


def test_the_examples_in_the_docstrings_are_true():
    found = doctest.testmod(features.strength)
    assert found.attempted > 0
    assert found.failed == 0
