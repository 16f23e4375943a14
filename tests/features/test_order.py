"""In what order the rows of a log stand, and so in which its merchants come, changes no feature and no label."""

from datetime import date, timedelta

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.engine import build_features
from features.label_spec import LabelSpec, Undelivered, Unrecovered
from features.labels import labels_of
from features.log import FileLog
from features.simulator.scenario import Scenario
from features.simulator.write import write_marketplace
from tests.features.build import a_spine, moment
from tests.features.strategies import account_logs, goods_logs, hands_logs, logs, report_logs, spines
from tests.features.test_features_equal_their_definition import as_bytes, engine, everybody_at, files_of

now_and_then = settings(max_examples=settings().max_examples // 10)

LOGS = {"reports": report_logs, "accounts": account_logs, "hands": hands_logs, "goods": goods_logs}


@pytest.mark.parametrize("of", LOGS)
@now_and_then
@given(moments=spines(), data=st.data())
def test_no_feature_hangs_on_the_order_of_rows(of, moments, data):
    log = data.draw(LOGS[of]())
    rows = everybody_at(moments)
    assert as_bytes(engine(log, rows=rows)) == as_bytes(engine(data.draw(st.permutations(log)), rows=rows))


_LOOKED_AT = {"horizon_days": 30, "delay_days": 10, "threshold": 0.2, "min_orders": 1}
LABELS = {
    "own_fault": LabelSpec(
        target="credit", kind="own_fault", components=("dispatch_late", "settled", "refunded", "low_stars_on_time"),
        weights={"settled": 0.5}, delays={"refunded": 1}, **_LOOKED_AT,
    ),
    "counterfeit": LabelSpec(target="counterfeit", kind="counterfeit", **_LOOKED_AT),
    "bust_out": LabelSpec(
        target="bust_out", kind="bust_out", undelivered=Undelivered(share=0.2, cents=1, grace_days=1),
        unrecovered=Unrecovered(share=0.1, cents=1), **_LOOKED_AT,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", LABELS)
@now_and_then
@given(log=logs(), moments=spines(), data=st.data())
def test_no_label_hangs_on_the_order_of_rows(kind, log, moments, data):
    rows = everybody_at([moment - timedelta(days=60) for moment in moments])

    def labels(events):
        with files_of(events) as paths:
            return labels_of(FileLog(paths, currency="CNY"), a_spine(rows), LABELS[kind])

    one, other = labels(log), labels(data.draw(st.permutations(log)))
    assert (as_bytes(one.rows), one.parties) == (as_bytes(other.rows), other.parties)


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    """A made-up marketplace, large enough that brands have norms and rates are drawn towards others'."""
    scenario = Scenario(merchants=60, days=240, start=date(2026, 1, 5), seed=7)
    return write_marketplace(scenario, tmp_path_factory.mktemp("market")).events


@pytest.mark.parametrize("seed", range(2))
def test_a_marketplace_is_the_same_in_any_order(market, seed, tmp_path):
    events = pq.read_table(market)
    everybody = events["merchant_id"].unique().to_pylist()
    spine = a_spine([(name, moment(day)) for day in ("2026-08-31", "2026-07-01") for name in everybody])
    shuffled = tmp_path / "events.parquet"
    pq.write_table(events.take(np.random.default_rng(seed).permutation(len(events))), shuffled)
    one, other = (build_features(FileLog([path], currency="CNY"), spine) for path in (market, shuffled))
    assert as_bytes(one) == as_bytes(other)
