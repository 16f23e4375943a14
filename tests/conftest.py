"""How property tests run: the same every time in CI, many new ones in a soak. And the stores that tests use."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine

import serving.tables  # noqa: F401 - the tables that a whole store has
from features.database import create_tables
from tests.stores import postgresql_store, sqlite_store

# How long an example takes says something about the machine, nothing about the code: no deadline, no slowness check.
_UNTIMED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("ci", max_examples=100, derandomize=True, **_UNTIMED)
settings.register_profile("soak", max_examples=3000, print_blob=True, **_UNTIMED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_engine(request, tmp_path: Path) -> Iterator[Engine]:
    """A real store on each database, without tables."""
    yield from sqlite_store(tmp_path) if request.param == "sqlite" else postgresql_store()


@pytest.fixture
def any_engine(bare_engine: Engine) -> Engine:
    """A real store on each database: for what hangs on transactions and locks."""
    create_tables(bare_engine)
    return bare_engine


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A real store in a file of its own."""
    for engine in sqlite_store(tmp_path):
        create_tables(engine)
        yield engine
