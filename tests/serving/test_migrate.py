"""The store's tables: made, checked, moved forward and back, with what is stored left in place."""

import json
import re
from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from features.database import micros, next_numbers, reading, writing
from features.lookup import events_about
from features.store import EventStore
from features.tables import events, metadata
from serving import cases
from serving.decisions import case_of, decision
from serving.errors import SchemaOutdated
from serving.ledger.check import differences
from serving.ledger.store import money_of, reservations_with
from serving.migrate import check_schema, migrate, newest_revision, revision_of
from serving.months import ensure_months
from serving.plain import as_json, digest
from serving.record import store_audit
from serving.record.anchors import anchor
from serving.record.check import first_fault
from serving.replay.rerun import replay_all
from serving.reservations import held_for
from tests.serving.shop import a_refund, a_shop, an_order, refund, tell
from tests.serving.world import NOON, a_key, a_merchant_exists, a_service


def tables_of(engine):
    with reading(engine) as tx:
        return set(inspect(tx).get_table_names())


def is_declared(_, name, kind, *__):
    """Whether something is declared by the code: partitions are not, they come with their table and with time."""
    return kind != "table" or not re.search(r"_(before|default|\d{4}_\d{2})$", name)


def test_the_migrations_make_the_tables_that_the_code_declares(bare_engine):
    migrate(bare_engine)
    with reading(bare_engine) as tx:
        context = MigrationContext.configure(tx, opts={"include_object": is_declared})
        assert compare_metadata(context, metadata) == []


def test_back_and_forward_again_is_the_same(bare_engine):
    migrate(bare_engine)
    there = tables_of(bare_engine)
    migrate(bare_engine, to="base")
    assert tables_of(bare_engine) <= {"alembic_version"}
    migrate(bare_engine)
    assert tables_of(bare_engine) == there


def test_migrating_what_is_of_the_newest_revision_changes_nothing(bare_engine):
    migrate(bare_engine)
    a_merchant_exists(bare_engine, orders=3)
    migrate(bare_engine)
    assert EventStore(bare_engine).log().rows == 4


def chained_as_before(rows):
    """Whether rows are one chain as it was before there were several."""
    previous = "0" * 64
    for seq, row in enumerate(rows, start=1):
        says = {name: getattr(row, name) for name in ("seq", "at", "actor", "action", "subject", "body")}
        if (row.seq, row.previous, row.hash) != (seq, previous, digest(previous + as_json(says))):
            return False
        previous = row.hash
    return True


def test_the_audit_record_goes_back_to_one_chain_with_names_and_forward_again_with_all_that_it_says(bare_engine):
    migrate(bare_engine)
    a_shop(bare_engine, orders=2)
    refund(a_service(bare_engine))
    told = refund(a_service(bare_engine), a_refund("o1", buyer="b1", order={"state": "paid", "paid_cents": 1}))
    with writing(bare_engine) as tx:
        cases.resolve(tx, case_of(tx, decision(tx, told["decision_id"])).id, outcome="standard", reason="?", by="wang",
                      now=NOON)  # fmt: skip
    anchor(bare_engine, now=NOON)
    migrate(bare_engine, to="0013")
    with reading(bare_engine) as tx:
        rows = tx.execute(text("SELECT * FROM audit ORDER BY seq")).all()
        kept = tx.execute(text("SELECT request, answer, trace FROM decisions WHERE buyer_id = 'b1'")).one()
    assert chained_as_before(rows)
    assert [row.actor for row in rows] == ["key:k1", "key:k1", "user:wang"]
    sealed = {row.subject: json.loads(row.body).get("digest") for row in rows}
    assert sealed[f"decision:{told['decision_id']}"] == digest(as_json([*kept]))
    assert json.loads(kept.request)["buyer"]["id"] == "b1"
    migrate(bare_engine)
    with reading(bare_engine) as tx:
        assert first_fault(tx) is None
        assert [one.actor for one in store_audit.links(tx)] == [row.actor for row in rows]
        assert {one.same for one in replay_all(tx)} == {True}


def test_events_and_decisions_move_into_months_and_back_with_all_that_is_stored(bare_engine):
    migrate(bare_engine)
    a_shop(bare_engine, orders=3)
    ensure_months(bare_engine, now=NOON)
    told = [refund(a_service(bare_engine), a_refund(f"o{one}", buyer=f"b{one}"))["decision_id"] for one in range(2)]
    migrate(bare_engine, to="0014")
    migrate(bare_engine)
    # November is one with what was there before; the months after it are made.
    made = ensure_months(bare_engine, now=NOON)
    is_partitioned = bare_engine.dialect.name == "postgresql"
    for table in ("events", "decisions"):
        assert (f"{table}_2026_11" in made, f"{table}_2026_12" in made) == (False, is_partitioned)
    an_order(bare_engine, "later", buyer="b9")
    told.append(refund(a_service(bare_engine), a_refund("o2", buyer="b2"))["decision_id"])
    with reading(bare_engine) as tx:
        assert [decision(tx, one).id for one in told] == told
        assert {one.same for one in replay_all(tx)} == {True}
        assert first_fault(tx) is None
        assert [len(events_about(tx, f"buyer:{one}", types=("order_placed",))) for one in ("b0", "b9")] == [1, 1]


def test_an_empty_store_gets_its_tables_by_itself(bare_engine):
    check_schema(bare_engine)
    with reading(bare_engine) as tx:
        assert revision_of(tx) == newest_revision()


