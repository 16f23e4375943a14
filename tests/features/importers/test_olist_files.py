"""Olist's files: formats, order of rows, what is missing or broken, the command line and the page about it."""

import itertools
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from features.importers.commands import app
from features.importers.errors import (
    ImportFailed,
    OutputNotWritable,
    SourceColumnMissing,
    SourceFileBroken,
    SourceFileMissing,
    SourceValueBroken,
)
from features.importers.olist import import_olist
from features.importers.olist_facts import FACTS, LEFT_OUT
from tests.features.importers.olist_rows import STEMS, deal, item, olist_tables, order, review, write


def as_parquet(folder: Path, name: str) -> None:
    """Replace one table's CSV by a Parquet file with the types that Arrow guesses: doubles and timestamps."""
    path = folder / f"{STEMS[name]}.csv"
    pq.write_table(pa.csv.read_csv(path), path.with_suffix(".parquet"))
    path.unlink()


def test_csv_and_parquet_mixed_in_any_way_and_rows_in_any_order_give_the_same_bytes(tmp_path):
    numbers = range(20)
    tables = olist_tables(
        orders=[order(f"o{n}") for n in numbers],
        items=[item(f"o{n}", part, price=f"{n}.29") for n in numbers for part in (1, 2)],
        reviews=[review(f"o{n}", message="bom") for n in numbers],
        deals=[deal()],
    )
    shuffled = {name: rows[::-1] for name, rows in tables.items()}
    written = set()
    for number, (rows, typed) in enumerate(itertools.product((tables, shuffled), ((), ("orders", "items"), STEMS))):
        folder = write(tmp_path / str(number), rows)
        for name in typed:
            as_parquet(folder, name)
        import_olist(folder, tmp_path / "events.parquet")
        written.add((tmp_path / "events.parquet").read_bytes())
    assert len(written) == 1


@pytest.mark.parametrize("name", ["orders", "items", "customers", "reviews", "products", "sellers"])
def test_a_missing_table_is_named(tmp_path, name):
    folder = write(tmp_path / "olist", olist_tables())
    (folder / f"{STEMS[name]}.csv").unlink()
    with pytest.raises(SourceFileMissing, match=STEMS[name]):
        import_olist(folder, tmp_path / "events.parquet")


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SourceFileMissing, match="nowhere is not a folder"):
        import_olist(tmp_path / "nowhere", tmp_path / "events.parquet")


def test_without_deals_and_translation_categories_stay_portuguese(tmp_path):
    tables = olist_tables()
    del tables["translation"]
    import_olist(write(tmp_path / "olist", tables), tmp_path / "events.parquet")
    assert pq.read_table(tmp_path / "events.parquet")["category"].drop_null().to_pylist() == ["pets"]


def test_a_folder_whose_name_is_a_pattern_is_not_taken_for_one(tmp_path):
    write(tmp_path / "olist", olist_tables())
    report = import_olist(write(tmp_path / "o*", olist_tables()), tmp_path / "*.parquet")
    assert report.events["order_placed"] == 1


def without(tables, name, column):
    return tables | {name: [{key: row[key] for key in row if key != column} for row in tables[name]]}


def test_a_missing_column_is_named(tmp_path):
    folder = write(tmp_path / "olist", without(olist_tables(), "items", "shipping_limit_date"))
    with pytest.raises(SourceColumnMissing, match=r"olist_order_items_dataset\.csv lacks shipping_limit_date"):
        import_olist(folder, tmp_path / "events.parquet")


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ({"items": [item(price="cheap")]}, "cheap"),
        ({"items": [item(price="-1.00")]}, "price is negative in 1 rows"),
        ({"items": [item(price="")]}, "price is empty in 1 rows"),
        ({"items": [item(), item()]}, r"\(order_id, order_item_id\) that must stand once is repeated in 1 rows"),
        ({"orders": [order(order_purchase_timestamp="yesterday")]}, "yesterday"),
        ({"orders": [order(customer_id=" ")]}, "customer_id is empty"),
        ({"orders": [order(), order()]}, "is repeated in 1 rows"),
        ({"reviews": [review(stars=6)]}, "review_score is not 1 to 5"),
    ],
)
def test_a_value_that_cannot_be_is_named_and_no_file_is_left(tmp_path, rows, complaint):
    folder = write(tmp_path / "olist", olist_tables(**rows))
    with pytest.raises(SourceValueBroken, match=complaint):
        import_olist(folder, tmp_path / "events.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["olist"]


def test_a_broken_parquet_file_is_named_and_what_stood_before_stays(tmp_path):
    folder = write(tmp_path / "olist", olist_tables())
    (folder / "olist_orders_dataset.parquet").write_bytes(b"PAR1 but not really")
    (tmp_path / "events.parquet").write_text("before")
    with pytest.raises(SourceFileBroken, match=r"olist_orders_dataset\.parquet cannot be read"):
        import_olist(folder, tmp_path / "events.parquet")
    assert (tmp_path / "events.parquet").read_text() == "before"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00broken", b'order_id\n"never closed'])
def test_a_broken_csv_file_is_refused(tmp_path, content):
    folder = write(tmp_path / "olist", olist_tables())
    (folder / "olist_orders_dataset.csv").write_bytes(content)
    with pytest.raises(ImportFailed, match=r"olist_orders_dataset\.csv"):
        import_olist(folder, tmp_path / "events.parquet")


def test_a_place_that_cannot_be_written_is_named_and_nothing_is_left_there(tmp_path):
    folder = write(tmp_path / "olist", olist_tables())
    (tmp_path / "taken").mkdir()
    with pytest.raises(OutputNotWritable, match="taken cannot be written"):
        import_olist(folder, tmp_path / "taken")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["olist", "taken"]


def invoke(tmp_path, *options):
    folder = write(tmp_path / "olist", olist_tables())
    return CliRunner().invoke(app, ["olist", str(folder), "--out", str(tmp_path / "new" / "events.parquet"), *options])


def test_the_command_prints_counts_reasons_and_facts(tmp_path):
    result = invoke(tmp_path)
    assert result.exit_code == 0
    assert all(name in result.output for name in ("order_placed", "registration_unknown", "late_delivery_share"))
    assert "4 events in BRL written to" in result.output


def test_the_command_prints_the_whole_report_as_json(tmp_path):
    report = json.loads(invoke(tmp_path, "--json").output)
    assert report["events"] == {"order_delivered": 1, "order_placed": 1, "order_shipped": 1, "review_posted": 1}
    assert list(report["left_out"]) == [reason.name for reason in LEFT_OUT]
    assert list(report["facts"]) == [fact.name for fact in FACTS]
    assert report["facts"]["low_star_share"] == 0.0


@pytest.mark.parametrize("question", [*LEFT_OUT, *FACTS], ids=lambda question: question.name)
def test_the_page_about_the_import_explains_every_reason_and_fact(question):
    page = Path(__file__).parents[3] / "docs" / "howto" / "import-olist.md"
    assert f"`{question.name}`" in page.read_text(encoding="utf-8")
