"""Debts to the platform, on logs small enough to count by hand."""

import pytest

from tests.features.build import a_log, engine_features, moment


def features_at(as_of, text, tmp_path):
    return engine_features(a_log(text), [("shop", moment(as_of))], folder=tmp_path).to_pylist()[0]


ADVANCED = "amount_cents=100 advanced_by=platform finally_liable=merchant"
OWED = f"2024-03-01T12:00  refund_paid  refund_id=F order_id=A {ADVANCED}"
BACK = "advance_recovered  refund_id=F amount_cents=60 recovered_from"


@pytest.mark.parametrize(
    ("after", "kept", "repaid"),
    [
        ("", 0.0, 0.0),
        (f"2024-03-31T12:00  {BACK}=merchant", 1.0, 0.6),
        (f"2024-03-31T12:01  {BACK}=merchant", 0.0, 0.6),
        (f"2024-03-10        {BACK}=deposit", 0.0, 0.0),
    ],
)
def test_a_debt_is_kept_when_the_merchant_itself_pays_within_thirty_days(after, kept, repaid, tmp_path):
    found = features_at("2024-04-05", f"{OWED}\n{after}", tmp_path)
    assert (found["debt_kept_rate_30d"], found["debt_repaid_share"]) == (kept, repaid)
    assert features_at("2024-03-31", OWED, tmp_path)["debt_kept_rate_30d"] is None


@pytest.mark.parametrize(
    ("as_of", "age", "overdue"),
    [
        ("2024-03-05", 0, 0),
        ("2024-03-09", 7, 0),
        ("2024-03-31", 7, 0),
        ("2024-04-01", 30, 100),
        ("2025-03-02", 365, 100),
    ],
)
def test_a_debt_grows_old_until_all_of_it_is_paid(as_of, age, overdue, tmp_path):
    found = features_at(as_of, OWED, tmp_path)
    assert (found["debt_age_days"], found["overdue_debt_cents"]) == (age, overdue)
    part = f"{OWED}\n2025-03-02  {BACK}=carrier"
    left = features_at("2025-03-03", part, tmp_path)
    assert (left["debt_age_days"], left["overdue_debt_cents"]) == (365, 40)
    settled = features_at("2025-03-03", f"{part}\n2025-03-02  {BACK}=deposit", tmp_path)
    assert (settled["debt_age_days"], settled["overdue_debt_cents"]) == (None, 0)


def test_what_is_paid_back_goes_to_the_oldest_debt_first(tmp_path):
    newer = f"2024-04-20  refund_paid  refund_id=G order_id=B {ADVANCED}"
    paid = "2024-04-21  advance_recovered  refund_id=G amount_cents=100 recovered_from=merchant"
    found = features_at("2024-05-01", f"{OWED}\n{newer}\n{paid}", tmp_path)
    assert (found["debt_age_days"], found["overdue_debt_cents"], found["merchant_debt_cents"]) == (7, 0, 100)


def test_who_bears_a_refund_is_another_question_than_who_paid_it_first(tmp_path):
    log = f"""
    {OWED}
    2024-03-02  refund_paid  refund_id=G order_id=B amount_cents=5 advanced_by=merchant finally_liable=carrier
    """
    found = features_at("2024-03-10", log, tmp_path)
    told = [
        found[f"{name}_refund_rate_30d"] for name in ("merchant_liable", "carrier_liable", "buyer_liable", "advanced")
    ]
    assert told == [0.5, 0.5, 0.0, 0.5]