def test_a_store_of_another_version_is_refused_with_the_command_that_mends_it(bare_engine):
    metadata.create_all(bare_engine)
    with pytest.raises(SchemaOutdated, match=r"no revision of ours.*`goodfaith migrate`"):
        check_schema(bare_engine)


def test_a_key_with_a_list_ends_where_the_list_cannot_be_kept(bare_engine):
    migrate(bare_engine)
    a_key(bare_engine, "events:write", name="all")
    a_key(bare_engine, "events:write", name="orders", may=["order_placed"])
    migrate(bare_engine, to="0007")
    with reading(bare_engine) as tx:
        in_use = tx.scalars(text("SELECT name FROM api_keys WHERE revoked_at IS NULL")).all()
    assert in_use == ["all"]


def an_old_store(engine):
    """Promises as they were kept before there was a ledger: one open, one paid in parts, one told and taken back."""
    migrate(engine, to="0010")
    at, until = micros(NOON), micros(NOON + timedelta(hours=24))
    kept = [("d_open", 500, "reserved"), ("d_paid", 700, "paid"), ("d_back", 900, "paid"), ("d_own", 300, "paid")]
    with writing(engine) as tx:
        payments_before(tx)
        for name, cents, state in kept:
            fund = None if name == "d_own" else "fast_refund"
            tx.execute(
                text("INSERT INTO reservations VALUES (:name, 'm1', 'o0', 'b0', :cents, :state, :at, :until, :fund)"),
                {"name": name, "cents": cents, "state": state, "at": at, "until": until, "fund": fund},
            )
        tx.execute(text("INSERT INTO fund_days VALUES ('fast_refund', 0, 0, 5)"))


def payments_before(tx):
    """The events of those payments, as they were stored then; the one of d_back was taken back."""
    paid = [("old1", "r1", 400, "d_paid"), ("old2", "r2", 300, "d_paid"), ("old3", "r3", 900, "d_back"),
            ("old4", "r4", 300, "d_own")]  # fmt: skip
    for seq, (event_id, refund_id, cents, decision_id) in enumerate(paid, start=1):
        by = "merchant" if decision_id == "d_own" else "platform"
        told = {"event_id": event_id, "event_type": "refund_paid", "merchant_id": "m1", "refund_id": refund_id,
                "order_id": "o0", "amount_cents": cents, "decision_id": decision_id, "advanced_by": by,
                "finally_liable": "merchant", "event_time": NOON.isoformat(), "known_at": NOON.isoformat()}  # fmt: skip
        store_event(tx, seq, told, keys=[f"decision:{decision_id}", f"refund:{refund_id}"])
    back = {"event_id": "old5", "event_type": "event_reversed", "merchant_id": "m1", "reverses": "old3"}
    store_event(tx, 5, back, keys=["event:old3"])


def store_event(tx, seq, told, *, keys):
    row = {"seq": seq, "id": told["event_id"], "type": told["event_type"], "at": micros(NOON), "body": json.dumps(told)}
    tx.execute(text("INSERT INTO events (seq, event_id, event_type, merchant_id, event_time, known_at, body) "
                    "VALUES (:seq, :id, :type, 'm1', :at, :at, :body)"), row)  # fmt: skip
    for key in keys:
        tx.execute(text("INSERT INTO event_keys VALUES (:key, 'm1', :seq)"), {"key": key, "seq": seq})


def test_what_was_promised_and_paid_before_there_was_a_ledger_is_in_it(bare_engine):
    an_old_store(bare_engine)
    migrate(bare_engine)
    with reading(bare_engine) as tx:
        assert list(differences(tx)) == []
        kept = reservations_with(tx, ["d_open", "d_paid", "d_back", "d_own"])
        held = held_for(tx, order=("m1", "o0"), buyer_id="b0", now=NOON)
        assert money_of(tx, "m1")["receivable"] == 700
    states = {name: (one.state, one.cents) for name, one in kept.items()}
    assert states == {"d_open": ("reserved", 500), "d_paid": ("paid", 700), "d_back": ("expired", 0),
                      "d_own": ("paid", 300)}  # fmt: skip
    assert (held.order_cents, held.merchant_cents, held.fund_cents) == (1500, 1500, 1200)


def test_what_is_told_of_a_carried_over_payment_is_booked_on_top_of_it(bare_engine):
    an_old_store(bare_engine)
    migrate(bare_engine)
    # The store numbers its events itself; these had their numbers from the test.
    with writing(bare_engine) as tx:
        next_numbers(tx, events.c.seq, 5)
    tell(bare_engine, "advance_recovered", refund_id="r1", amount_cents=400)
    with reading(bare_engine) as tx:
        assert list(differences(tx)) == []
        assert money_of(tx, "m1")["receivable"] == 300


def test_back_from_the_ledger_the_funds_sums_are_those_of_the_reservations(bare_engine):
    an_old_store(bare_engine)
    migrate(bare_engine)
    migrate(bare_engine, to="0010")
    with reading(bare_engine) as tx:
        assert tx.execute(text("SELECT fund, until < 4000000000000000000, SUM(cents) FROM fund_days "
                               "GROUP BY fund, until < 4000000000000000000 ORDER BY 3")).all() == [
            ("fast_refund", True, 500), ("fast_refund", False, 700),
        ]  # fmt: skip
        assert set(tx.scalars(text("SELECT state FROM reservations"))) == {"reserved", "paid"}
    migrate(bare_engine)
    with reading(bare_engine) as tx:
        assert list(differences(tx)) == []
