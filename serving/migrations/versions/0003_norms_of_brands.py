"""What brands' goods usually cost, as of midnights."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "norms",
        sa.Column("day", sa.Integer(), nullable=False, primary_key=True, autoincrement=False),
        sa.Column("brand", sa.String(), nullable=False, primary_key=True),
        sa.Column("category", sa.String(), nullable=False, primary_key=True),
        sa.Column("price_cents", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("norms")
