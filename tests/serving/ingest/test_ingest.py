"""`goodfaith ingest`: files into the store, and what is told of the rows that stay out."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import serving.ingest.files
from features.database import day_of, reading
from features.errors import LogUnreadable, UnknownColumns
from features.midnights import Midnight, ensure_midnight, midnight_of, sum_up
from features.store import EventStore
from serving.ingest.commands import app
from serving.ingest.files import ingest_file, rejects_of
from tests.features.build import write_lines, write_log

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)


def an_order(event_id="e1", **changes):
    placed = NOW - timedelta(days=1)
    order = {"event_type": "order_placed", "merchant_id": "shop", "event_time": placed, "order_id": "A"}
    return {"event_id": event_id, **order, "amount_cents": 500, **changes}


@pytest.fixture
def store(engine):
    return EventStore(engine)


@pytest.fixture(params=[write_log, write_lines], ids=["parquet", "json"])
def ingest(request, store, tmp_path):
    """Take events into the store from one file: what is told, and the lines of the rejected."""

    def ingest(*events, name="log", now=NOW):
        path = request.param(events, tmp_path / name)
        outcome = ingest_file(store, path, currency="CNY", now=now)
        return outcome.plain(), rejects(path)

    return ingest


def rejects(path):
    """The rejected rows beside a file; None where there is no such file."""
    beside = Path(f"{path}.rejected.jsonl")
    return [json.loads(line) for line in beside.read_text().splitlines()] if beside.exists() else None


def stored(store):
    rows = [row for batch in store.log().batches() for row in batch.rows.to_pylist()]
    return {row["event_id"]: row["amount_cents"] for row in rows}


def test_good_rows_go_in_and_bad_ones_are_told_of_with_their_reasons(ingest, store):
    told, rejected = ingest(an_order(), an_order("e2", amount_cents=-1), an_order("e3"))
    assert told == {"accepted": 2, "duplicates": 0, "rejected": {"bad_value": 1}}
    (line,) = rejected
    assert (line["index"], line["event_id"], line["code"]) == (1, "e2", "bad_value")
    assert "-1" in line["detail"]
    assert set(stored(store)) == {"e1", "e3"}


def test_a_file_taken_in_again_is_all_duplicates(ingest, store):
    events = [an_order(), an_order("e2")]
    assert ingest(*events)[0]["accepted"] == 2
    assert ingest(*events)[0] == {"accepted": 0, "duplicates": 2, "rejected": {}}
    assert len(stored(store)) == 2


def test_rows_that_a_file_repeats_are_duplicates(ingest):
    assert ingest(an_order(), an_order())[0] == {"accepted": 1, "duplicates": 1, "rejected": {}}


@pytest.mark.parametrize("turned", [False, True])
def test_of_a_conflict_within_the_file_the_row_known_first_stands(ingest, store, turned):
    rows = [an_order(amount_cents=1), an_order(amount_cents=2, known_at=NOW)]
    told, rejected = ingest(*(rows[::-1] if turned else rows))
    assert told == {"accepted": 1, "duplicates": 0, "rejected": {"event_id_conflict": 1}}
    assert [(line["index"], line["code"]) for line in rejected] == [(0 if turned else 1, "event_id_conflict")]
    assert stored(store) == {"e1": 1}


def test_what_the_store_has_stands_against_any_file(ingest, store):
    ingest(an_order(amount_cents=2, known_at=NOW))
    told, rejected = ingest(an_order("e0"), an_order(amount_cents=1), name="later")
    assert told == {"accepted": 1, "duplicates": 0, "rejected": {"event_id_conflict": 1}}
    assert [(line["index"], line["event_id"]) for line in rejected] == [(1, "e1")]
    assert stored(store) == {"e1": 2, "e0": 500}


def test_what_would_be_known_in_future_is_refused(ingest, store):
    told, rejected = ingest(an_order(known_at=NOW + timedelta(minutes=5, microseconds=1)), an_order("e2"))
    assert told == {"accepted": 1, "duplicates": 0, "rejected": {"known_in_future": 1}}
    assert rejected[0]["event_id"] == "e1"
    assert set(stored(store)) == {"e2"}


@pytest.mark.parametrize("minutes", [4, 5])
def test_a_clock_that_is_a_little_ahead_is_waited_for(ingest, minutes):
    soon = NOW + timedelta(minutes=minutes)
    assert ingest(an_order(event_time=soon), an_order("e2", known_at=soon))[0]["accepted"] == 2


def test_what_was_in_the_future_once_is_taken_in_later(ingest):
    event = an_order(known_at=NOW + timedelta(days=1))
    assert ingest(event)[0]["accepted"] == 0
    told, rejected = ingest(event, now=NOW + timedelta(days=1))
    assert (told["accepted"], rejected) == (1, None)


def test_where_nothing_is_rejected_there_is_no_file_of_rejects(ingest):
    ingest(an_order(amount_cents=-1))
    assert ingest(an_order())[1] is None


def test_more_rows_than_go_in_at_once_all_go_in(ingest, store, monkeypatch):
    monkeypatch.setattr(serving.ingest.files, "_ROWS_AT_ONCE", 2)
    ingest(an_order("3", amount_cents=9))
    told, rejected = ingest(*(an_order(str(number)) for number in range(5)), an_order("0"), name="later")
    assert told == {"accepted": 4, "duplicates": 1, "rejected": {"event_id_conflict": 1}}
    assert rejected[0]["index"] == 3
    assert len(stored(store)) == 5


def test_rejects_of_a_repeated_id_that_is_bad_and_good_are_told_apart(ingest, store):
    told, rejected = ingest(an_order(amount_cents=-1), an_order(amount_cents=7))
    assert (told["accepted"], told["rejected"], len(rejected)) == (1, {"bad_value": 1}, 1)
    assert stored(store) == {"e1": 7}


def test_a_row_that_cannot_even_be_quoted_is_told_of_in_ascii(store, tmp_path):
    (tmp_path / "log").write_text('{"event_id": "e1", "merchant_id": "\\ud800"}\n{"\\udfff": 1}\n[1]\n')
    ingest_file(store, tmp_path / "log", currency="CNY", now=NOW)
    codes = [(line["index"], line["code"]) for line in rejects(tmp_path / "log")]
    assert codes == [(0, "bad_value"), (1, "unknown_column"), (2, "bad_json")]


def test_midnights_after_what_a_file_tells_late_are_added_up_anew(ingest, store):
    day, placed = day_of(NOW), NOW - timedelta(days=1)
    for some in (day - 2, day):
        ensure_midnight(store.engine, some)
    ingest(
        an_order(merchant_id="late", event_type="merchant_registered", category="toys"),
        an_order("e2", event_time=placed),
    )
    ensure_midnight(store.engine, day)
    with reading(store.engine) as tx:
        assert midnight_of(tx, day) == sum_up(store.log(known_before=MIDNIGHT), day)[0]
        assert midnight_of(tx, day) != Midnight(day=day)
        assert midnight_of(tx, day - 1).day == day - 2


def test_a_file_in_another_currency_is_not_added_up(ingest, store):
    assert ingest(an_order(currency="BRL"))[0] == {
        "accepted": 0, "duplicates": 0, "rejected": {"currency_mismatch": 1}
    }  # fmt: skip
    assert not store.any()


def test_a_file_that_cannot_be_read_leaves_the_store_as_it_was(store, tmp_path):
    path = write_log([an_order(str(number)) for number in range(100)], tmp_path / "log.parquet")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(LogUnreadable):
        ingest_file(store, path, currency="CNY", now=NOW)
    assert not store.any()


def test_rejects_lie_beside_their_file():
    assert rejects_of(Path("in/log.parquet")) == Path("in/log.parquet.rejected.jsonl")


# --- The command -----------------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path, monkeypatch):
    """`goodfaith ingest` in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GOODFAITH_HOME", str(tmp_path / "home"))
    front = typer.Typer()
    front.add_typer(app)
    front.command()(lambda: None)  # A second command, so that the first goes by its name.
    return lambda *words: CliRunner().invoke(front, ["ingest", *words])


