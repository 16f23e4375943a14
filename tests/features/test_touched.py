"""What new events cannot move may be left alone: it is the same with them and without them."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from features.catalogue import CATALOGUE
from features.touched import touched
from tests.features.strategies import logs, spines
from tests.features.test_features_equal_their_definition import as_bytes, engine, everybody_at

# An example asks for the catalogue twice.
now_and_then = settings(max_examples=settings().max_examples // 5)


def untouched(event_type):
    """The features of which an event of a type can move nothing, their category's rates included."""
    return [
        one
        for one in CATALOGUE
        if not touched([measure for measure, _ in one.numbers], [event_type])
        and not (one.shrunk and event_type == "merchant_registered")
    ]


def test_a_delivery_moves_no_dispute_and_an_order_moves_its_shipments():
    numbers = {one.name: [measure for measure, _ in one.numbers] for one in CATALOGUE}
    assert not touched(numbers["fault_rate_30d"], ["order_delivered"])
    assert touched(numbers["late_dispatch_rate_30d"], ["order_placed"])
    assert touched(numbers["own_fault_rate_30d"], ["order_delivered"])


@now_and_then
@given(logs(), spines(most=2), st.data())
def test_what_events_of_a_type_do_not_touch_is_the_same_without_them(log, moments, data):
    kinds = sorted({event["event_type"] for event in log} - {"event_reversed"})
    assume(kinds)
    kind = data.draw(st.sampled_from(kinds))
    # Another event that claims the id of one that goes would come to stand in its place.
    gone = {event["event_id"] for event in log if event["event_type"] == kind}
    rest = [event for event in log if event["event_id"] not in gone]
    others = {event["event_id"] for event in log if event["event_type"] != kind}
    assume(rest and not gone & others)
    rows = everybody_at(moments)
    features = untouched(kind)
    assert as_bytes(engine(log, rows=rows, features=features)) == as_bytes(engine(rest, rows=rows, features=features))
