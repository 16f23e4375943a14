import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from features.errors import FeaturesError
from serving.errors import ChampionUnloadable, NothingToJudge, OutputUnwritable
from tests.serving.marketplace import AFTER, a_counterfeit_bundle, a_credit_bundle, write_events
from tests.serving.world import FakeChampions, a_command_line

MODELS = FakeChampions(credit=("7", a_credit_bundle()))

#: The columns of contracts 3.3, in their order.
COLUMNS = {
    "merchant_id": pa.string(),
    "as_of": pa.timestamp("us", tz="UTC"),
    "score": pa.int64(),
    "band": pa.string(),
    "p_bad": pa.float64(),
    "p_counterfeit": pa.float64(),
    "counterfeit_level": pa.string(),
    "reasons": pa.list_(pa.string()),
}


@pytest.fixture
def score(tmp_path, monkeypatch):
    """Run `goodfaith score` in a folder of its own; the answer is the result and the file, where there is one."""
    monkeypatch.setenv("GOODFAITH_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def run(*words, champions=MODELS):
        result = CliRunner().invoke(a_command_line(champions), ["score", *words])
        out = tmp_path / "scores.parquet"
        return result, pq.read_table(out) if out.exists() else None

    return run


@pytest.fixture
def log(tmp_path):
    return str(write_events(tmp_path / "events.jsonl"))


def test_a_file_of_scores_has_the_columns_of_the_contract(score, log):
    result, table = score("--events", log, "--out", "scores.parquet")
    assert result.exit_code == 0, result.output
    assert dict(zip(table.schema.names, table.schema.types, strict=True)) == COLUMNS


def test_every_merchant_is_judged_as_of_the_midnight_after_the_last_event(score, log):
    _, table = score("--events", log, "--out", "scores.parquet")
    assert table.column("merchant_id").to_pylist() == ["newcomer", "punctual", "tardy"]
    assert set(table.column("as_of").to_pylist()) == {AFTER}


def test_who_ships_late_scores_lower_and_is_told_why(score, log):
    _, table = score("--events", log, "--out", "scores.parquet")
    rows = {row["merchant_id"]: row for row in table.to_pylist()}
    assert rows["tardy"]["score"] < rows["punctual"]["score"]
    assert rows["tardy"]["p_bad"] > rows["punctual"]["p_bad"]
    assert rows["tardy"]["reasons"]


def test_without_a_counterfeit_model_there_is_no_probability_of_it(score, log):
    _, table = score("--events", log, "--out", "scores.parquet")
    assert table.column("p_counterfeit").null_count == 3
    assert set(table.column("counterfeit_level").to_pylist()) == {"none"}


def test_with_a_counterfeit_model_there_is_one(score, log):
    models = FakeChampions(credit=("7", a_credit_bundle()), counterfeit=("1", a_counterfeit_bundle()))
    _, table = score("--events", log, "--out", "scores.parquet", champions=models)
    assert table.column("p_counterfeit").null_count == 0


def test_without_any_model_everybody_gets_the_fallback(score, log):
    result, table = score("--events", log, "--out", "scores.parquet", champions=FakeChampions())
    assert "3 of them by the fallback" in result.output
    assert len(set(table.column("score").to_pylist())) == 1


def test_as_of_an_earlier_day_only_who_was_known_then_is_judged(score, log):
    _, table = score("--events", log, "--as-of", "2026-10-01", "--out", "scores.parquet")
    assert table.column("merchant_id").to_pylist() == ["punctual", "tardy"]


def test_rejected_rows_are_told_and_the_rest_is_judged(score, tmp_path):
    log = write_events(tmp_path / "events.jsonl", {"event_id": "x", "event_type": "what", "merchant_id": "m"})
    result, table = score("--events", str(log), "--out", "scores.parquet")
    assert result.exit_code == 0
    assert "1 rows rejected" in result.stderr
    assert table.num_rows == 3


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--events", "LOG", "--store", "--out", "scores.parquet"],
        ["--events", "LOG"],
        ["--events", "LOG", "--as-of", "yesterday", "--out", "scores.parquet"],
        ["--events", "LOG", "--as-of", "2026-10-01T12:00:00", "--out", "scores.parquet"],
        ["--store", "--as-of", "2999-01-01"],
    ],
)
def test_wrong_usage_ends_with_two_and_writes_nothing(score, log, words):
    result, table = score(*(log if word == "LOG" else word for word in words))
    assert result.exit_code == 2
    assert table is None


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_an_empty_log_has_nobody_to_judge(score, tmp_path, content):
    (tmp_path / "empty.jsonl").write_text(content)
    result, table = score("--events", "empty.jsonl", "--out", "scores.parquet")
    assert isinstance(result.exception, NothingToJudge | FeaturesError)
    assert table is None


def test_a_file_that_does_not_exist_is_named(score):
    result, _ = score("--events", "nowhere.parquet", "--out", "scores.parquet")
    assert isinstance(result.exception, FeaturesError)
    assert "nowhere.parquet" in str(result.exception)


def test_a_place_that_cannot_be_written_is_named(score, log):
    result, _ = score("--events", log, "--out", "no/such/folder/scores.parquet")
    assert isinstance(result.exception, OutputUnwritable)


def test_a_run_that_fails_leaves_the_old_file_and_no_half_one(score, log, tmp_path):
    score("--events", log, "--out", "scores.parquet")
    result, table = score("--events", "nowhere.jsonl", "--out", "scores.parquet")
    assert result.exit_code == 1
    assert table.num_rows == 3
    assert not list(tmp_path.glob("*unfinished*"))


def test_a_champion_that_cannot_be_loaded_stops_the_run(score, log):
    result, table = score("--events", log, "--out", "scores.parquet", champions=FakeChampions(broken=True))
    assert isinstance(result.exception, ChampionUnloadable)
    assert table is None
