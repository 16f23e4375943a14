"""The import of the real tables against what is published about them; skipped where they are not at hand."""

import os
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from features.events import COMMON, EVENT_TYPES, REQUIRED_COMMON, SCHEMA
from features.importers.olist import import_olist

BESIDE_THE_REPOSITORY = Path(__file__).parents[4] / "shared" / "data" / "olist"
FOLDER = Path(os.environ.get("GOODFAITH_OLIST", BESIDE_THE_REPOSITORY))

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the Olist tables are not here; set GOODFAITH_OLIST to their folder"
)


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    out = tmp_path_factory.mktemp("olist") / "events.parquet"
    return out, import_olist(FOLDER, out)


@pytest.fixture
def log(imported):
    with duckdb.connect(":memory:") as connection:
        connection.read_parquet(str(imported[0])).create_view("log")
        yield lambda query: connection.sql(query).fetchall()


@pytest.mark.parametrize(
    ("fact", "percent", "digits"),
    [
        ("late_delivery_share", 6.66, 2),
        ("late_delivery_share_raw_timestamp", 7.97, 2),
        ("late_dispatch_share_in_tables", 9.0, 1),
        ("low_star_share_in_tables", 14.7, 1),
        ("low_star_share_of_late_orders_in_tables", 62, 0),
        ("low_star_share_of_late_orders", 62, 0),
        ("items_with_seller_share", 100, 2),
        ("items_with_product_share", 100, 2),
        ("orders_with_items_share", 99.46, 2),
    ],
)
def test_the_facts_that_are_published_come_out(imported, fact, percent, digits):
    assert round(100 * imported[1].facts[fact], digits) == percent


@pytest.mark.parametrize(("fact", "percent"), [("late_dispatch_share", 9.10), ("low_star_share", 13.85)])
def test_the_log_has_other_shares_where_what_is_nobodys_is_left_out(imported, fact, percent):
    assert round(100 * imported[1].facts[fact], 2) == percent


def test_what_is_left_out_and_what_is_kept_add_up_to_the_tables(imported):
    events, left_out = imported[1].events, imported[1].left_out
    assert (
        events["review_posted"] + left_out["reviews_of_several_merchants"] + left_out["reviews_without_items"] == 21_535
    )
    assert left_out["orders_without_items"] == 159
    assert left_out["dispatch_of_several_merchants"] == 372
    assert events["merchant_registered"] == 842
    assert left_out["registration_unknown"] == 3_095 - 380


def test_every_event_has_one_id_and_is_known_no_earlier_than_it_happened(log):
    assert log("SELECT count(*) - count(DISTINCT event_id), count_if(known_at < event_time) FROM log") == [(0, 0)]


def test_rows_stand_in_the_order_of_their_times_and_columns_have_their_types(imported):
    table = pq.read_table(imported[0])
    keys = list(zip(table["event_time"].to_pylist(), table["event_id"].to_pylist(), strict=True))
    assert keys == sorted(keys)
    assert all(SCHEMA.field(name).type == table.schema.field(name).type for name in table.column_names)


def test_every_event_fills_what_its_type_requires(imported, log):
    for event_type in imported[1].events:
        needed = (*REQUIRED_COMMON, "known_at", "source", "currency", *EVENT_TYPES[event_type].required)
        empty = " OR ".join(f"{name} IS NULL" for name in needed)
        assert log(f"SELECT count(*) FROM log WHERE event_type = '{event_type}' AND ({empty})") == [(0,)]


def test_every_event_fills_only_columns_of_its_type(imported, log):
    columns = pq.read_schema(imported[0]).names
    for event_type in imported[1].events:
        foreign = set(columns) - {*COMMON, *EVENT_TYPES[event_type].columns}
        filled = " OR ".join(f"{name} IS NOT NULL" for name in foreign)
        assert log(f"SELECT count(*) FROM log WHERE event_type = '{event_type}' AND ({filled})") == [(0,)]


def test_every_word_is_one_of_the_vocabulary(imported, log):
    columns = set(pq.read_schema(imported[0]).names)
    for event_type in imported[1].events:
        for name in columns & set(EVENT_TYPES[event_type].words):
            used = {word for (word,) in log(f"SELECT DISTINCT {name} FROM log WHERE event_type = '{event_type}'")}
            assert used <= {None, *EVENT_TYPES[event_type].words[name]}


def test_the_same_tables_give_the_same_bytes(imported, tmp_path):
    import_olist(FOLDER, tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == imported[0].read_bytes()


def test_reviews_that_a_missing_order_row_hides_are_attributed_through_their_items(log):
    hidden = "event_type = 'review_posted' AND placed_at IS NULL"
    assert log(f"SELECT count(*), count(merchant_id) FROM log WHERE {hidden}") == [(641, 641)]


def test_only_orders_drawn_from_delivered_ones_have_the_other_source(log):
    placed = "SELECT source, count(DISTINCT order_id) FROM log WHERE event_type = 'order_placed' GROUP BY 1 ORDER BY 1"
    assert log(placed) == [("olist", 21_493), ("olist_delivered_sample", 7_818)]
