"""The corners of contracts 3.2 as small stories: what happened, line by line, and the numbers that follow.

Every story is told twice, to the slow definition and to the engine, and both must give the number worked out by hand.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from features.errors import SpineInvalid
from tests.features.build import a_log, engine_features, moment
from tests.features.naive import naive_features

Expect = Callable[..., None]


@pytest.fixture(params=["the definition", "the engine"])
def expect(request: pytest.FixtureRequest, tmp_path: Path) -> Expect:
    """Ask about one merchant at one midnight, and compare the named features with what is expected."""

    def compare(story: str | list[dict[str, Any]], as_of: str, merchant: str = "shop", **expected: Any) -> None:
        log = a_log(story) if isinstance(story, str) else story
        if request.param == "the engine":
            (answer,) = engine_features(log, [(merchant, moment(as_of))], folder=tmp_path).to_pylist()
        else:
            answer = naive_features(log, merchant, moment(as_of))
        assert {name: answer[name] for name in expected} == expected

    return compare


def test_a_window_begins_with_its_first_midnight_and_ends_before_its_last(expect):
    story = """
        2024-01-24T23:59:59.999999  order_placed  order_id=A amount_cents=1    # a moment too early for seven days
        2024-01-25                  order_placed  order_id=B amount_cents=10   # the first moment inside
        2024-01-31T23:59:59.999999  order_placed  order_id=C amount_cents=100  # the last moment inside
        2024-02-01                  order_placed  order_id=D amount_cents=1000 # the moment itself is not past
    """
    expect(story, "2024-02-01", n_orders_7d=2, order_value_cents_7d=110, n_orders_30d=3, order_value_cents_30d=111)


def test_what_the_platform_learns_later_does_not_count_before(expect):
    story = """
        2024-01-10  order_placed  order_id=A amount_cents=500 known_at=2024-01-19T23:59:59.999999
        2024-01-10  order_placed  order_id=B amount_cents=700 known_at=2024-01-20
    """
    expect(story, "2024-01-20", n_orders_30d=1, order_value_cents_30d=500)
    expect(story, "2024-01-21", n_orders_30d=2, order_value_cents_30d=1200, n_orders_7d=0)


def test_a_merchant_of_whom_nothing_is_known_has_counts_of_zero_and_nothing_else(expect):
    story = "2024-01-10  order_placed  order_id=A amount_cents=500"
    zeros = {
        "n_orders_30d": 0,
        "n_buyers_30d": 0,
        "merchant_debt_cents": 0,
        "n_orders_overdue": 0,
        "n_disputes_open": 0,
    }
    nulls = dict.fromkeys(["defect_rate_30d", "mean_stars_30d", "days_since_registered", "days_since_last_order"])
    expect(story, "2024-01-20", merchant="nobody", **zeros, **nulls)


def test_one_buyer_counts_once_and_an_unknown_buyer_not_at_all(expect):
    story = """
        2024-01-10  order_placed  order_id=A amount_cents=1 buyer_id=Ann
        2024-01-15  order_placed  order_id=B amount_cents=1 buyer_id=Ann
        2024-01-16  order_placed  order_id=C amount_cents=1 buyer_id=Bob
        2024-01-17  order_placed  order_id=D amount_cents=1
    """
    expect(story, "2024-01-20", n_orders_30d=4, n_buyers_30d=2, n_orders_7d=3, n_buyers_7d=2)


def test_an_unknown_buyer_of_another_merchant_hides_no_buyer_of_ours(expect):
    story = """
        2024-01-10  order_placed  order_id=A amount_cents=1 buyer_id=Ann
        2024-01-12  order_placed  order_id=B amount_cents=1 merchant_id=stall
    """
    expect(story, "2024-01-20", n_buyers_30d=1)


def test_a_promise_that_is_moved_later_is_still_broken(expect):
    story = """
        2024-01-10  order_placed   order_id=A amount_cents=1 ship_by=2024-01-12
        2024-01-13  order_shipped  order_id=A ship_by=2024-01-14                  # a day late, but a new date is sent
        2024-01-10  order_placed   order_id=B amount_cents=1 ship_by=2024-01-12
        2024-01-12  order_shipped  order_id=B                                     # at the very moment: kept
    """
    expect(story, "2024-01-20", dispatch_kept_rate_30d=0.5, late_dispatch_rate_30d=0.0)


def test_a_promise_counts_from_the_day_it_falls_due(expect):
    story = "2024-01-10  order_placed  order_id=A amount_cents=1 ship_by=2024-01-20"
    expect(story, "2024-01-20", dispatch_kept_rate_30d=None)
    expect(story, "2024-01-21", dispatch_kept_rate_30d=0.0)
    expect(story, "2024-01-28", dispatch_kept_rate_30d=0.0, dispatch_kept_rate_7d=None)


def test_only_a_buyer_or_the_platform_who_cancels_in_time_excuses_a_promise(expect):
    story = """
        2024-01-10           order_placed     order_id=A amount_cents=1 ship_by=2024-01-12
        2024-01-12           order_cancelled  order_id=A actor=buyer      # in time: nothing was due
        2024-01-10           order_placed     order_id=B amount_cents=1 ship_by=2024-01-12
        2024-01-12T00:00:01  order_cancelled  order_id=B actor=platform   # too late: broken
        2024-01-10           order_placed     order_id=C amount_cents=1 ship_by=2024-01-12
        2024-01-11           order_cancelled  order_id=C actor=merchant   # by the merchant: broken
        2024-01-10           order_placed     order_id=D amount_cents=1 ship_by=2024-01-12
        2024-01-11           order_cancelled  order_id=D                  # nobody knows by whom: broken
        2024-01-10           order_placed     order_id=E amount_cents=1 ship_by=2024-01-12
        2024-01-11           order_shipped    order_id=E
    """
    expect(story, "2024-01-20", dispatch_kept_rate_30d=0.25, merchant_cancel_rate_30d=0.2)


def test_a_missing_promise_is_filled_only_from_an_order_already_known(expect):
    story = """
        2024-01-10  order_placed     order_id=A amount_cents=1 deliver_by=2024-01-12
        2024-01-14  order_delivered  order_id=A                                          # two days late
        2024-01-10  order_placed     order_id=B amount_cents=1 deliver_by=2024-01-12 known_at=2024-01-15
        2024-01-14  order_delivered  order_id=B                                          # its order is not known yet
    """
    expect(story, "2024-01-20", late_delivery_rate_30d=1.0, mean_hours_late_30d=48.0, delivery_kept_rate_30d=0.0)


def test_what_was_filled_stays_when_the_order_is_reversed(expect):
    story = """
        2024-01-10  order_placed     order_id=A amount_cents=1 deliver_by=2024-01-12
        2024-01-13  order_delivered  order_id=A
        2024-01-14  event_reversed   reverses=e1
        2024-01-15  order_delivered  order_id=A             # the order is gone by now, so nothing is filled
    """
    expect(story, "2024-01-20", n_orders_30d=0, late_delivery_rate_30d=1.0, mean_hours_late_30d=24.0)


def test_lateness_is_counted_in_whole_seconds_and_early_is_on_time(expect):
    story = """
        2024-01-12T00:00:00.999999  order_delivered  order_id=A deliver_by=2024-01-12   # late by no whole second
        2024-01-12T02:00:00.500000  order_delivered  order_id=B deliver_by=2024-01-12   # 7200 seconds late
        2024-01-02                  order_delivered  order_id=C deliver_by=2024-01-12   # ten days early
        2024-01-12                  order_delivered  order_id=D deliver_by=2024-01-12   # on time
        2024-01-12                  order_delivered  order_id=E                         # promised nothing
    """
    expect(story, "2024-01-20", late_delivery_rate_30d=0.5, mean_hours_late_30d=0.5)


def test_an_order_is_overdue_until_its_first_closing_is_known(expect):
    story = """
        2024-01-01  order_placed     order_id=A amount_cents=1 deliver_by=2024-01-10
        2024-01-15  order_delivered  order_id=A
        2024-01-16  order_cancelled  order_id=A actor=buyer     # closes nothing more
        2024-01-01  order_placed     order_id=B amount_cents=1 deliver_by=2024-01-10
        2024-01-01  order_placed     order_id=C amount_cents=1  # promised no day
        2024-01-02  order_delivered  order_id=Z                 # nobody ordered this
    """
    expect(story, "2024-01-10", n_orders_overdue=0)
    expect(story, "2024-01-11", n_orders_overdue=2)
    expect(story, "2024-01-20", n_orders_overdue=1)
    expect(story, "2025-01-09", n_orders_overdue=1)  # 2024 is a leap year: this is 365 days after the day promised
    expect(story, "2025-01-10", n_orders_overdue=0)


def test_an_order_whose_closing_is_reversed_is_overdue_again(expect):
    story = """
        2024-01-01  order_placed     order_id=A amount_cents=1 deliver_by=2024-01-10
        2024-01-15  order_delivered  order_id=A
        2024-01-18  event_reversed   reverses=e2
    """
    expect(story, "2024-01-17", n_orders_overdue=0)
    expect(story, "2024-01-20", n_orders_overdue=1, delivery_kept_rate_30d=0.0, late_delivery_rate_30d=None)


def test_an_order_is_defective_once_and_in_the_window_it_was_placed_in(expect):
    story = """
        2024-01-01  order_placed      order_id=A amount_cents=1
        2024-01-15  order_placed      order_id=B amount_cents=1
        2024-01-15  order_placed      order_id=C amount_cents=1
        2024-01-15  order_placed      order_id=D amount_cents=1
        2024-01-15  order_placed      order_id=E amount_cents=1
        2024-01-18  review_posted     order_id=A stars=1     # a defect of this week, of an order of another
        2024-01-18  review_posted     order_id=B stars=2
        2024-01-18  order_cancelled   order_id=B actor=merchant
        2024-01-18  dispute_resolved  dispute_id=X order_id=C outcome=merchant_at_fault
        2024-01-18  refund_paid  refund_id=R order_id=D amount_cents=1 advanced_by=platform finally_liable=carrier reason=damaged
        2024-01-18  refund_paid  refund_id=S order_id=E amount_cents=1 advanced_by=merchant finally_liable=merchant reason=late
        2024-01-18  review_posted     order_id=E stars=3
    """  # noqa: E501
    expect(story, "2024-01-20", defect_rate_7d=0.5, defect_rate_30d=0.6)


def test_a_refund_for_what_never_came_is_a_defect_when_the_merchant_bears_it(expect):
    story = """
        2024-01-15  order_placed  order_id=A amount_cents=9
        2024-01-18  refund_paid   refund_id=R order_id=A amount_cents=9 advanced_by=platform finally_liable=merchant reason=not_received
    """  # noqa: E501
    expect(story, "2024-01-20", defect_rate_7d=1.0, platform_refund_cents_7d=9, merchant_debt_cents=9)


def test_a_buyer_is_affected_once_by_whatever_went_wrong(expect):
    story = """
        2024-01-15  review_posted     stars=1 buyer_id=Ann
        2024-01-16  review_posted     stars=2 buyer_id=Ann
        2024-01-16  review_posted     stars=1                 # nobody knows by whom
        2024-01-17  dispute_resolved  dispute_id=X order_id=A outcome=merchant_at_fault buyer_id=Ann
        2024-01-17  dispute_resolved  dispute_id=Y order_id=B outcome=merchant_at_fault buyer_id=Bob
        2024-01-17  dispute_resolved  dispute_id=Z order_id=C outcome=buyer_at_fault buyer_id=Cat
        2024-01-17  review_posted     stars=5 buyer_id=Dan
    """
    expect(story, "2024-01-20", n_affected_buyers_7d=2, low_star_rate_7d=0.75, mean_stars_7d=2.25, fault_rate_7d=None)


def test_a_case_is_open_until_any_resolution_of_its_id_is_known(expect):
    story = """
        2022-01-01  dispute_opened        dispute_id=X order_id=A
        2024-01-02  dispute_opened        dispute_id=X order_id=A                             # once more, still one
        2024-01-03  dispute_opened        dispute_id=Y order_id=B
        2024-01-04  dispute_resolved      dispute_id=Y order_id=B outcome=settled
        2024-01-05  dispute_resolved      dispute_id=Z order_id=C outcome=settled             # never opened
        2024-01-06  fake_report_filed     report_id=F reporter_id=p reporter_kind=buyer
        2024-01-09  fake_report_resolved  report_id=F outcome=confirmed known_at=2024-01-15
        2024-01-10  inspection_completed  outcome=failed_counterfeit
        2024-01-10  inspection_completed  outcome=failed_quality
    """
    expect(story, "2024-01-12", n_disputes_open=1, n_fake_reports_open=1, n_fakes_confirmed_30d=1)
    expect(story, "2024-01-16", n_fake_reports_open=0, n_fake_reports_30d=1, n_fakes_confirmed_30d=2)


def test_the_merchant_owes_what_the_platform_paid_for_it_and_did_not_get_back(expect):
    story = """
        2022-01-05  refund_paid  refund_id=R order_id=A amount_cents=900 advanced_by=platform finally_liable=merchant
        2024-01-05  refund_paid  refund_id=S order_id=B amount_cents=400 advanced_by=platform finally_liable=carrier
        2024-01-05  refund_paid  refund_id=T order_id=C amount_cents=200 advanced_by=merchant finally_liable=merchant
        2024-01-08  advance_recovered    refund_id=R amount_cents=250
        2024-01-09  advance_written_off  refund_id=R amount_cents=50
        2024-01-09  advance_recovered    refund_id=S amount_cents=400   # the carrier's debt, not the merchant's
        2024-01-09  advance_recovered    refund_id=U amount_cents=70    # of a refund nobody knows
    """
    expect(story, "2024-01-20", merchant_debt_cents=600, platform_refund_cents_30d=400)


def test_a_reversal_takes_back_from_the_moment_both_are_known(expect):
    story = """
        2024-01-10  order_placed    order_id=A amount_cents=1
        2024-01-12  event_reversed  reverses=e1
        2024-01-14  event_reversed  reverses=e1    # a second one changes nothing
        2024-01-15  event_reversed  reverses=e2    # a reversal cannot be reversed
        2024-01-11  event_reversed  reverses=e6    # waits for an event not known yet
        2024-01-10  order_placed    order_id=B amount_cents=1 known_at=2024-01-15
        2024-01-15  event_reversed  reverses=e99   # of nothing
        2024-01-10  order_placed    order_id=C amount_cents=1
        2024-01-15  event_reversed  reverses=e8 merchant_id=stall   # somebody else's
    """
    expect(story, "2024-01-12", n_orders_30d=2)
    expect(story, "2024-01-13", n_orders_30d=1)
    expect(story, "2024-01-20", n_orders_30d=1)


def test_of_two_rows_with_one_id_the_one_known_first_stands(expect):
    story = """
        2024-01-12  order_placed  event_id=same order_id=A amount_cents=5
        2024-01-10  order_placed  event_id=same order_id=A amount_cents=9 known_at=2024-01-11
        2024-01-12  order_placed  event_id=same order_id=A amount_cents=5
    """
    expect(story, "2024-01-20", n_orders_30d=1, order_value_cents_30d=9)


def test_days_are_counted_from_calendar_day_to_calendar_day(expect):
    story = """
        2023-12-01T23:59:59  merchant_registered  category=tea
        2024-01-05           merchant_registered  category=toys
        2024-01-19T23:59:59  order_placed  order_id=A amount_cents=1
    """
    expect(story, "2024-01-20", days_since_registered=50, days_since_last_order=1)


def test_returns_and_replies_are_counted_on_their_own_days(expect):
    story = """
        2023-12-01  order_placed      order_id=A amount_cents=1
        2024-01-15  order_placed      order_id=B amount_cents=1
        2024-01-16  return_requested  return_id=r order_id=A
        2024-01-17  return_answered   return_id=r order_id=A outcome=rejected
        2024-01-17  return_answered   return_id=s order_id=B outcome=accepted
        2024-01-17  message_answered  message_id=q reply_seconds=1800
        2024-01-17  message_answered  message_id=w reply_seconds=7200
    """
    expect(story, "2024-01-20", return_rate_7d=1.0, return_refusal_rate_7d=0.5, mean_reply_hours_7d=1.25)
    expect(story, "2024-01-20", return_rate_90d=0.5)


def test_other_merchants_orders_of_the_same_number_are_other_orders(expect):
    story = """
        2024-01-10  order_placed   order_id=A amount_cents=1 ship_by=2024-01-12 deliver_by=2024-01-15
        2024-01-11  order_shipped    order_id=A merchant_id=stall
        2024-01-12  order_delivered  order_id=A merchant_id=stall
        2024-01-12  review_posted    order_id=A stars=1 merchant_id=stall
    """
    expect(story, "2024-01-20", dispatch_kept_rate_30d=0.0, n_orders_overdue=1, defect_rate_30d=0.0)


def test_a_moment_that_is_no_midnight_is_refused(tmp_path):
    with pytest.raises(SpineInvalid):
        engine_features(
            a_log("2024-01-10  order_confirmed  order_id=A"), [("shop", moment("2024-01-20T09:00"))], folder=tmp_path
        )
