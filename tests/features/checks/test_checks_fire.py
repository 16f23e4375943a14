"""Every check is seen to fire on a fault that was planted in a steady marketplace, and nothing else with it."""

from datetime import timedelta
from operator import itemgetter

import pytest

from features.checks.declared import Severity
from features.checks.report import CHECKS
from features.validation import REJECTIONS
from tests.features.checks.steady import BEGIN, DAYS, names, of_type, report_on, steady

STEADY = steady()
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATELY = BEGIN + 50 * DAY
END = BEGIN + DAYS * DAY
KNOWN = itemgetter("known_at")
GRAVITY = [Severity.NOTE, Severity.WARN, Severity.STOP]


def without(*columns):
    return lambda event: {name: value for name, value in event.items() if name not in columns}


def saying(**said):
    return lambda event: event | said


def dropped(_):
    return None


def on(first, last, spoil):
    """Spoil only what became known on some days, counted from the beginning."""
    since, until = BEGIN + first * DAY, BEGIN + (last + 1) * DAY
    return lambda events: [
        one for e in events if (one := spoil(e) if since <= e["known_at"] < until else e) is not None
    ]


def every(spoil):
    return lambda events: [one for event in events if (one := spoil(event)) is not None]


def known_late(event):
    return event | {"known_at": event["known_at"] + 2 * DAY}


def shifted(event):
    """Local time marked as UTC, in both clocks."""
    return event | {"event_time": event["event_time"] + 8 * HOUR, "known_at": event["known_at"] + 8 * HOUR}


def half(spoil):
    """Of every second order."""
    return lambda event: spoil(event) if int(event["order_id"].split("-")[1]) % 2 else event


def of_few(event):
    return None if event["merchant_id"] in ("m2", "m3") else event


def told_at_once(event):
    return event | {"known_at": event["event_time"]}


def earlier(event):
    return event | {"event_time": event["event_time"] - 8 * HOUR}


def promised_later(event):
    return event | {"deliver_by": event["deliver_by"] + 8 * HOUR}


def promised_before(event):
    return event | {"ship_by": event["ship_by"] - 3 * DAY} if "ship_by" in event else event


def thinned(events):
    day = (LATELY, LATELY + DAY)
    return [event for n, event in enumerate(events) if n % 4 == 0 or not day[0] <= event["known_at"] < day[1]]


def repeated(events):
    return [*events, *events[:20]]


def exported_again(events):
    return [*events, *(e | {"event_id": f"{e['event_id']}-again"} for e in events[-400:])]


def shouting(events):
    """Six times as many orders on one day, under ids of their own."""
    day = [e for e in events if e["event_type"] == "order_placed" and LATELY <= e["known_at"] < LATELY + DAY]
    return [
        *events,
        *(e | {name: f"{e[name]}-{n}" for name in ("event_id", "order_id")} for e in day for n in range(6)),
    ]


def answering(events):
    """Messages answered of which only every second one was ever received."""
    orders = [event for event in events if event["event_type"] == "order_placed"]
    return sorted([*events, *(told for n, e in enumerate(orders) for told in asked(n, e))], key=KNOWN)


def asked(number, order):
    about = {"merchant_id": order["merchant_id"], "source": "oms", "message_id": f"m{number}"}
    at, later = order["event_time"], order["event_time"] + timedelta(minutes=9)
    answer = {"event_type": "message_answered", "event_time": later, "known_at": later, "reply_seconds": 540}
    yield about | answer | {"event_id": f"a{number}"}
    if number % 2:
        question = {"event_type": "message_received", "event_time": at, "known_at": at, "reply_by": later}
        yield about | question | {"event_id": f"q{number}"}


def reversing(events):
    said = {"event_type": "event_reversed", "event_time": END - DAY, "known_at": END - DAY, "merchant_id": "m1"}
    return [*events, *(said | {"event_id": f"back{n}", "reverses": f"nobody-{n}", "source": "oms"} for n in range(30))]


