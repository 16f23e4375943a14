"""Event logs as files: broken ones are refused by name, sound ones read the same in whatever way they are stored."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import features.log
from features.errors import FeaturesError, LogUnreadable, NothingAccepted
from features.events import SCHEMA
from features.log import FileLog
from features.partition import divided
from tests.features.build import a_log, write_lines, write_log

STORY = """
    2024-01-10T12:00  order_placed     order_id=A amount_cents=500 buyer_id=Ann
    2024-01-11T12:00  order_shipped    order_id=A placed_at=2024-01-10T12:00
    2024-01-12T12:00  order_delivered  order_id=A
    2024-01-13T12:00  review_posted    order_id=A stars=4
"""


def read(*paths, **options):
    """All accepted events of some files, as they are kept, without nulls."""
    batches = FileLog(paths, currency="CNY").batches(**options)
    rows = [row for batch in batches for row in batch.rows.to_pylist()]
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def kept(events):
    return [{"known_at": event["event_time"], **event} for event in events]


# --- Files that are no log -------------------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(LogUnreadable, match=r"nowhere\.parquet"):
        read(tmp_path / "nowhere.parquet")


def test_a_folder_is_no_log(tmp_path):
    with pytest.raises(LogUnreadable, match=tmp_path.name):
        read(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1 and then nothing of the kind PAR1", b'{"event_id": "e1"}'])
def test_a_file_called_parquet_that_is_none_is_refused(tmp_path, content):
    (tmp_path / "log.parquet").write_bytes(content)
    with pytest.raises(LogUnreadable, match=r"log\.parquet"):
        read(tmp_path / "log.parquet")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_parquet_file_is_refused(tmp_path, share):
    whole = write_log(a_log(STORY), tmp_path / "log.parquet").read_bytes()
    (tmp_path / "log.parquet").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(LogUnreadable, match=r"log\.parquet"):
        read(tmp_path / "log.parquet")


def test_a_parquet_file_with_spoilt_pages_is_refused(tmp_path):
    path = write_log(a_log(STORY), tmp_path / "log.parquet")
    whole = bytearray(path.read_bytes())
    whole[4:400] = b"\xff" * 396
    path.write_bytes(whole)
    with pytest.raises(LogUnreadable, match=r"log\.parquet"):
        read(path)


def test_a_column_given_twice_is_refused_by_name(tmp_path):
    columns = [pa.array(["a"]), pa.array(["b"])]
    pq.write_table(pa.Table.from_arrays(columns, ["event_id", "event_id"]), tmp_path / "log.parquet")
    with pytest.raises(LogUnreadable, match="'event_id'"):
        read(tmp_path / "log.parquet")


def test_a_log_of_which_nothing_is_accepted_says_why(tmp_path):
    events = [event | {"currency": "BRL"} for event in a_log(STORY)]
    log = FileLog([write_log(events, tmp_path / "log.parquet")], currency="CNY")
    with pytest.raises(NothingAccepted, match=r"4 x currency_mismatch.*GOODFAITH_CURRENCY"), divided(log, ["event_id"]):
        pytest.fail("nothing could be divided")


def test_whatever_is_wrong_with_a_file_is_an_error_of_this_floor():
    assert issubclass(LogUnreadable, FeaturesError)


# --- Files without events --------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", ["", "\n", "\n  \n\t\n"])
def test_an_empty_file_of_lines_is_a_log_of_nothing(tmp_path, content):
    (tmp_path / "log.jsonl").write_text(content)
    assert read(tmp_path / "log.jsonl") == []


@pytest.mark.parametrize("schema", [SCHEMA, pa.schema([])], ids=["every column", "no column"])
def test_a_parquet_file_without_rows_is_a_log_of_nothing(tmp_path, schema):
    pq.write_table(schema.empty_table(), tmp_path / "log.parquet")
    assert read(tmp_path / "log.parquet") == []


# --- JSON lines ------------------------------------------------------------------------------------------------


def test_blank_lines_are_no_rows(tmp_path):
    lines = write_lines([*a_log(STORY)[:2], {"event_id": "bad"}], tmp_path / "log.jsonl").read_text().splitlines()
    (tmp_path / "log.jsonl").write_text("\n\n" + "\n \n\n".join(lines))
    (batch,) = FileLog([tmp_path / "log.jsonl"], currency="CNY").batches()
    assert batch.numbers.tolist() == [0, 1]
    assert [one.index for one in batch.rejected] == [2]


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_lines_may_end_as_they_like(tmp_path, end):
    line = json.dumps(a_log(STORY)[0], default=str)
    (tmp_path / "log.jsonl").write_bytes((line + end).encode())
    assert read(tmp_path / "log.jsonl") == kept(a_log(STORY)[:1])


def test_a_mark_of_byte_order_is_no_part_of_the_first_line(tmp_path):
    path = write_lines(a_log(STORY), tmp_path / "log.jsonl")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read(path) == kept(a_log(STORY))


# --- Parquet in every dress ------------------------------------------------------------------------------------


def test_a_parquet_file_is_known_by_its_content(tmp_path):
    assert read(write_log(a_log(STORY), tmp_path / "events.dat")) == kept(a_log(STORY))


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_row_groups_in_which_a_column_is_null_lose_nothing(tmp_path, rows):
    table = pa.Table.from_pylist(a_log(STORY), schema=SCHEMA)
    pq.write_table(table, tmp_path / "log.parquet", row_group_size=rows)
    assert read(tmp_path / "log.parquet") == kept(a_log(STORY))


@pytest.mark.parametrize("statistics", [True, False])
def test_statistics_are_not_needed(tmp_path, statistics):
    table = pa.Table.from_pylist(a_log(STORY), schema=SCHEMA)
    pq.write_table(table, tmp_path / "log.parquet", row_group_size=1, write_statistics=statistics)
    assert read(tmp_path / "log.parquet") == kept(a_log(STORY))


def test_a_list_with_a_null_in_it_does_not_cost_its_neighbour_a_list(tmp_path):
    lists = [["slot_delivery"], [None, None]]
    events = [event | {"programmes": one} for event, one in zip(a_log(STORY)[:1] * 2, lists, strict=True)]
    (batch,) = FileLog([write_log(events, tmp_path / "log.parquet")], currency="CNY").batches()
    assert batch.rows.column("programmes").to_pylist() == [["slot_delivery"]]
    assert [(one.index, one.code) for one in batch.rejected] == [(1, "bad_value")]


@pytest.mark.parametrize("beside", [[], ["slot_delivery"]], ids=str)
def test_an_empty_list_means_the_same_whatever_stands_beside_it(tmp_path, beside):
    orders = [a_log(STORY)[0] | {"event_id": str(number), "programmes": one} for number, one in enumerate([[], beside])]
    assert read(write_log(orders, tmp_path / "a"))[0] == read(write_lines(orders, tmp_path / "b"))[0]


TEXTS = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]


@pytest.mark.parametrize("kind", TEXTS, ids=str)
def test_texts_may_be_stored_in_any_way(tmp_path, kind):
    table = pa.Table.from_pylist(a_log(STORY), schema=SCHEMA)
    for number, field in enumerate(SCHEMA):
        if field.type == pa.string():
            table = table.set_column(number, field.name, table.column(number).cast(kind))
    pq.write_table(table, tmp_path / "log.parquet")
    assert read(tmp_path / "log.parquet") == kept(a_log(STORY))


def test_columns_may_come_in_any_order_and_only_as_far_as_needed(tmp_path):
    needed = ["stars", "placed_at", "buyer_id", "amount_cents", "order_id", "event_time"]
    table = pa.Table.from_pylist(a_log(STORY), schema=SCHEMA)
    pq.write_table(table.select([*needed, "merchant_id", "event_type", "event_id"]), tmp_path / "log.parquet")
    assert read(tmp_path / "log.parquet") == kept(a_log(STORY))


@pytest.mark.parametrize("write", [write_log, write_lines])
def test_a_log_read_in_small_batches_is_the_same_log(tmp_path, monkeypatch, write):
    path = write([*a_log(STORY), {"event_id": "bad"}, *a_log(STORY)], tmp_path / "log")
    whole = read(path)
    monkeypatch.setattr(features.log, "ROWS_PER_BATCH", 2)
    monkeypatch.setattr(features.log, "_JSON_ROWS", 2)
    batches = list(FileLog([path], currency="CNY").batches())
    assert read(path) == whole
    assert [number for batch in batches for number in batch.numbers] == [0, 1, 2, 3, 5, 6, 7, 8]
    assert [one.index for batch in batches for one in batch.rejected] == [4]


def test_rows_are_numbered_through_all_files_and_rejected_by_their_own(tmp_path):
    bad = {"event_id": "bad"}
    first = write_log([bad, *a_log(STORY)[:2]], tmp_path / "a.parquet")
    second = write_lines([*a_log(STORY)[2:], bad], tmp_path / "b.jsonl")
    one, other = FileLog([first, second], currency="CNY").batches()
    assert (one.numbers.tolist(), other.numbers.tolist()) == ([1, 2], [3, 4])
    assert [(batch.source, batch.rejected[0].index) for batch in (one, other)] == [(str(first), 0), (str(second), 2)]


@pytest.mark.parametrize("rows", [None, 1, 3, 4, 100])
def test_a_log_read_piece_by_piece_is_the_same_log_under_the_same_numbers(tmp_path, rows):
    table = pq.read_table(write_log(a_log(STORY), tmp_path / "log.parquet"))
    pq.write_table(table, tmp_path / "log.parquet", row_group_size=2)
    lines = write_lines([{"event_id": "e1"}, *a_log(STORY)], tmp_path / "log.jsonl")
    log = FileLog([tmp_path / "log.parquet", lines], currency="CNY")
    told = [
        (batch.source, number, number - batch.offset, [r.index for r in batch.rejected])
        for piece in log.pieces(rows=rows)
        for batch in log.read(piece)
        for number in batch.numbers.tolist()
    ]
    assert [index for _, _, index, _ in told] == [0, 1, 2, 3, 1, 2, 3, 4]
    assert [number for _, number, _, _ in told] == [0, 1, 2, 3, 5, 6, 7, 8]
    assert told[-1][-1] == [0]


def test_parquet_and_lines_that_say_the_same_mean_the_same(tmp_path):
    log = a_log(STORY)
    assert read(write_log(log, tmp_path / "a")) == read(write_lines(log, tmp_path / "b")) == kept(log)


def test_a_log_may_be_read_again(tmp_path):
    log = FileLog([write_log(a_log(STORY), tmp_path / "log.parquet")], currency="CNY")
    first, second = ([batch.rows.to_pylist() for batch in log.batches()] for _ in range(2))
    assert first == second


def test_rows_that_say_nothing_at_all_are_rejected_and_not_lost(tmp_path):
    pq.write_table(pa.table({"stars": pa.nulls(2, pa.int64())}), tmp_path / "log.parquet")
    (batch,) = FileLog([tmp_path / "log.parquet"], currency="CNY").batches()
    assert [(one.index, one.code) for one in batch.rejected] == [(0, "missing_column"), (1, "missing_column")]
