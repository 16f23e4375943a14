"""Policies as the service reads them: what they look at must be there."""

import json
from importlib.resources import files

import pytest
import typer
from typer.testing import CliRunner

from scoring.lint.linter import lint
from serving.commands import mount
from serving.errors import PolicyInvalid
from serving.policy import given, read_programmes, shipped_programmes, shipped_refunds, shipped_texts
from tests.features.build import a_log, write_log
from tests.serving.world import FakeChampions


def test_the_shipped_policies_can_be_followed():
    assert {one.id for one in shipped_programmes().programmes} >= {"seven_day_return", "lightning_dispatch"}
    assert shipped_refunds().currency == "CNY"


def test_a_condition_on_what_nobody_measures_is_refused_by_name(programmes_text):
    broken = programmes_text.replace('"merchant_cancel_rate_90d_capped"', '"merchant_mood_90d_capped"')
    with pytest.raises(PolicyInvalid, match="no feature: merchant_mood_90d_capped"):
        read_programmes(broken)


def test_a_text_that_is_no_policy_is_refused():
    with pytest.raises(PolicyInvalid):
        read_programmes("since = tomorrow")


@pytest.fixture
def programmes_text():
    return (files("scoring") / "policies" / "programmes.toml").read_text(encoding="utf-8")


def test_every_shipped_policy_passes_the_linter_with_our_own_features():
    for text in shipped_texts().values():
        assert [one.text for one in lint(text, given()) if one.severity == "error"] == []


def test_a_policy_with_an_error_that_the_linter_finds_is_not_loaded(programmes_text):
    unsourced = programmes_text.replace("grace_days = 30         # source", "grace_days = 30         # said by", 1)
    with pytest.raises(
        PolicyInvalid, match=r"line \d+: L201 programmes.seven_day_return.grace_days = 30 names no source"
    ):
        read_programmes(unsourced)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("GOODFAITH_HOME", str(tmp_path / "home"))
    app = typer.Typer()
    mount(app, champions=FakeChampions, lookout=lambda: None)
    return lambda *words: CliRunner().invoke(app, ["policy", "lint", *words])


def test_the_linter_passes_what_is_shipped_and_tells_how_much_each_condition_asks(run):
    ended = run("--json")
    told = json.loads(ended.stdout)
    assert ended.exit_code == 0
    assert {one["severity"] for one in told["findings"]} == {"note"}
    # Spotless over an even prior of two things: 0.2 ** (1 / 53) is just above 0.97.
    dispatch = next(one for one in told["conditions"] if one["code"] == "P301")
    assert (dispatch["clean"], dispatch["clean_by_bound"], dispatch["able"]) == (1, 52, None)


def test_the_linter_fails_a_broken_policy_and_names_the_line(run, tmp_path, programmes_text):
    broken = tmp_path / "mine.toml"
    broken.write_text(
        programmes_text.replace('"merchant_cancel_rate_90d_capped"', '"merchant_mood_90d_capped"'), "utf-8"
    )
    ended = run(str(broken))
    assert ended.exit_code == 1
    assert "error L401 P302 looks at what is no feature: merchant_mood_90d_capped" in ended.stdout


def test_the_linter_warns_of_what_an_attack_found_cheap(run, tmp_path):
    cheat = {
        "attack": "sleeper", "aim": "place", "goal": "installation", "before": "review", "after": "conditions",
        "price": {"things": 9, "accounts": 1, "days": 8, "cents": 900}, "unlocks_cents": 1000, "too_cheap": True,
    }  # fmt: skip
    file = tmp_path / "attack.json"
    file.write_text(json.dumps({"policies": [shipped_programmes().version], "cheats": [cheat]}), "utf-8")
    ended = run("--attack", str(file))
    assert ended.exit_code == 0
    assert "warning L601 programmes.installation can be cheated for less than it unlocks: sleeper" in ended.stdout
    assert "L602" not in ended.stdout


def test_what_no_attack_printed_is_no_prices(run, tmp_path):
    file = tmp_path / "attack.json"
    file.write_text("{}", "utf-8")
    assert "is no result of `goodfaith attack --json`" in str(run("--attack", str(file)).exception)


def test_with_a_log_the_linter_tells_who_can_prove_a_condition_and_what_nothing_feeds(run, tmp_path, programmes_text):
    story = "\n".join(
        f"2024-01-{day:02d} order_placed order_id=A{day} amount_cents=500 buyer_id=b{day}" for day in range(1, 29)
    )
    log = write_log(a_log(story), tmp_path / "events.parquet")
    policy = tmp_path / "mine.toml"
    policy.write_text(programmes_text, "utf-8")
    told = json.loads(run(str(policy), "--events", str(log), "--json").stdout)
    able = {one["code"]: one["able"] for one in told["conditions"]}
    assert (able["P302"], able["P602"]) == (1.0, 0.0)
    assert any(one["code"] == "L411" and "reply_kept_rate_90d" in one["text"] for one in told["findings"])