LATE_ORDERS = of_type("order_placed", shifted, since=LATELY)
STOP, WARN, NOTE = Severity.STOP, Severity.WARN, Severity.NOTE

#: What is spoiled -> how; the check that says so, and how gravely; what else must be said then.
PLANTED = {
    "a feed that was silent for three days": (on(30, 32, dropped), "silent", STOP),
    "deliveries that stopped": (of_type("order_delivered", dropped, since=LATELY), "silent", STOP),
    "refunds that stopped": (of_type("refund_paid", dropped, since=LATELY), "silent", WARN),
    "a day of which three quarters are missing": (thinned, "volume_low", WARN),
    "a day of six times the orders": (shouting, "volume_high", WARN),
    "known_at that is the export": (every(saying(known_at=END)), "known_at_once", WARN),
    "known_at that was left out": (every(without("known_at")), "never_late", WARN),
    "deliveries told of two days later": (
        of_type("order_delivered", known_late, since=LATELY), "late_knowledge", WARN, "silent",
    ),
    "parcels suddenly told of at once": (of_type("order_shipped", told_at_once, since=LATELY), "delay_gone", WARN),
    "parcels eight hours before their orders": (of_type("order_shipped", earlier), "before_its_order", WARN),
    "promises repeated in local time": (of_type("order_delivered", promised_later), "repeats_differ", WARN),
    "orders in local time of late": (LATE_ORDERS, "hours_shifted", WARN, "before_its_order", "repeats_differ"),
    "promises that had passed": (every(promised_before), "promise_past", WARN),
    "no buyers at all": (of_type("order_placed", without("buyer_id")), "column_empty", STOP),
    "refunds without their reason": (of_type("refund_paid", without("reason")), "column_empty", WARN),
    "promises missing of late": (of_type("order_placed", without("ship_by"), since=LATELY), "column_stopped", STOP),
    "orders in units of late": (of_type("order_placed", saying(amount_cents=99), since=LATELY), "amount_moved", STOP),
    "refunds in units": (of_type("refund_paid", saying(amount_cents=49)), "refund_scale", STOP),
    "orders in units": (of_type("order_placed", saying(amount_cents=99)), "amount_small", WARN, "refund_scale"),
    "one feed in units": (
        of_type("order_placed", half(saying(amount_cents=120, source="app"))), "amount_apart", WARN, "refund_scale",
    ),
    "some amounts without currency": (of_type("order_placed", half(saying(currency="CNY"))), "currency_unsaid", WARN),
    "orders of some merchants lost": (of_type("order_placed", of_few, since=LATELY), "orphans_orders", WARN),
    "all orders lost": (of_type("order_placed", dropped), "orphans_orders", STOP),
    "answers without their question": (answering, "orphans_answers", WARN),
    "reversals of nothing": (reversing, "orphans_reversals", WARN),
    "rows twice": (repeated, "rows_repeated", NOTE),
    "an export again under new ids": (exported_again, "said_twice", WARN),
    "nothing at all": (lambda events: [], "empty", STOP),
}  # fmt: skip

#: What is wrong with some rows, and how they are rejected then; JSON alone can be more wrong (test_check_log.py).
REJECTED = {
    "missing_column": without("order_id"),
    "unknown_type": saying(event_type="order_dreamt"),
    "bad_value": saying(order_id="\x00"),
    "known_before_event": lambda event: event | {"known_at": event["event_time"] - HOUR},
    "known_in_future": saying(known_at=END + DAY),
    "currency_mismatch": saying(currency="USD"),
    "event_id_conflict": saying(event_id="the same"),
}

#: Fired by tests/features/checks/test_checks_against_the_store.py, and by JSON in tests/serving/test_check_log.py.
ELSEWHERE = {
    "feed_absent", "stored_already", "stored_otherwise", "orders_stored", "rejected_bad_json",
    "rejected_unknown_column", "rejected_naive_time",
}  # fmt: skip


