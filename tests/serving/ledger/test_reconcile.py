"""A payment file and the ledger: what matches, what is missing in either, and what differs."""

import json
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from features.database import open_engine
from serving.errors import PaymentFileUnusable, PaymentsDiffer
from serving.migrate import migrate
from tests.serving.shop import a_payment, a_refund, a_shop, refund, tell
from tests.serving.world import NOON, a_command_line, a_service

LISTS = ("matched", "missing_in_ledger", "missing_in_file", "amounts_differ")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A store with three decisions that were paid, one of them in parts, one that was not, and a refund without one."""
    home = tmp_path_factory.mktemp("home")
    engine = open_engine(f"sqlite:///{home / 'goodfaith.db'}")
    migrate(engine)
    a_shop(engine, orders=4)
    service = a_service(engine)
    told = [refund(service, a_refund(f"o{n}", buyer=f"b{n}", cents=1000 * (n + 1))) for n in range(4)]
    a_payment(engine, told[0], 1000, refund="r0")
    a_payment(engine, told[1], 500, refund="r1")
    a_payment(engine, told[1], 1500, refund="r1b", at=NOON + timedelta(days=1))
    a_payment(engine, told[2], 3000, refund="r2", order_id="o2")
    a_payment(engine, {"decision_id": None}, 700, refund="r9")
    back = a_payment(engine, {"decision_id": None}, 800, refund="r10")
    tell(engine, "event_reversed", reverses=back)
    engine.dispose()
    return home, [one["decision_id"] for one in told]


@pytest.fixture
def reconcile(home, tmp_path, monkeypatch):
    """Write a payment file, hold it against the ledger, and answer what came of it."""
    monkeypatch.setenv("GOODFAITH_HOME", str(home[0]))

    def run(*rows, name="paid.csv", words=("--json",)):
        path = tmp_path / name
        write(path, rows)
        return CliRunner().invoke(a_command_line(), ["ledger", "reconcile", str(path), *words])

    return run


def write(path, rows):
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    else:
        lines = [columns, *([row.get(name, "") for name in columns] for row in rows)]
        path.write_text("".join(f"{','.join(map(str, line))}\n" for line in lines), encoding="utf-8-sig")


def counts(result):
    told = json.loads(result.stdout)
    return [len(told[name]) for name in LISTS]


def everything(decisions):
    """What a payment system would say that has paid what the ledger says."""
    return [
        {"decision_id": decisions[0], "refund_id": "x0", "amount_cents": 1000},
        {"decision_id": decisions[1], "refund_id": "x1", "amount_cents": 500},
        {"decision_id": decisions[1], "refund_id": "x2", "amount_cents": 1500},
        {"decision_id": "", "refund_id": "r2", "amount_cents": 3000},
        {"decision_id": "", "refund_id": "r9", "amount_cents": 700},
    ]


@pytest.mark.parametrize("name", ["paid.csv", "paid.parquet", "paid.jsonl"])
def test_a_file_that_says_the_same_matches_in_whatever_form(home, reconcile, name):
    result = reconcile(*everything(home[1]), name=name)
    assert (result.exit_code, counts(result)) == (0, [4, 0, 0, 0])


def test_what_is_missing_or_differs_is_listed_and_the_exit_is_one(home, reconcile):
    (one, two, three, _), lines = home[1], everything(home[1])[1:]
    result = reconcile(
        *lines[:-1], {"decision_id": "d_strange", "amount_cents": 5}, {"decision_id": two, "amount_cents": 1}
    )
    told = json.loads(result.stdout)
    assert isinstance(result.exception, PaymentsDiffer)
    assert [line["decision_id"] for line in told["matched"]] == [three]
    assert [(line["decision_id"], line["file_cents"]) for line in told["missing_in_ledger"]] == [("d_strange", 5)]
    assert [(line["decision_id"], line["refund_id"], line["ledger_cents"]) for line in told["missing_in_file"]] == [
        (one, None, 1000), (None, "r9", 700),
    ]  # fmt: skip
    assert [(line["decision_id"], line["file_cents"], line["ledger_cents"]) for line in told["amounts_differ"]] == [
        (two, 2001, 2000)
    ]


def test_what_was_promised_and_never_paid_is_missing_in_the_ledger(home, reconcile):
    result = reconcile(*everything(home[1]), {"decision_id": home[1][3], "amount_cents": 4000})
    assert counts(result) == [4, 1, 0, 0]


def test_a_payment_that_was_taken_back_is_none(home, reconcile):
    result = reconcile(*everything(home[1]), {"refund_id": "r10", "amount_cents": 800})
    assert counts(result) == [4, 1, 0, 0]


def test_the_files_own_time_bounds_what_must_be_in_it(home, reconcile):
    at = (NOON + timedelta(days=1)).isoformat()
    result = reconcile({"decision_id": home[1][1], "amount_cents": 1500, "paid_at": at})
    assert (result.exit_code, counts(result)) == (0, [1, 0, 0, 0])


def test_a_time_may_be_named(home, reconcile):
    lines = everything(home[1])
    before = reconcile(*lines[:1], words=("--json", "--until", "2026-11-20"))
    assert (before.exit_code, counts(before)) == (0, [1, 0, 0, 0])
    since = reconcile(*lines[:1], words=("--json", "--since", "2026-11-20", "--until", "2026-11-21"))
    assert counts(since) == [1, 0, 3, 0]


def test_in_words_every_line_that_is_not_as_it_should_be_is_told(home, reconcile):
    lines = everything(home[1])
    result = reconcile(*lines[1:], words=())
    assert result.stdout.splitlines() == [
        "matched: 3",
        "missing in the ledger: 0",
        "missing in the file: 1",
        "amounts that differ: 0",
        f"missing in the file: decision {home[1][0]} of merchant m1: 0 in the file, 1000 in the ledger",
    ]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("paid.txt", "", "is neither .csv nor .parquet nor .jsonl"),
        ("paid.csv", "decision_id,amount\nd1,5\n", "has no column amount_cents"),
        ("paid.csv", "amount_cents\n5\n", "has neither a column decision_id nor refund_id"),
        ("paid.csv", "decision_id,amount_cents\nd1,5\n,5\n", "row 2 names neither a decision nor a refund"),
        (
            "paid.csv",
            "decision_id,amount_cents\nd1,12.50\n",
            "amount_cents is no whole number of cents: '12.50'",
        ),
        ("paid.csv", "decision_id,amount_cents\nd1,\n", "row 1: amount_cents is to be more than nothing"),
        ("paid.csv", "decision_id,amount_cents\nd1,-5\n", "row 1: amount_cents is to be more than nothing"),
        ("paid.csv", "decision_id,amount_cents,paid_at\nd1,5,2026-11-20T12:00:00\n", "paid_at has no offset from UTC"),
        ("paid.csv", "decision_id,amount_cents,paid_at\nd1,5,yesterday\n", "paid_at is no moment: 'yesterday'"),
        ("paid.parquet", "no parquet", "cannot be read"),
        ("paid.jsonl", '{"decision_id": "d1", "amount_cents": 5}\nbroken\n', "row 2 is no JSON object"),
        ("paid.jsonl", '{"decision_id": "d1", "amount_cents": "5"}\n', "amount_cents is no whole number"),
    ],
)
def test_a_file_that_is_none_is_refused_with_the_reason(reconcile, tmp_path, name, text, told):
    path = tmp_path / f"given-{name}"
    path.write_text(text)
    result = CliRunner().invoke(a_command_line(), ["ledger", "reconcile", str(path)])
    assert isinstance(result.exception, PaymentFileUnusable)
    assert told in str(result.exception)


def test_a_refund_of_several_merchants_must_name_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("GOODFAITH_HOME", str(tmp_path))
    engine = open_engine(f"sqlite:///{tmp_path / 'goodfaith.db'}")
    migrate(engine)
    for merchant in ("m1", "m2"):
        a_shop(engine, merchant, orders=0)
        a_payment(engine, {"decision_id": None}, 700, merchant=merchant)
    engine.dispose()
    path, run = tmp_path / "paid.csv", CliRunner().invoke
    write(path, [{"refund_id": "r1", "amount_cents": 700}])
    unclear = run(a_command_line(), ["ledger", "reconcile", str(path)])
    assert "row 1 names a refund that several merchants have" in str(unclear.exception)
    write(path, [{"refund_id": "r1", "merchant_id": name, "amount_cents": 700} for name in ("m1", "m2")])
    assert run(a_command_line(), ["ledger", "reconcile", str(path)]).exit_code == 0
