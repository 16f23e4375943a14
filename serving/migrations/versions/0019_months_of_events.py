"""On PostgreSQL events have a partition for each month, by their number; ids of events have a table of their own.

What was stored before is one partition, and stays in its place. On SQLite the table is copied: it cannot lose that ids
are unique otherwise.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_COLUMNS = ("seq", "event_id", "event_type", "merchant_id", "event_time", "known_at", "source", "body")
_OF_A_MERCHANT = ["merchant_id", "event_type", "known_at"]
_IN_A_MONTH = 1 << 40


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "event_ids",
        sa.Column("event_id", sa.String(), nullable=False, primary_key=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO event_ids (event_id, seq) SELECT event_id, seq FROM events ORDER BY event_id")
    if op.get_bind().dialect.name == "postgresql":
        _partition(op.get_bind())
    else:
        _copy()


def downgrade() -> None:
    """Go back; every event is copied into one table."""
    if op.get_bind().dialect.name == "postgresql":
        _join()
    else:
        _copy(sa.UniqueConstraint("event_id"))
    op.drop_table("event_ids")


def _partition(tx: sa.Connection) -> None:
    newest = tx.scalar(sa.text("SELECT max(seq) FROM events"))
    op.rename_table("events", "events_before")
    op.execute("ALTER TABLE events_before DROP CONSTRAINT events_event_id_key")
    op.execute("ALTER TABLE events_before RENAME CONSTRAINT events_pkey TO events_before_pkey")
    op.execute("ALTER INDEX events_of_a_merchant RENAME TO events_of_a_merchant_before")
    op.execute(
        "CREATE TABLE events (LIKE events_before INCLUDING DEFAULTS, CONSTRAINT events_pkey PRIMARY KEY (seq)) "
        "PARTITION BY RANGE (seq)"
    )
    op.create_index("events_of_a_merchant", "events", _OF_A_MERCHANT)
    op.execute("ALTER SEQUENCE events_seq_seq OWNED BY events.seq")
    op.execute("CREATE TABLE events_default PARTITION OF events DEFAULT")
    if newest is None:
        op.drop_table("events_before")
    else:
        upper = (newest // _IN_A_MONTH + 1) * _IN_A_MONTH
        op.execute(f"ALTER TABLE events ATTACH PARTITION events_before FOR VALUES FROM (MINVALUE) TO ({upper})")


def _join() -> None:
    op.execute("CREATE TABLE events_whole (LIKE events INCLUDING DEFAULTS)")
    op.execute("INSERT INTO events_whole SELECT * FROM events")
    op.execute("ALTER SEQUENCE events_seq_seq OWNED BY events_whole.seq")
    op.drop_table("events")
    op.rename_table("events_whole", "events")
    op.create_primary_key("events_pkey", "events", ["seq"])
    op.create_unique_constraint("events_event_id_key", "events", ["event_id"])
    op.create_index("events_of_a_merchant", "events", _OF_A_MERCHANT)


def _copy(*constraints: sa.UniqueConstraint) -> None:
    op.create_table(
        "events_copied",
        sa.Column("seq", sa.Integer(), nullable=False, primary_key=True),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("event_id", "event_type", "merchant_id")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("event_time", "known_at")),
        sa.Column("source", sa.String()),
        sa.Column("body", sa.Text(), nullable=False),
        *constraints,
    )
    names = ", ".join(_COLUMNS)
    op.execute(f"INSERT INTO events_copied ({names}) SELECT {names} FROM events")
    op.drop_table("events")
    op.rename_table("events_copied", "events")
    op.create_index("events_of_a_merchant", "events", _OF_A_MERCHANT)
