"""The shape of trade on logs small enough to count by hand: the edges that random logs seldom touch."""

import pytest

from tests.features.build import a_log, engine_features, moment


def features_at(as_of, text, tmp_path):
    return engine_features(a_log(text), [("shop", moment(as_of))], folder=tmp_path).to_pylist()[0]


@pytest.mark.parametrize(("came", "share"), [("2024-03-01T12:00", 0.0), ("2024-03-01T12:00:00.000001", 1.0)])
def test_praise_is_hasty_within_a_day_of_delivery(came, share, tmp_path):
    log = f"""
    2024-02-25  order_placed     order_id=A amount_cents=500
    {came}      order_delivered  order_id=A
    2024-03-02T12:00  review_posted  order_id=A stars=5
    """
    assert features_at("2024-03-04", log, tmp_path)["hasty_praise_rate_30d"] == share


@pytest.mark.parametrize(("third", "days", "hours"), [("10:59", 1, 1), ("11:00", 1, 0), ("23:59", 1, 0)])
def test_a_buyer_crowds_a_day_or_an_hour_with_three_orders(third, days, hours, tmp_path):
    log = f"""
    2024-03-01T10:00    order_placed  order_id=A amount_cents=500 buyer_id=b
    2024-03-01T10:00    order_placed  order_id=B amount_cents=500 buyer_id=b
    2024-03-01T{third}  order_placed  order_id=C amount_cents=500 buyer_id=b
    2024-03-01T10:00    order_placed  order_id=D amount_cents=500 buyer_id=other
    """
    found = features_at("2024-03-04", log, tmp_path)
    assert (found["n_crowded_buyer_days_7d"], found["n_crowded_buyer_hours_7d"]) == (days, hours)
    assert found["crowded_buyer_day_rate_30d"] == days / 2


def test_a_price_between_two_that_becomes_known_later_takes_their_place(tmp_path):
    log = """
    2024-02-01  listing_changed  listing_id=l price_cents=1000
    2024-02-20  listing_changed  listing_id=l price_cents=500
    2024-02-10  listing_changed  listing_id=l price_cents=600 known_at=2024-03-02
    """
    told = [features_at(day, log, tmp_path) for day in ("2024-03-02", "2024-03-03")]
    assert [(one["n_price_drops_30d"], one["largest_price_drop_30d"]) for one in told] == [(1, 50), (1, 40)]


def test_even_weeks_do_not_swing_and_one_busy_week_does(tmp_path):
    even = "\n".join(f"2024-{day}  order_placed  order_id=o{day} amount_cents=1" for day in _WEEKLY)
    found = features_at("2024-03-25", even, tmp_path)
    assert (found["orders_volatility_84d"], found["busiest_week_share_84d"]) == (0.0, 1 / 12)
    busy = "2024-03-20  order_placed  order_id=A amount_cents=1"
    found = features_at("2024-03-25", busy, tmp_path)
    assert found["orders_volatility_84d"] == pytest.approx(11**0.5)


#: One day of each of the twelve weeks before 2024-03-25.
_WEEKLY = ("01-01", "01-08", "01-15", "01-22", "01-29", "02-05", "02-12", "02-19", "02-26", "03-04", "03-11", "03-18")


def test_selling_more_and_sending_less_is_a_cash_out_sign(tmp_path):
    orders = "\n".join(
        f"2024-03-02T{hour}:00  order_placed  order_id=o{hour} amount_cents=9 ship_by=2024-03-03"
        for hour in range(10, 20)
    )
    steady = features_at("2024-03-04", orders + "\n2024-03-02T21:00  order_shipped  order_id=o10", tmp_path)
    assert steady["cash_out_7d"] == pytest.approx((10 + 10) / (10 * 7 / 90 + 10) * 0.9)
