from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from features.database import reading
from features.log import FileLog
from features.settings import Settings
from features.store import EventStore
from serving.ingest.files import ingest_file
from serving.score_run import score_files, score_store
from serving.store import AssessmentStore, opened
from serving.tables import shadow_assessments
from tests.serving.marketplace import AFTER, a_counterfeit_bundle, a_credit_bundle, write_events
from tests.serving.world import FakeChampions, a_key, a_service, ask, plain

MODELS = FakeChampions(credit=("7", a_credit_bundle()))
NOW = AFTER + timedelta(hours=9)


@pytest.fixture
def settings(tmp_path):
    """A home with the marketplace in its store."""
    settings = Settings(home=tmp_path, database_url="", currency="CNY")
    log = write_events(tmp_path / "events.jsonl")
    with opened(settings.database) as engine:
        ingest_file(EventStore(engine), log, currency="CNY", now=NOW)
    return settings


@pytest.fixture
def engine(settings):
    with opened(settings.database) as engine:
        yield engine


def judge_all(settings, *, champions=MODELS, as_of=None, out=None, now=NOW):
    return score_store(champions, settings, as_of=as_of, out=out, now=now)


def test_everybody_in_the_store_is_judged_as_of_todays_midnight(settings, engine):
    counts = judge_all(settings)
    assert (counts.judged, counts.latest, counts.by_fallback) == (3, 3, 1)
    answer = plain(AssessmentStore(engine).latest("punctual"))
    assert (answer["as_of"], answer["assessed_at"]) == ("2026-11-01T00:00:00Z", "2026-11-01T09:00:00Z")


def test_the_answer_over_http_is_what_the_model_said(settings, engine):
    judge_all(settings)
    answer = ask(a_service(engine), "/v1/merchants/tardy/score", key=a_key(engine, "scores:read")).json()
    assert answer["basis"] == "model"
    assert (answer["model"]["name"], answer["model"]["version"]) == ("goodfaith-credit", "7")
    assert answer["evidence"] == {"orders": 40, "buyers": 40, "sufficient": True}
    assert answer["reasons"][0]["feature"] == "own_fault_rate_90d_capped"
    assert answer["reasons"][0]["value"] == 1.0


def test_the_store_and_the_file_give_the_same_scores(settings, tmp_path):
    in_store, in_file = tmp_path / "store.parquet", tmp_path / "file.parquet"
    judge_all(settings, out=in_store)
    score_files(MODELS, settings, files=[tmp_path / "events.jsonl"], as_of=AFTER, out=in_file)
    assert in_store.read_bytes() == in_file.read_bytes()


def test_a_run_as_of_the_past_stores_nothing_over_what_is_known_since(settings, engine):
    judge_all(settings)
    counts = judge_all(settings, as_of=datetime(2026, 10, 1, tzinfo=UTC), now=NOW + timedelta(hours=1))
    assert (counts.judged, counts.latest) == (2, 0)
    assert plain(AssessmentStore(engine).latest("tardy"))["as_of"] == "2026-11-01T00:00:00Z"


def test_a_newly_promoted_model_is_taken_at_the_next_run(settings, engine):
    judge_all(settings, champions=FakeChampions())
    judge_all(settings)
    bases = [plain(answer)["basis"] for answer in AssessmentStore(engine).past("tardy")]
    assert bases == ["fallback", "model"]


def test_a_store_without_events_has_nobody_to_judge_and_says_so_by_its_counts(tmp_path):
    counts = judge_all(Settings(home=tmp_path / "empty", database_url=""))
    assert counts.judged == 0


def test_the_log_of_the_store_holds_what_the_file_holds(settings, engine, tmp_path):
    in_file = sum(batch.rows.num_rows for batch in FileLog([tmp_path / "events.jsonl"], currency="CNY").batches())
    assert EventStore(engine).log().rows == in_file


def test_what_challengers_think_is_kept_beside(settings, engine):
    challengers = {"credit": ("8", a_credit_bundle()), "counterfeit": ("3", a_counterfeit_bundle())}
    judge_all(settings, champions=FakeChampions(credit=("7", a_credit_bundle()), challengers=challengers))
    with reading(engine) as tx:
        kept = tx.execute(select(shadow_assessments)).all()
    assert len(kept) == 6
    for row in (row for row in kept if row.target == "credit"):
        live = plain(AssessmentStore(engine).latest(row.merchant_id))
        assert (row.challenger, plain(row.answer)["score"]) == ("8", live["score"])


def test_a_challenger_that_cannot_be_loaded_stops_no_run(settings, engine, capsys):
    judge_all(settings, champions=FakeChampions(credit=("7", a_credit_bundle()), challengers={"credit": OSError()}))
    assert "Left out: the challenging credit model cannot be loaded: OSError" in capsys.readouterr().err
    assert plain(AssessmentStore(engine).latest("tardy"))["model"]["version"] == "7"
