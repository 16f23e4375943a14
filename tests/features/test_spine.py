"""Spines: pairs of a merchant and a midnight, from tables and files."""

from datetime import UTC, date, datetime, timedelta, timezone

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import FeaturesError, SpineInvalid
from features.spine import midnight, read_spine, spine_of
from tests.features.build import moment

DAY = date(2024, 2, 29)


def a_table(*moments, merchants=None, kind=None):
    return pa.table({"merchant_id": merchants or ["shop"] * len(moments), "as_of": pa.array(moments, kind)})


@pytest.mark.parametrize(
    "table",
    [
        a_table(moment("2024-02-29")),
        a_table(DAY),
        a_table(datetime(2024, 2, 29, 8, tzinfo=timezone(timedelta(hours=8)))),
        a_table("2024-02-29T00:00:00Z"),
        a_table("2024-02-29T00:00:00+00:00", merchants=pa.array(["shop"]).dictionary_encode()),
        a_table(moment("2024-02-29"), kind=pa.timestamp("s", "UTC")),
        a_table(moment("2024-02-29"), kind=pa.timestamp("ns", "Asia/Shanghai")),
    ],
    ids=["moment", "day", "midnight seen from elsewhere", "text", "dictionary", "seconds", "nanoseconds"],
)
def test_a_midnight_may_be_written_in_any_way(table):
    spine = spine_of(table)
    assert (spine.merchant_id.to_pylist(), spine.as_of.to_pylist()) == (["shop"], [moment("2024-02-29")])


@pytest.mark.parametrize("before_1970", [date(1969, 12, 31), date(1, 1, 2)])
def test_a_day_before_1970_is_a_day_too(before_1970):
    assert spine_of(a_table(before_1970)).as_of.to_pylist() == [midnight(before_1970)]


@pytest.mark.parametrize("by", [timedelta(microseconds=1), timedelta(hours=16), -timedelta(seconds=1)], ids=str)
def test_a_moment_that_is_no_midnight_is_an_error_that_names_its_row(by):
    with pytest.raises(SpineInvalid, match=r"Row 1 .* no midnight"):
        spine_of(a_table(moment("2024-02-29"), moment("2024-02-29") + by))


@pytest.mark.parametrize(
    "as_of",
    [moment("2024-02-29").replace(tzinfo=None), "2024-02-29T00:00:00", "soon", 19782, None],
    ids=repr,
)
def test_what_is_no_moment_with_an_offset_is_an_error(as_of):
    with pytest.raises(SpineInvalid, match=r"Row 0 .* as_of"):
        spine_of(a_table(as_of))


@pytest.mark.parametrize("merchant", [None, "", 7], ids=repr)
def test_what_names_no_merchant_is_an_error(merchant):
    with pytest.raises(SpineInvalid, match=r"Row 0 .* merchant_id"):
        spine_of(a_table(DAY, merchants=[merchant]))


@pytest.mark.parametrize("name", ["merchant_id", "as_of"])
def test_a_column_that_is_missing_is_named(name):
    with pytest.raises(SpineInvalid, match=f"{name} is missing"):
        spine_of(a_table(DAY).drop_columns([name]))


def test_rows_keep_their_order_and_their_repeats():
    days = [date(2024, 3, 1), date(2024, 1, 1), date(2024, 3, 1)]
    spine = spine_of(a_table(*days, merchants=["b", "a", "b"]))
    assert spine.merchant_id.to_pylist() == ["b", "a", "b"]
    assert spine.as_of.to_pylist() == [midnight(day) for day in days]


def test_a_merchant_that_is_not_known_has_no_number():
    spine = spine_of(a_table(DAY, DAY, DAY, merchants=["b", "stranger", "a"]))
    assert spine.merchants({"a": 0, "b": 7}).tolist() == [7, -1, 0]


@pytest.mark.parametrize("kind", [pa.date32(), pa.timestamp("us", "UTC")], ids=str)
def test_a_spine_may_be_empty(kind):
    table = pa.table({"merchant_id": pa.array([], pa.string()), "as_of": pa.array([], kind)})
    assert len(spine_of(table)) == 0


def test_other_columns_are_not_looked_at():
    assert len(spine_of(a_table(DAY).append_column("label", pa.array([1])))) == 1


@pytest.mark.parametrize("text", ["2024-02-29", "2024-02-29T00:00:00Z", "2024-02-29 00:00:00+00:00"])
def test_a_spine_may_be_a_csv_file(tmp_path, text):
    (tmp_path / "spine.csv").write_text(f"merchant_id,as_of\nshop,{text}\n")
    assert read_spine(tmp_path / "spine.csv").as_of.to_pylist() == [moment("2024-02-29")]


def test_a_merchant_called_by_a_number_keeps_its_name_in_csv(tmp_path):
    (tmp_path / "spine.csv").write_text("merchant_id,as_of\n007,2024-02-29\n")
    assert read_spine(tmp_path / "spine.csv").merchant_id.to_pylist() == ["007"]


def test_a_spine_may_be_a_parquet_file_of_several_row_groups(tmp_path):
    table = a_table(DAY, DAY, DAY, merchants=["a", "b", "c"])
    pq.write_table(table, tmp_path / "spine.parquet", row_group_size=1)
    assert read_spine(tmp_path / "spine.parquet").merchant_id.to_pylist() == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["spine.parquet", "spine.csv"])
@pytest.mark.parametrize("content", [None, b"", b"\0\xff nonsense"])
def test_a_file_that_is_no_spine_is_refused(tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(FeaturesError):
        read_spine(tmp_path / name)


def test_a_midnight_begins_a_day_in_utc():
    assert midnight(DAY) == datetime(2024, 2, 29, tzinfo=UTC)
