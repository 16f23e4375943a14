"""Adverts, inspections, the platform's acts and opinions against their slow definition, and counted by hand."""

import pytest
from hypothesis import given

from features.catalogue import FAMILIES
from tests.features.build import a_log, engine_features, moment
from tests.features.naive_account import account
from tests.features.strategies import logs, spines
from tests.features.test_trade_equals_its_definition import disagreements

_PLATFORM = ("advert_checked", "advert_checked", "inspection_completed", "penalty_applied", "reinstated",
             "programme_joined", "programme_joined", "programme_left")  # fmt: skip
_BUYERS = ("order_placed", "order_placed", "order_delivered", *["review_posted"] * 3, "message_answered")


@given(logs(types=_PLATFORM), spines(most=4))
def test_what_the_platform_looks_at_and_does_is_what_its_meanings_say(log, moments):
    assert disagreements(["adverts", "inspections", "acts"], account, log, moments) == []


@given(logs(types=_BUYERS), spines(most=4))
def test_opinions_are_what_their_meanings_say(log, moments):
    assert disagreements(["opinions"], account, log, moments) == []


def features_at(as_of, text, tmp_path):
    return engine_features(a_log(text), [("shop", moment(as_of))], folder=tmp_path).to_pylist()[0]


def test_no_model_sees_what_the_platform_did():
    held = [
        one for one in FAMILIES["inspections"] if one.name.startswith("n_inspections_") and "failed" not in one.name
    ]
    assert len(held) == 16
    assert [one.name for one in (*FAMILIES["acts"], *held) if one.model_input or one.cause != "platform"] == []


@pytest.mark.parametrize(
    ("as_of", "points"), [("2024-01-31", 12.0), ("2024-02-01", 6.0), ("2024-03-31", 6.0), ("2024-04-01", 3.0),
                          ("2024-12-31", 3.0), ("2025-01-01", 0.0)]
)  # fmt: skip
def test_points_fade_in_steps(as_of, points, tmp_path):
    log = "2024-01-01  penalty_applied  penalty=points points=12"
    assert features_at(as_of, log, tmp_path)["penalty_points_fading"] == points


def test_a_programme_is_carried_until_it_is_left(tmp_path):
    log = """
    2024-03-01  programme_joined  programme=installation
    2024-03-02  programme_joined  programme=home_delivery
    2024-03-04  programme_left    programme=installation
    2024-03-03  programme_joined  programme=installation known_at=2024-03-08   # before it was left
    """
    told = [
        features_at(day, log, tmp_path)["n_programmes_joined"] for day in ("2024-03-04", "2024-03-05", "2024-03-10")
    ]
    assert told == [2, 1, 1]
    assert features_at("2024-03-10", log, tmp_path)["days_since_programme_joined"] == 7


@pytest.mark.parametrize(("seconds", "day", "two"), [(86400, 0.0, 0.0), (86401, 1.0, 0.0), (172801, 1.0, 1.0)])
def test_an_answer_is_slow_after_the_last_second_of_its_day(seconds, day, two, tmp_path):
    log = f"2024-03-01  message_answered  message_id=q reply_seconds={seconds}"
    found = features_at("2024-03-05", log, tmp_path)
    assert (found["reply_over_24h_rate_7d"], found["reply_over_48h_rate_7d"]) == (day, two)


def test_an_advert_that_fails_again_is_one_listing(tmp_path):
    log = """
    2024-03-01  advert_checked  listing_id=l outcome=false_promise
    2024-03-02  advert_checked  listing_id=l outcome=absolute_claim
    2024-03-03  advert_checked  listing_id=m outcome=passed
    """
    found = features_at("2024-03-05", log, tmp_path)
    assert (found["n_listings_advert_failed_365d"], found["advert_failed_rate_7d"]) == (1, 2 / 3)
    assert (found["n_adverts_false_promise_7d"], found["n_adverts_absolute_claim_7d"]) == (1, 1)
