"""Requests taken in together: to each it is as if it had come alone, in the order in which they came."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select

from features.database import create_tables, reading
from features.tables import events
from serving.idempotency import Asked
from serving.ingest.checked import check_events
from serving.ingest.feeds import Feed, types_named
from serving.ingest.requests import ingest_together
from tests.serving.ingest.test_deliveries import an_order
from tests.serving.world import NOON

CLERK = Feed(name="clerk", event_types=frozenset(types_named(["orders", "reversals"])))
ids = st.sampled_from("abcdef")
#: Orders, some of them contradicting others of the same id, some wrong; and what takes orders back.
told = st.one_of(
    st.builds(
        an_order, ids, amount_cents=st.sampled_from([500, 500, 501, -1]), merchant_id=st.sampled_from(["m1", "m2"])
    ),
    st.builds(lambda one: an_order(f"not {one}", event_type="event_reversed", reverses=one, order_id=None), ids),
    st.builds(lambda one: an_order(one, event_type="reinstated"), ids),
    st.just("no event"),
)
asked = st.one_of(
    st.none(),
    st.builds(Asked, caller=st.just("k"), route=st.just("r"), key=st.sampled_from("xy"), body=st.sampled_from("12")),
)
requests = st.lists(
    st.builds(
        lambda sent, asked, feed: check_events(sent, currency="CNY", now=NOON, asked=asked, feed=feed),
        st.lists(told, max_size=4), asked, st.sampled_from([CLERK, Feed(name="all"), Feed()]),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


@contextmanager
def a_store():
    engine = create_engine("sqlite://")
    create_tables(engine)
    yield engine
    engine.dispose()


def plain(answers):
    return [type(one).__name__ if isinstance(one, Exception) else one.model_dump() for one in answers]


def stored(engine):
    with reading(engine) as tx:
        return {(row.event_id, row.body, row.source) for row in tx.execute(select(events))}


# An example is two stores.
@settings(max_examples=settings().max_examples // 5)
@given(requests)
def test_requests_taken_in_together_are_told_what_each_would_be_told_in_its_turn(sent):
    with a_store() as together, a_store() as alone:
        answers = ingest_together(together, sent, now=NOON)
        assert plain(answers) == plain([told for one in sent for told in ingest_together(alone, [one], now=NOON)])
        assert stored(together) == stored(alone)


def test_a_request_on_which_taking_in_breaks_spoils_no_other(engine):
    first, last = (check_events([an_order(one)], currency="CNY", now=NOON) for one in ("e1", "e3"))
    good = check_events([an_order("e2")], currency="CNY", now=NOON)
    broken = replace(good, standing=replace(good.standing, rows=good.standing.rows.drop_columns(["event_type"])))
    answers = ingest_together(engine, [first, broken, last], now=NOON + timedelta(seconds=1))
    assert [isinstance(one, Exception) for one in answers] == [False, True, False]
    assert {event_id for event_id, _, _ in stored(engine)} == {"e1", "e3"}
