"""`goodfaith simulate` as people and scripts meet it."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from features.simulator.archetypes import ARCHETYPES
from features.simulator.commands import app
from features.simulator.truth import TABLES

DOCS = Path(__file__).parents[3] / "docs" / "howto" / "simulate.md"


def simulated(*words):
    return CliRunner().invoke(app, [*map(str, words)])


def test_it_writes_both_files_and_says_so(tmp_path):
    ended = simulated("--out", tmp_path, "--merchants", 5, "--days", 20, "--start", "2024-02-29")
    assert ended.exit_code == 0
    assert "2024-02-29 to 2024-03-19" in ended.stdout
    assert "5 merchants" in ended.stdout
    assert pq.read_table(tmp_path / "truth.parquet").num_rows == 5


def test_it_ends_yesterday_unless_told_otherwise(tmp_path):
    assert simulated("--out", tmp_path, "--merchants", 40, "--days", 10).exit_code == 0
    last = max(pq.read_table(tmp_path / "events.parquet")["event_time"].to_pylist())
    assert last.date() == datetime.now(UTC).date() - timedelta(days=1)


def test_two_runs_give_the_same_bytes(tmp_path):
    words = ("--merchants", 8, "--days", 60, "--start", date(2025, 3, 1), "--seed", 11)
    for name in ("one", "two"):
        assert simulated("--out", tmp_path / name, *words).exit_code == 0
    for file in ("events.parquet", "truth.parquet"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


@pytest.mark.parametrize(
    ("words", "about"),
    [
        ((), "--out"),
        (("--out", "x", "--merchants", 0), "--merchants"),
        (("--out", "x", "--merchants", 100_001), "--merchants"),
        (("--out", "x", "--days", 0), "--days"),
        (("--out", "x", "--days", "many"), "--days"),
        (("--out", "x", "--seed", -1), "--seed"),
        (("--out", "x", "--start", "soon"), "--start"),
        (("--out", "x", "--start", "2025-02-30"), "--start"),
        (("--out", "x", "--start", "9999-12-31"), "--start"),
    ],
    ids=str,
)
def test_wrong_usage_is_named(tmp_path, monkeypatch, words, about):
    monkeypatch.chdir(tmp_path)
    ended = simulated(*words)
    assert ended.exit_code == 2
    assert about in ended.stderr
    assert not list(tmp_path.iterdir())


def test_the_howto_explains_every_archetype_and_every_column():
    page = DOCS.read_text(encoding="utf-8")
    columns = [name for table in TABLES.values() for name in table.names]
    for name in (*ARCHETYPES, *(f"{one}.parquet" for one in TABLES), *columns):
        assert f"`{name}`" in page, name
