"""The store of events: what goes in comes out, once, whoever else writes at the same time."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, timedelta
from threading import Barrier

import pyarrow as pa
import pytest
from sqlalchemy import event, text

from features.database import check_durability, create_tables, open_engine, reading, writing
from features.engine import build_features
from features.errors import StoreUnavailable
from features.events import COLUMNS, EVENT_TYPES, Kind
from features.jsonrows import canonical, check_rows
from features.log import FileLog
from features.store import Appended, EventStore
from tests.features.build import a_log, a_spine, moment, write_lines, write_log

NOON = moment("2024-01-10T12:00")


@pytest.fixture
def store(any_engine):
    return EventStore(any_engine)


def rows_of(*events):
    checked = check_rows(events, currency="CNY")
    assert not checked.rejected
    return checked.rows


def an_order(event_id="e1", **changes):
    order = {"event_type": "order_placed", "merchant_id": "shop", "event_time": NOON, "order_id": "A"}
    return {"event_id": event_id, **order, "amount_cents": 500, **changes}


def texts_of(log):
    return [text for batch in log.batches() for text in canonical(batch.rows)]


# --- Appending -------------------------------------------------------------------------------------------------


def test_new_events_are_accepted(store):
    assert store.append(rows_of(an_order(), an_order("e2")), at=NOON) == Appended(
        accepted=2, duplicates=0, conflicts=()
    )


def test_the_same_again_is_a_duplicate_and_has_no_effect(store):
    rows = rows_of(an_order(), an_order("e2"))
    store.append(rows, at=NOON)
    before = texts_of(store.log())
    assert store.append(rows, at=NOON) == Appended(accepted=0, duplicates=2, conflicts=())
    assert texts_of(store.log()) == before


def test_other_content_is_a_conflict_and_what_was_there_stands(store):
    store.append(rows_of(an_order("e2")), at=NOON)
    earlier = an_order("e2", event_time=NOON - timedelta(days=1))
    assert store.append(rows_of(an_order(), earlier), at=NOON) == Appended(accepted=1, duplicates=0, conflicts=(1,))
    assert texts_of(store.log()) == canonical(rows_of(an_order("e2"), an_order()))


@pytest.mark.parametrize("change", [{"stars": 5}, {"currency": "CNY"}, {"known_at": NOON}, {"brand": None}], ids=str)
def test_what_says_nothing_new_is_a_duplicate(store, change):
    store.append(rows_of(an_order()), at=NOON)
    assert store.append(rows_of(an_order(**change)), at=NOON).duplicates == 1


def test_more_ids_than_one_question_holds_are_all_found(store):
    rows = rows_of(*(an_order(str(number)) for number in range(1200)))
    store.append(rows, at=NOON)
    assert store.append(rows, at=NOON) == Appended(accepted=0, duplicates=1200, conflicts=())


def test_an_append_that_fails_leaves_nothing(store):
    with pytest.raises(StoreUnavailable):
        store.append(pa.concat_tables([rows_of(an_order("e2")), rows_of(an_order()), rows_of(an_order())]), at=NOON)
    assert not store.any()


# --- Reading back ----------------------------------------------------------------------------------------------

VALUES = {
    Kind.TEXT: 'a "quoted" \\ text,\nin two lines \u2028 买家 😀 \x01',
    Kind.TIME: NOON + timedelta(microseconds=1),
    Kind.DATE: date(2025, 2, 28),
    Kind.INTEGER: 1,
    Kind.FLAG: True,
    Kind.TEXTS: ["slot_delivery", "买家"],
}


def a_full_event(event_type):
    """An event with every column that its type may fill."""
    full = {name: event_type.words.get(name, (VALUES[COLUMNS[name].kind],))[0] for name in event_type.columns}
    common = {"event_type": event_type.name, "merchant_id": "店铺", "event_time": NOON, "source": "erp"}
    return {"event_id": event_type.name, **common, "known_at": NOON + timedelta(seconds=0.5), **full}


@pytest.mark.parametrize("event_type", EVENT_TYPES.values(), ids=lambda one: one.name)
def test_an_event_comes_out_as_it_went_in(store, event_type):
    event = a_full_event(event_type)
    store.append(rows_of(event), at=NOON)
    (batch,) = store.log().batches()
    assert {name: value for name, value in batch.rows.to_pylist()[0].items() if value is not None} == event


@pytest.mark.parametrize("day", ["0001-01-02", "1582-10-10", "1969-12-31T23:59:59.999999", "9999-12-30"])
def test_any_moment_that_can_be_said_comes_out_again(store, day):
    store.append(rows_of(an_order(event_time=moment(day))), at=NOON)
    (batch,) = store.log().batches()
    assert batch.rows.column("event_time").to_pylist() == [moment(day)]


STORY = """
    2024-01-01  merchant_registered  category=toys deposit_cents=5000
    2024-01-02  order_placed     order_id=A amount_cents=500 buyer_id=Ann ship_by=2024-01-04
    2024-01-05  order_shipped    order_id=A
    2024-01-05  order_placed     order_id=B amount_cents=700 buyer_id=Bob merchant_id=stall
    2024-01-06  dispute_opened   order_id=A dispute_id=D reason=quality
    2024-01-08  review_posted    order_id=B stars=1 merchant_id=stall known_at=2024-01-09
    2024-01-09  event_reversed   reverses=e5
