"""The registry keeps what it is given, knows the champion, and forgets no promotion."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scoring.errors import BundleBroken
from scoring.model import Model
from serving.champions import current_declarations, live_models
from tests.training.build import a_bundle, some_rows
from training.errors import RegistryError, VersionUnknown
from training.pyfunc import read_bundle
from training.registry import Challenge, Promotion, Registry

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A registry with two versions, of which the second was promoted, then the first."""
    folder = tmp_path_factory.mktemp("registry")
    registry = Registry(f"sqlite:///{folder}/mlflow.db")
    for auc in (0.7, 0.8):
        registry.register(a_bundle(), metrics={"auc": auc}, parameters={"seed": "7"}, files={"recipe.toml": b"x"})
    registry.promote("credit", Promotion(version="2", at=NOON, by="ann"))
    registry.promote("credit", Promotion(version="1", at=NOON + timedelta(hours=1), by="bo", reason="a trial"))
    return registry


def test_an_empty_registry_answers_nothing_and_makes_no_file(tmp_path):
    registry = Registry(f"sqlite:///{tmp_path}/mlflow.db")
    assert (registry.champion("credit"), registry.versions("credit"), registry.history("credit")) == (None, (), ())
    assert list(tmp_path.iterdir()) == []


def test_a_model_of_bust_outs_is_kept_and_changes_nothing_that_is_served(tmp_path):
    registry = Registry(f"sqlite:///{tmp_path}/mlflow.db")
    registry.register(replace(a_bundle(), target="bust_out", name="goodfaith-bust-out"), metrics={}, parameters={})
    registry.promote("bust_out", Promotion(version="1", at=NOON, by="ann"))
    version, bundle = registry.champion("bust_out")
    assert (version, bundle.target) == ("1", "bust_out")
    assert live_models(registry, current_declarations()).missing == ("credit", "counterfeit")


def test_versions_carry_their_metrics_and_aliases(kept):
    found = [(one.version, one.aliases, one.metrics["auc"]) for one in kept.versions("credit")]
    assert found == [("1", ("champion",), 0.7), ("2", (), 0.8)]


def test_a_target_without_models_has_none(kept):
    assert (kept.champion("counterfeit"), kept.versions("counterfeit")) == (None, ())


def test_the_champion_is_the_bundle_that_was_registered(kept):
    version, bundle = kept.champion("credit")
    assert (version, bundle.digest) == ("1", a_bundle().digest)


def test_every_promotion_is_remembered_in_order(kept):
    assert [(event.version, event.by, event.reason) for event in kept.history("credit")] == [
        ("2", "ann", ""),
        ("1", "bo", "a trial"),
    ]


def test_a_challenger_is_kept_beside_the_champion_and_gives_up_its_place_when_it_is_promoted(tmp_path):
    registry = Registry(f"sqlite:///{tmp_path}/mlflow.db")
    assert (registry.challenger("credit"), registry.challenges("credit")) == (None, ())
    for _ in range(3):
        registry.register(a_bundle(), metrics={}, parameters={})
    registry.promote("credit", Promotion(version="1", at=NOON, by="ann"))
    registry.challenge("credit", Challenge(version="2", at=NOON, by="bo", reason="try"))
    assert (registry.champion("credit")[0], registry.challenger("credit")[0]) == ("1", "2")
    registry.promote("credit", Promotion(version="3", at=NOON + timedelta(hours=1), by="ann"))
    assert registry.challenger("credit")[0] == "2"
    registry.promote("credit", Promotion(version="2", at=NOON + timedelta(hours=2), by="ann"))
    assert (registry.champion("credit")[0], registry.challenger("credit")) == ("2", None)
    assert [(one.version, one.by, one.reason) for one in registry.challenges("credit")] == [
        ("2", "bo", "try"),
        ("", "ann", "became champion"),
    ]
    registry.challenge("credit", Challenge(version="1", at=NOON + timedelta(hours=3), by="bo"))
    registry.challenge("credit", Challenge(version="", at=NOON + timedelta(hours=4), by="bo"))
    assert (registry.challenger("credit"), registry.champion("credit")[0]) == (None, "2")


def test_a_version_that_does_not_exist_cannot_be_promoted(kept):
    with pytest.raises(VersionUnknown, match="no version 9 of the credit model"):
        kept.promote("credit", Promotion(version="9", at=NOON, by="ann"))


