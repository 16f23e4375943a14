"""Removed merchants are neither good nor forgotten: rows like them weigh more, and what nobody can know is bounded."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from tests.training.build import a_recipe, some_rows
from training.commands import app
from training.dataset import Hidden
from training.errors import PropensitiesBroken
from training.evaluate import auc
from training.selection import Chance, bounds, read_propensities, weighed

WEIGHING = a_recipe(("[model]", "[selection]\nweigh = true\nmost = 8.0\n[model]"))


def where_the_bad_are_removed(count=4000):
    """Rows of which those who keep few promises lose their label most often; and all labels, as nobody knows them."""
    rows = some_rows(count, seed=3)
    rows = replace(rows, merchants=np.array([f"m{number}" for number in range(count)], dtype=object))
    random = np.random.default_rng(4)
    removed = random.random(count) < np.clip(1.2 - 1.3 * rows.X[:, 0], 0.0, 0.85)
    hidden = Hidden(X=rows.X[removed], merchants=rows.merchants[removed], as_of=rows.as_of[removed])
    return replace(rows.where(~removed), hidden=hidden), rows


def test_weights_bring_back_what_removal_has_taken():
    seen, every = where_the_bad_are_removed()
    told = weighed(seen, WEIGHING)
    naive, mended, true = seen.y.mean(), np.average(told.y, weights=told.weight), every.y.mean()
    assert naive < true - 0.03, "removal hides bad rows"
    assert abs(mended - true) < abs(naive - true) / 3
    kept = np.average(told.X[:, 0], weights=told.weight)
    assert abs(kept - every.X[:, 0].mean()) < abs(seen.X[:, 0].mean() - every.X[:, 0].mean()) / 3


def test_no_row_weighs_beyond_the_limit_and_the_mean_is_one():
    told = weighed(where_the_bad_are_removed()[0], WEIGHING)
    assert told.weight.mean() == pytest.approx(1.0)
    assert told.weight.max() / told.weight.min() <= 8.0 + 1e-9


def test_rows_stay_as_they_are_where_nobody_asks_or_nobody_was_removed():
    seen, every = where_the_bad_are_removed()
    assert weighed(seen, a_recipe()) is seen
    assert weighed(every, WEIGHING).weight.tolist() == [1.0] * len(every)


def test_who_was_let_in_by_lot_stands_for_those_who_were_not():
    rows = some_rows(40)
    first = (rows.merchants[0], rows.as_of[0].item())
    told = weighed(rows, WEIGHING, propensities={first: Chance(propensity=0.2)})
    assert told.weight[0] / told.weight[1] == pytest.approx(5.0)


def test_who_drew_a_lot_in_vain_is_left_out_since_others_count_for_both():
    rows = some_rows(40)
    pairs = [(rows.merchants[place], rows.as_of[place].item()) for place in (0, 1)]
    chances = {pairs[0]: Chance(propensity=0.99, let_in=False), pairs[1]: Chance(propensity=0.125)}
    told = weighed(rows, WEIGHING, propensities=chances)
    assert len(told) == len(rows) - 1
    assert told.merchants[0] == rows.merchants[1]
    assert told.weight[0] / told.weight[1] == pytest.approx(8.0)


def test_what_a_row_weighs_already_is_kept():
    rows = some_rows(40)
    rows = replace(rows, weight=np.where(np.arange(40) == 0, 3.0, 1.0))
    told = weighed(rows, WEIGHING)
    assert told.weight[0] / told.weight[1] == pytest.approx(3.0)


def test_bounds_are_what_the_unknown_could_change():
    y, p = np.array([1, 0, 0, 1], dtype=np.int8), np.array([0.9, 0.1, 0.2, 0.6])
    found = bounds(y, p, np.array([0.7, 0.05]))
    assert (found.hidden, found.bad_low, found.bad_high) == (2, 2 / 6, 4 / 6)
    every, ones = np.array([0.9, 0.1, 0.2, 0.6, 0.7, 0.05]), np.ones(6)
    assert found.auc_none == auc(np.array([1, 0, 0, 1, 0, 0], dtype=np.int8), every, ones)
    assert found.auc_all == auc(np.array([1, 0, 0, 1, 1, 1], dtype=np.int8), every, ones)


def test_without_hidden_rows_there_is_nothing_to_bound():
    y, p = np.array([1, 0], dtype=np.int8), np.array([0.9, 0.1])
    found = bounds(y, p, np.zeros(0))
    assert (found.hidden, found.bad_low, found.bad_high, found.auc_none, found.auc_all) == (0, 0.5, 0.5, 1.0, 1.0)


def test_propensities_are_read_by_merchant_and_moment(tmp_path):
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    pq.write_table(pa.table({"merchant_id": ["m"], "as_of": [moment], "propensity": [0.02]}), tmp_path / "p.parquet")
    assert read_propensities(tmp_path / "p.parquet") == {
        ("m", datetime(2026, 1, 1)): Chance(propensity=0.02)  # noqa: DTZ001
    }


def test_a_file_may_say_who_drew_a_lot_in_vain(tmp_path):
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    told = pa.table({"merchant_id": ["m", "n"], "as_of": [moment] * 2, "propensity": [0.98, 0.02],
                     "let_in": [False, True]})  # fmt: skip
    pq.write_table(told, tmp_path / "p.parquet")
    assert [one.let_in for one in read_propensities(tmp_path / "p.parquet").values()] == [False, True]


@pytest.mark.parametrize("share", [0.0, 1.5, None])
def test_a_propensity_that_is_none_is_refused(tmp_path, share):
    table = pa.table({"merchant_id": ["m"], "as_of": [datetime(2026, 1, 1, tzinfo=UTC)],
                      "propensity": pa.array([share], pa.float64())})  # fmt: skip
    pq.write_table(table, tmp_path / "p.parquet")
    with pytest.raises(PropensitiesBroken, match="row 0"):
        read_propensities(tmp_path / "p.parquet")


def test_from_the_store_a_recipe_that_weighs_asks_what_lots_drew(tmp_path):
    table = pa.table({"merchant_id": ["m"], "as_of": [datetime(2026, 1, 1, tzinfo=UTC)], "propensity": [0.0]})
    (tmp_path / "weighing.toml").write_text(WEIGHING.text)
    words = ["train", "--target", "credit", "--store", "--recipe", str(tmp_path / "weighing.toml")]
    with pytest.raises(PropensitiesBroken, match="the store: row 0"):
        CliRunner().invoke(app, words, obj=lambda: table, catch_exceptions=False)


def test_a_file_that_is_no_table_of_propensities_is_refused(tmp_path):
    (tmp_path / "p.parquet").write_text("no")
    pq.write_table(pa.table({"merchant_id": ["m"]}), tmp_path / "q.parquet")
    with pytest.raises(PropensitiesBroken, match="cannot be read"):
        read_propensities(tmp_path / "q.parquet")
    with pytest.raises(PropensitiesBroken, match="cannot be read"):
        read_propensities(tmp_path / "p.parquet")
