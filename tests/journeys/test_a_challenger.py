"""A new model works beside the old one, unseen; what it would have done is looked at; then it takes over, and back."""

import json
import sys
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from features.database import reading
from goodfaith import main
from serving.migrate import migrate
from serving.tables import reservations, shadow_decisions
from tests.journeys.stage import BEGIN, DAY, HOUR, Stage, a_credit_model, a_registration, an_order
from tests.training.build import FIGURES
from training.registry import Registry

NOW = BEGIN + 60 * DAY


@pytest.fixture
def goodfaith(bare_engine, tmp_path, monkeypatch, capsys):
    """Run `goodfaith` on the stage's store and registry; answers what it prints."""
    migrate(bare_engine)
    monkeypatch.setenv("GOODFAITH_HOME", str(tmp_path))
    monkeypatch.setenv("GOODFAITH_MLFLOW_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.setenv("GOODFAITH_DATABASE_URL", bare_engine.url.render_as_string(hide_password=False))

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["goodfaith", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        assert not ended.value.code, told.err
        return told.out

    return run


def a_shop(engine, registry):
    """A merchant with two months of good trade and three orders that have just come."""
    stage = Stage(engine, champions=registry)
    orders = [an_order("shop", day, BEGIN + day * DAY, shipped_after=5 * HOUR) for day in range(50)]
    orders += [an_order("shop", 1000 + number, NOW - 3 * DAY, shipped_after=5 * HOUR) for number in range(3)]
    stage.at(NOW)
    stage.tell(*a_registration("shop", BEGIN), *(event for order in orders for event in order))
    stage.judge()
    return stage


def a_request(number):
    buyer = {"id": f"buyer-{number}", "credit": 650, "refunds_90d": 0, "orders_90d": 12}
    return {"order_id": f"shop-o{number}", "merchant_id": "shop", "amount_cents": 20_000, "currency": "CNY",
            "category": "toys", "reason": "not_as_described", "buyer": buyer}  # fmt: skip


def later(stage, seconds):
    """A moment passes, in which the worker looks for other models and for work."""
    stage.clock.move(timedelta(seconds=seconds))
    stage.judge()


def test_a_model_challenges_takes_over_and_goes_back(bare_engine, tmp_path, goodfaith):
    registry = Registry(f"sqlite:///{tmp_path}/mlflow.db")
    for strictness in (-5.0, -0.5):
        bundle = a_credit_model(log_odds_of_a_saint=strictness)
        registry.register(bundle, metrics={"auc": 0.8, **FIGURES}, parameters={"label.threshold": "0.3"})
    goodfaith("promote", "credit", "1", "--by", "ann")
    stage = a_shop(bare_engine, registry)

    goodfaith("challenge", "credit", "2", "--by", "bo", "--reason", "stricter")
    later(stage, 6)
    told = stage.refund(a_request(1000), key="one").json()
    assert (told["outcome"], told["model_version"], stage.score("shop")["band"]) == ("instant", "1", "A")
    found = json.loads(goodfaith("shadow", "credit", "--json"))
    assert (found["champion"], found["challenger"]) == ("1", "2")
    assert found["merchants"] == {"judged": 1, "alike": 0, "riskier": 1, "safer": 0}
    (decision,) = found["decisions"]
    assert (decision["champion"], decision["challenger"], decision["cents"]) == ("instant", "on_return_scan", 20_000)
    assert "credit: challenger 2 beside champion 1" in goodfaith("shadow", "credit")

    goodfaith("promote", "credit", "2", "--by", "ann", "--force", "--reason", "as the shadow showed")
    later(stage, 6)
    told = stage.refund(a_request(1001), key="two").json()
    assert (told["outcome"], told["model_version"]) == ("on_return_scan", "2")

    goodfaith("rollback", "credit", "--by", "ann", "--reason", "too strict")
    later(stage, 6)
    assert stage.refund(a_request(1002), key="three").json()["outcome"] == "instant"
    with reading(bare_engine) as tx:
        beside, money = (tx.scalar(select(func.count()).select_from(one)) for one in (shadow_decisions, reservations))
    assert (beside, money) == (1, 2)
    assert "audit chain is whole" in goodfaith("audit", "verify")
    history = goodfaith("models").splitlines()[2:]
    assert [line.split("  ", 1)[1] for line in history] == [
        "credit 1 became champion by ann",
        "credit 2 became challenger by bo: stricter",
        "credit 2 became champion by ann (forced): as the shadow showed",
        "credit has no challenger by ann: became champion",
        "credit 1 became champion by ann (rolled back): too strict",
    ]
