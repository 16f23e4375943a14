"""The product's word about features: what no merchant can gain by, and what is no evidence.

Each invariant is a function that names the features which break it, given a life and a change of it; it is asked about
all that models see and gates judge, and about a feature made to break it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import compress, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalogue import CATALOGUE
from features.catalogue.feature import Feature
from tests.features.strategies import Event
from tests.features.traders import AS_OF, HELD, Judge, answers, day, good_order, lives, safer, several, told

FEATURES = {one.name: one for one in CATALOGUE}
#: Each example holds several lives, since building features once for all of them costs little more than for one.
packed = settings(max_examples=settings().max_examples // 6)
Pair = tuple[Sequence[Event], Sequence[Event]]


def gains(features: Sequence[Feature], pairs: Sequence[Pair]) -> list[str]:
    """The features that read safer after a change than before it, for any pair of a log and the changed one."""
    return found_by(safer, features, pairs)


def found_by(judge: Judge, features: Sequence[Feature], pairs: Sequence[Pair]) -> list[str]:
    told = answers(*(log for pair in pairs for log in pair), features=features)
    rows = list(zip(told[::2], told[1::2], strict=True))
    return [one.name for one in features if any(judge(one, old[one.name], new[one.name]) for old, new in rows)]


# --- Silence never wins ----------------------------------------------------------------------------------------

#: What a merchant may leave out, and the id of what it then keeps silent about.
SAID = {"order_shipped": "order_id", "order_delivered": "order_id", "return_answered": "return_id",
        "message_answered": "message_id", "service_completed": "service_id"}  # fmt: skip
Saying = tuple[str, str]


def sayings(log: Sequence[Event]) -> list[Saying]:
    """What a merchant could have left out, of which type and about what, with nothing still to come of it."""
    waits = {one["order_id"] for one in log if one["event_type"] == "order_placed" and not is_past(one)}
    return sorted({saying(one) for one in log if one["event_type"] in SAID} - set(product(SAID, waits)))


def saying(event: Event) -> Saying:
    return event["event_type"], event.get(SAID.get(event["event_type"], ""), "")


def is_past(order: Event) -> bool:
    """Whether something was promised of an order, and the time for all of it has passed."""
    promises = [one for one in (order["ship_by"], order["deliver_by"]) if one]
    return bool(promises) and max(promises) < AS_OF


def silent(log: Sequence[Event], about: Sequence[Saying]) -> list[Event]:
    """The log of a merchant that says nothing of some things."""
    return [one for one in log if saying(one) not in about]


@st.composite
def silences(draw: st.DrawFn) -> Pair:
    """A life, and the same without some of what the merchant said."""
    log = draw(lives())
    left_out = draw(st.lists(st.booleans(), min_size=32, max_size=32))
    return log, silent(log, list(compress(sayings(log), left_out)))


@packed
@given(several(silences()))
def test_silence_improves_nothing(pairs):
    assert gains(HELD, pairs) == []


@pytest.mark.parametrize("name", ["late_dispatch_rate_90d", "late_delivery_rate_90d", "return_refusal_rate_90d",
                                  "mean_reply_hours_90d"])  # fmt: skip
def test_a_rate_of_what_was_said_is_improved_by_silence(name):
    log = [*good_order("good", day(9), "ann"), *sloppy_order("bad", day(9), "bob")]
    quiet = silent(log, [one for one in sayings(log) if one[1] == "bad"])
    assert gains([FEATURES[name]], [(log, quiet)]) == [name]


def sloppy_order(order: str, at: datetime, buyer: str) -> list[Event]:
    """Sent late, come late, its return refused, a question answered after days; ids are the order's."""
    late, says = at + timedelta(days=3), {"order_id": order, "buyer_id": buyer}
    return [
        told("order_placed", at, **says, amount_cents=1, ship_by=at, deliver_by=at),
        told("order_shipped", late, order_id=order),
        told("order_delivered", late, order_id=order),
        told("return_requested", late, **says, return_id=order, answer_by=late),
        told("return_answered", late, order_id=order, return_id=order, outcome="rejected"),
        told("return_requested", late, order_id="good", return_id="good", answer_by=late),
        told("return_answered", late, order_id="good", return_id="good", outcome="accepted"),
        told("message_received", at, message_id=order, reply_by=at),
        told("message_answered", late, message_id=order, reply_seconds=259_200),
        told("message_answered", late, message_id="good", reply_seconds=60),
    ]


def test_a_parcel_that_no_carrier_scanned_counts_as_little_as_one_left_out():
    log = [*good_order("o1", day(9), "ann"), *good_order("o2", day(9), "bob"), *good_order("o3", day(9), "cat")]
    unscanned = [one | ({"tracked": False} if saying(one) == ("order_shipped", "o3") else {}) for one in log]
    unscanned = [one for one in unscanned if saying(one)[0] != "parcel_scanned" or one["order_id"] != "o3"]
    features = [FEATURES["n_orders_30d_capped"]]
    found = answers(log, unscanned, silent(unscanned, [("order_shipped", "o3")]), features=features)
    assert [one["n_orders_30d_capped"] for one in found] == [3, 2, 2]