def test_files_lie_beside_the_database_and_hold_no_pickle(kept):
    folder = Path(kept.uri.removeprefix("sqlite:///")).parent
    names = {path.name for path in folder.rglob("*") if path.is_file()}
    assert {"mlflow.db", "MLmodel", "manifest.json", "points.json", "recipe.toml"} <= names
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".joblib"))]


def test_the_logged_model_loads_with_mlflow_without_pickle_and_gives_the_same_numbers(kept):
    code = (
        "import mlflow, pandas as pd, json, sys;"
        "model = mlflow.pyfunc.load_model('models:/goodfaith-credit@champion');"
        "rows = pd.DataFrame(json.loads(sys.argv[1]), columns=json.loads(sys.argv[2]));"
        "print(json.dumps(list(model.predict(rows[rows.columns[::-1]]))))"
    )
    rows, bundle = some_rows().X[:5], a_bundle()
    environment = {"MLFLOW_TRACKING_URI": kept.uri, "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}
    environment |= {"MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONPATH": str(Path(__file__).parents[2])}
    given = [sys.executable, "-c", code, str(rows.tolist()), str(list(bundle.inputs)).replace("'", '"')]
    answer = subprocess.run(given, env=os.environ | environment, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == str(Model(bundle).p(rows).tolist())


def test_a_bundle_that_was_tampered_with_is_refused(tmp_path):
    for name, content in a_bundle().pack().items():
        (tmp_path / name).write_bytes(content.replace(b"intercept", b"intercepT"))
    with pytest.raises(BundleBroken):
        read_bundle(tmp_path)


class Dies(RuntimeError):
    """The process goes away here."""


def broken_off(registry, step, *, after=False):
    """The registry, whose MLflow client dies at a step, before or after it was done."""
    real = getattr(registry._client, step)

    def dies(*given, **more):
        if after:
            real(*given, **more)
        raise Dies

    setattr(registry._client, step, dies)
    return registry


def two_versions(folder):
    registry = Registry(f"sqlite:///{folder}/mlflow.db")
    for _ in range(2):
        registry.register(a_bundle(), metrics={}, parameters={})
    registry.promote("credit", Promotion(version="1", at=NOON, by="ann"))
    return registry


@pytest.mark.parametrize(("after", "history"), [(False, ["1"]), (True, ["1", "2"])])
def test_a_promotion_broken_off_is_remembered_just_if_the_champion_was_moved(tmp_path, after, history):
    registry = two_versions(tmp_path)
    second = Promotion(version="2", at=NOON + timedelta(hours=1), by="bo")
    with pytest.raises(Dies):
        broken_off(Registry(registry.uri), "set_registered_model_alias", after=after).promote("credit", second)
    assert [one.version for one in registry.history("credit")] == history
    assert registry.champion("credit")[0] == history[-1]
    registry.promote("credit", Promotion(version="1", at=NOON + timedelta(hours=2), by="ann"))
    assert [one.version for one in registry.history("credit")] == [*history, "1"]


def test_a_challenger_taken_away_is_remembered_even_where_noting_it_was_broken_off(tmp_path):
    registry, later = two_versions(tmp_path), NOON + timedelta(hours=1)
    registry.challenge("credit", Challenge(version="2", at=NOON, by="bo"))
    with pytest.raises(Dies):
        broken_off(Registry(registry.uri), "delete_registered_model_alias", after=True).challenge(
            "credit", Challenge(version="", at=later, by="bo")
        )
    assert [one.version for one in registry.challenges("credit")] == ["2", ""]


def test_a_run_that_could_not_be_kept_is_told_as_failed(tmp_path):
    registry = Registry(f"sqlite:///{tmp_path}/mlflow.db")
    with pytest.raises(Dies):
        broken_off(registry, "log_artifacts").keep(a_bundle(), metrics={}, parameters={})
    again = Registry(registry.uri)._client
    experiment = again.get_experiment_by_name("goodfaith-credit").experiment_id
    assert [run.info.status for run in again.search_runs([experiment])] == ["FAILED"]


def test_a_database_that_is_none_is_an_error_of_ours(tmp_path):
    (tmp_path / "mlflow.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(RegistryError):
        Registry(f"sqlite:///{tmp_path}/mlflow.db").champion("credit")
