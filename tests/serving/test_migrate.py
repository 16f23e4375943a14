"""The store's tables: made, checked, moved forward and back, with what is stored left in place."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from features.database import reading
from features.store import EventStore
from features.tables import metadata
from serving.errors import SchemaOutdated
from serving.migrate import check_schema, migrate, newest_revision, revision_of
from tests.serving.world import a_key, a_merchant_exists


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
