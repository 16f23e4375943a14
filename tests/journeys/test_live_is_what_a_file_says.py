"""A simulated marketplace is told over HTTP as it happens; at midnights the store answers what the file says."""

from datetime import date, datetime, timedelta

import pyarrow.compute as pc
import pytest

from features.database import day_of, reading
from features.engine import build_features
from features.log import FileLog
from features.midnights import ensure_midnight
from features.moment import features_now
from features.simulator.scenario import Scenario
from features.simulator.write import write_marketplace
from features.spine import midnight
from tests.features.build import a_spine
from tests.journeys.stage import Stage

FIRST, DAYS = date(2026, 1, 1), 60


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """The events of a small marketplace, as a file."""
    scenario = Scenario(merchants=6, days=DAYS, start=FIRST, seed=32)
    return write_marketplace(scenario, tmp_path_factory.mktemp("marketplace")).events


def told(log):
    """Its events as a caller sends them, in the order in which they become known."""
    (batch,) = FileLog([log], currency="CNY").batches()
    rows = batch.rows.take(
        pc.sort_indices(batch.rows, sort_keys=[("known_at", "ascending"), ("event_id", "ascending")])
    )
    return [{name: plain(value) for name, value in row.items() if value is not None} for row in rows.to_pylist()]


def plain(value):
    return value.isoformat() if hasattr(value, "isoformat") else value


def test_features_told_event_by_event_equal_the_file_at_midnights(any_engine, log):
    stage, events = Stage(any_engine), told(log)
    merchants = sorted({event["merchant_id"] for event in events})
    for day in (7, 21, 40, DAYS):
        as_of = midnight(FIRST + timedelta(days=day))
        due = [event for event in events if event["known_at"] < as_of.isoformat()]
        events = events[len(due) :]
        send(stage, due, as_of)
        offline = build_features(FileLog([log], currency="CNY"), a_spine((one, as_of) for one in merchants))
        ensure_midnight(any_engine, day_of(as_of))
        with reading(any_engine) as tx:
            live = features_now(tx, merchants, now=as_of)
        assert live.combine_chunks().equals(offline.combine_chunks())
    assert pc.sum(live.column("n_orders_365d")).as_py() > 100


def send(stage, events, until):
    """The last of them one by one, those before in batches, each when it is known."""
    batches = [events[begin : begin + 100] for begin in range(0, len(events) - 10, 100)]
    sent = sum(map(len, batches))
    for batch in [*batches, *([one] for one in events[sent:])]:
        stage.at(min(until - timedelta(microseconds=1), max(datetime.fromisoformat(one["known_at"]) for one in batch)))
        stage.tell(*batch)
