"""Promises on their own clocks, on logs small enough to count by hand: silence, the last moment, whose word it was."""

import pytest

from tests.features.build import a_log, engine_features, moment


def features_at(as_of, text, tmp_path):
    return engine_features(a_log(text), [("shop", moment(as_of))], folder=tmp_path).to_pylist()[0]


@pytest.mark.parametrize(
    ("ask", "answer", "feature"),
    [
        ("return_requested return_id=R order_id=A answer_by", "return_answered return_id=R order_id=A outcome=rejected",
         "return_answer_kept_rate_30d"),
        ("message_received message_id=M reply_by", "message_answered message_id=M reply_seconds=9",
         "reply_kept_rate_30d"),
        ("service_requested service_id=S service=repair due_by",
         "service_completed service_id=S service=repair outcome=done", "service_kept_rate_30d"),
    ],
)  # fmt: skip
def test_an_answer_at_the_last_moment_keeps_a_promise_and_silence_breaks_it(ask, answer, feature, tmp_path):
    asked = f"2024-03-01  {ask}=2024-03-03T12:00"
    told = [
        features_at("2024-03-10", f"{asked}\n{after}", tmp_path)[feature]
        for after in (f"2024-03-03T12:00 {answer}", f"2024-03-03T12:00:00.000001 {answer}", "")
    ]
    assert told == [1.0, 0.0, 0.0]
    assert features_at("2024-03-03", asked, tmp_path)[feature] is None


@pytest.mark.parametrize("outcome", ["refused", "failed"])
def test_a_service_that_ends_otherwise_is_not_done(outcome, tmp_path):
    log = f"""
    2024-03-01  service_requested  service_id=S service=repair due_by=2024-03-05
    2024-03-02  service_completed  service_id=S service=repair outcome={outcome}
    """
    found = features_at("2024-03-10", log, tmp_path)
    assert (found["repair_kept_rate_90d"], found["installation_kept_rate_90d"]) == (0.0, None)


def test_a_late_reply_is_late_and_not_missing(tmp_path):
    log = """
    2024-03-01  message_received  message_id=M reply_by=2024-03-02
    2024-03-01  message_received  message_id=N reply_by=2024-03-02
    2024-03-05  message_answered  message_id=M reply_seconds=345600
    """
    found = features_at("2024-03-10", log, tmp_path)
    assert (found["reply_kept_rate_30d"], found["unanswered_message_rate_30d"]) == (0.0, 0.5)


_BACK = "2024-03-01T12:00  parcel_scanned  order_id=A leg=back scan=delivered"
_PAID = "refund_paid  refund_id=F order_id=A amount_cents=5 finally_liable=merchant"


@pytest.mark.parametrize(
    ("after", "kept"),
    [
        (f"2024-03-08T12:00  {_PAID} advanced_by=merchant", 1.0),
        (f"2024-03-08T12:01  {_PAID} advanced_by=merchant", 0.0),
        (f"2024-03-02        {_PAID} advanced_by=platform speed=standard", 0.0),
        (f"2024-02-20        {_PAID} advanced_by=platform speed=instant", None),
        ("2024-03-03  return_inspected  return_id=R order_id=A outcome=empty", None),
        ("2024-03-03  return_inspected  return_id=R order_id=A outcome=intact", 0.0),
        # The carrier's word begins the seven days; who looks later has no more of them, and no second promise.
        (
            "2024-03-05  return_inspected  return_id=R order_id=A outcome=intact\n"
            f"2024-03-10  {_PAID} advanced_by=merchant",
            0.0,
        ),
    ],
)
def test_goods_that_came_back_are_refunded_by_the_merchant_within_seven_days(after, kept, tmp_path):
    assert features_at("2024-03-20", f"{_BACK}\n{after}", tmp_path)["refund_kept_rate_30d"] == kept
    assert features_at("2024-03-08", f"{_BACK}\n{after}", tmp_path)["refund_kept_rate_30d"] is None


def test_a_shipment_that_was_only_told_hands_nothing_over(tmp_path):
    log = """
    2024-03-01  order_placed    order_id=A amount_cents=5 ship_by=2024-03-03
    2024-03-01  order_placed    order_id=B amount_cents=5 ship_by=2024-03-03
    2024-03-01  order_placed    order_id=C amount_cents=5 ship_by=2024-03-03
    2024-03-02  order_shipped   order_id=A
    2024-03-02  order_shipped   order_id=B tracked=yes
    2024-03-03  parcel_scanned  order_id=C leg=out scan=pickup
    2024-03-05  order_delivered order_id=A
    """
    found = features_at("2024-03-10", log, tmp_path)
    assert (found["dispatch_kept_rate_30d"], found["scanned_dispatch_kept_rate_30d"]) == (2 / 3, 2 / 3)
    assert found["unscanned_delivery_rate_30d"] == 1.0


def test_many_returns_of_one_buyer_are_three(tmp_path):
    lines = [
        f"2024-03-01  order_placed      order_id=o{n} amount_cents=5 buyer_id=b\n"
        f"2024-03-02  return_requested  order_id=o{n} return_id=r{n} answer_by=2024-03-03"
        for n in range(9)
    ]
    kept = [f"2024-03-02  return_answered  order_id=o{n} return_id=r{n} outcome=accepted" for n in range(1, 9)]
    found = features_at("2024-03-10", "\n".join([*lines, *kept]), tmp_path)
    assert found["return_answer_kept_rate_30d"] == 8 / 9
    assert found["return_answer_kept_rate_30d_capped"] == pytest.approx(2 / 3)


def test_many_repairs_of_one_buyer_are_three_and_a_refused_one_is_told(tmp_path):
    log = "\n".join(
        f"""
        2024-03-01  order_placed       order_id=A{n} amount_cents=5 buyer_id={buyer}
        2024-03-02  service_requested  service_id=S{n} order_id=A{n} service=repair due_by=2024-03-05
        2024-03-03  service_completed  service_id=S{n} order_id=A{n} service=repair outcome={outcome}
        """
        for n, (buyer, outcome) in enumerate([("b", "done")] * 9 + [("c", "refused")])
    )
    found = features_at("2024-03-10", log, tmp_path)
    assert (found["repair_kept_rate_90d"], found["repair_kept_rate_90d_capped"]) == (0.9, 0.75)
    assert (found["repair_refusal_rate_90d"], found["repair_refusal_rate_90d_capped"]) == (0.1, 0.25)
