"""`goodfaith simulate` as people and scripts meet it."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from features.simulator.commands import app

DOCS = Path(__file__).parents[3] / "docs" / "howto" / "simulate.md"


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
    from features.simulator.authors import TEXTS
    from features.simulator.merchants import ARCHETYPES
    from features.simulator.simulate import TRUTH
    from features.simulator.texts import KINDS, NOISES, topics_of

    page = DOCS.read_text(encoding="utf-8")
    topics = [topic for kind in KINDS for topic in topics_of(kind)]
    for name in (*ARCHETYPES, *TRUTH.names, *TEXTS.names, *KINDS, *NOISES, *topics):
        assert f"`{name}`" in page, name
