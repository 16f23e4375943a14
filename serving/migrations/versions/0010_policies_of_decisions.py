"""The policies that decisions were made by."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Go forward; what earlier decisions were made by is kept where it is still in force."""
    op.create_table(
        "policies",
        sa.Column("hash", sa.String(), nullable=False, primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("policies")
