"""What others are told of."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go forward; what happened before is not told."""
    op.create_table(
        "outbox",
        sa.Column("id", _NUMBER, nullable=False, primary_key=True, autoincrement=True),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.BigInteger()),
        sa.Column("failure", sa.Text()),
    )
    there = sa.text("next_at IS NOT NULL")
    op.create_index("outbox_waiting", "outbox", ["next_at"], sqlite_where=there, postgresql_where=there)
    op.create_index("outbox_by_age", "outbox", ["created_at"])


def downgrade() -> None:
    """Go back; what was not handed on yet is lost."""
    op.drop_table("outbox")
