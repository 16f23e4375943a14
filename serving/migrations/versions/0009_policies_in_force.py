"""Which policy was in force when: what an order promises was said by the one of its day."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Go forward; of what was in force before, nothing is known."""
    op.create_table(
        "policies_in_force",
        sa.Column("kind", sa.String(), nullable=False, primary_key=True),
        sa.Column("since", sa.BigInteger(), nullable=False, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.String(), nullable=False),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("policies_in_force")
