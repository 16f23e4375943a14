"""The shape of trade against its slow definition, family by family."""

from collections.abc import Callable, Sequence
from datetime import datetime
from math import isclose

from hypothesis import given

from features.catalogue import FAMILIES
from tests.features.naive import Event, Value, history
from tests.features.naive_accounts import accounts
from tests.features.naive_buyers import buyers_and_brushing
from tests.features.naive_cohorts import cohorts
from tests.features.naive_debts import debts
from tests.features.naive_kept import promises_kept
from tests.features.naive_listings import prices_and_concentration
from tests.features.naive_returned import returned
from tests.features.naive_rulings import rulings
from tests.features.naive_trade import volume_and_trends
from tests.features.strategies import hands_logs, logs, spines
from tests.features.test_features_equal_their_definition import engine, everybody_at

Definition = Callable[[Sequence[Event], datetime], dict[str, Value]]

#: What draws on faults, which have a definition of their own (`test_labels.py`); shrunk rates have theirs, too.
_ELSEWHERE = {"own_fault_change_7d"}


def close(found: Value, expected: Value) -> bool:
    """Integers and nulls exactly, floats to what rounding leaves of a difference."""
    if isinstance(expected, float) and isinstance(found, float):
        return isclose(found, expected, rel_tol=1e-12, abs_tol=1e-12)
    return type(found) is type(expected) and found == expected


def disagreements(families: Sequence[str], definition: Definition, log: Sequence[Event], moments: Sequence[datetime]):
    """Every feature of some families whose value is not what its definition says, or that has none."""
    features = [one for family in families for one in FAMILIES[family] if one.name not in _ELSEWHERE and not one.shrunk]
    rows = everybody_at(moments)
    pasts = {merchant: history(log, merchant) for merchant, _ in rows}
    answers = engine(log, rows=rows, features=features).to_pylist()
    return [
        (merchant, as_of.isoformat(), one.name, answer[one.name], expected.get(one.name, "undefined"))
        for (merchant, as_of), answer in zip(rows, answers, strict=True)
        for expected in [definition(pasts[merchant], as_of)]
        for one in features
        if not close(answer[one.name], expected.get(one.name, "undefined"))
    ]


_TRADE = (*["order_placed"] * 5, "order_shipped", "order_delivered", "order_cancelled", "order_confirmed",
          "dispute_resolved", "review_posted", "fake_report_filed")  # fmt: skip


@given(logs(types=_TRADE), spines(most=4))
def test_volume_and_trends_are_what_their_meanings_say(log, moments):
    assert disagreements(["volume", "trends"], volume_and_trends, log, moments) == []


_BUYERS = (*["order_placed"] * 12, "order_shipped", "order_delivered", "order_confirmed", *["review_posted"] * 3,
           "parcel_scanned")  # fmt: skip


@given(logs(types=_BUYERS), spines(most=4))
def test_buyers_and_brushing_are_what_their_meanings_say(log, moments):
    assert disagreements(["buyers", "brushing"], buyers_and_brushing, log, moments) == []


_LISTINGS = (*["listing_changed"] * 4, "order_placed")


@given(logs(types=_LISTINGS), spines(most=4))
def test_prices_and_concentration_are_what_their_meanings_say(log, moments):
    assert disagreements(["prices", "concentration"], prices_and_concentration, log, moments) == []


@given(hands_logs(), spines(most=4))
def test_changes_of_account_and_what_follows_them_are_what_their_meanings_say(log, moments):
    assert disagreements(["accounts"], accounts, log, moments) == []


_KEPT = (*["order_placed"] * 6, "order_shipped", "order_cancelled", "order_delivered", *["parcel_scanned"] * 3,
         *["return_requested", "return_answered", "message_received", "message_answered", "service_requested",
           "service_completed", "refund_paid", "refund_paid", "return_inspected"] * 2, "link_observed")  # fmt: skip


@given(logs(types=_KEPT), spines(most=4))
def test_promises_are_kept_as_their_meanings_say(log, moments):
    assert disagreements(["kept"], promises_kept, log, moments) == []


_COHORTS = (*["order_placed"] * 8, "order_shipped", "order_cancelled", *["order_delivered"] * 2, "review_posted",
            "dispute_resolved", "return_requested", "return_answered", *["refund_paid"] * 2)  # fmt: skip


@given(logs(types=_COHORTS), spines(most=4))
def test_orders_of_one_age_are_what_their_meanings_say(log, moments):
    assert disagreements(["cohorts"], cohorts, log, moments) == []


_RETURNED = (*["order_placed"] * 6, "order_delivered", *["return_requested"] * 4, *["return_answered"] * 3,
             "return_inspected", "link_observed")  # fmt: skip


@given(logs(types=_RETURNED), spines(most=4))
def test_what_comes_back_is_what_its_meanings_say(log, moments):
    assert disagreements(["returned"], returned, log, moments) == []


_DEBTS = (*["refund_paid"] * 4, *["advance_recovered"] * 3, "advance_written_off")


@given(logs(types=_DEBTS), spines(most=4))
def test_debts_are_what_their_meanings_say(log, moments):
    assert disagreements(["debts"], debts, log, moments) == []


_RULINGS = (*["order_placed"] * 2, *["dispute_opened"] * 2, *["dispute_resolved"] * 3)


@given(logs(types=_RULINGS), spines(most=4))
def test_rulings_are_what_their_meanings_say(log, moments):
    assert disagreements(["rulings"], rulings, log, moments) == []
