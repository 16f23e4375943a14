"""Promised returns that are refused, on logs small enough to count by hand."""

import pytest

from tests.features.build import a_log, engine_features, moment

PLACED = "2024-03-01  order_placed  order_id=A amount_cents=5"
CAME = "2024-03-02  order_delivered  order_id=A"
ASKED = "2024-03-08  return_requested  order_id=A return_id=R reason=no_reason answer_by=2024-03-10"
REFUSED = "2024-03-09  return_answered  order_id=A return_id=R outcome=rejected"
LATE_YES = "2024-03-15  return_answered  order_id=A return_id=R outcome=accepted"


def a_story(*lines, programmes=("seven_day_return",), **placed):
    """The events of an order that carries programmes."""
    events = a_log("\n".join((PLACED, *lines)))
    return [events[0] | {"programmes": list(programmes), **placed}, *events[1:]]


def broken_at(as_of, log, tmp_path):
    found = engine_features(log, [("shop", moment(as_of))], folder=tmp_path).to_pylist()[0]
    return found["n_false_promises_30d"], found["false_promise_rate_30d"], found["false_promise_rate_30d_capped"]


def test_to_refuse_what_was_promised_is_a_false_promise_and_so_is_silence(tmp_path):
    assert broken_at("2024-03-20", a_story(CAME, ASKED, REFUSED), tmp_path) == (1, 1.0, 1.0)
    assert broken_at("2024-03-20", a_story(CAME, ASKED), tmp_path) == (1, 1.0, 1.0)
    assert broken_at("2024-03-10", a_story(CAME, ASKED), tmp_path) == (0, None, None)
    assert broken_at("2024-03-20", a_story(CAME, ASKED, LATE_YES), tmp_path) == (0, 0.0, 0.0)


@pytest.mark.parametrize(
    "log",
    [
        a_story(CAME, ASKED, REFUSED, programmes=["installation"]),
        a_story(CAME, ASKED, REFUSED, no_return_confirmed=True),
        a_story(CAME, ASKED.replace("no_reason", "quality"), REFUSED),
        a_story("2024-02-29T00:00  order_delivered  order_id=A", ASKED, REFUSED),
    ],
)
def test_a_return_that_nobody_promised_may_be_refused(log, tmp_path):
    assert broken_at("2024-03-20", log, tmp_path) == (0, None, None)


def test_the_last_moment_to_ask_is_eight_days_after_the_goods_came(tmp_path):
    came = "2024-02-29T00:00:00.000001  order_delivered  order_id=A"
    assert broken_at("2024-03-20", a_story(came, ASKED, REFUSED), tmp_path) == (1, 1.0, 1.0)


def test_empty_boxes_are_told_by_what_was_found(tmp_path):
    log = a_log("""
    2024-03-01  return_inspected  order_id=A return_id=R outcome=empty
    2024-03-01  return_inspected  order_id=B return_id=S outcome=intact
    """)
    found = engine_features(log, [("shop", moment("2024-03-20"))], folder=tmp_path).to_pylist()[0]
    assert (found["returned_empty_rate_30d"], found["returned_swapped_rate_30d"]) == (0.5, 0.0)
