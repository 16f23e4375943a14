"""`goodfaith simulate` as people and scripts meet it."""

import socket
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from features.simulator.commands import app
from features.simulator.sending import speed_of

DOCS = Path(__file__).parents[3] / "docs" / "howto" / "simulate.md"
HERE = "http://127.0.0.1:9"


def simulated(*words):
    return CliRunner().invoke(app, [*map(str, words)])


def test_it_writes_its_files_and_says_so(tmp_path):
    ended = simulated("--out", tmp_path, "--merchants", 5, "--days", 20, "--start", "2024-02-29")
    assert ended.exit_code == 0
    assert "2024-02-29 to 2024-03-19" in ended.stdout
    assert "5 merchants" in ended.stdout
    assert pq.read_table(tmp_path / "truth.parquet").num_rows == 5
    assert f"{pq.read_table(tmp_path / 'texts.parquet').num_rows} titles, reviews" in ended.stdout


def test_texts_can_be_left_out(tmp_path):
    ended = simulated("--out", tmp_path, "--merchants", 5, "--days", 20, "--no-texts")
    assert ended.exit_code == 0
    assert "texts.parquet" not in ended.stdout
    assert not (tmp_path / "texts.parquet").exists()


def test_it_ends_yesterday_unless_told_otherwise(tmp_path):
    assert simulated("--out", tmp_path, "--merchants", 40, "--days", 10).exit_code == 0
    last = max(pq.read_table(tmp_path / "events.parquet")["event_time"].to_pylist())
    assert last.date() == datetime.now(UTC).date() - timedelta(days=1)


def test_two_runs_give_the_same_bytes(tmp_path):
    words = ("--merchants", 8, "--days", 60, "--start", date(2025, 3, 1), "--seed", 11)
    for name in ("one", "two"):
        assert simulated("--out", tmp_path / name, *words).exit_code == 0
    for file in ("events.parquet", "truth.parquet", "texts.parquet"):
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
        (("--out", "x", "--speed", "10x"), "--to"),
        (("--out", "x", "--live", 3), "--to"),
        (("--to", "http://trust.example"), "--to"),
        (("--to", "http://me:secret@127.0.0.1"), "--to"),
        (("--to", "nowhere"), "--to"),
        (("--to", HERE, "--speed", "fast"), "--speed"),
        (("--to", HERE, "--speed", "0.5x"), "--speed"),
        (("--to", HERE, "--speed", "nan"), "--speed"),
        (("--to", HERE, "--speed", "1000001x"), "--speed"),
        (("--to", HERE, "--live", 0), "--live"),
        (("--to", HERE, "--start", "2099-12-31"), "--start"),
    ],
    ids=str,
)
def test_wrong_usage_is_named(tmp_path, monkeypatch, words, about):
    monkeypatch.chdir(tmp_path)
    ended = simulated(*words)
    assert ended.exit_code == 2
    assert about in ended.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("key", ["", " ", "two\nlines", "gf_é"])
def test_without_a_key_that_can_be_sent_nothing_is_sent(monkeypatch, key):
    monkeypatch.setenv("GOODFAITH_KEY", key)
    ended = simulated("--to", HERE)
    assert ended.exit_code == 2
    assert "GOODFAITH_KEY" in ended.stderr


def test_a_service_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("GOODFAITH_KEY", "gf_secret")
    with socket.create_server(("127.0.0.1", 0)) as door:
        url = f"http://127.0.0.1:{door.getsockname()[1]}"
    ended = simulated("--to", url, "--out", tmp_path / "market")
    assert f"{url} does not answer: " in str(ended.exception)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("text", "speed"), [("1000x", 1000), ("1000", 1000), ("2.5x", 2.5), ("1e6", 1_000_000)])
def test_a_speed_is_a_number_with_or_without_its_x(text, speed):
    assert speed_of(text) == speed


def test_the_howto_explains_every_archetype_and_every_column():
    from features.simulator.archetypes import ARCHETYPES
    from features.simulator.authors import TEXTS
    from features.simulator.texts import KINDS, NOISES, topics_of
    from features.simulator.truth import TABLES

    page = DOCS.read_text(encoding="utf-8")
    columns = [name for table in TABLES.values() for name in table.names]
    files = [f"{name}.parquet" for name in TABLES]
    topics = [topic for kind in KINDS for topic in topics_of(kind)]
    for name in (*ARCHETYPES, *files, *columns, *TEXTS.names, *KINDS, *NOISES, *topics):
        assert f"`{name}`" in page, name
