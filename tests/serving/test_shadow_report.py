"""How far champion and challenger differ: merchants, decisions, and who was right where labels are mature."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
import typer
from sqlalchemy import insert
from typer.testing import CliRunner

from features.database import day_of, micros, writing
from features.label_spec import LabelSpec
from features.store import EventStore
from serving import store_shadow
from serving.errors import NoShadows
from serving.ingest.files import ingest_file
from serving.shadow_commands import mount
from serving.shadow_report import report_on
from serving.store import opened
from serving.tables import shadow_days
from tests.serving.marketplace import AFTER, write_events
from tests.serving.world import NOON

SPEC = LabelSpec(
    target="credit", kind="own_fault", components=("dispatch_late",), threshold=0.3, min_orders=3, horizon_days=20,
    delay_days=5,
)  # fmt: skip


def a_day(merchant, live, shadow, *, at=NOON, **changes):
    """What both thought of a merchant; each is a grade, a score and a probability."""
    versions = {"target": "credit", "champion": "7", "challenger": "8"}
    sides = {"live": live, "shadow": shadow}
    told = {f"{side}_{name}": it[at] for side, it in sides.items() for at, name in enumerate(("grade", "score", "p"))}
    return {**versions, "merchant_id": merchant, "day": day_of(at), "as_of": micros(at), **told, **changes}


A, B, C = ("A", 700, 0.01), ("B", 640, 0.05), ("C", 560, 0.2)


def kept(engine, *rows):
    with writing(engine) as tx:
        tx.execute(insert(shadow_days), list(rows))


def decided(engine, number, live, shadow, *, kind="refund", cents=100, at=NOON, **changes):
    row = {"target": "credit", "decision_id": f"d{number}", "kind": kind, "decided_at": micros(at), "champion": "7"}
    row |= {"challenger": "8", "live_outcome": live, "shadow_outcome": shadow, "cents": cents, "answer": "{}"}
    with writing(engine) as tx:
        store_shadow.add_decisions(tx, [{**row, **changes}])


def report(engine, *, since=None, now=NOON, target="credit"):
    return report_on(engine, target, label=lambda _: SPEC, since=since, now=now)


def test_grades_are_counted_by_the_last_day_of_each_merchant(any_engine):
    yesterday = NOON - timedelta(days=1)
    kept(any_engine, a_day("m1", A, C, at=yesterday), a_day("m1", A, A), a_day("m2", A, B), a_day("m3", C, B))
    found = report(any_engine)
    assert (found.pair.champion, found.pair.challenger) == ("7", "8")
    assert (found.first, found.last) == (yesterday.date(), NOON.date())
    told = found.agreement
    assert (told.judged, told.alike, told.riskier, told.safer) == (3, 1, 1, 1)
    assert told.counts == {("A", "A"): 1, ("A", "B"): 1, ("C", "B"): 1}


def test_the_spread_of_scores_is_the_challengers_less_the_champions(any_engine):
    kept(any_engine, a_day("m1", A, B), a_day("m2", B, A), a_day("m3", B, B))
    spread = report(any_engine).spread
    assert (spread.unit, spread.mean) == ("points", 0.0)
    assert (spread.quantiles[0], spread.quantiles[50], spread.quantiles[100]) == (-60, 0, 60)


def test_fakes_are_compared_by_level_and_probability(any_engine):
    fakes = {"target": "counterfeit"}
    kept(any_engine, a_day("m1", ("none", 700, 0.01), ("high", 700, 0.61), **fakes))
    kept(any_engine, a_day("m2", ("none", 700, None), ("none", 700, 0.1), **fakes))
    found = report(any_engine, target="counterfeit")
    assert (found.agreement.riskier, found.agreement.alike) == (1, 1)
    assert (found.spread.unit, round(found.spread.mean, 6)) == ("p", 0.6)


def test_only_the_pair_that_judged_last_is_compared(any_engine):
    earlier = NOON - timedelta(days=3)
    kept(any_engine, a_day("m1", A, C, at=earlier, challenger="6"), a_day("m2", A, B, champion=None, challenger="8"))
    decided(any_engine, 1, "instant", "standard", challenger="6")
    found = report(any_engine)
    assert (found.pair.champion, found.agreement.judged, found.outcomes) == (None, 1, ())


def test_decisions_are_counted_with_the_amounts_asked_for(any_engine):
    kept(any_engine, a_day("m1", A, A))
    decided(any_engine, 1, "instant", "standard", cents=100)
    decided(any_engine, 2, "instant", "standard", cents=250)
    decided(any_engine, 3, "instant", "instant", cents=1)
    decided(any_engine, 4, "admit", "refuse", kind="programme", cents=None)
    decided(any_engine, 5, "instant", "review", target="counterfeit")
    found = [(one.kind, one.live, one.shadow, one.decisions, one.cents) for one in report(any_engine).outcomes]
    assert found == [
        ("programme", "admit", "refuse", 1, 0),
        ("refund", "instant", "instant", 1, 1),
        ("refund", "instant", "standard", 2, 350),
    ]


def test_since_a_day_nothing_earlier_counts(any_engine):
    earlier = NOON - timedelta(days=3)
    kept(any_engine, a_day("m1", A, C, at=earlier), a_day("m2", A, B))
    decided(any_engine, 1, "instant", "standard", at=earlier)
    found = report(any_engine, since=NOON.date())
    assert (found.agreement.judged, found.outcomes, found.first) == (1, (), NOON.date())


@pytest.mark.parametrize(("since", "told"), [(None, "by credit yet"), (date(2027, 1, 1), "since 2027-01-01")])
def test_where_no_challenger_has_judged_that_is_told(any_engine, since, told):
    if since:
        kept(any_engine, a_day("m1", A, A))
    with pytest.raises(NoShadows, match=told):
        report(any_engine, since=since)


def test_before_a_label_is_mature_nobody_is_called_right(any_engine):
    kept(any_engine, a_day("m1", A, B, at=NOON - timedelta(days=25)), a_day("m1", A, B))
    assert report(any_engine).matured is None


def test_mature_labels_tell_who_was_right(any_engine, tmp_path):
    ingest_file(EventStore(any_engine), write_events(tmp_path / "events.jsonl"), currency="CNY", now=AFTER)
    at, again = datetime(2026, 9, 10, 12, tzinfo=UTC), datetime(2026, 9, 11, 12, tzinfo=UTC)
    rows = [a_day("tardy", A, C, at=at), a_day("punctual", B, A, at=at), a_day("newcomer", A, C, at=at)]
    kept(any_engine, *rows, a_day("tardy", C, A, at=again))
    found = report(any_engine, now=AFTER).matured
    # One row of each merchant and month; of the newcomer nobody knows what became of it.
    assert (found.rows, found.bad, found.riskier, found.safer) == (2, 1, (1, 1), (1, 0))
    assert found.brier_live == pytest.approx((0.99**2 + 0.05**2) / 2)
    assert found.brier_shadow == pytest.approx((0.8**2 + 0.01**2) / 2)


@pytest.fixture
def told(tmp_path, monkeypatch):
    """The command in a home whose store holds two merchants and two decisions."""
    monkeypatch.setenv("GOODFAITH_HOME", str(tmp_path))
    monkeypatch.delenv("GOODFAITH_DATABASE_URL", raising=False)
    with opened(f"sqlite:///{tmp_path / 'goodfaith.db'}") as engine:
        kept(engine, a_day("m1", A, B), a_day("m2", A, A))
        decided(engine, 1, "instant", "standard", cents=12_345)
        decided(engine, 2, "admit", "refuse", kind="programme", cents=None)
    app = typer.Typer()
    mount(app, label=lambda _: SPEC)
    # With one command only, Typer would take its name for an argument.
    app.command("nothing")(lambda: None)
    return lambda *words, code=0: _run(app, words, code)


def _run(app, words, code):
    ended = CliRunner().invoke(app, ["shadow", *words])
    assert ended.exit_code == code, ended.output
    return ended.output


def test_people_are_told_in_tables(told):
    text = told("credit")
    assert "credit: challenger 8 beside champion 7, 2026-11-20 to 2026-11-20" in text
    assert "2 merchants judged by both: 1 (50.0%) graded alike, 1 riskier and 0 safer by the challenger" in text
    assert "instant -> standard" in text
    assert "12,345 cents asked for" in text
    assert "no label of these days is mature yet" in text


def test_machines_are_told_the_same(told):
    found = json.loads(told("credit", "--since", "2026-11-20", "--json"))
    assert found["merchants"] == {"judged": 2, "alike": 1, "riskier": 1, "safer": 0}
    assert found["grades"][1] == {"champion": "A", "challenger": "B", "merchants": 1}
    assert found["difference"]["mean"] == -30.0
    assert found["decisions"][1]["cents"] == 12_345
    assert found["labels"] is None


@pytest.mark.parametrize("words", [["weather"], [], ["credit", "--since", "soon"]])
def test_wrong_usage_ends_with_two(told, words):
    told(*words, code=2)
