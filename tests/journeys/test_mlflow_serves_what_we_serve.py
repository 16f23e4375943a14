"""`mlflow models serve` answers with the champion; its numbers are the service's own."""

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from features.database import reading
from features.moment import features_now
from scoring.model import Model
from tests.journeys.stage import BEGIN, DAY, HOUR, Stage, a_registration, an_order
from tests.training.build import a_recipe, some_rows
from training.fit import bundle_of, fit
from training.registry import Promotion, Registry

NOW = BEGIN + 40 * DAY
SHOPS = [f"shop{number:02d}" for number in range(40)]
#: Seconds: it loads MLflow and LightGBM anew, which a busy machine takes minutes for.
BEGINS_WITHIN = 900


@contextmanager
def mlflow_serving(registry_uri, log):
    """MLflow's own server of the champion on a free port; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    settings = {"MLFLOW_TRACKING_URI": registry_uri, "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false", "PATH": path}
    settings |= {"MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONPATH": str(Path(__file__).parents[2])}
    model = ("-m", "models:/goodfaith-credit@champion", "--env-manager", "local")
    command = [sys.executable, "-m", "mlflow", "models", "serve", *model, "--host", "127.0.0.1", "-p", str(port)]
    with log.open("w") as out, subprocess.Popen(command, env=os.environ | settings, stdout=out, stderr=out) as server:
        try:
            until_it_answers(server, f"http://127.0.0.1:{port}/ping", log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def until_it_answers(server, url, log):
    last = time.monotonic() + BEGINS_WITHIN
    while server.poll() is None and time.monotonic() < last:
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.3)
    pytest.fail(f"mlflow does not serve:\n{log.read_text()}")


def some_shops(engine, registry):
    """Forty shops judged by the service; every third sells nothing, the others ship late more or less often."""
    stage = Stage(engine, champions=registry)
    stage.at(NOW)
    for number, shop in enumerate(SHOPS):
        orders = range(0 if number % 3 == 0 else 30)
        late = [50 * HOUR if day % 41 < number else 5 * HOUR for day in orders]
        told = [an_order(shop, day, BEGIN + day * DAY, shipped_after=late[day]) for day in orders]
        stage.tell(*a_registration(shop, BEGIN), *(event for order in told for event in order))
    stage.judge()
    return stage


def ask(url, rows):
    """MLflow's answer about whole rows of features, nulls and all that the model does not take among them."""
    names = list(rows[0])
    body = {"dataframe_split": {"columns": names, "data": [[row[name] for name in names] for row in rows]}}
    return httpx.post(f"{url}/invocations", json=body, timeout=120)


def test_mlflow_and_the_service_agree_on_everybody(engine, tmp_path):
    rows, recipe, registry = some_rows(), a_recipe(), Registry(f"sqlite:///{tmp_path}/mlflow.db")
    bundle = bundle_of(fit("blend", rows, recipe), rows, recipe)
    registry.promote(
        "credit", Promotion(version=registry.register(bundle, metrics={}, parameters={}), at=BEGIN, by="ann")
    )
    stage = some_shops(engine, registry)
    with reading(engine) as tx:
        facts = features_now(tx, SHOPS, now=NOW).drop(["as_of"]).to_pylist()
    assert any(value is None for row in facts for value in row.values())

    with mlflow_serving(registry.uri, tmp_path / "mlflow.log") as url:
        served = ask(url, facts).json()["predictions"]
        refused = ask(url, [facts[0] | {bundle.inputs[0]: None}])
    ours = [stage.score(shop) for shop in SHOPS]
    judged = [(told["p_bad"], p) for told, p in zip(ours, served, strict=True) if told["basis"] == "model"]
    assert len({p for p, _ in judged}) > 5
    assert [p for _, p in judged] == pytest.approx([p for p, _ in judged], abs=1e-9, rel=0)
    assert served == pytest.approx(Model(bundle).p(Model(bundle).matrix(facts)).tolist(), abs=1e-9, rel=0)
    assert (refused.status_code, f"Input {bundle.inputs[0]} is null" in refused.text) == (400, True)
