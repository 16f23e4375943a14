"""A file of events that was only half written: it is said, and the whole file makes up for it."""

import json

import pyarrow.parquet as pq
import pytest

from features.errors import LogUnreadable
from features.jsonrows import check_rows
from features.store import EventStore
from serving.ingest.files import ingest_file
from tests.serving.marketplace import AFTER, events, write_events


def half(path):
    """The first half of a file, beside it."""
    whole = path.read_bytes()
    cut = path.with_name(f"half-{path.name}")
    cut.write_bytes(whole[: len(whole) // 2])
    return cut


def taken(store, path):
    found = ingest_file(store, path, currency="CNY", now=AFTER)
    return found.accepted, found.duplicates, sum(found.rejected.values())


@pytest.fixture
def store(engine):
    return EventStore(engine)


@pytest.mark.failure("log_half_written")
def test_half_a_parquet_file_is_refused_as_a_whole_and_the_whole_file_goes_in(store, tmp_path):
    rows = check_rows(list(events()), currency="CNY").rows
    pq.write_table(rows, tmp_path / "events.parquet")
    with pytest.raises(LogUnreadable, match=r"half-events\.parquet"):
        taken(store, half(tmp_path / "events.parquet"))
    assert not store.any()
    assert taken(store, tmp_path / "events.parquet") == (rows.num_rows, 0, 0)


@pytest.mark.failure("log_half_written")
def test_half_a_file_of_json_lines_gives_its_whole_rows_and_says_which_one_is_cut(store, tmp_path):
    path = write_events(tmp_path / "events.jsonl")
    cut, count = half(path), len(list(events()))
    whole = cut.read_bytes().count(b"\n")
    assert taken(store, cut) == (whole, 0, 1)
    (said,) = map(json.loads, (tmp_path / "half-events.jsonl.rejected.jsonl").read_text().splitlines())
    assert said["index"] == whole
    assert taken(store, path) == (count - whole, whole, 0)
