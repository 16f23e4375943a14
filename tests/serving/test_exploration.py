"""The lot in serving: drawn by the merchant and the quarter, recorded with its chance, and told to training."""

import json
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner

from features.database import reading
from features.settings import Settings
from scoring.exploration import lot_of
from scoring.gate import Applicant, Application, gate_by_lot
from serving.decide import plain
from serving.decisions import decision
from serving.propensities import propensities
from serving.store import opened
from tests.serving.shop import a_shop, judged
from tests.serving.test_applications import apply
from tests.serving.world import NOON, FakeClock, a_command_line, a_key, a_service, ask

SALT = "a salt that nobody guesses"
SHARE = 0.01
LOW = {"band": "D", "score": 520}


def lot(merchant):
    """The merchant's lot of the quarter in which it is noon."""
    period = (NOON - datetime(1970, 1, 1, tzinfo=UTC)).days // 90
    return lot_of(SALT, merchant_id=merchant, programme="lightning_dispatch", period=period)


#: Names whose lot of this quarter wins, and loses.
WINNER = next(name for name in (f"w{number}" for number in range(10_000)) if lot(name) < SHARE)
LOSER = next(name for name in (f"l{number}" for number in range(10)) if lot(name) >= SHARE)


def applied(engine, merchant, *, key="k", salt=SALT, at=NOON, programme="lightning_dispatch"):
    service = a_service(engine, salt=salt, clock=FakeClock(at))
    return apply(engine, programme, body={"merchant_id": merchant}, key=key, service=service).json()


def trace_of(engine, told):
    with reading(engine) as tx:
        return json.loads(decision(tx, told["decision_id"]).trace)


@pytest.mark.parametrize(
    ("merchant", "outcome", "propensity", "explored"),
    [(WINNER, "conditions", SHARE, True), (LOSER, "refuse", 1 - SHARE, False)],
)
def test_a_decision_by_lot_is_shown_with_how_likely_it_was(any_engine, merchant, outcome, propensity, explored):
    a_shop(any_engine, merchant, **LOW)
    told = applied(any_engine, merchant)
    assert told["outcome"] == outcome
    assert ("P907" in {one["code"] for one in told["reasons"]}) is explored
    shown = ask(a_service(any_engine), f"/v1/decisions/{told['decision_id']}", key=a_key(any_engine, "scores:read"))
    trace = shown.json()["trace"]
    assert (trace["propensity"], trace["explored"], trace["lot"]) == (propensity, explored, lot(merchant))


def test_asking_again_changes_nothing_before_the_quarter_is_over(engine):
    a_shop(engine, WINNER, **LOW)
    later = NOON + timedelta(minutes=1)
    answers = [applied(engine, WINNER, key=key, at=at) for key, at in (("a", NOON), ("b", later))]
    assert [one["outcome"] for one in answers] == ["conditions", "conditions"]
    assert len({trace_of(engine, one)["lot"] for one in answers}) == 1
    quarter = later + timedelta(days=90)
    judged(engine, WINNER, at=quarter, **LOW)
    assert trace_of(engine, applied(engine, WINNER, key="c", at=quarter))["lot"] != lot(WINNER)


def test_without_a_salt_nobody_is_let_in_by_lot_and_the_answer_is_the_same_to_the_byte(engine):
    a_shop(engine, WINNER, **LOW)
    told = applied(engine, WINNER, salt="")
    policy = a_service(engine).programmes
    off = a_service(engine, programmes=policy.model_copy(update={"exploration": None}), salt=SALT)
    other = apply(engine, body={"merchant_id": WINNER}, key="off", service=off).json()
    assert {**told, "decision_id": None} == {**other, "decision_id": None} | {"policy_version": told["policy_version"]}
    assert told["outcome"] == "refuse"
    assert (trace_of(engine, told)["lot"], trace_of(engine, told)["propensity"]) == (None, 1.0)


def test_a_decision_by_lot_is_given_again_from_its_trace(engine):
    a_shop(engine, WINNER, **LOW)
    told = applied(engine, WINNER)
    trace, policy = trace_of(engine, told), a_service(engine).programmes
    applicant = TypeAdapter(Applicant).validate_python(trace["applicant"])
    wanted = Application(programme=policy.programme("lightning_dispatch"), category="toys")
    as_of = datetime.fromisoformat(trace["as_of"])
    again = gate_by_lot(wanted, applicant, policy=policy, as_of=as_of, lot=trace["lot"])
    assert {**told, **plain(again.admission)} == told
    assert again.propensity == trace["propensity"]


def test_looking_at_the_standing_draws_no_lot(engine):
    a_shop(engine, WINNER, **LOW)
    service, key = a_service(engine, salt=SALT), a_key(engine, "scores:read")
    told = ask(service, f"/v1/merchants/{WINNER}/programmes", key=key).json()["programmes"]
    assert {one["outcome"] for one in told if one["programme"] == "lightning_dispatch"} == {"refuse"}


def drawn(engine):
    with reading(engine) as tx:
        return propensities(tx).to_pylist()


NOVEMBER, DECEMBER = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)


def test_months_for_which_a_lot_decided_leave_the_store_with_how_likely_that_was(any_engine):
    for merchant in (WINNER, LOSER):
        a_shop(any_engine, merchant, **LOW)
        applied(any_engine, merchant)
    a_shop(any_engine, "m1")
    applied(any_engine, "m1")
    told = [(one["merchant_id"], one["as_of"], round(one["propensity"], 9), one["let_in"]) for one in drawn(any_engine)]
    expected = [(LOSER, 1 - SHARE, False), (WINNER, SHARE, True)]
    assert told == [(name, at, p, won) for name, p, won in expected for at in (NOVEMBER, DECEMBER)]


def test_the_same_lot_drawn_twice_counts_once(engine):
    a_shop(engine, WINNER, **LOW)
    for key in ("a", "b"):
        applied(engine, WINNER, key=key)
    assert [round(one["propensity"], 9) for one in drawn(engine)] == [SHARE, SHARE]


def test_whoever_was_let_in_otherwise_too_owes_nothing_to_a_lot(engine):
    a_shop(engine, LOSER, **LOW)
    applied(engine, LOSER)
    judged(engine, LOSER)
    assert applied(engine, LOSER, key="admitted")["outcome"] == "admit"
    assert drawn(engine) == []


def test_the_command_writes_what_training_reads(tmp_path, monkeypatch):
    monkeypatch.setenv("GOODFAITH_HOME", str(tmp_path))
    with opened(Settings().database) as engine:
        a_shop(engine, WINNER, **LOW)
        applied(engine, WINNER)
    out = tmp_path / "drawn.parquet"
    result = CliRunner().invoke(a_command_line(), ["propensities", "--out", str(out)])
    assert result.exit_code == 0, result.exception
    assert pq.read_table(out)["merchant_id"].to_pylist() == [WINNER, WINNER]
