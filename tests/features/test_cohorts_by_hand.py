"""Orders of one age, on logs small enough to count by hand."""

import pytest

from tests.features.build import a_log, engine_features, moment


def features_at(as_of, text, tmp_path):
    return engine_features(a_log(text), [("shop", moment(as_of))], folder=tmp_path).to_pylist()[0]


def test_old_orders_are_looked_at_apart_with_what_is_known_by_now(tmp_path):
    log = """
    2024-01-01  order_placed   order_id=A amount_cents=5   # 91 days old
    2024-03-01  order_placed   order_id=B amount_cents=5   # 31 days old
    2024-03-02  order_placed   order_id=C amount_cents=5   # 30 days old: in the window of the last thirty
    2024-03-30  order_placed   order_id=D amount_cents=5
    2024-03-31  review_posted  order_id=B stars=1
    2024-03-31  review_posted  order_id=D stars=1
    """
    found = features_at("2024-04-01", log, tmp_path)
    assert (found["matured_defect_rate_90d"], found["matured_defect_rate_30d"]) == (1 / 2, 1.0)
    assert (found["defect_rate_30d"], found["defect_turn_30d"]) == (1 / 2, -1 / 2)
    assert found["matured_defect_rate_7d"] == 1.0


@pytest.mark.parametrize(
    ("after", "rate"),
    [
        ("", 1.0),
        ("2024-03-20  order_delivered  order_id=A", 0.0),
        ("2024-03-20  order_cancelled  order_id=A actor=buyer", None),
        ("2024-03-20  order_cancelled  order_id=A actor=merchant", 1.0),
    ],
)
def test_what_is_two_weeks_overdue_never_came_unless_it_did(after, rate, tmp_path):
    log = f"2024-02-20  order_placed  order_id=A amount_cents=5 deliver_by=2024-03-01T12:00\n{after}"
    assert features_at("2024-04-01", log, tmp_path)["never_delivered_rate_30d"] == rate
    assert features_at("2024-03-15", log, tmp_path)["never_delivered_rate_30d"] is None


def test_a_refund_counts_for_its_order_s_day_whoever_paid_it_first(tmp_path):
    refund = "refund_paid  refund_id=F amount_cents=5 reason=unsafe"
    log = f"""
    2024-01-20  order_placed  order_id=A amount_cents=5
    2024-01-20  order_placed  order_id=B amount_cents=5
    2024-03-20  {refund}  order_id=A advanced_by=platform finally_liable=merchant
    2024-03-20  {refund}  order_id=B advanced_by=merchant finally_liable=carrier
    """
    found = features_at("2024-03-25", log, tmp_path)
    assert (found["fault_refund_rate_30d"], found["fault_refund_rate_90d"]) == (None, 1 / 2)
    assert found["matured_fault_refund_rate_90d"] == 1 / 2
