"""Complaints against their slow definition, and on logs small enough to count by hand."""

import pytest
from hypothesis import given

from tests.features.build import a_log, engine_features, moment
from tests.features.naive_complaints import complaints
from tests.features.strategies import logs, spines
from tests.features.test_trade_equals_its_definition import disagreements

_TYPES = (*["complaint_received"] * 3, *["complaint_closed"] * 2, "order_placed")


@given(logs(types=_TYPES), spines(most=4))
def test_complaints_are_what_their_meanings_say(log, moments):
    assert disagreements(["complaints"], complaints, log, moments) == []


def features_at(as_of, text, tmp_path):
    return engine_features(a_log(text), [("shop", moment(as_of))], folder=tmp_path).to_pylist()[0]


def test_a_complaint_that_comes_again_has_been_open_since_it_first_came(tmp_path):
    log = """
    2024-03-01T10:00  complaint_received  complaint_id=A
    2024-03-09T10:00  complaint_received  complaint_id=A
    2024-03-09T11:00  complaint_received  complaint_id=B
    """
    found = features_at("2024-03-10", log, tmp_path)
    assert (found["n_complaints_open"], found["n_complaints_open_over_7d"]) == (2, 1)
    assert features_at("2024-03-08", log, tmp_path)["n_complaints_open_over_7d"] == 0


def test_a_complaint_is_open_until_its_closing_is_known(tmp_path):
    log = """
    2024-01-01T10:00  complaint_received  complaint_id=A
    2024-01-02T10:00  complaint_closed    complaint_id=A outcome=solved known_at=2024-03-10T08:00
    """
    open_then = features_at("2024-03-10", log, tmp_path)
    assert (open_then["n_complaints_open_over_30d"], open_then["complaint_solved_rate_90d"]) == (1, None)
    closed_now = features_at("2024-03-11", log, tmp_path)
    assert (closed_now["n_complaints_open_over_30d"], closed_now["complaint_solved_rate_90d"]) == (0, 1.0)
    assert closed_now["mean_complaint_hours_90d"] == 24.0


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("tier=3", "n_complaints_tier_3_30d"),
        ("channel=12315", "n_complaints_official_30d"),
        ("channel=court", "n_complaints_official_30d"),
        ("channel=social", "n_complaints_public_30d"),
        ("channel=mail", "n_complaints_platform_30d"),
        ("topic=counterfeit", "n_complaints_fakes_30d"),
    ],
)
def test_a_complaint_is_counted_by_what_it_says(said, name, tmp_path):
    found = features_at("2024-03-10", f"2024-03-01  complaint_received  complaint_id=A {said}", tmp_path)
    sorts = {one: value for one, value in found.items() if one.startswith("n_complaints") and one.endswith("_30d")}
    counted = {one for one, value in sorts.items() if value}
    assert counted == {name, "n_complaints_30d"}


def test_a_promise_is_complained_of_by_the_orders_that_carry_it(tmp_path):
    orders = a_log("""
    2024-03-01  order_placed  order_id=A amount_cents=1
    2024-03-01  order_placed  order_id=B amount_cents=1
    2024-03-01  order_placed  order_id=C amount_cents=1
    2024-03-02  complaint_received  complaint_id=K programme=installation
    """)
    for order, programmes in zip(orders, (["installation"], ["home_delivery", "installation"], []), strict=False):
        order["programmes"] = programmes
    (found,) = engine_features(orders, [("shop", moment("2024-03-10"))], folder=tmp_path).to_pylist()
    assert (found["complaint_rate_installation_30d"], found["complaint_rate_home_delivery_30d"]) == (0.5, 0.0)
    assert found["complaint_rate_slot_delivery_30d"] is None
