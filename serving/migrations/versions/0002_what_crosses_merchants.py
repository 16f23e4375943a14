"""What crosses merchants, as of midnights."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "crossed",
        sa.Column("day", sa.Integer(), nullable=False, primary_key=True, autoincrement=False),
        sa.Column("merchant_id", sa.String(), nullable=False, primary_key=True),
        sa.Column("amounts", sa.LargeBinary(), nullable=False),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("crossed")
