from datetime import UTC, datetime, timedelta

import pytest

from features.database import reading
from serving.readings import readings_from_events
from tests.serving.shop import a_shop, tell
from tests.serving.world import NOON, a_key, a_service, ask


def an_old_order(engine, number, *, shipped_after):
    """An order of some days ago that was promised to be shipped within a day."""
    placed = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(hours=number)
    order = {"order_id": f"old{number}", "ship_by": (placed + timedelta(days=1)).isoformat()}
    tell(engine, "order_placed", at=placed, amount_cents=5000, buyer_id=f"x{number}", **order)
    tell(engine, "order_shipped", at=placed + shipped_after, **order)


def test_a_rate_comes_with_what_it_divides(any_engine):
    for number in range(4):
        an_old_order(any_engine, number, shipped_after=timedelta(hours=2 if number else 30))
    names = ["dispatch_kept_rate_90d", "n_orders_30d", "deposit_cents"]
    with reading(any_engine) as tx:
        found = readings_from_events(tx, "m1", names, NOON)
    rate = found["dispatch_kept_rate_90d"]
    assert (rate.value, rate.of, rate.per) == (0.75, 3, 4)
    assert (found["n_orders_30d"].value, found["deposit_cents"].value) == (4, None)


@pytest.mark.parametrize(("hours", "outcome"), [(2, "admit"), (30, "refuse")])
def test_a_merchant_is_admitted_by_what_it_did_and_refused_once_it_turns_bad(engine, hours, outcome):
    a_shop(engine)
    for number in range(80):
        an_old_order(engine, number, shipped_after=timedelta(hours=hours))
    service = a_service(engine, readings=readings_from_events)
    body = {"merchant_id": "m1", "category": "toys"}
    headers = {"Idempotency-Key": "k"}
    path, key = "/v1/programmes/lightning_dispatch/applications", a_key(engine, "programmes:decide")
    answer = ask(service, path, key=key, method="POST", json=body, headers=headers)
    assert answer.json()["outcome"] == outcome
