"""Which rows are refused, and why: told by a table for Parquet and JSON lines alike."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import UnknownColumns
from features.events import EVENT_TYPES
from features.jsonrows import check_rows
from features.log import FileLog
from features.validation import REJECTIONS
from tests.features.build import moment, write_lines

NOON = moment("2024-01-10T12:00")
NAIVE = NOON.replace(tzinfo=None)
MOST_CENTS = 10**15

BASE = {"event_id": "e1", "merchant_id": "shop", "event_time": NOON}
ORDER = BASE | {"event_type": "order_placed", "order_id": "A", "amount_cents": 500}
REVIEW = BASE | {"event_type": "review_posted", "stars": 4}
PAPER = BASE | {"event_type": "qualification_checked", "qualification": "identity", "outcome": "passed"}


def write_parquet(events, path):
    """Columns of whatever type the values are; None throughout is a column of nulls."""
    pq.write_table(pa.Table.from_pylist(events), path)
    return path


@pytest.fixture(params=[write_parquet, write_lines], ids=["parquet", "json"])
def judge(request, tmp_path):
    """Put one event into a file of either form: the code it is rejected with, or None, and how it is kept."""

    def judge(event, *, clock=None):
        path = request.param([event], tmp_path / "log")
        (batch,) = FileLog([path], currency="CNY").batches(clock=clock)
        codes = [rejection.code for rejection in batch.rejected]
        assert len(codes) + batch.rows.num_rows == 1
        return codes[0] if codes else None, None if codes else batch.rows.to_pylist()[0]

    return judge


REFUSED = [
    # What every event must say.
    (ORDER, {"event_id": None}, "missing_column"),
    (ORDER, {"event_id": ""}, "missing_column"),
    (ORDER, {"event_type": None}, "missing_column"),
    (ORDER, {"merchant_id": None}, "missing_column"),
    (ORDER, {"merchant_id": ""}, "missing_column"),
    (ORDER, {"event_time": None}, "missing_column"),
    (ORDER, {"event_type": "order_teleported"}, "unknown_type"),
    (ORDER, {"event_type": "Order_Placed"}, "unknown_type"),
    # What this type must say.
    (ORDER, {"order_id": None}, "missing_column"),
    (ORDER, {"order_id": ""}, "missing_column"),
    (ORDER, {"amount_cents": None}, "missing_column"),
    (ORDER, {"amount_cents": float("nan")}, "missing_column"),
    # Wrong types.
    (ORDER, {"event_id": 7}, "bad_value"),
    (ORDER, {"merchant_id": 7}, "bad_value"),
    (ORDER, {"order_id": 7}, "bad_value"),
    (ORDER, {"amount_cents": "500"}, "bad_value"),
    (ORDER, {"amount_cents": True}, "bad_value"),
    (ORDER, {"amount_cents": 12.5}, "bad_value"),
    (ORDER, {"amount_cents": float("inf")}, "bad_value"),
    (ORDER, {"event_time": "yesterday"}, "bad_value"),
    (ORDER, {"event_time": 1704888000}, "bad_value"),
    (ORDER, {"no_return_confirmed": "yes"}, "bad_value"),
    (ORDER, {"no_return_confirmed": 1}, "bad_value"),
    (ORDER, {"programmes": "free_return_freight"}, "bad_value"),
    (ORDER, {"programmes": [1]}, "bad_value"),
    (ORDER, {"programmes": [""]}, "bad_value"),
    (PAPER, {"valid_until": "2024-02-30"}, "bad_value"),
    (PAPER, {"valid_until": "tomorrow"}, "bad_value"),
    # Outside the range.
    (ORDER, {"amount_cents": -1}, "bad_value"),
    (ORDER, {"amount_cents": -1.0}, "bad_value"),
    (ORDER, {"amount_cents": MOST_CENTS + 1}, "bad_value"),
    (ORDER, {"quantity": 0}, "bad_value"),
    (REVIEW, {"stars": 0}, "bad_value"),
    (REVIEW, {"stars": 6}, "bad_value"),
    (BASE, {"event_type": "deposit_changed", "deposit_cents": -1}, "bad_value"),
    (BASE, {"event_type": "complaint_received", "complaint_id": "c", "tier": 4}, "bad_value"),
    (BASE, {"event_type": "message_answered", "message_id": "m", "reply_seconds": -1}, "bad_value"),
    # Words that are not allowed.
    (ORDER, {"fulfilled_by": "drone"}, "bad_value"),
    (PAPER, {"outcome": "PASSED"}, "bad_value"),
    (BASE, {"event_type": "order_cancelled", "order_id": "A", "actor": "nobody"}, "bad_value"),
    (BASE, {"event_type": "return_requested", "return_id": "r", "order_id": "A", "reason": "bored"}, "bad_value"),
    # Times.
    (ORDER, {"event_time": NAIVE}, "naive_time"),
    (ORDER, {"known_at": NAIVE}, "naive_time"),
    (ORDER, {"ship_by": NAIVE}, "naive_time"),
    (ORDER, {"known_at": NOON - timedelta(microseconds=1)}, "known_before_event"),
    # Money of another country.
    (ORDER, {"currency": "BRL"}, "currency_mismatch"),
    (REVIEW, {"currency": "cny"}, "currency_mismatch"),
]


@pytest.mark.parametrize(("event", "change", "code"), REFUSED, ids=lambda value: str(value)[-50:])
def test_a_bad_row_is_rejected_with_its_reason(judge, event, change, code):
    assert judge(event | change)[0] == code


KEPT = [
    (ORDER, {"amount_cents": 0}, 0),
    (ORDER, {"amount_cents": MOST_CENTS}, MOST_CENTS),
    (ORDER, {"amount_cents": 500.0}, 500),
    (ORDER, {"quantity": float("nan")}, None),
    (ORDER, {"buyer_id": ""}, None),
    (ORDER, {"buyer_id": "买家 7"}, "买家 7"),
    (ORDER, {"category": "anything at all"}, "anything at all"),
    (ORDER, {"currency": "CNY"}, "CNY"),
    (ORDER, {"no_return_confirmed": False}, False),
    (ORDER, {"programmes": ["worry_free_electronics", "slot_delivery"]}, ["worry_free_electronics", "slot_delivery"]),
    (ORDER, {"event_time": "2024-01-10T20:00:00+08:00"}, NOON),
    (ORDER, {"event_time": "2024-01-10T12:00:00Z"}, NOON),
    (ORDER, {"known_at": NOON}, NOON),
    (REVIEW, {"stars": 1}, 1),
    (REVIEW, {"stars": 5}, 5),
    (PAPER, {"valid_until": date(2024, 2, 29)}, date(2024, 2, 29)),
    (PAPER, {"valid_until": "2024-02-29"}, date(2024, 2, 29)),
]


@pytest.mark.parametrize(("event", "change", "kept"), KEPT, ids=lambda value: str(value)[-50:])
def test_a_good_value_is_kept_in_its_one_form(judge, event, change, kept):
    code, row = judge(event | change)
    assert code is None
    assert row.get(*change) == kept


def test_what_is_known_when_it_happens_need_not_say_when(judge):
    assert judge(ORDER)[1]["known_at"] == NOON


@pytest.mark.parametrize("written", [NOON, "2024-01-10"])
def test_a_day_is_no_moment(judge, written):
    code, _ = judge(ORDER | {"event_time": written.date() if isinstance(written, datetime) else written})
    assert code in ("bad_value", "naive_time")


def test_a_moment_is_no_day(judge):
    assert judge(PAPER | {"valid_until": NOON})[0] == "bad_value"


@pytest.mark.parametrize(
    "unused",
    [
        {"stars": 99},
        {"stars": "many"},
        {"opened_at": NAIVE},
        {"answer_by": "soon"},
        {"outcome": "no such word"},
        {"valid_until": "never"},
        {"satisfied": "very"},
        {"reason": 7},
    ],
    ids=str,
)
def test_a_column_that_the_type_does_not_use_is_not_looked_at(judge, unused):
    assert judge(ORDER | unused)[0] is None


@pytest.mark.parametrize(("minutes", "code"), [(0, None), (1, "known_in_future")])
def test_nothing_is_known_later_than_the_clock(judge, minutes, code):
    assert judge(ORDER | {"known_at": NOON + timedelta(minutes=minutes)}, clock=NOON)[0] == code


def test_without_a_clock_any_future_will_do(judge):
    assert judge(ORDER | {"event_time": moment("2999-01-01")})[0] is None


def test_of_several_faults_the_one_of_the_common_columns_is_told(judge):
    assert judge(ORDER | {"event_type": "order_teleported", "event_time": NAIVE, "amount_cents": -1})[0] == "naive_time"


def test_a_bad_row_does_not_keep_good_ones_out(tmp_path):
    events = [ORDER | {"event_id": f"e{number}", "amount_cents": number} for number in (3, -1, 4)]
    for write in (write_parquet, write_lines):
        (batch,) = FileLog([write(events, tmp_path / "log")], currency="CNY").batches()
        assert batch.rows.column("amount_cents").to_pylist() == [3, 4]
        assert [(one.index, one.event_id) for one in batch.rejected] == [(1, "e-1")]


def test_a_rejection_quotes_the_value(tmp_path):
    (batch,) = FileLog([write_parquet([ORDER | {"amount_cents": -7}], tmp_path / "log")], currency="CNY").batches()
    assert batch.rejected[0].detail.startswith("amount_cents='-7'")


# --- Parquet alone ---------------------------------------------------------------------------------------------


@pytest.fixture
def keep(tmp_path):
    """Put one column of a Parquet file of orders in place: the codes of the rejected, and the column as kept."""

    def keep(name, values):
        columns = {one: [value] * len(values) for one, value in ORDER.items()}
        columns["event_id"] = [f"e{number}" for number in range(len(values))]
        pq.write_table(pa.table(columns | {name: values}), tmp_path / "log.parquet")
        (batch,) = FileLog([tmp_path / "log.parquet"], currency="CNY").batches()
        return [one.code for one in batch.rejected], batch.rows.column(name).to_pylist()

    return keep


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "+05:30"])
def test_a_moment_may_be_of_any_unit_and_zone(keep, unit, zone):
    assert keep("event_time", pa.array([NOON], pa.timestamp(unit, zone))) == ([], [NOON])


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_moment_without_a_zone_is_naive_in_any_unit(keep, unit):
    assert keep("event_time", pa.array([NAIVE], pa.timestamp(unit))) == (["naive_time"], [])


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
@pytest.mark.parametrize("name", ["event_time", "ship_by"])
def test_a_moment_outside_all_calendars_is_a_bad_value(keep, unit, name):
    far = 10**12 * {"s": 1, "ms": 10**3, "us": 10**6}[unit]
    assert keep(name, pa.array([far, 0], pa.timestamp(unit, "UTC")))[0][:1] == ["bad_value"]


def test_a_moment_that_microseconds_cannot_count_does_not_come_round_again(keep):
    later = int(NOON.timestamp()) + 2**64 // 10**6
    assert keep("event_time", pa.array([later], pa.timestamp("s", "UTC")))[0] == ["bad_value"]


@pytest.mark.parametrize(
    "kind", [pa.int8(), pa.int16(), pa.int32(), pa.uint16(), pa.uint64(), pa.float32(), pa.decimal128(12, 2)], ids=str
)
def test_a_whole_number_may_be_of_any_type_of_number(keep, kind):
    values = [Decimal(5), None] if pa.types.is_decimal(kind) else [5, None]
    assert keep("quantity", pa.array(values, kind)) == ([], [5, None])


@pytest.mark.parametrize(
    "number",
    [pa.array([2**63], pa.uint64()), pa.array([Decimal("5.50")]), pa.array([2.0**60])],
    ids=["beyond 64 bits", "a fraction", "beyond what a float counts"],
)
def test_a_number_that_is_no_amount_is_a_bad_value(keep, number):
    assert keep("amount_cents", number)[0] == ["bad_value"]


def test_text_that_is_no_text_is_a_bad_value(keep):
    one_of_two_bytes = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe"))
    assert keep("order_id", one_of_two_bytes)[0] == ["bad_value"]


def test_an_unknown_column_is_refused_by_name(tmp_path):
    with pytest.raises(UnknownColumns, match="'colour'"):
        FileLog([write_parquet([ORDER | {"colour": "red"}], tmp_path / "log.parquet")], currency="CNY")


@pytest.mark.parametrize("name", ["event_id", "event_type", "merchant_id", "event_time", "order_id"])
def test_a_column_that_is_not_there_at_all_is_missing_on_every_row(tmp_path, name):
    events = [{column: value for column, value in ORDER.items() if column != name}] * 2
    (batch,) = FileLog([write_parquet(events, tmp_path / "log.parquet")], currency="CNY").batches()
    assert [(one.index, one.code) for one in batch.rejected] == [(0, "missing_column"), (1, "missing_column")]
    assert batch.rejected[0].detail.startswith(f"{name}:")


# --- JSON alone ------------------------------------------------------------------------------------------------


def rejected(line, tmp_path):
    (tmp_path / "log.jsonl").write_bytes(line)
    (batch,) = FileLog([tmp_path / "log.jsonl"], currency="CNY").batches()
    return [one.code for one in batch.rejected]


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b"7", b"null", b'"text"', b"\xff\xfe", b"[" * 10**5, b"{}}"], ids=lambda line: repr(line)[:9]
)
def test_a_line_that_is_no_object_is_bad_json(tmp_path, line):
    assert rejected(line, tmp_path) == ["bad_json"]


def test_an_object_that_says_nothing_lacks_everything(tmp_path):
    assert rejected(b"{}", tmp_path) == ["missing_column"]


def test_a_row_with_an_unknown_column_is_rejected_and_its_neighbours_are_not():
    rows = [json.loads(json.dumps(row, default=datetime.isoformat)) for row in (ORDER, ORDER | {"colour": "red"})]
    checked = check_rows(rows, currency="CNY")
    assert checked.good.tolist() == [0]
    assert [(one.index, one.code, one.event_id) for one in checked.rejected] == [(1, "unknown_column", "e1")]
    assert "'colour'" in checked.rejected[0].detail


@pytest.mark.parametrize("name", ["event_id", "merchant_id", "event_type", "order_id", "buyer_id"])
def test_half_a_character_is_no_text(tmp_path, name):
    line = json.dumps(ORDER | {name: "a\ud800"}, default=datetime.isoformat).encode()
    assert rejected(line, tmp_path) == ["bad_value"]


@pytest.mark.parametrize("number", ["1e300", "-1e300", "1" + "0" * 400, "Infinity", "1e-7"])
def test_a_number_that_no_column_holds_is_a_bad_value(tmp_path, number):
    line = json.dumps(ORDER | {"amount_cents": 777}, default=datetime.isoformat).replace("777", number)
    assert rejected(line.encode(), tmp_path) == ["bad_value"]


@pytest.mark.parametrize("value", [[], {}, ["A"], {"id": "A"}, True], ids=repr)
@pytest.mark.parametrize("name", ["event_id", "event_type", "event_time", "order_id", "amount_cents", "ship_by"])
def test_a_value_of_a_wrong_shape_is_a_bad_value(name, value):
    assert [one.code for one in check_rows([ORDER | {name: value}], currency="CNY").rejected] == ["bad_value"]


# --- The whole vocabulary --------------------------------------------------------------------------------------


@pytest.mark.parametrize("event_type", EVENT_TYPES.values(), ids=lambda one: one.name)
def test_every_type_misses_each_column_that_it_requires(event_type):
    full = {name: event_type.words.get(name, ("x",))[0] for name in event_type.required} | {
        name: 1 for name in event_type.required if name.endswith(("_cents", "_seconds")) or name == "stars"
    }
    whole = BASE | {"event_type": event_type.name} | full
    rows = [whole, *({key: value for key, value in whole.items() if key != name} for name in event_type.required)]
    checked = check_rows(rows, currency="CNY")
    assert checked.good.tolist() == [0]
    assert [one.code for one in checked.rejected] == ["missing_column"] * len(event_type.required)


def test_every_code_has_its_own_sentence():
    assert len(set(REJECTIONS.values())) == len(REJECTIONS)
    assert all(sentence.endswith(".") for sentence in REJECTIONS.values())


def test_a_moment_in_another_zone_is_kept_in_utc():
    (row,) = check_rows([ORDER | {"event_time": "2024-01-11T01:30:00+14:00"}], currency="CNY").rows.to_pylist()
    assert row["event_time"] == datetime(2024, 1, 10, 11, 30, tzinfo=UTC)