"""


@pytest.mark.parametrize("write", [write_log, write_lines])
def test_features_from_the_store_are_those_from_the_file(store, tmp_path, write):
    file = FileLog([write(a_log(STORY), tmp_path / "log")], currency="CNY")
    for batch in file.batches():
        store.append(batch.rows, at=NOON)
    spine = a_spine((merchant, moment(day)) for merchant in ("shop", "stall") for day in ("2024-01-07", "2024-02-01"))
    assert build_features(store.log(), spine).equals(build_features(file, spine))


def test_a_log_keeps_the_order_in_which_events_were_accepted(store):
    for event_id in ("b", "a", "c"):
        store.append(rows_of(an_order(event_id)), at=NOON)
    (batch,) = store.log().batches()
    assert batch.rows.column("event_id").to_pylist() == ["b", "a", "c"]
    assert batch.numbers.tolist() == [0, 1, 2]


def test_one_merchant_s_log_is_its_own(store):
    store.append(rows_of(*a_log(STORY)), at=NOON)
    log = store.log(merchant_id="stall")
    assert (log.rows, len(texts_of(log))) == (2, 2)
    assert store.log().rows == 7


def test_an_empty_store_is_a_log_of_nothing(store):
    assert (store.log().rows, texts_of(store.log()), store.any(), store.merchant_ids()) == (0, [], False, [])


def test_merchants_are_known_from_their_first_event_on(store):
    store.append(rows_of(*a_log(STORY)), at=NOON)
    assert store.merchant_ids() == ["shop", "stall"]
    assert (store.knows("stall"), store.knows("stranger"), store.any()) == (True, False, True)


# --- SQLite ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 30_000)]
)
def test_a_commit_is_on_disk_and_a_writer_waits_for_its_turn(engine, pragma, value):
    with reading(engine) as connection:
        assert connection.execute(text(f"PRAGMA {pragma}")).scalar() == value


def test_a_store_whose_commits_are_not_on_disk_is_refused(any_engine):
    check_durability(any_engine)
    off = {"sqlite": "PRAGMA synchronous = NORMAL", "postgresql": "SET synchronous_commit = off"}

    @event.listens_for(any_engine, "connect")
    def answer_sooner(connection, _):
        connection.execute(off[any_engine.dialect.name])
        connection.commit()

    any_engine.dispose()
    with pytest.raises(StoreUnavailable, match="does not keep what it answers"):
        check_durability(any_engine)


def test_what_was_accepted_is_there_when_the_file_is_opened_again(engine):
    EventStore(engine).append(rows_of(an_order()), at=NOON)
    again = open_engine(str(engine.url))
    assert EventStore(again).knows("shop")
    again.dispose()


def test_tables_that_are_there_are_left_alone(store, any_engine):
    store.append(rows_of(an_order()), at=NOON)
    create_tables(any_engine)
    assert store.any()


def test_a_store_without_tables_says_so(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(StoreUnavailable, match="goodfaith ingest"):
        EventStore(engine).any()
    engine.dispose()


def test_a_file_that_is_no_database_says_so(tmp_path):
    (tmp_path / "no.db").write_text("This is a text and no database at all, however long you read." * 20)
    engine = open_engine(f"sqlite:///{tmp_path / 'no.db'}")
    with pytest.raises(StoreUnavailable):
        EventStore(engine).any()
    engine.dispose()


def test_a_transaction_that_fails_changes_nothing(any_engine, store):
    store.append(rows_of(an_order()), at=NOON)
    with suppress(RuntimeError), writing(any_engine) as connection:
        connection.execute(text("DELETE FROM events"))
        raise RuntimeError
    assert store.any()


def test_a_reader_sees_one_state_while_others_write(any_engine, store):
    with reading(any_engine) as connection:
        before = connection.execute(text("SELECT count(*) FROM events")).scalar()
        store.append(rows_of(an_order()), at=NOON)
        assert connection.execute(text("SELECT count(*) FROM events")).scalar() == before == 0


# --- Several writers -------------------------------------------------------------------------------------------


def append_together(engine, *shares):
    """Each share of batches in a thread of its own, all beginning at once; what became of them."""
    start = Barrier(len(shares))

    def work(batches):
        start.wait()
        return [EventStore(engine).append(batch, at=NOON) for batch in batches]

    with ThreadPoolExecutor(len(shares)) as pool:
        return [appended for share in pool.map(work, shares) for appended in share]


def test_threads_that_append_at_once_lose_nothing(any_engine, store):
    def share(name):
        return [rows_of(*(an_order(f"{name} {batch} {number}") for number in range(5))) for batch in range(20)]

    told = append_together(any_engine, share("one"), share("other"))
    assert sum(appended.accepted for appended in told) == store.log().rows == 200


def test_threads_that_append_the_same_accept_it_once(any_engine, store):
    batches = [rows_of(*(an_order(f"{batch} {number}") for number in range(5))) for batch in range(20)]
    told = append_together(any_engine, batches, batches)
    assert sum(appended.accepted for appended in told) == store.log().rows == 100
    assert sum(appended.duplicates for appended in told) == 100


def test_threads_that_contradict_each_other_leave_one_to_stand(any_engine, store):
    told = append_together(any_engine, *([rows_of(an_order(amount_cents=amount))] for amount in (1, 2, 3)))
    assert sum(appended.accepted for appended in told) == store.log().rows == 1
    assert sum(len(appended.conflicts) for appended in told) == 2
