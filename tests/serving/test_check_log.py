"""`goodfaith ingest --check-only`: what is said of files before they go in, and that nothing is written."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from features.errors import CurrencyDiffers, StoreUnavailable, UnknownColumns
from serving.ingest.commands import app
from tests.features.build import write_lines, write_log
from tests.features.checks.steady import of_type, steady

DAYS = 40
BEGIN = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
LAST = BEGIN + timedelta(days=DAYS - 1)
EVENTS = steady(DAYS, begin=BEGIN)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """`goodfaith ingest` in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GOODFAITH_HOME", str(tmp_path / "home"))
    front = typer.Typer()
    front.add_typer(app)
    front.command()(lambda: None)  # A second command, so that the first goes by its name.
    return lambda *words: CliRunner().invoke(front, ["ingest", *words])


@pytest.fixture
def check(run):
    """What `--check-only --json` says, and how it ends."""

    def check(*files):
        result = run("--check-only", "--json", *files)
        return json.loads(result.stdout), result.exit_code

    return check


def files_below(folder):
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def test_a_sound_file_ends_with_0_and_leaves_nothing_behind(run, tmp_path):
    write_log(EVENTS, tmp_path / "log.parquet")
    result = run("--check-only", "log.parquet")
    assert result.exit_code == 0
    assert f"{len(EVENTS):,} rows: {len(EVENTS):,} to accept, 0 duplicate, 0 to reject" in result.stdout
    assert "compared with itself: no store" in result.stdout
    assert "Nothing to be said against it." in result.stdout
    assert "of the models' inputs" in result.stdout
    assert files_below(tmp_path) == {Path("log.parquet")}


def test_a_stop_ends_with_1_and_says_what_to_do_in_both_languages(run, tmp_path):
    write_log(of_type("order_placed", lambda e: e | {"buyer_id": None})(EVENTS), tmp_path / "log.parquet")
    result = run("--check-only", "log.parquet")
    assert result.exit_code == 1
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "STOP  column_empty" in result.stdout
    assert "Do: Have the column exported" in result.stdout
    assert "处理：请在导出中加入该列" in result.stdout
    assert "1 stop, 0 warn, 0 note. Do not take it in as it is." in result.stdout
    assert "% of the features" in result.stdout


def test_a_warning_ends_with_0(check, tmp_path):
    write_log(of_type("refund_paid", lambda e: e | {"reason": None})(EVENTS), tmp_path / "log.parquet")
    told, code = check("log.parquet")
    assert (code, told["stops"]) == (0, False)
    (finding,) = told["findings"]
    assert (finding["check"], finding["severity"], finding["column"]) == ("column_empty", "warn", "reason")
    assert finding["starves"]["model_inputs"] > 0
    assert {"text", "text_zh", "do", "do_zh", "examples", "count", "of"} <= set(finding)


def test_the_store_is_compared_with_and_left_as_it_is(run, check, tmp_path):
    write_log([e for e in EVENTS if e["known_at"] < LAST], tmp_path / "before.parquet")
    write_log([e for e in EVENTS if e["known_at"] >= LAST], tmp_path / "day.parquet")
    assert run("before.parquet").exit_code == 0
    told, code = check("day.parquet")
    assert (told["findings"], code) == ([], 0)
    assert told["compared_with_stored_events"] == len(EVENTS) - told["rows"]
    assert check("day.parquet")[0] == told
    assert not (tmp_path / "day.parquet.rejected.jsonl").exists()
    assert json.loads(run("day.parquet", "--json").stdout)[0]["accepted"] == told["rows"]
    again, _ = check("day.parquet")
    assert [finding["check"] for finding in again["findings"]] == ["stored_already"]


def test_several_files_are_looked_at_together(check, tmp_path):
    orders = [event for event in EVENTS if event["event_type"] == "order_placed"]
    write_log(orders, tmp_path / "orders.parquet")
    write_lines([event for event in EVENTS if event["event_type"] != "order_placed"], tmp_path / "others.jsonl")
    together, code = check("orders.parquet", "others.jsonl")
    assert (together["rows"], together["findings"], code) == (len(EVENTS), [], 0)
    assert together["files"] == ["orders.parquet", "others.jsonl"]


def test_what_only_json_can_be_wrong_in(check, tmp_path):
    path = write_lines(EVENTS, tmp_path / "log.jsonl")
    naive = {"event_id": "n", "event_type": "reinstated", "merchant_id": "m", "event_time": "2026-01-01T08:00:00"}
    path.write_text(f'{path.read_text()}{{"cut": \n{json.dumps({"colour": "red"})}\n{json.dumps(naive)}\n')
    told, _ = check("log.jsonl")
    assert told["rejected"] == {"bad_json": 1, "naive_time": 1, "unknown_column": 1}
    assert [finding["check"] for finding in told["findings"]] == [
        "rejected_bad_json", "rejected_naive_time", "rejected_unknown_column",
    ]  # fmt: skip
    assert not (tmp_path / "log.jsonl.rejected.jsonl").exists()


def test_the_clock_is_the_one_that_ingest_would_look_at(check, tmp_path):
    ahead = [EVENTS[0] | {"known_at": datetime.now(UTC) + timedelta(days=1)}, *EVENTS[1:]]
    write_log(ahead, tmp_path / "log.parquet")
    assert check("log.parquet")[0]["rejected"] == {"known_in_future": 1}


def test_a_file_without_events_stops(check, tmp_path):
    (tmp_path / "log.jsonl").write_text("")
    told, code = check("log.jsonl")
    assert (code, told["since"], [finding["check"] for finding in told["findings"]]) == (1, None, ["empty"])


@pytest.mark.parametrize("words", [[], ["nowhere.parquet"], ["log.parquet", "--check-only=yes"]])
def test_wrong_usage_ends_with_2(run, words, tmp_path):
    write_log(EVENTS[:1], tmp_path / "log.parquet")
    assert run("--check-only", *words).exit_code == 2


def test_a_file_with_an_unknown_column_is_refused_by_name(run, tmp_path):
    from pyarrow import parquet, table

    parquet.write_table(table({"event_id": ["e1"], "colour": ["red"]}), tmp_path / "log.parquet")
    assert isinstance(run("--check-only", "log.parquet").exception, UnknownColumns)


def test_a_store_in_another_currency_is_said_so(run, tmp_path, monkeypatch):
    write_log(EVENTS[:5], tmp_path / "log.parquet")
    assert run("log.parquet").exit_code == 0
    monkeypatch.setenv("GOODFAITH_CURRENCY", "BRL")
    assert isinstance(run("--check-only", "log.parquet").exception, CurrencyDiffers)


def test_a_database_without_our_tables_is_no_store_and_stays_so(check, bare_engine, tmp_path, monkeypatch):
    monkeypatch.setenv("GOODFAITH_DATABASE_URL", bare_engine.url.render_as_string(hide_password=False))
    write_log(EVENTS, tmp_path / "log.parquet")
    told, _ = check("log.parquet")
    assert told["compared_with_stored_events"] is None
    from sqlalchemy import inspect

    assert inspect(bare_engine).get_table_names() == []


def test_a_database_url_that_is_none_is_an_error(run, tmp_path, monkeypatch):
    monkeypatch.setenv("GOODFAITH_DATABASE_URL", "nonsense")
    write_log(EVENTS[:1], tmp_path / "log.parquet")
    assert isinstance(run("--check-only", "log.parquet").exception, StoreUnavailable)
