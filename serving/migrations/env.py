"""Alembic's way in: the connection is given by whoever migrates (`serving/migrate.py`)."""

from alembic import context

import serving.tables  # noqa: F401 - its tables join those of the floor below
from features.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot change a column in place: Alembic copies the table.
    render_as_batch=True,
)
context.run_migrations()
