"""Who may say what: every type of event against every kind of key."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from features.database import reading
from features.events import COLUMNS, EVENT_TYPES, Kind
from features.tables import events as stored_events
from serving.ingest.feeds import RIGHTS, types_named
from tests.serving.world import NOON, a_key, a_service, ask

#: Every event type and the right that it takes. A new type needs a row here.
TAKES = {
    "merchant_registered": "merchants",
    "account_changed": "merchants",
    "link_observed": "merchants",
    "deposit_changed": "merchants",
    "listing_changed": "listings",
    "order_placed": "orders",
    "order_shipped": "orders",
    "parcel_scanned": "orders",
    "order_delivered": "orders",
    "order_cancelled": "orders",
    "order_confirmed": "orders",
    "return_requested": "service",
    "return_answered": "service",
    "message_received": "service",
    "message_answered": "service",
    "service_requested": "service",
    "service_completed": "service",
    "refund_paid": "money",
    "advance_recovered": "money",
    "advance_written_off": "money",
    "review_posted": "voices",
    "dispute_opened": "voices",
    "fake_report_filed": "voices",
    "complaint_received": "voices",
    "qualification_checked": "checks",
    "return_inspected": "checks",
    "inspection_completed": "checks",
    "advert_checked": "checks",
    "dispute_resolved": "rulings",
    "fake_report_resolved": "rulings",
    "complaint_closed": "rulings",
    "penalty_applied": "acts",
    "reinstated": "acts",
    "programme_joined": "acts",
    "programme_left": "acts",
    "event_reversed": "reversals",
}
VALUES = {Kind.TEXT: "x", Kind.INTEGER: 1, Kind.TIME: NOON.isoformat(), Kind.FLAG: True}


def an_event(name, event_id, **says):
    event_type = EVENT_TYPES[name]
    filled = {one: event_type.words.get(one, (VALUES[COLUMNS[one].kind],))[0] for one in event_type.required}
    about = {"event_id": event_id, "event_type": name, "merchant_id": "m1"}
    return {**about, "event_time": (NOON - timedelta(hours=1)).isoformat(), **filled, **says}


#: One event of every type, and one reversal of each but the reversal.
OF_EACH = [an_event(name, name) for name in EVENT_TYPES if name != "event_reversed"]
TAKEN_BACK = [an_event("event_reversed", f"not {one['event_id']}", reverses=one["event_id"]) for one in OF_EACH]


def send(service, key, *events):
    """Ids of the events that were taken; all others were rejected for one reason."""
    answer = ask(service, "/v1/events", key=key, method="POST", json={"events": list(events)})
    assert answer.status_code == 200
    rejected = {one["index"]: one["code"] for one in answer.json()["rejected"]}
    assert set(rejected.values()) <= {"event_not_allowed"}
    return {one["event_id"] for place, one in enumerate(events) if place not in rejected}


def stored(service):
    with reading(service.engine) as tx:
        return {
            row.event_id: row.source for row in tx.execute(select(stored_events.c.event_id, stored_events.c.source))
        }


def test_every_event_type_has_its_row_in_the_matrix():
    assert TAKES.keys() == EVENT_TYPES.keys()
    assert {name: right for right, names in RIGHTS.items() for name in names} == TAKES


def test_a_key_without_a_list_writes_everything(engine):
    key = a_key(engine, "events:write")
    everything = [*OF_EACH, *TAKEN_BACK, an_event("event_reversed", "waits", reverses="nobody knows")]
    assert send(a_service(engine), key, *everything) == {one["event_id"] for one in everything}


@pytest.mark.parametrize("right", RIGHTS)
def test_a_key_with_one_right_writes_the_types_of_that_right_alone(engine, right):
    service = a_service(engine)
    key = a_key(engine, "events:write", may=types_named([right]))
    own = {name for name, takes in TAKES.items() if takes == right} - {"event_reversed"}
    assert send(service, key, *OF_EACH, *TAKEN_BACK) == own
    assert stored(service).keys() == own


@pytest.mark.parametrize("right", [one for one in RIGHTS if one != "reversals"])
def test_a_key_with_the_right_to_reversals_takes_back_only_what_it_may_write(engine, right):
    key = a_key(engine, "events:write", may=types_named([right, "reversals"]))
    own = {name for name, takes in TAKES.items() if takes == right}
    assert send(a_service(engine), key, *OF_EACH, *TAKEN_BACK) == own | {f"not {name}" for name in own}


def test_a_key_that_lists_nothing_writes_nothing(engine):
    assert send(a_service(engine), a_key(engine, "events:write", may=()), *OF_EACH, *TAKEN_BACK) == set()


def test_a_ruling_is_not_taken_back_by_way_of_another_event_under_its_id(any_engine):
    service = a_service(any_engine)
    send(service, a_key(any_engine, "events:write"), an_event("dispute_resolved", "ruling"))
    clerk = a_key(any_engine, "events:write", may=types_named(["orders", "reversals"]))
    back = an_event("event_reversed", "back", reverses="ruling")
    sent = {"events": [an_event("order_placed", "ruling"), back]}
    answer = ask(service, "/v1/events", key=clerk, method="POST", json=sent).json()
    assert [one["code"] for one in answer["rejected"]] == ["event_id_conflict", "event_not_allowed"]


def test_who_may_take_back_some_types_only_cannot_take_back_what_is_not_known_yet(engine):
    clerk = a_key(engine, "events:write", may=types_named(["orders", "reversals"]))
    assert send(a_service(engine), clerk, an_event("event_reversed", "back", reverses="to come")) == set()


def test_what_a_feed_may_not_say_does_not_stand_in_the_way_of_what_it_may(engine):
    clerk = a_key(engine, "events:write", may=types_named(["orders"]))
    ruling = an_event("dispute_resolved", "e1", known_at=(NOON - timedelta(minutes=30)).isoformat())
    sent = {"events": [ruling, an_event("order_placed", "e1")]}
    answer = ask(a_service(engine), "/v1/events", key=clerk, method="POST", json=sent).json()
    assert (answer["accepted"], [one["code"] for one in answer["rejected"]]) == (1, ["event_not_allowed"])


def test_an_event_that_names_no_source_is_noted_under_its_keys_name(engine):
    service = a_service(engine)
    send(service, a_key(engine, "events:write", name="oms"), *(an_event("order_placed", one) for one in ("e1", "e2")))
    send(service, a_key(engine, "events:write", name="oms"), an_event("order_placed", "e3", source="till 7"))
    assert stored(service) == {"e1": "oms", "e2": "oms", "e3": "till 7"}


def test_the_same_event_by_another_feed_is_a_duplicate(engine):
    service = a_service(engine)
    for name in ("oms", "backfill"):
        key = a_key(engine, "events:write", name=name)
        answer = ask(service, "/v1/events", key=key, method="POST", json={"events": [an_event("order_placed", "e1")]})
    assert (answer.json()["duplicates"], stored(service)) == (1, {"e1": "oms"})
