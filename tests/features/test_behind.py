"""What stands behind a rate in a log, and what a feature is made of."""

import pytest

from features.behind import behind
from features.catalogue import CATALOGUE
from features.engine import COLUMNS_KEPT, build_features
from features.feeds import event_types, is_capped, may_be_null
from features.log import FileLog
from features.partition import divided
from tests.features.build import a_log, a_spine, moment, write_log

BY_NAME = {feature.name: feature for feature in CATALOGUE}
CANCELS = "merchant_cancel_rate_30d_capped"
STORY = """
    2024-01-01  merchant_registered  category=toys
    2024-01-10  order_placed         order_id=A amount_cents=500 buyer_id=ann
    2024-01-11  order_placed         order_id=B amount_cents=500 buyer_id=bob
    2024-01-12  order_cancelled      order_id=B actor=merchant
"""


@pytest.fixture
def log(tmp_path):
    return FileLog([write_log(a_log(STORY, merchant_id="shop"), tmp_path / "events.parquet")], currency="CNY")


def test_the_counts_behind_a_rate_are_those_that_it_divides(log):
    with divided(log, COLUMNS_KEPT) as parted:
        (found,) = behind(parted, parted.everybody(moment("2024-01-20")), [CANCELS])[CANCELS]
    spine = a_spine([("shop", moment("2024-01-20"))])
    names = (CANCELS, f"{CANCELS}_shrunk")
    rate, drawn = (build_features(log, spine, features=[BY_NAME[name]]).column(name)[0].as_py() for name in names)
    assert (found.of, found.per, found.of / found.per) == (1, 2, rate)
    assert (found.of + found.strength * found.prior) / (found.per + found.strength) == pytest.approx(drawn)


def test_what_is_no_rate_has_nothing_behind_it(log):
    with divided(log, COLUMNS_KEPT) as parted:
        assert behind(parted, parted.everybody(moment("2024-01-20")), ["n_orders_30d"]) == {}


@pytest.mark.parametrize(
    ("name", "nullable", "capped", "fed_by"),
    [
        ("dispatch_kept_rate_90d_capped", True, True, {"order_placed"}),
        ("repair_kept_rate_90d_capped", True, True, {"service_requested"}),
        ("reply_kept_rate_90d", True, False, {"message_received"}),
        ("reply_kept_rate_90d_capped", True, True, {"message_received"}),
        ("random_inspection_failed_rate_365d", True, True, {"inspection_completed"}),
        ("inspection_failed_rate_365d", True, False, {"inspection_completed"}),
        ("suspicion_90d", False, True, {"fake_report_filed"}),
        ("deposit_cents", True, True, {"merchant_registered", "deposit_changed"}),
        ("merchant_debt_cents", False, True, {"refund_paid"}),
    ],
)
def test_what_a_feature_is_made_of_is_read_from_its_declaration(name, nullable, capped, fed_by):
    feature = BY_NAME[name]
    assert (may_be_null(feature), is_capped(feature), event_types(feature)) == (nullable, capped, fed_by)


def test_of_every_feature_it_can_be_told_what_feeds_it():
    assert all(isinstance(event_types(feature), frozenset) for feature in CATALOGUE)
