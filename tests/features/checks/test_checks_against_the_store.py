"""Against the store: an ordinary day is told by the last weeks, and what is known there is no orphan here."""

from datetime import timedelta

import pytest

from features.checks.declared import Severity
from features.checks.past import Past
from features.log import FileLog
from features.store import EventStore
from tests.features.build import write_log
from tests.features.checks.steady import BEGIN, DAYS, names, of_type, report_on, steady
from tests.stores import sqlite_store

DAY = timedelta(days=1)
YESTERDAY = BEGIN + (DAYS - 1) * DAY
BEFORE = [event for event in steady() if event["known_at"] < YESTERDAY]
THE_DAY = [event for event in steady() if event["known_at"] >= YESTERDAY]


def kept(engine, events, folder):
    """These events in a store; features are not asked for here, so tiles are put off."""
    for batch in FileLog([write_log(events, folder / "kept.parquet")], currency="CNY").batches():
        EventStore(engine).append(batch.rows, at=YESTERDAY, later=True)
    return Past(EventStore(engine))


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    """A store of all that was known before the last day."""
    from features.database import create_tables

    folder = tmp_path_factory.mktemp("store")
    for engine in sqlite_store(folder):
        create_tables(engine)
        yield kept(engine, BEFORE, folder)


@pytest.fixture
def check(past, tmp_path):
    return lambda events: report_on(events, tmp_path, past=past)


def test_an_ordinary_day_is_not_found_fault_with(check):
    report = check(THE_DAY)
    assert names(report) == []
    assert report.stored == len(BEFORE)


def test_a_day_without_a_store_has_its_orders_in_nobodys_knowledge_and_is_excused(tmp_path):
    assert names(report_on(THE_DAY, tmp_path)) == []


def test_a_type_that_the_day_lacks_is_silent(check):
    (finding,) = check(of_type("order_shipped", lambda _: None)(THE_DAY)).findings
    assert (finding.check.name, finding.about["event_type"], finding.severity) == (
        "silent", "order_shipped", Severity.STOP,
    )  # fmt: skip


def test_days_between_the_store_and_the_log_are_silent_too(past, tmp_path):
    later = [event for event in steady(DAYS + 3) if event["known_at"] >= YESTERDAY + 2 * DAY]
    report = report_on(later, tmp_path, past=past)
    (finding,) = [finding for finding in report.findings if finding.check.name == "silent"]
    assert (finding.about["event_type"], finding.about["first"], finding.about["days"]) == (None, "2026-05-03", 2)


def test_a_thin_day_is_told_by_the_same_day_of_the_weeks_before(check):
    (finding,) = [f for f in check(THE_DAY[::4]).findings if f.check.name == "volume_low"]
    assert (finding.count, finding.values["usual"]) == (len(THE_DAY[::4]), 210)


def test_a_column_that_the_store_has_and_the_day_lacks(check):
    (finding,) = check(of_type("order_placed", lambda e: e | {"buyer_id": None})(THE_DAY)).findings
    assert (finding.check.name, finding.count, finding.about["column"]) == ("column_stopped", 60, "buyer_id")


def test_amounts_in_units_after_a_store_in_cents(check):
    units = of_type("order_placed", lambda e: e | {"amount_cents": 99})(THE_DAY)
    assert "amount_moved" in names(check(units))


def test_a_feed_that_the_log_has_nothing_of(check):
    report = check([event | {"source": "app"} for event in THE_DAY])
    (finding,) = [finding for finding in report.findings if finding.check.name == "feed_absent"]
    assert (finding.about["source"], finding.count, finding.severity) == ("oms", 210, Severity.NOTE)


def test_what_was_taken_in_before(check):
    (finding,) = check(BEFORE[-500:]).findings
    assert (finding.check.name, finding.count, finding.of) == ("stored_already", 500, 500)


def test_what_the_store_has_with_other_content(check):
    changed = [e | {"amount_cents": 1 + (e.get("amount_cents") or 0)} for e in BEFORE[-500:]]
    report = check(changed)
    (finding,) = [finding for finding in report.findings if finding.check.name == "stored_otherwise"]
    assert finding.severity is Severity.STOP
    assert finding.count == sum(event["event_type"] in ("order_placed", "refund_paid") for event in changed)


def test_orders_that_the_store_has_under_other_ids(check):
    again = [event | {"event_id": f"{event['event_id']}-again"} for event in BEFORE[-500:]]
    report = check(again)
    (finding,) = [finding for finding in report.findings if finding.check.name == "orders_stored"]
    assert finding.severity is Severity.STOP
    assert finding.count == finding.of == sum(event["event_type"] == "order_placed" for event in again)


def test_an_order_that_only_the_store_knows_is_no_orphan_and_one_that_nobody_knows_is(check):
    told = of_type("order_delivered", lambda e: e | {"order_id": f"lost-{e['order_id']}"})(THE_DAY)
    (finding,) = check(told).findings
    assert (finding.check.name, finding.about["event_type"], finding.severity) == (
        "orphans_orders", "order_delivered", Severity.STOP,
    )  # fmt: skip
    assert finding.count == finding.of == sum(event["event_type"] == "order_delivered" for event in THE_DAY)


@pytest.mark.parametrize(("target", "orphans"), [(BEFORE[7]["event_id"], 0), ("nobody", 1)])
def test_a_reversal_of_what_only_the_store_knows_is_no_orphan(check, target, orphans):
    back = {
        "event_id": "back",
        "event_type": "event_reversed",
        "merchant_id": BEFORE[7]["merchant_id"],
        "reverses": target,
    }
    report = check([*THE_DAY, back | {"event_time": YESTERDAY, "known_at": YESTERDAY, "source": "oms"}])
    assert [finding.count for finding in report.findings] == [1] * orphans


def test_an_order_of_another_merchant_is_an_orphan_all_the_same(check, past):
    told = of_type("order_delivered", lambda e: e | {"merchant_id": "somebody"})(THE_DAY)
    assert names(check(told)) == ["orphans_orders"]


def test_both_databases_say_the_same_of_the_past(any_engine, tmp_path):
    past = kept(any_engine, BEFORE[-2000:], tmp_path)
    day = (YESTERDAY - BEGIN.replace(year=1970, month=1, day=1)).days
    assert past.events() == 2000
    assert sum(count for *_, count in past.counts(since=day - 60, before=day + 1)) == 2000
    assert {source for _, source, *_ in past.counts(since=day - 60, before=day + 1)} == {"oms"}
    assert sum(rows.num_rows for rows in past.newest(700)) == 700
    order = next(event for event in reversed(BEFORE) if event["event_type"] == "order_placed")
    key = f"order:{order['order_id']}"
    assert past.openers({key, "order:none"}, "order_placed") == {(order["merchant_id"], key)}
    assert past.openers({key}, "refund_paid") == set()
    assert set(past.stored([order["event_id"], "none"])) == {order["event_id"]}
