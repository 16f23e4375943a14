"""Entries of a stream: what goes in, what becomes a dead letter, and that one never holds up another."""

import json
from datetime import timedelta

import pytest
from sqlalchemy.exc import DataError

from features.errors import StoreUnavailable
from features.store import EventStore
from serving.ingest.deliveries import Entry, deliver
from serving.ingest.requests import Taken, ingest_events
from tests.serving.world import NOON


def an_order(event_id, **changes):
    happened = (NOON - timedelta(hours=1)).isoformat()
    about = {"event_id": event_id, "event_type": "order_placed", "merchant_id": "m1", "event_time": happened}
    return {**about, "order_id": event_id, "amount_cents": 500, **changes}


def entry(entry_id, **fields):
    return Entry(id=entry_id, fields={name.encode(): value.encode() for name, value in fields.items()})


def of(entry_id, event):
    """An entry with an event."""
    return entry(entry_id, event=json.dumps(event))


@pytest.fixture
def into(engine):
    """Deliver entries into a store."""
    held = EventStore(engine)
    return lambda *entries: deliver(entries, lambda sent: ingest_events(held, sent, currency="CNY", now=NOON))


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"event": json.dumps(an_order("e1"))}, 1),
        ({"event": json.dumps([an_order("e1"), an_order("e2")])}, 2),
        ({"events": json.dumps([an_order("e1"), an_order("e2")])}, 2),
        ({"events": json.dumps({"events": [an_order("e1"), an_order("e2")]})}, 2),
        ({"__data__": json.dumps(an_order("e1")), "other": "told by the sender's library"}, 1),
    ],
    ids=["one", "a list", "a field of several", "as over HTTP", "by FastStream"],
)
def test_events_come_in_several_forms(into, fields, count):
    done = into(entry("1-0", **fields))
    assert (done.accepted, done.dead) == (count, ())


def test_what_comes_again_has_no_effect(into):
    entries = [of("1-0", an_order("e1")), of("1-1", an_order("e2"))]
    assert into(*entries).accepted == 2
    again = into(*reversed(entries), of("1-2", an_order("e2")))
    assert (again.accepted, again.duplicates, again.dead) == (0, 3, ())


def test_an_event_that_is_rejected_is_a_dead_letter_with_its_reason(into):
    done = into(of("1-0", [an_order("e1"), an_order("e2", amount_cents=-1)]), of("1-1", 7))
    assert done.accepted == 1
    first, second = done.dead
    assert (first.entry, first.code, json.loads(first.event)["event_id"]) == ("1-0", "bad_value", "e2")
    assert "-1" in first.detail
    assert (second.entry, second.code, second.event) == ("1-1", "bad_json", "7")


@pytest.mark.parametrize(
    "fields",
    [{"event": "{broken"}, {"event": ""}, {"event": "[" * 100_000}, {"order": "o1"}, {}],
    ids=["broken", "empty", "deep", "another field", "nothing"],
)
def test_an_entry_that_cannot_be_read_holds_up_nothing(into, fields):
    done = into(entry("1-0", **fields), of("1-1", an_order("e1")))
    assert (done.accepted, [(one.entry, one.code) for one in done.dead]) == (1, [("1-0", "bad_json")])


def test_bytes_that_are_no_text_can_be_sent_on_all_the_same(into):
    done = into(Entry(id="1-0", fields={b"event": b"\xff\xfe", b"\xff": b""}), of("1-1", {"event_id": "\ud800"}))
    assert [one.entry for one in done.dead] == ["1-0", "1-1"]
    assert all(value.encode() for one in done.dead for value in one.fields().values())


def refusing(poison, error):
    """A store that breaks on one event, and counts the others."""

    def take(events):
        if any(event["event_id"] == poison for event in events):
            raise error
        return Taken(accepted=len(events), duplicates=0, rejected=[])

    return take


def mistaken(cause):
    error = StoreUnavailable("the store does not answer as it should")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("error", [ZeroDivisionError(), mistaken(DataError("", {}, ValueError()))], ids=["ours", "its"])
def test_an_event_on_which_everything_breaks_is_set_apart_and_the_others_go_in(error):
    entries = [of(f"1-{n}", an_order(f"e{n}")) for n in range(11)]
    done = deliver(entries, refusing("e7", error))
    assert done.accepted == 10
    assert [(one.entry, one.code, one.detail) for one in done.dead] == [("1-7", "not_taken", type(error).__name__)]


def test_a_store_that_does_not_answer_is_no_fault_of_any_event():
    with pytest.raises(StoreUnavailable):
        deliver([of("1-0", an_order("e1"))], refusing("e1", mistaken(OSError())))
