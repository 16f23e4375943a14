"""Disputes on a log small enough to count by hand."""

from tests.features.build import a_log, engine_features, moment

LOG = """
2024-03-01  order_placed      order_id=A amount_cents=5
2024-03-01  order_placed      order_id=B amount_cents=5
2024-03-02  dispute_opened    order_id=A dispute_id=d reason=expired channel=chargeback
2024-03-02  dispute_opened    order_id=B dispute_id=e reason=not_received channel=platform
2024-03-04  dispute_resolved  order_id=A dispute_id=d outcome=merchant_at_fault basis=default
2024-03-08  dispute_resolved  order_id=B dispute_id=e outcome=merchant_at_fault basis=evidence
2024-03-08  dispute_resolved  order_id=C dispute_id=f outcome=carrier_at_fault basis=default
2024-03-08  dispute_resolved  order_id=C dispute_id=g outcome=merchant_at_fault
"""


def test_disputes_are_told_by_what_they_are_about_whose_fault_is_found_and_how_soon(tmp_path):
    found = engine_features(a_log(LOG), [("shop", moment("2024-03-20"))], folder=tmp_path).to_pylist()[0]
    expected = {
        "goods_dispute_rate_30d": 0.5,
        "not_received_dispute_rate_30d": 0.5,
        "chargeback_rate_30d": 0.5,
        "disputes_merchant_at_fault_rate_30d": 0.75,
        "disputes_carrier_at_fault_rate_30d": 0.25,
        "disputes_settled_rate_30d": 0.0,
        "lost_by_default_rate_30d": 0.5,  # of two: the one that names no ground is left out
        "mean_ruling_days_30d": 4.0,  # of two and six days: two openings are not known
        "mean_ruling_days_7d": None,
    }
    assert {name: found[name] for name in expected} == expected


def test_only_food_that_a_ruling_found_unsafe_is_unsafe_food(tmp_path):
    log = """
    2024-03-01  order_placed      order_id=A amount_cents=5 category=fresh_food
    2024-03-01  order_placed      order_id=B amount_cents=5 category=toys
    2024-03-01  order_placed      order_id=C amount_cents=5 category=food
    2024-03-04  dispute_resolved  order_id=A dispute_id=a outcome=merchant_at_fault reason=unsafe
    2024-03-04  dispute_resolved  order_id=B dispute_id=b outcome=merchant_at_fault reason=unsafe
    2024-03-04  dispute_resolved  order_id=C dispute_id=c outcome=merchant_at_fault reason=expired
    2024-03-04  dispute_resolved  order_id=C dispute_id=d outcome=carrier_at_fault reason=expired
    2024-03-04  dispute_resolved  order_id=C dispute_id=e outcome=merchant_at_fault reason=quality
    """
    found = engine_features(a_log(log), [("shop", moment("2024-03-20"))], folder=tmp_path).to_pylist()[0]
    assert found["n_unsafe_food_confirmed_365d"] == 2