def test_a_sound_log_is_not_found_fault_with(tmp_path):
    report = report_on(STEADY, tmp_path, clock=END)
    assert names(report) == []
    assert (report.rows, report.accepted, report.stops) == (len(STEADY), len(STEADY), False)
    assert (report.since, report.until) == (STEADY[0]["known_at"], max(event["known_at"] for event in STEADY))


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(fault, tmp_path):
    spoil, check, severity, *others = PLANTED[fault]
    report = report_on(spoil(STEADY), tmp_path)
    assert names(report) == sorted([check, *others])
    assert max((f.severity for f in report.findings if f.check.name == check), key=GRAVITY.index) is severity


@pytest.mark.parametrize("code", REJECTED)
@pytest.mark.parametrize(("share", "severity"), [(0.0005, NOTE), (0.01, WARN), (0.06, STOP)])
def test_rows_that_would_be_rejected_are_told_of(code, share, severity, tmp_path):
    some = range(100, 100 + round(share * len(STEADY)))
    events = [REJECTED[code](event) if place in some else event for place, event in enumerate(STEADY)]
    report = report_on(events, tmp_path, clock=END)
    (finding,) = [f for f in report.findings if f.check.name == f"rejected_{code}"]
    assert finding.severity is severity
    assert finding.count == report.rejected[code] == len(some) - (code == "event_id_conflict")
    assert finding.examples[0].startswith("row ")


def test_a_log_of_which_nothing_is_left_stops(tmp_path):
    report = report_on([saying(event_type="what")(event) for event in STEADY[:3]], tmp_path)
    assert [(f.check.name, f.severity) for f in report.findings] == [("rejected_unknown_type", STOP)]


def test_every_check_is_seen_to_fire():
    fired = {planted[1] for planted in PLANTED.values()} | {f"rejected_{code}" for code in REJECTED} | ELSEWHERE
    assert fired == {check.name for checks in CHECKS.values() for check in checks}
    assert {f"rejected_{code}" for code in REJECTIONS} <= fired


def test_each_check_says_in_both_languages_what_it_found_and_what_to_do(tmp_path):
    report = report_on(exported_again(of_type("order_placed", dropped, since=LATELY)(STEADY)), tmp_path)
    for told in (finding.plain() for finding in report.findings):
        assert told["text"].isascii()
        assert told["do"].isascii()
        assert not told["text_zh"].isascii()
        assert not told["do_zh"].isascii()


def test_what_is_wrong_with_a_whole_feed_is_not_said_again_of_each_of_its_types(tmp_path):
    (finding,) = report_on(on(30, 32, dropped)(STEADY), tmp_path).findings
    assert (finding.about["event_type"], finding.about["source"], finding.about["days"]) == (None, "oms", 3)
    assert (finding.about["first"], finding.about["last"], finding.count) == ("2026-04-01", "2026-04-03", 630)


def test_a_finding_names_events_that_show_it(tmp_path):
    lost = of_type("order_placed", without("ship_by"), since=LATELY)(STEADY)
    (finding,) = report_on(lost, tmp_path).findings
    assert (finding.count, finding.of, len(finding.examples)) == (780, 780, 3)
    silent = {event["event_id"] for event in lost if event["event_type"] == "order_placed" and "ship_by" not in event}
    assert set(finding.examples) <= silent


def test_a_gap_says_who_reads_what_is_missing(tmp_path):
    (finding,) = report_on(of_type("refund_paid", dropped, since=LATELY)(STEADY), tmp_path).findings
    assert finding.starved is not None
    assert 0 < finding.starved.inputs < finding.starved.features < finding.starved.of_features / 2


def test_a_handful_of_events_raises_no_alarm(tmp_path):
    few = [event for event in STEADY if event["merchant_id"] == "m3"][::40]
    assert names(report_on(few, tmp_path)) == ["orphans_orders"]
    assert report_on(few, tmp_path).findings[0].severity is not WARN


def test_orders_of_before_the_log_are_no_orphans_at_its_beginning(tmp_path):
    begun = [event for event in STEADY if not (event["event_type"] == "order_placed" and event["known_at"] < LATELY)]
    assert "orphans_orders" not in names(report_on(begun, tmp_path))
