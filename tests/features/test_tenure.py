"""Tenure and silence against their slow definition, and on logs small enough to count by hand."""

from hypothesis import given

from tests.features.build import a_log, engine_features, moment
from tests.features.naive_tenure import tenure
from tests.features.strategies import logs, spines
from tests.features.test_trade_equals_its_definition import disagreements

_TYPES = (*["order_placed"] * 6, "order_shipped", "order_delivered", "message_answered", "review_posted",
          "listing_changed", "order_cancelled")  # fmt: skip


@given(logs(types=_TYPES), spines(most=4))
def test_tenure_and_silence_are_what_their_meanings_say(log, moments):
    assert disagreements(["tenure"], tenure, log, moments) == []


def features_at(as_of, text, tmp_path):
    return engine_features(a_log(text), [("shop", moment(as_of))], folder=tmp_path).to_pylist()[0]


def test_a_day_is_active_once_and_until_its_last_order_is_taken_back(tmp_path):
    log = """
    2024-03-01T09:00  order_placed    order_id=A amount_cents=1
    2024-03-01T10:00  order_placed    order_id=B amount_cents=1
    2024-03-03T10:00  order_placed    order_id=C amount_cents=1
    2024-03-04T10:00  event_reversed  reverses=e1
    2024-03-05T10:00  event_reversed  reverses=e2
    2024-03-01T11:00  order_placed    order_id=D amount_cents=1 known_at=2024-03-06T08:00
    """
    told = [features_at(f"2024-03-0{day}", log, tmp_path)["n_active_days_30d"] for day in (2, 4, 5, 6, 7)]
    assert told == [1, 2, 2, 1, 2]


def test_one_buyer_makes_at_most_three_days_of_real_trade(tmp_path):
    orders = "\n".join(
        f"2024-03-0{day}  order_placed  order_id=o{day} amount_cents=1 buyer_id=b" for day in range(1, 7)
    )
    found = features_at("2024-03-11", orders, tmp_path)
    assert (found["n_active_days_90d"], found["n_active_days_90d_capped"]) == (6, 3)
    assert (found["active_day_rate_90d"], found["active_day_rate_7d"]) == (6 / 10, 3 / 7)


def test_who_never_shipped_has_no_last_shipment(tmp_path):
    log = """
    2024-03-01  order_placed   order_id=A amount_cents=1
    2024-03-02  order_shipped  order_id=A
    """
    assert features_at("2024-03-02", log, tmp_path)["days_since_last_shipment"] is None
    assert features_at("2024-03-10", log, tmp_path)["days_since_last_shipment"] == 8
