import os
import secrets
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

import serving.tables  # noqa: F401 - the tables that a store of this floor has
from features.database import create_tables, open_engine, writing
from features.errors import StoreUnavailable

LOCAL = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A real store in a file of its own."""
    engine = open_engine(f"sqlite:///{tmp_path / 'goodfaith.db'}")
    create_tables(engine)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_engine(request, tmp_path: Path) -> Iterator[Engine]:
    """A real store on each database: for what hangs on transactions and locks."""
    if request.param == "sqlite":
        yield from engine.__wrapped__(tmp_path)
    else:
        yield from _in_a_schema_of_its_own()


def _in_a_schema_of_its_own() -> Iterator[Engine]:
    url = postgres_url()
    if url is None:
        pytest.skip("no PostgreSQL: none at GOODFAITH_TEST_POSTGRES_URL or 127.0.0.1:5432")
    server, schema = open_engine(url), f"test_{secrets.token_hex(8)}"
    with writing(server) as tx:
        tx.execute(text(f"CREATE SCHEMA {schema}"))
    there = make_url(url).update_query_dict({"options": f"-csearch_path={schema}"})
    engine = open_engine(there.render_as_string(hide_password=False))
    try:
        create_tables(engine)
        yield engine
    finally:
        engine.dispose()
        with writing(server) as tx:
            tx.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        server.dispose()


@cache
def postgres_url() -> str | None:
    """Where a PostgreSQL server answers, if one does; one that was named and is silent is a mistake."""
    named = os.environ.get("GOODFAITH_TEST_POSTGRES_URL")
    url = make_url(named or LOCAL).update_query_dict({"connect_timeout": "2"}).render_as_string(hide_password=False)
    server = open_engine(url)
    try:
        with writing(server):
            return url
    except (StoreUnavailable, SQLAlchemyError):
        if named:
            raise
        return None
    finally:
        server.dispose()
