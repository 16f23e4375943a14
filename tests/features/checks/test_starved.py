"""What a gap starves: derived from the catalogue, and true of it: nothing else moves when something is missing."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from features.answers import measures_of
from features.catalogue import CATALOGUE, INPUTS
from features.checks.starved import starving
from features.engine import build_features
from features.events import EVENT_TYPES
from features.log import FileLog
from features.simulator.scenario import Scenario
from features.simulator.write import write_marketplace
from features.touched import touched
from tests.features.build import a_spine

AS_OF = datetime(2026, 8, 1, tzinfo=UTC)

FEATURE = {feature.name: feature for feature in CATALOGUE}
READS = dict(zip(FEATURE, starving().reads, strict=True))


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    scenario = Scenario(merchants=40, days=90, start=date(2026, 5, 4), seed=4)
    return pq.read_table(write_marketplace(scenario, tmp_path_factory.mktemp("market")).events)


@pytest.fixture(scope="module")
def moved(market, tmp_path_factory):
    """The features that are other ones without some of the market's events, or what they say."""
    merchants = sorted(market.column("merchant_id").unique().to_pylist())
    spine = a_spine([(merchant, AS_OF) for merchant in merchants])

    def answers(events):
        path = tmp_path_factory.mktemp("log") / "events.parquet"
        pq.write_table(events, path)
        return build_features(FileLog([path], currency="CNY"), spine, parts=1)

    before = answers(market)

    def moved(spoiled):
        after = answers(spoiled)
        return {name for name in READS if not before.column(name).equals(after.column(name))}

    return moved


@pytest.mark.parametrize(
    ("feature", "read", "unread"),
    [
        ("n_orders_30d", {("order_placed", "")}, {("order_placed", "buyer_id"), ("order_shipped", "")}),
        ("n_buyers_30d", {("order_placed", "buyer_id")}, {("order_placed", "amount_cents")}),
        ("order_value_cents_30d", {("order_placed", "amount_cents")}, {("order_placed", "buyer_id")}),
        ("low_star_rate_30d", {("review_posted", "stars")}, {("order_placed", "")}),
        ("dispatch_kept_rate_30d", {("order_placed", "ship_by"), ("order_shipped", "order_id")},
         {("order_placed", "deliver_by"), ("order_shipped", "ship_by")}),
        ("n_linked_merchants", {("link_observed", "link_token")}, {("order_placed", "")}),
    ],
)  # fmt: skip
def test_what_a_feature_reads(feature, read, unread):
    assert read <= READS[feature]
    assert not unread & READS[feature]


def test_what_an_event_repeats_of_its_order_is_read_of_the_order():
    late = READS["late_delivery_rate_30d"]
    assert ("order_placed", "deliver_by") in late
    assert ("order_delivered", "deliver_by") not in late
    assert ("order_delivered", "") in late


def test_shares_are_of_all_features_and_of_all_inputs():
    all_of_it = starving().types(EVENT_TYPES)
    assert (all_of_it.of_features, all_of_it.of_inputs) == (len(CATALOGUE), len(INPUTS))
    assert (all_of_it.share, all_of_it.share_of_inputs) == (1.0, 1.0)
    nothing = starving().column("order_placed", "source")
    assert (nothing.features, nothing.share) == (0, 0.0)


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_measures_read_no_other_types_than_new_events_can_move_them_by(event_type):
    able = {one for one in measures_of(CATALOGUE) if one in touched([one], [event_type])}
    readers = {name for name, reads in READS.items() if (event_type, "") in reads}
    assert readers <= {name for name, feature in FEATURE.items() if able.intersection(measures_of((feature,)))}


@pytest.mark.parametrize(
    "event_type",
    ["order_placed", "order_shipped", "order_delivered", "order_cancelled", "review_posted",
     "refund_paid", "return_requested", "dispute_resolved", "link_observed", "listing_changed", "merchant_registered"],
)  # fmt: skip
def test_without_a_type_only_its_readers_move(event_type, market, moved):
    changed = moved(market.filter(pc.field("event_type") != event_type))
    assert changed
    assert changed <= {name for name, reads in READS.items() if (event_type, "") in reads}


@pytest.mark.parametrize(
    ("event_type", "column"),
    [("order_placed", "ship_by"), ("order_placed", "deliver_by"), ("order_placed", "buyer_id"),
     ("order_placed", "category"), ("order_shipped", "tracked"), ("review_posted", "buyer_id"),
     ("return_requested", "answer_by"), ("refund_paid", "reason"), ("listing_changed", "price_cents"),
     ("merchant_registered", "category")],
)  # fmt: skip
def test_without_a_column_only_its_readers_move(event_type, column, market, moved):
    repeated = [column] if (event_type, column) in (("order_placed", "ship_by"), ("order_placed", "deliver_by")) else []
    changed = moved(emptied(emptied(market, event_type, column), None, *repeated))
    assert changed
    assert changed <= {name for name, reads in READS.items() if (event_type, column) in reads}


def test_what_is_repeated_of_an_order_may_be_left_out(market, moved):
    assert moved(emptied(market, "order_delivered", "deliver_by")) == set()


def emptied(events, event_type, *columns):
    """Without what the events of a type (or all) say in some columns."""
    for column in columns:
        kind = events.column("event_type")
        gone = pc.equal(kind, event_type) if event_type else pc.is_valid(kind)
        kept = pc.if_else(gone, pa.scalar(None, events.column(column).type), events.column(column))
        events = events.set_column(events.column_names.index(column), column, kept)
    return events
