"""A simulated log: valid, within its days, the same for the same seed however it is cut."""

import hashlib
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from features.errors import OutputUnwritable
from features.events import EVENT_TYPES
from features.log import FileLog
from features.partition import divided
from features.simulator.archetypes import ARCHETYPES, EVERYDAY
from features.simulator.crew import processes_for
from features.simulator.merchants import archetype_of
from features.simulator.scenario import Scenario
from features.simulator.sheet import FILLED, tokens
from features.simulator.truth import TABLES, TRUTH
from features.simulator.write import write_marketplace
from tests.features.simulator.market import START, a_scenario, ask, marketplace, number, the_marketplace

#: What the lives of these merchants need of the vocabulary.
TOLD = {
    "merchant_registered", "account_changed", "link_observed", "qualification_checked", "deposit_changed",
    "listing_changed", "order_placed", "order_shipped", "parcel_scanned", "order_delivered", "order_cancelled",
    "order_confirmed", "return_requested", "return_answered", "return_inspected", "refund_paid", "advance_recovered",
    "advance_written_off", "dispute_opened", "dispute_resolved", "fake_report_filed", "fake_report_resolved",
    "inspection_completed", "complaint_received", "complaint_closed", "review_posted", "advert_checked",
    "message_received", "message_answered", "penalty_applied", "programme_joined", "reinstated", "service_requested",
    "service_completed",
}  # fmt: skip


FILES = {"events.parquet", "texts.parquet", *(f"{name}.parquet" for name in TABLES)}


def midnight(day):
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def test_every_event_of_it_is_accepted(tmp_path):
    pq.write_table(the_marketplace()[0], tmp_path / "events.parquet")
    with divided(FileLog([tmp_path / "events.parquet"], currency="CNY"), ("event_id",), parts=1) as log:
        outcome = log.outcome
    assert (dict(outcome.rejected), outcome.duplicates) == ({}, 0)
    assert outcome.accepted == the_marketplace()[0].num_rows


def test_it_tells_everything_that_such_lives_need():
    assert set(the_marketplace()[0]["event_type"].unique().to_pylist()) == TOLD
    assert set(EVENT_TYPES) >= TOLD


def test_no_event_fills_a_column_that_its_type_does_not_use():
    common = {"event_id", "event_type", "merchant_id", "event_time", "known_at"}
    events = the_marketplace()[0]
    for event_type in TOLD:
        rows = events.filter(pc.equal(events["event_type"], event_type))
        filled = {name for name in FILLED.names if rows[name].null_count < rows.num_rows}
        assert filled - common <= set(EVENT_TYPES[event_type].columns), event_type


def test_nothing_happens_or_becomes_known_outside_its_days():
    events, end = the_marketplace()[0], midnight(START) + timedelta(days=540)
    known = pc.coalesce(events["known_at"], events["event_time"])
    assert pc.max(events["event_time"]).as_py() < end
    assert pc.max(known).as_py() < end
    assert pc.min(known).as_py() >= midnight(START)


def test_only_what_the_platform_has_on_file_is_older_than_the_log():
    old = ask(f"SELECT DISTINCT event_type FROM events WHERE event_time < TIMESTAMPTZ '{START} 00:00:00+00'")
    assert {name for (name,) in old} == {"merchant_registered", "qualification_checked", "listing_changed"}


def test_the_same_seed_gives_the_same_rows():
    scenario = a_scenario()
    assert marketplace(scenario) == marketplace(scenario)


def test_another_seed_gives_other_merchants_and_other_events():
    (events, truth), (others, other_truth) = marketplace(a_scenario(seed=3)), marketplace(a_scenario(seed=4))
    assert not set(truth["merchant_id"].to_pylist()) & set(other_truth["merchant_id"].to_pylist())
    assert not set(events["event_id"].to_pylist()) & set(others["event_id"].to_pylist())


@pytest.mark.parametrize("together", [1, 7, 30])
def test_the_size_of_the_pieces_changes_nothing(together):
    events, truth = marketplace(a_scenario(), together=together)
    expected, expected_truth = marketplace(a_scenario())
    assert events.sort_by("event_id") == expected.sort_by("event_id")
    assert truth == expected_truth


def test_a_merchant_lives_the_same_life_among_more_others():
    few, many = marketplace(a_scenario(merchants=5))[1], marketplace(a_scenario(merchants=9))[1]
    kept = ["merchant_id", "archetype", "registered_at", "turned_at", "n_orders"]
    assert many.select(kept).slice(0, 5) == few.select(kept)


@pytest.mark.parametrize(("merchants", "days"), [(1, 1), (40, 1), (40, 30)])
def test_a_short_or_lonely_marketplace_works_too(tmp_path, merchants, days):
    written = write_marketplace(a_scenario(merchants=merchants, days=days), tmp_path)
    assert pq.read_table(written.truth).num_rows == merchants
    assert pq.read_table(written.events).num_rows == written.n_events


