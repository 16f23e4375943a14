"""On PostgreSQL decisions have a partition for each month; what was decided before is one, and stays in its place."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_INDEXES = {
    "decisions_of_a_merchant": ["merchant_id", "decided_at"],
    "decisions_of_a_buyer": ["buyer_id", "decided_at"],
}


def upgrade() -> None:
    """Go forward; on SQLite a table is one table."""
    tx = op.get_bind()
    if tx.dialect.name != "postgresql":
        return
    newest = tx.scalar(sa.text("SELECT max(decided_at) FROM decisions"))
    op.rename_table("decisions", "decisions_before")
    op.execute("ALTER TABLE decisions_before DROP CONSTRAINT decisions_pkey")
    for name in _INDEXES:
        op.execute(f"ALTER INDEX {name} RENAME TO {name}_before")
    op.execute(
        "CREATE TABLE decisions (LIKE decisions_before, CONSTRAINT decisions_pkey PRIMARY KEY (id, decided_at)) "
        "PARTITION BY RANGE (decided_at)"
    )
    for name, columns in _INDEXES.items():
        op.create_index(name, "decisions", columns)
    op.execute("CREATE TABLE decisions_default PARTITION OF decisions DEFAULT")
    if newest is None:
        op.drop_table("decisions_before")
    else:
        upper = _month_after(newest)
        op.execute(f"ALTER TABLE decisions ATTACH PARTITION decisions_before FOR VALUES FROM (MINVALUE) TO ({upper})")


def downgrade() -> None:
    """Go back; every decision is copied into one table."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("CREATE TABLE decisions_whole (LIKE decisions)")
    op.execute("INSERT INTO decisions_whole SELECT * FROM decisions")
    op.drop_table("decisions")
    op.rename_table("decisions_whole", "decisions")
    op.create_primary_key("decisions_pkey", "decisions", ["id"])
    for name, columns in _INDEXES.items():
        op.create_index(name, "decisions", columns)


def _month_after(micros: int) -> int:
    """The first moment of the month after a moment."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    at = epoch + timedelta(microseconds=micros)
    following = (at.replace(day=1) + timedelta(days=31)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (following - epoch) // timedelta(microseconds=1)
