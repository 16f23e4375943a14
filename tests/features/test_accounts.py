"""Changes of account and what follows them, on logs small enough to count by hand."""

import pytest

from features.catalogue.accounts import FEATURES
from tests.features.build import a_log, engine_features, moment
from tests.features.strategies import known_at
from tests.features.test_live_equals_offline import a_store, add, differences, live, offline

SOLD = """
2024-02-01  order_placed     order_id=A amount_cents=500 category=tea
2024-02-10  order_placed     order_id=B amount_cents=500 category=tea
2024-02-20  order_placed     order_id=C amount_cents=500 category=tea
2024-02-01  listing_changed  listing_id=L price_cents=1000
2024-02-01  listing_changed  listing_id=M price_cents=1000
2024-02-01  listing_changed  listing_id=N price_cents=1000
2024-03-05T12:00  account_changed  change=bank_account
2024-03-05T11:59  listing_changed  listing_id=L price_cents=700 # before it
2024-03-05T12:00  listing_changed  listing_id=M price_cents=800
2024-03-06        listing_changed  listing_id=M price_cents=600
2024-03-06        listing_changed  listing_id=N price_cents=801
2024-03-06T09:00  order_placed     order_id=D amount_cents=500 category=tea
2024-03-07T09:00  order_placed     order_id=E amount_cents=500 category=gold ship_by=2024-03-08
2024-03-19T13:00  order_placed     order_id=F amount_cents=500 category=gold # just over fourteen days after it
"""


def features_at(as_of, log, tmp_path):
    rows = [("shop", moment(as_of))]
    return engine_features(a_log(log), rows, folder=tmp_path, features=FEATURES).to_pylist()[0]


def test_prices_that_fall_soon_after_an_account_changed_hands_are_counted_by_listing(tmp_path):
    found = features_at("2024-03-10", SOLD, tmp_path)
    assert found["n_listings_cheaper_after_hands_changed_30d"] == 1
    assert found["listings_cheaper_share_after_hands_changed_30d"] == 1 / 3


def test_trade_after_an_account_changed_hands_is_compared_with_the_month_before(tmp_path):
    found = features_at("2024-03-10", SOLD, tmp_path)
    assert found["days_since_bank_account_changed"] == 5
    # Of the 30 days from 26 January on, three orders: half an order is expected of five days.
    assert found["orders_pace_after_hands_changed_14d"] == pytest.approx(2 / 0.5)
    assert found["new_category_share_after_hands_changed_30d"] == 0.5
    assert found["cash_out_after_hands_changed_30d"] == pytest.approx(2 / 0.5)


@pytest.mark.parametrize(("as_of", "pace"), [("2024-03-19", 2 / (2 / 30 * 14)), ("2024-03-20", None)])
def test_what_changed_hands_more_than_two_weeks_ago_is_no_news(as_of, pace, tmp_path):
    assert features_at(as_of, SOLD, tmp_path)["orders_pace_after_hands_changed_14d"] == pace


def test_a_change_that_is_taken_back_was_followed_by_nothing(tmp_path):
    found = features_at("2024-03-10", SOLD + "2024-03-09 event_reversed reverses=e7", tmp_path)
    assert found["n_hands_changed_90d"] == 0
    assert found["n_listings_cheaper_after_hands_changed_30d"] == 0
    assert found["days_since_bank_account_changed"] is None


def test_a_new_password_is_no_new_owner(tmp_path):
    found = features_at("2024-03-10", SOLD.replace("bank_account", "password"), tmp_path)
    assert (found["n_access_changed_30d"], found["n_hands_changed_90d"]) == (1, 0)
    assert found["n_owner_or_bank_account_changed_14d"] == 0
    assert found["n_listings_cheaper_after_hands_changed_90d"] == 0


@pytest.mark.parametrize("late", ["", " known_at=2024-03-08T12:00"], ids=["at once", "late"])
def test_what_a_change_is_followed_by_is_the_same_live_when_it_becomes_known_late(late):
    log = SOLD.replace("change=bank_account", f"change=bank_account{late}")
    told = [one for one in sorted(a_log(log), key=known_at) if known_at(one) < moment("2024-03-10")]
    with a_store() as store:
        for event in told:
            add(store, [event], at=known_at(event))
        found = live(store, moment("2024-03-10"))
        assert found[0]["n_listings_cheaper_after_hands_changed_30d"] == 1
        assert differences(found, offline(store, moment("2024-03-10"))) == []