def test_files_hold_what_the_simulation_gives(tmp_path):
    written = write_marketplace(a_scenario(), tmp_path / "new" / "folder")
    events, truth = marketplace(a_scenario())
    assert pq.read_table(written.events) == events
    assert pq.read_table(written.truth) == truth
    assert {path.name for path in written.events.parent.iterdir()} == FILES


def test_more_processes_write_the_same_bytes(tmp_path):
    scenario = a_scenario(merchants=230, days=40)
    for processes in (1, 2):
        write_marketplace(scenario, tmp_path / str(processes), processes=processes)
    for name in FILES:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes(), name


def test_work_for_few_is_not_shared_out():
    assert processes_for(a_scenario(merchants=400)) == 1
    assert processes_for(a_scenario(merchants=400), 3) == 3
    assert 1 <= processes_for(a_scenario(merchants=10_000)) <= 25


def test_the_same_seed_gives_the_same_marketplace_on_every_machine():
    events, _ = marketplace(a_scenario(merchants=40, days=120))
    # It is another one only when the simulator itself is.
    shown = events.select(["event_id", "event_type", "event_time", "known_at", "amount_cents"])
    told = hashlib.sha256()
    for row in shown.sort_by("event_id").to_pydict().values():
        told.update(repr([str(one) for one in row]).encode())
    assert told.hexdigest()[:16] == "36b15d176abe2e3b"


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("here first")
    with pytest.raises(OutputUnwritable, match="file"):
        write_marketplace(a_scenario(), tmp_path / "file" / "folder")


def test_work_that_is_broken_off_leaves_the_earlier_files_and_nothing_else(tmp_path):
    write_marketplace(a_scenario(), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def interrupted(steps, *, title, total=None):
        yield next(iter(steps))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_marketplace(a_scenario(seed=9), tmp_path, watch=interrupted)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert set(before) == FILES


def test_without_texts_no_earlier_ones_remain(tmp_path):
    assert write_marketplace(a_scenario(), tmp_path).n_texts == pq.read_table(tmp_path / "texts.parquet").num_rows
    bare = write_marketplace(a_scenario(), tmp_path, texts=False)
    assert (bare.texts, bare.n_texts) == (None, 0)
    assert {path.name for path in tmp_path.iterdir()} == FILES - {"texts.parquet"}
    assert pq.read_table(bare.events) == marketplace(a_scenario())[0]


def test_the_truth_says_who_is_what_since_when():
    truth = the_marketplace()[1]
    assert truth.schema == TRUTH
    assert truth["merchant_id"].null_count == 0
    assert (
        truth["merchant_id"].combine_chunks().dictionary_encode().dictionary.to_pylist()
        == truth["merchant_id"].to_pylist()
    )
    turning = ask("SELECT DISTINCT archetype FROM truth WHERE turned_at IS NOT NULL ORDER BY 1")
    may = {name for name, one in ARCHETYPES.items() if one.turns is not None}
    assert {"bust_out", "decaying", "fakes_most"} <= {name for (name,) in turning} <= may
    assert number("SELECT count(*) FROM truth WHERE removed_at <= turned_at") == 0


def test_the_truth_counts_the_orders_of_the_log():
    wrong = ask("""SELECT merchant_id FROM truth LEFT JOIN
                   (SELECT merchant_id, count(*) AS n FROM events WHERE event_type = 'order_placed' GROUP BY ALL)
                   USING (merchant_id) WHERE n_orders != coalesce(n, 0)""")
    assert wrong == []


def test_archetypes_keep_their_shares_among_few_merchants():
    counts = Counter(archetype_of(number, seed=5) for number in range(200))
    for archetype, share in EVERYDAY.items():
        assert counts[archetype] == pytest.approx(200 * share, abs=2)


def test_tokens_are_one_to_one():
    numbers = np.concatenate([np.arange(50_000), 2**40 + np.arange(50_000), np.array([2**48 - 1])])
    found = tokens(numbers, "order", seed=1)
    assert len(found.unique()) == len(numbers)
    assert pc.all(pc.match_substring_regex(found, "^[0-9a-f]{12}$")).as_py()
    assert not set(found.to_pylist()) & set(tokens(numbers, "event", seed=1).to_pylist()[:5])


def test_ids_of_things_are_theirs_alone():
    for event_type, name in (
        ("order_placed", "order_id"), ("refund_paid", "refund_id"), ("dispute_opened", "dispute_id"),
        ("fake_report_filed", "report_id"), ("return_requested", "return_id"),
    ):  # fmt: skip
        assert number(f"SELECT count(*) - count(DISTINCT {name}) FROM events WHERE event_type = '{event_type}'") == 0


def test_a_scenario_ends_where_its_days_end():
    scenario = Scenario(merchants=1, days=3, start=START)
    assert datetime.fromtimestamp(scenario.end, UTC) == midnight(START) + timedelta(days=3)
    assert pa.scalar(scenario.buyers).as_py() > 0
