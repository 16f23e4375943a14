"""`goodfaith policy simulate`: on a store, on a file, and what it says to wrong input."""

import json
import re
from datetime import timedelta
from importlib.resources import files

import pytest
import typer
from typer.testing import CliRunner

from serving.errors import NothingChanges, NothingToJudge, PolicyFileUnusable, PolicyInvalid
from serving.policies.page import bars
from serving.policies.sides import sides
from serving.policies.simulate import mount
from serving.store import opened
from tests.serving.marketplace import a_counterfeit_bundle, a_credit_bundle, write_events
from tests.serving.shop import a_refund, a_shop, an_order, refund, tell
from tests.serving.world import NOON, FakeChampions, FakeClock, a_service

MODELS = FakeChampions(credit=("1", a_credit_bundle()), counterfeit=("1", a_counterfeit_bundle()))


def shipped(name):
    return files("scoring").joinpath(f"policies/{name}.toml").read_text("utf-8")


def papers(merchant):
    """The papers that every programme asks for."""
    named = {"event_type": "qualification_checked", "merchant_id": merchant, "event_time": "2026-09-01T09:00:00Z"}
    for one in ("identity", "business_licence"):
        yield {**named, "event_id": f"{merchant}-{one}", "qualification": one, "outcome": "passed"}


@pytest.fixture
def stricter(tmp_path):
    """A score policy that asks 20 points more for every band."""

    def more(line):
        return f"{line[1]} = {int(line[2]) + 20}"

    text = re.sub(r"^(from|to) = (\d+)(?=  )", more, shipped("score"), flags=re.MULTILINE)
    text = text.replace("to = 870", "to = 850").replace("from = 320", "from = 300")
    path = tmp_path / "score.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def simulate(tmp_path, monkeypatch):
    """Runs the command in a home of its own, an hour after noon."""
    monkeypatch.setenv("GOODFAITH_HOME", str(tmp_path))
    app = typer.Typer()
    app.callback()(lambda: None)
    mount(app, champions=lambda: MODELS, clock=FakeClock(NOON + timedelta(hours=1)))
    return lambda *words: CliRunner().invoke(app, ["simulate", *map(str, words)])


def test_a_log_is_replayed_and_leaves_tables_figures_and_pictures(simulate, stricter, tmp_path):
    events, html = write_events(tmp_path / "events.jsonl", *papers("punctual")), tmp_path / "change.html"
    found = simulate("--against", stricter, "--events", events, "--json", "--html", html)
    told = json.loads(found.stdout)
    assert (told["changed"], told["merchants"]["judged"]) == ("score", 3)
    assert sum(one["places"] for one in told["answers"]) == 3 * len(told["by_programme"])
    assert {"before", "after", "best", "best_low", "best_high"} <= told["cutoffs"][0].keys()
    page = html.read_text(encoding="utf-8")
    assert page.count("<polyline") == 3 * len(told["cutoffs"])
    assert "政策变更会带来什么" in page
    assert not re.search(r"(src|href)=", page)


def test_a_store_is_replayed_with_the_refunds_that_were_decided_on(simulate, stricter, tmp_path):
    with opened(f"sqlite:///{tmp_path / 'goodfaith.db'}") as engine:
        a_shop(engine, score=550, band="C")
        # The buyer has asked before: when, is a part of what was known.
        an_order(engine, "before", buyer="b0")
        tell(engine, "return_requested", order_id="before", return_id="r1", buyer_id="b0", reason="quality")
        assert refund(a_service(engine), a_refund())["outcome"] == "instant"
    found = simulate("--against", stricter)
    assert "refunds of the last 90 days, as decided on" in found.stdout
    assert re.search(r"^instant +1 +0$", found.stdout, re.MULTILINE)
    assert re.search(r"^on_return_scan +0 +1$", found.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "error", "told"),
    [
        (None, PolicyFileUnusable, "cannot be read"),
        ("since = tomorrow", PolicyFileUnusable, "no TOML"),
        ("since = 2026-01-01", PolicyFileUnusable, "no policy whose change can be simulated"),
        ("bands = 3", PolicyInvalid, "scale"),
        (shipped("score"), NothingChanges, "in force already"),
        (shipped("refunds").replace('"CNY"', '"EUR"'), PolicyInvalid, "EUR"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_its_reason(tmp_path, text, error, told):
    path = tmp_path / "policy.toml"
    if text:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(error, match=told):
        sides(None, path, currency="CNY")


def test_policies_of_two_kinds_are_not_compared(tmp_path, stricter):
    other = tmp_path / "refunds.toml"
    other.write_text(shipped("refunds"), encoding="utf-8")
    with pytest.raises(PolicyFileUnusable, match="no policies of one kind"):
        sides(other, stricter, currency="CNY")


def test_a_store_without_merchants_is_refused(simulate, stricter):
    assert isinstance(simulate("--against", stricter).exception, NothingToJudge)


def test_a_picture_without_a_change_has_no_bars():
    assert bars({}, {}) == ()
