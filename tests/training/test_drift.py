"""Drift is told when the world has moved, and not when it has not."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from prometheus_client.parser import text_string_to_metric_families

from features.log import FileLog
from scoring.bundle import Bundle
from tests.training.build import a_log, a_recipe
from training.dataset import build_dataset
from training.drift import LEAST_MOVE, Champion, Moved, drift_of, now_in
from training.drift_run import run, write_metrics
from training.errors import RegistryError, TooLittleToLearnFrom
from training.fit import bundle_of, fit
from training.population import Population
from training.psi import Shift

RECIPE = a_recipe()


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    return a_log(tmp_path_factory.mktemp("calm") / "log.parquet", merchants=150, months=26)


@pytest.fixture(scope="module")
def storm(tmp_path_factory):
    """The same merchants, of whom from the second summer on most ship late."""
    return a_log(tmp_path_factory.mktemp("storm") / "log.parquet", merchants=150, months=26, storm=18)


@pytest.fixture(scope="module")
def learned(calm):
    rows = build_dataset(log_in(calm), RECIPE)
    return rows.where((rows.as_of >= np.datetime64("2025-01-01")) & (rows.as_of < np.datetime64("2025-06-01")))


@pytest.fixture(scope="module")
def bundle(learned) -> Bundle:
    return bundle_of(fit("trees", learned, RECIPE), learned, RECIPE)


def log_in(path):
    return FileLog([path], currency="CNY")


def looked_at(path, bundle, *, before=None, since=None):
    live = Champion(version="1", bundle=bundle, recipe=RECIPE, on_record={"auc.low": 0.9}, before=before)
    return drift_of(log_in(path), live, since=since)


def test_a_world_that_goes_on_as_before_sounds_no_alarm(calm, bundle):
    found = looked_at(calm, bundle)
    assert found.alarms == ()
    assert found.score.state == "stable"
    assert found.matured.judged.rows >= 200
    assert found.advice in ("keep", "watch")


def test_a_storm_is_told_by_scores_and_by_what_became_of_merchants(storm, bundle):
    found = looked_at(storm, bundle)
    assert any(alarm.startswith("scores have shifted") for alarm in found.alarms)
    assert any(alarm.startswith("probabilities are off") for alarm in found.alarms)
    assert any(alarm.startswith("rank was lost") for alarm in found.alarms)
    assert found.advice == "retrain"
    assert found.shifted


@pytest.mark.parametrize(
    ("psi", "moved", "state"),
    [(0.7, 0.08, "watch"), (0.7, 0.2, "shifted"), (0.05, 0.2, "stable")],
    ids=["two points all round where all score alike", "six points", "what chance explains"],
)
def test_scores_have_shifted_where_they_moved_by_points_and_beyond_chance(psi, moved, state):
    assert Moved(shift=Shift(psi=psi, bound=0.1, rows=300), effect=moved, least=LEAST_MOVE).state == state


def test_a_storm_of_the_last_weeks_is_an_early_sign(calm, bundle, tmp_path):
    fresh = a_log(tmp_path / "log.parquet", merchants=150, months=26, storm=25)
    found, before = looked_at(fresh, bundle), looked_at(calm, bundle)
    assert ["late_dispatch_rate_30d" in one.early.risen for one in (found, before)] == [True, False]
    assert found.figures["early_late_dispatch_rate_30d"] > before.figures["early_late_dispatch_rate_30d"]
    assert [week.as_of for week in found.early.weeks] == sorted(week.as_of for week in found.early.weeks)


def test_only_labels_of_later_moments_are_looked_at(calm, bundle):
    since = date(2025, 10, 1)
    found = looked_at(calm, bundle, since=since)
    assert found.matured is None or found.matured.first.date() >= since
    assert looked_at(calm, bundle, since=date(2030, 1, 1)).matured is None


def test_a_reference_travels_with_the_bundle_and_comes_back(bundle):
    kept = Bundle.unpack(bundle.pack()).training["reference"]
    assert Population.read(kept).plain() == kept
    assert set(kept["inputs"]) == set(bundle.inputs)


def test_merchants_who_trade_no_more_are_compared_with_nobody(calm, bundle):
    now = now_in(log_in(calm), bundle)
    assert len(now.X) == 150


def test_where_nobody_trades_there_is_nothing_to_look_at(calm, bundle, tmp_path):
    last = {"event_id": "x", "event_type": "merchant_registered", "merchant_id": "new"}
    later = [{**last, "event_time": datetime(2030, 1, 2, tzinfo=UTC)}]
    pq.write_table(pa.concat_tables([pq.read_table(calm), pa.Table.from_pylist(later)], promote_options="default"),
                   tmp_path / "quiet.parquet")  # fmt: skip
    with pytest.raises(TooLittleToLearnFrom, match="no merchant trades"):
        now_in(log_in(tmp_path / "quiet.parquet"), bundle)


def test_an_earlier_champion_that_ranks_better_is_to_be_gone_back_to(calm, learned, bundle):
    mixed_up = replace(learned, y=np.random.default_rng(0).permutation(learned.y))
    dull = bundle_of(fit("trees", mixed_up, RECIPE), mixed_up, RECIPE)
    found = looked_at(calm, dull, before=bundle)
    assert found.advice == "roll back"
    assert any("ranks better" in alarm for alarm in found.alarms)
    assert looked_at(calm, bundle, before=dull).advice != "roll back"


def test_figures_are_left_for_a_monitor(calm, bundle, tmp_path):
    write_metrics([looked_at(calm, bundle)], tmp_path / "drift.prom")
    families = {one.name: one for one in text_string_to_metric_families((tmp_path / "drift.prom").read_text())}
    assert families["goodfaith_drift_alarms"].samples[0].value == 0
    assert {sample.labels["of"] for sample in families["goodfaith_drift_psi"].samples} >= {"score", *bundle.inputs}


class Nobody:
    """A registry without a champion."""

    def champion(self, target):
        return None


def test_without_a_champion_nothing_can_drift(calm):
    with pytest.raises(RegistryError, match="no model has been promoted"):
        run(Nobody(), log_in(calm), ["credit"])
