"""Spark answers as DuckDB does, to the last bit: on made-up and real marketplaces and on logs that go wrong."""

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.answers import measures_of
from features.catalogue import CATALOGUE
from features.engine import build_features
from features.errors import NothingAccepted, SparkUnavailable
from features.importers.olist import import_olist
from features.log import FileLog
from features.measures import Crossed
from features.partition import Accepted, divided
from features.simulator.scenario import Scenario
from features.simulator.write import write_marketplace
from features.spark.session import spark_session
from features.spine import spine_of
from tests.features.build import a_log, a_spine, moment, write_lines, write_log
from tests.features.importers.test_olist_real import FOLDER as OLIST
from tests.features.strategies import logs, refused_rows, spines
from tests.features.test_features_equal_their_definition import everybody_at, files_of

# What does not work with it is `pyspark.pandas`, which nothing here touches.
pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")

#: Each example takes seconds.
few = settings(max_examples=2)


@pytest.fixture(scope="module")
def spark():
    """One session for all tests of this file, as it takes long to start."""
    try:
        with spark_session("local[2]") as session:
            session.conf.set("spark.sql.shuffle.partitions", "2")
            yield session
    except SparkUnavailable as error:
        pytest.skip(str(error))


def both(spark, log, wanted, **options):
    """What each engine answers, and what each says of the log's rows."""
    from features.spark.engine import features_on_spark

    told: list[Accepted] = []
    found = features_on_spark(spark, log, wanted, heard=told.append, **options)
    return found, build_features(log, wanted, heard=told.append), *told


def agree(spark, log, wanted, **options):
    """Whether the engines agree in every bit and word."""
    found, expected, said, also = both(spark, log, wanted, **options)
    return bits(found) == bits(expected) and said == also


def bits(table):
    """Names, types, nulls and the bits of all values; what lies beneath a null is nothing."""
    return [
        (field, column.is_valid().to_pylist(), _bits(column))
        for field, column in zip(table.schema, table.columns, strict=True)
    ]


def _bits(column):
    if pa.types.is_floating(column.type):
        return column.fill_null(0.0).to_numpy().view(np.int64).tolist()
    return column.to_pylist()


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    """A made-up marketplace, and a spine of all its merchants at two midnights, one of them a Monday's."""
    scenario = Scenario(merchants=60, days=240, start=date(2026, 1, 5), seed=7)
    path = write_marketplace(scenario, tmp_path_factory.mktemp("market")).events
    everybody = pq.read_table(path, columns=["merchant_id"])["merchant_id"].unique().to_pylist()
    rows = [(name, moment(day)) for day in ("2026-08-31", "2026-07-01") for name in [*everybody, "nobody"]]
    return FileLog([path], currency="CNY"), spine_of(a_spine(rows))


def test_on_a_made_up_marketplace(spark, market):
    assert agree(spark, *market)


def test_merchants_too_large_for_a_task_are_answered_the_same(spark, market):
    from features.spark.large import split_of

    log, spine = market
    sizes = pq.read_table(log.paths[0])["merchant_id"].value_counts().field("counts").to_numpy()
    assert agree(spark, log, spine, most=int(np.sort(sizes)[-4]))
    # What is said above of every measure is said of each way to split a merchant's events.
    ways = {split_of(one).by for one in measures_of(CATALOGUE) if not isinstance(one.source, Crossed)}
    assert ways >= {None, "order_id", "buyer_id", "refund_id", "return_id", "listing_id", "complaint_id", "dispute_id"}


@pytest.mark.skipif(not OLIST.is_dir(), reason="the Olist tables are not here; set GOODFAITH_OLIST to their folder")
def test_on_a_real_marketplace(spark, tmp_path):
    import_olist(OLIST, tmp_path / "events.parquet")
    log = FileLog([tmp_path / "events.parquet"], currency="BRL")
    names = sorted(pq.read_table(log.paths[0], columns=["merchant_id"])["merchant_id"].unique().to_pylist())
    assert agree(spark, log, spine_of(a_spine([(name, moment("2018-03-01")) for name in names])))


@few
@given(log=logs(most=80), moments=spines(most=3), most=st.sampled_from([20, 1000]), data=st.data())
def test_on_logs_that_go_wrong(spark, log, moments, most, data):
    refused = data.draw(refused_rows([event["event_id"] for event in log]))
    spine = spine_of(a_spine(everybody_at(moments)))
    with files_of(log, refused) as paths:
        assert agree(spark, FileLog(paths, currency="CNY"), spine, most=most)


STORY = a_log("""
2024-01-10  order_placed   order_id=A amount_cents=500
2024-01-11  order_placed   order_id=B amount_cents=600 merchant_id=stall
2024-01-12  review_posted  stars=9
2024-01-13  review_posted  stars=1
""")


def test_rows_that_are_twice_in_a_log_or_contradict_each_other(spark, tmp_path):
    again, other = STORY[0], STORY[1] | {"amount_cents": 1, "known_at": moment("2024-01-20")}
    first = write_log([*STORY, again], tmp_path / "first.parquet")
    log = FileLog([first, write_lines([other], tmp_path / "second.jsonl")], currency="CNY")
    found, expected, said, also = both(spark, log, spine_of(a_spine([("shop", moment("2024-02-01"))])))
    assert bits(found) == bits(expected)
    assert said == also
    assert (said.duplicates, said.rejected) == (1, {"bad_value": 1, "event_id_conflict": 1})


def test_everybody_known_by_a_midnight(spark, tmp_path):
    log = FileLog([write_log(STORY, tmp_path / "events.parquet")], currency="CNY")
    from features.spark.engine import features_on_spark

    for day, expected in (("2024-01-11", ["shop"]), ("2024-01-12", ["shop", "stall"]), ("2024-01-10", [])):
        found = features_on_spark(spark, log, moment(day))
        with divided(log, ("event_id",)) as parted:
            assert parted.everybody(moment(day)).merchant_id.to_pylist() == expected
        assert found.column("merchant_id").to_pylist() == expected
        assert found.column_names == ["merchant_id", "as_of", *(feature.name for feature in CATALOGUE)]


def test_a_spine_without_rows_and_a_log_without_events(spark, tmp_path):
    empty = FileLog([write_log([], tmp_path / "empty.parquet")], currency="CNY")
    assert agree(spark, empty, spine_of(a_spine([])))
    assert agree(spark, empty, spine_of(a_spine([("shop", moment("2024-02-01"))])))


def test_a_log_of_which_no_row_stands_is_refused(spark, tmp_path):
    from features.spark.engine import features_on_spark

    log = FileLog([write_log(STORY[2:3], tmp_path / "events.parquet")], currency="CNY")
    with pytest.raises(NothingAccepted, match="bad_value"):
        features_on_spark(spark, log, spine_of(a_spine([("shop", moment("2024-02-01"))])))


def test_rows_reach_spark_past_a_piece_without_any(spark):
    from features.spark.rows import sent

    some, none = pa.table({"a": [1, 2]}), pa.table({"a": pa.array([], pa.int64())})
    assert sent(spark, pa.concat_tables([some, none, some])).count() == 4
