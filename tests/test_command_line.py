"""The command line as people and scripts meet it: 0 = done, 1 = failed with a message, 2 = wrong usage."""

import json
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.catalogue import CATALOGUE
from features.commands import write_parquet
from features.errors import FeaturesError
from goodfaith import _told_apart, _tries, main
from tests.features.build import a_log, a_spine, moment, write_lines, write_log
from training.recipe import find_recipe

STORY = """
    2024-01-10  order_placed   order_id=A amount_cents=500
    2024-01-11  order_shipped  order_id=A
    2024-01-20  order_placed   order_id=B amount_cents=700 merchant_id=stall
    2024-02-01  order_placed   order_id=C amount_cents=900 merchant_id=late
    2024-01-21  review_posted  stars=9
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def goodfaith(tmp_path, monkeypatch, capsys):
    """Run `goodfaith` in a folder of its own that holds a log, a spine and a file that is broken."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "MLFLOW_URI", "CURRENCY", "KEY"):
        monkeypatch.delenv(f"GOODFAITH_{name}", raising=False)
    monkeypatch.setenv("GOODFAITH_HOME", "home")
    write_log(a_log(STORY), Path("log.parquet"))
    pq.write_table(a_spine([("stall", moment("2024-02-01")), ("shop", moment("2024-01-12"))]), "spine.parquet")
    Path("broken.parquet").write_bytes(b"PAR1 and nothing else")

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["goodfaith", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return Ended(ended.value.code or 0, *capsys.readouterr())

    return run


def left_over():
    """What lies in the folder beside the files that were there before."""
    return {path.name for path in Path().iterdir()} - {"log.parquet", "spine.parquet", "broken.parquet", "home"}


def test_training_from_the_store_is_told_what_its_lots_drew(goodfaith):
    recipe = find_recipe("credit").text + "[selection]\nweigh = true\nmost = 8.0\n"
    Path("weighing.toml").write_text(recipe)
    ended = goodfaith("train", "--target", "credit", "--store", "--recipe", "weighing.toml")
    assert (ended.code, "0 months of merchants were decided by lot" in ended.err) == (1, True)


LOG, OUT = ("--events", "log.parquet"), ("--out", "out.parquet")
SPINE, DAY = ("--spine", "spine.parquet"), ("--as-of", "2024-02-01")
LABELS = ("labels", "--target", "credit")

WRONG = [
    ("teleport",),
    ("features",),
    ("features", *LOG, *DAY),
    ("features", *DAY, *OUT),
    ("features", *LOG, "--store", *DAY, *OUT),
    ("features", *LOG, *OUT),
    ("features", *LOG, *DAY, *OUT, "--engine", "abacus"),
    ("features", *LOG, *DAY, *OUT, "--master", "local[1]"),
    ("features", "--store", *DAY, *OUT, "--engine", "spark", "--master", "spark://nowhere:7077"),
    ("features", *LOG, *SPINE, *DAY, *OUT),
    ("features", *LOG, "--as-of", "yesterday", *OUT),
    ("features", *LOG, "--as-of", "2024-02-30", *OUT),
    ("features", *LOG, "--as-of", "2024-02-01T12:00:00Z", *OUT),
    ("features", *LOG, "--as-of", "2024-02-01T00:00:00", *OUT),
    ("features", *LOG, *DAY, *OUT, "--engine", "abacus"),
    ("features", *LOG, *DAY, *OUT, "--faster"),
    ("features", "--events", "nowhere.parquet", *DAY, *OUT),
    ("features", *LOG, "--spine", "nowhere.parquet", *OUT),
    ("ingest",),
    ("ingest", "nowhere.parquet"),
    ("labels", *LOG, *SPINE, *OUT),
    (*LABELS, *LOG, *OUT),
    (*LABELS, *LOG, *SPINE),
    (*LABELS, *SPINE, *OUT),
    (*LABELS, *LOG, "--store", *SPINE, *OUT),
    ("labels", "--target", "charm", *LOG, *SPINE, *OUT),
    ("score",),
    ("score", *LOG),
    ("score", *LOG, "--store", *OUT),
    ("score", *LOG, "--as-of", "soon", *OUT),
    ("score", "--store", "--as-of", "2999-01-01"),
    ("simulate",),
    ("simulate", "--out", "market", "--merchants", "0"),
    ("simulate", "--out", "market", "--days", "0"),
    ("simulate", "--out", "market", "--start", "soon"),
    ("simulate", "--to", "http://127.0.0.1:9"),
    ("simulate", "--to", "http://trust.example"),
    ("keys",),
    ("keys", "add"),
    ("keys", "add", "somebody"),
    ("keys", "add", "somebody", "--scope", "everything"),
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_wrong_usage_ends_with_two_and_says_so(goodfaith, words):
    ended = goodfaith(*words)
    assert ended.code == 2
    assert "Usage:" in ended.err + ended.out
    assert left_over() == set()


#: What fails, and a word of the message that tells people why.
FAILING = [
    (("features", "--events", "broken.parquet", *DAY, *OUT), "broken.parquet"),
    (("features", "--events", ".", *DAY, *OUT), "cannot be read"),
    (("features", *LOG, "--spine", "broken.parquet", *OUT), "spine"),
    (("features", *LOG, "--spine", "log.parquet", *OUT), "as_of is missing"),
    (("features", *LOG, *DAY, "--out", "no/such/folder/out.parquet"), "no/such/folder"),
    (("features", *LOG, *DAY, "--out", "."), "."),
    (("features", "--store", *DAY, *OUT), "store"),
    (("ingest", "broken.parquet"), "broken.parquet"),
    (("ingest", "spine.parquet"), "'as_of'"),
    ((*LABELS, "--events", "broken.parquet", *SPINE, *OUT), "broken.parquet"),
    ((*LABELS, *LOG, "--spine", "log.parquet", *OUT), "as_of is missing"),
    ((*LABELS, *LOG, *SPINE, "--out", "no/such/folder/out.parquet"), "no/such/folder"),
    ((*LABELS, *LOG, *SPINE, *OUT, "--recipe", "nonesuch"), "nonesuch"),
    ((*LABELS, *LOG, *SPINE, *OUT, "--recipe", "counterfeit"), "counterfeit"),
    (("keys", "revoke", "0000"), "0000"),
    (("simulate", "--out", "log.parquet", "--merchants", "2", "--days", "2"), "log.parquet"),
    (("import", "olist", "no-such-folder", *OUT), "no-such-folder"),
]


@pytest.mark.parametrize(
    ("words", "why"), FAILING, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_work_that_fails_ends_with_one_and_says_why(goodfaith, words, why):
    ended = goodfaith(*words)
    assert ended.code == 1
    assert ended.err.splitlines()[-1].startswith("Error: ")
    assert why in ended.err
    assert left_over() == set()


@pytest.mark.parametrize(
    ("setting", "value"),
    [("HOME", "log.parquet"), ("DATABASE_URL", "nonsense"), ("DATABASE_URL", "sqlite:////"), ("CURRENCY", "yuan")],
)
def test_a_setting_that_leads_nowhere_ends_with_one_and_says_why(goodfaith, monkeypatch, setting, value):
    monkeypatch.setenv(f"GOODFAITH_{setting}", value)
    ended = goodfaith("ingest", "log.parquet")
    assert ended.code == 1
    assert ended.err.splitlines()[-1].startswith("Error: ")


@pytest.mark.parametrize("command", ["features", "ingest", "labels", "score", "serve", "train", "models", "promote"])
def test_every_command_explains_itself(goodfaith, command):
    ended = goodfaith(command, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert f"goodfaith {command}" in ended.out


def test_it_runs_as_a_program(tmp_path):
    words = [sys.executable, "-m", "goodfaith", "features", "--events", "nowhere.parquet", "--out", "x"]
    ended = subprocess.run(words, capture_output=True, text=True, cwd=Path(__file__).parent.parent, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "nowhere.parquet" in ended.stderr


# --- features --------------------------------------------------------------------------------------------------


def test_as_of_a_day_every_merchant_known_before_it_is_answered(goodfaith):
    assert goodfaith("features", *LOG, *DAY, *OUT).code == 0
    table = pq.read_table("out.parquet")
    assert table.column_names == ["merchant_id", "as_of", *(feature.name for feature in CATALOGUE)]
    assert table.column("merchant_id").to_pylist() == ["shop", "stall"]
    assert set(table.column("as_of").to_pylist()) == {moment("2024-02-01")}


def test_a_moment_that_is_a_midnight_is_a_day(goodfaith):
    assert goodfaith("features", *LOG, "--as-of", "2024-02-01T08:00:00+08:00", *OUT).code == 0
    assert set(pq.read_table("out.parquet").column("as_of").to_pylist()) == {moment("2024-02-01")}


def test_a_spine_is_answered_row_by_row(goodfaith):
    assert goodfaith("features", *LOG, *SPINE, *OUT).code == 0
    table = pq.read_table("out.parquet", columns=["merchant_id", "as_of", "n_orders_30d"])
    assert table.drop_columns(["n_orders_30d"]).equals(pq.read_table("spine.parquet"))
    assert table.column("n_orders_30d").to_pylist() == [1, 1]


def test_what_became_of_the_rows_is_told_on_standard_error(goodfaith):
    ended = goodfaith("features", *LOG, *DAY, *OUT)
    assert "4 events, 0 duplicates" in ended.err
    assert "rejected 1 x bad_value, for instance row 4" in ended.err
    assert ended.out == ""


def test_several_files_are_one_log(goodfaith):
    write_lines([one | {"event_id": f"x{one['event_id']}"} for one in a_log(STORY)[:1]], Path("more.jsonl"))
    assert goodfaith("features", *LOG, "--events", "more.jsonl", *DAY, *OUT).code == 0
    assert pq.read_table("out.parquet").column("n_orders_30d").to_pylist() == [2, 1]


def test_the_store_answers_as_the_file_does(goodfaith):
    assert goodfaith("ingest", "log.parquet").code == 0
    assert goodfaith("features", "--store", *DAY, *OUT).code == 0
    assert goodfaith("features", *LOG, *DAY, "--out", "file.parquet").code == 0
    assert pq.read_table("out.parquet").equals(pq.read_table("file.parquet"))


def test_a_store_has_one_currency(goodfaith, monkeypatch):
    assert goodfaith("ingest", "log.parquet").code == 0
    monkeypatch.setenv("GOODFAITH_CURRENCY", "USD")
    for words in (("ingest", "log.parquet"), ("features", "--store", *DAY, *OUT), ("score", "--store")):
        ended = goodfaith(*words)
        assert (ended.code, "This store is in CNY" in ended.err) == (1, True)


def test_a_spine_without_rows_gives_a_file_without_rows(goodfaith):
    pq.write_table(a_spine([]), "spine.parquet")
    assert goodfaith("features", *LOG, "--spine", "spine.parquet", *OUT).code == 0
    assert pq.read_table("out.parquet").num_rows == 0


def test_a_log_in_another_currency_says_which_setting_to_change(goodfaith, monkeypatch):
    write_log([one | {"currency": "BRL"} for one in a_log(STORY)[:1]], Path("brl.parquet"))
    words = ("features", "--events", "brl.parquet", *DAY, *OUT)
    ended = goodfaith(*words)
    assert (ended.code, "GOODFAITH_CURRENCY" in ended.err) == (1, True)
    monkeypatch.setenv("GOODFAITH_CURRENCY", "BRL")
    assert goodfaith(*words).code == 0


def test_a_file_that_is_half_written_is_not_left_behind(tmp_path, monkeypatch):
    out = tmp_path / "out.parquet"
    write_parquet(pa.table({"whole": [1]}), out)
    before = out.read_bytes()

    def fill_the_disk(rows, path):
        Path(path).write_bytes(b"PAR1")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", fill_the_disk)
    with pytest.raises((OSError, FeaturesError)):
        write_parquet(pa.table({"half": [1]}), out)
    assert out.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]


def test_a_run_that_fails_leaves_the_old_file(goodfaith):
    Path("out.parquet").write_bytes(b"old")
    assert goodfaith("features", "--events", "broken.parquet", *DAY, *OUT).code == 1
    assert Path("out.parquet").read_bytes() == b"old"


# --- the others ------------------------------------------------------------------------------------------------


def test_ingest_is_done_also_with_some_rows_rejected(goodfaith):
    ended = goodfaith("ingest", "log.parquet", "--json")
    told = {"file": "log.parquet", "accepted": 4, "duplicates": 0, "rejected": {"bad_value": 1}}
    assert (ended.code, json.loads(ended.out)) == (0, [told])
    assert left_over() == {"log.parquet.rejected.jsonl"}


def test_labels_are_written_for_every_row_of_the_spine(goodfaith):
    assert goodfaith(*LABELS, *LOG, *SPINE, *OUT).code == 0
    table = pq.read_table("out.parquet")
    columns = ["merchant_id", "as_of", "label", "reason", "happened_at", "known_at", "mature", "censored"]
    assert table.column_names == columns
    assert table.column("reason").to_pylist() == ["immature", "immature"]


def test_scores_are_written_for_every_merchant(goodfaith):
    assert goodfaith("score", *LOG, *DAY, *OUT).code == 0
    assert pq.read_table("out.parquet").column("merchant_id").to_pylist() == ["shop", "stall"]
    failed = goodfaith("score", "--events", "broken.parquet", "--out", "other.parquet")
    assert (failed.code, failed.err.splitlines()[-1].startswith("Error: ")) == (1, True)
    assert left_over() == {"out.parquet"}


def test_a_key_is_printed_as_json(goodfaith):
    ended = goodfaith("keys", "add", "somebody", "--scope", "scores:read", "--json")
    assert (ended.code, set(json.loads(ended.out))) == (0, {"id", "key"})


def a_first_day(*, best, worst):
    def thought(merchant_id, score):
        return SimpleNamespace(merchant_id=merchant_id, score=score)

    refund = {"buyer": {"id": "o'brien"}}
    ends = {"most_trusted": (thought("m/1", best),), "least_trusted": (thought("m/2", worst),)}
    return SimpleNamespace(key="gf_x", refund=refund, **ends)


def test_what_the_demo_says_to_try_can_be_pasted_whatever_the_ids_hold():
    lines = _tries(a_first_day(best=600, worst=400), "http://here")
    assert lines[1].endswith("http://here/v1/merchants/m%2F2/score")
    sent = shlex.split("\n".join(lines[2:]).replace("\\\n", ""))
    assert json.loads(sent[sent.index("-d") + 1]) == {"buyer": {"id": "o'brien"}}


@pytest.mark.parametrize(("worst", "tables"), [(400, ["Most trusted", "Least trusted"]), (551, None)])
def test_the_demo_shows_no_ends_of_a_ranking_in_which_all_stand_alike(worst, tables):
    shown = [title for title, _ in _told_apart(a_first_day(best=551, worst=worst))]
    assert shown == (tables or ["All are trusted alike; some of them"])
