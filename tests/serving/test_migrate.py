"""The store's tables: made, checked, moved forward and back, with what is stored left in place."""

import json

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from features.database import reading, writing
from features.store import EventStore
from features.tables import metadata
from serving import cases, store_audit
from serving.anchors import anchor
from serving.audit_check import first_fault
from serving.decisions import case_of, decision
from serving.errors import SchemaOutdated
from serving.migrate import check_schema, migrate, newest_revision, revision_of
from serving.plain import as_json, digest
from serving.replay import replay_all
from tests.serving.shop import a_refund, a_shop, refund
from tests.serving.world import NOON, a_key, a_merchant_exists, a_service


def tables_of(engine):
    with reading(engine) as tx:
        return set(inspect(tx).get_table_names())


def test_the_migrations_make_the_tables_that_the_code_declares(bare_engine):
    migrate(bare_engine)
    with reading(bare_engine) as tx:
        assert compare_metadata(MigrationContext.configure(tx), metadata) == []


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
    migrate(bare_engine, to="0010")
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
