"""What nightly looks at the champions found."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "drifts",
        sa.Column("target", sa.String(), nullable=False, primary_key=True),
        sa.Column("looked_at", sa.BigInteger(), nullable=False, primary_key=True, autoincrement=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("advice", sa.String(), nullable=False),
        sa.Column("alarms", sa.Text(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("drifts")
