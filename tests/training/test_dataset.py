"""What is learned from: months that are over, labels that are known, and nothing later."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from features.log import FileLog
from tests.training.build import a_log, a_recipe, some_rows
from training.dataset import build_dataset, monthly_spine
from training.errors import LabelsMissing, RecipeBroken, TooLittleToLearnFrom
from training.recipe import Spine

RECIPE = a_recipe()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return a_log(tmp_path_factory.mktemp("log") / "events.parquet", merchants=12, months=8)


def opened(path):
    return FileLog([path], currency="CNY")


@pytest.fixture(scope="module")
def dataset(path):
    return build_dataset(opened(path), RECIPE)


def days(spine):
    return sorted({moment.date() for moment in spine["as_of"].to_pylist()})


def test_the_spine_holds_months_whose_labels_can_be_mature(path):
    # The log runs from January to the end of August; 40 days must pass after a moment.
    assert days(monthly_spine(opened(path), RECIPE)) == [date(2024, month, 1) for month in range(2, 8)]


def test_the_recipe_narrows_the_spine(path):
    narrow = replace(RECIPE, spine=Spine(first=date(2024, 3, 1), last=date(2024, 4, 1)))
    assert days(monthly_spine(opened(path), narrow)) == [date(2024, 3, 1), date(2024, 4, 1)]


def test_until_keeps_out_every_label_that_is_not_known_by_then(path):
    spine = monthly_spine(opened(path), RECIPE, until=datetime(2024, 5, 11, tzinfo=UTC))
    assert days(spine) == [date(2024, 2, 1), date(2024, 3, 1), date(2024, 4, 1)]


def test_events_after_until_change_nothing(path, tmp_path):
    until = datetime(2024, 5, 20, tzinfo=UTC)
    events = pq.read_table(path)
    early = tmp_path / "early.parquet"
    pq.write_table(events.filter(pc.less(events["event_time"], until)), early)
    whole = build_dataset(opened(path), RECIPE, until=until)
    cut = build_dataset(opened(early), RECIPE)
    assert set(whole.as_of) >= set(cut.as_of)
    assert whole.where(np.isin(whole.as_of, cut.as_of)).digest == cut.digest


def test_rows_are_complete_and_in_order(dataset):
    assert np.isfinite(dataset.X).all()
    assert set(dataset.y.tolist()) == {0, 1}
    assert sorted(zip(dataset.as_of, dataset.merchants, strict=True)) == list(
        zip(dataset.as_of, dataset.merchants, strict=True)
    )


def test_merchants_that_ship_late_are_the_bad_ones(dataset):
    late = np.array([int(merchant[1:]) % 3 == 0 for merchant in dataset.merchants])
    assert dataset.y[late].mean() > 0.9
    assert dataset.y[~late].mean() < 0.3


def test_the_order_of_events_changes_no_row(path, dataset, tmp_path):
    events = pq.read_table(path)
    shuffled = tmp_path / "shuffled.parquet"
    pq.write_table(events.take(np.random.default_rng(0).permutation(len(events))), shuffled)
    assert build_dataset(opened(shuffled), RECIPE).digest == dataset.digest


def test_the_digest_changes_with_any_label(dataset):
    other = replace(dataset, y=np.where(np.arange(len(dataset)) == 0, 1 - dataset.y, dataset.y))
    assert other.digest != dataset.digest


def test_a_log_without_bad_merchants_is_refused_in_words(path):
    fakes = a_recipe(
        ('target = "credit"', 'target = "counterfeit"'),
        ('kind = "own_fault"\ncomponents = ["dispatch_late"]\nthreshold = 0.3', 'kind = "counterfeit"'),
    )
    with pytest.raises(LabelsMissing, match="no labels for target 'counterfeit'"):
        build_dataset(opened(path), fakes)


def test_a_log_that_is_too_short_is_refused(tmp_path):
    short = a_log(tmp_path / "short.parquet", merchants=2, months=1)
    with pytest.raises(TooLittleToLearnFrom, match="40 days"):
        build_dataset(opened(short), RECIPE)


def test_a_log_without_events_is_refused(path, tmp_path):
    empty = tmp_path / "empty.parquet"
    pq.write_table(pq.read_schema(path).empty_table(), empty)
    with pytest.raises(TooLittleToLearnFrom, match="no event"):
        build_dataset(opened(empty), RECIPE)


def test_a_null_input_is_refused_by_name():
    rows = some_rows(20)
    X = rows.X.copy()
    X[3, 1] = np.nan
    with pytest.raises(TooLittleToLearnFrom, match=rows.inputs[1].name):
        replace(rows, X=X)


def test_a_column_that_is_no_input_is_refused():
    with pytest.raises(RecipeBroken):
        some_rows(20).column("days_of_sunshine")


def test_the_spine_can_be_handed_to_the_features_floor(path):
    spine = monthly_spine(opened(path), RECIPE)
    assert spine.schema.field("as_of").type == pa.timestamp("us", tz="UTC")
