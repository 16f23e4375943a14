from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from features.database import create_tables, open_engine


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A real store in a file of its own."""
    engine = open_engine(f"sqlite:///{tmp_path / 'goodfaith.db'}")
    create_tables(engine)
    yield engine
    engine.dispose()