def test_the_command_tells_people_what_became_of_each_file(run, tmp_path):
    write_log([an_order(), an_order(), an_order("e2", amount_cents=-1)], tmp_path / "a.parquet")
    write_lines([an_order("e3")], tmp_path / "b.jsonl")
    result = run("a.parquet", "b.jsonl")
    assert result.exit_code == 0
    assert "a.parquet: 1 accepted, 1 duplicate, 1 rejected" in result.stdout
    assert "bad_value: 1" in result.stdout
    assert "a.parquet.rejected.jsonl" in result.stdout
    assert "b.jsonl: 1 accepted, 0 duplicate, 0 rejected" in result.stdout


def test_the_command_tells_programs_in_json(run, tmp_path):
    write_lines([an_order(), an_order("e2", amount_cents=-1)], tmp_path / "log.jsonl")
    first, second = (json.loads(run("log.jsonl", "--json").stdout) for _ in range(2))
    rejected = {"bad_value": 1}
    assert first == [{"file": "log.jsonl", "accepted": 1, "duplicates": 0, "rejected": rejected}]
    assert second == [{"file": "log.jsonl", "accepted": 0, "duplicates": 1, "rejected": rejected}]


def test_the_command_reads_the_currency_from_the_settings(run, tmp_path, monkeypatch):
    monkeypatch.setenv("GOODFAITH_CURRENCY", "BRL")
    write_lines([an_order(currency="BRL")], tmp_path / "log.jsonl")
    assert "1 accepted" in run("log.jsonl").stdout


def test_the_command_looks_at_the_clock(run, tmp_path):
    ahead = datetime.now(UTC) + timedelta(minutes=4)
    far = datetime.now(UTC) + timedelta(minutes=10)
    write_lines([an_order(known_at=ahead), an_order("e2", known_at=far)], tmp_path / "log.jsonl")
    (told,) = json.loads(run("log.jsonl", "--json").stdout)
    assert told == {"file": "log.jsonl", "accepted": 1, "duplicates": 0, "rejected": {"known_in_future": 1}}


@pytest.mark.parametrize("words", [[], ["nowhere.parquet"]])
def test_without_a_file_there_is_nothing_to_ingest(run, words):
    assert run(*words).exit_code == 2


def test_a_file_with_an_unknown_column_is_refused_by_name(run, tmp_path):
    from pyarrow import parquet, table

    parquet.write_table(table({"event_id": ["e1"], "colour": ["red"]}), tmp_path / "log.parquet")
    result = run("log.parquet")
    assert isinstance(result.exception, UnknownColumns)
    assert "'colour'" in str(result.exception)


def test_history_that_a_file_brings_counts_in_the_midnights_that_were_added_up_without_it(ingest, store):
    day = day_of(NOW)
    ensure_midnight(store.engine, day)
    ingest(an_order(), an_order("e2", event_type="merchant_registered", category="toys"))
    ensure_midnight(store.engine, day)
    with reading(store.engine) as tx:
        assert midnight_of(tx, day) == sum_up(store.log(known_before=NOW), day)[0]
        assert any(midnight_of(tx, day).everybody)
