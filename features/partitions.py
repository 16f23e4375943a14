"""The partition of a table for rows whose month has none yet (`features/months.py`); SQLite has none at all."""

from sqlalchemy import Connection, Table, event, text

__all__ = ["POSTGRESQL", "make_default_partition"]

POSTGRESQL = "postgresql"


def make_default_partition(table: Table) -> None:
    """Have a table's default partition made with it, where it is made from its declaration."""

    def make(_: Table, tx: Connection, **more: object) -> None:
        if tx.dialect.name == POSTGRESQL:
            tx.execute(text(f"CREATE TABLE {table.name}_default PARTITION OF {table.name} DEFAULT"))

    event.listen(table, "after_create", make)
