"""What is promised out of the platform's own fund, and when a buyer last asked."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Go forward; what was promised before weighs on no fund."""
    op.create_table(
        "fund_days",
        sa.Column("fund", sa.String(), nullable=False, primary_key=True),
        sa.Column("day", sa.Integer(), nullable=False, primary_key=True, autoincrement=False),
        sa.Column("until", sa.BigInteger(), nullable=False, primary_key=True, autoincrement=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("cents >= 0", name="nothing_is_owed_to_a_fund"),
    )
    op.add_column("reservations", sa.Column("fund", sa.String()))
    op.create_index("decisions_of_a_buyer", "decisions", ["buyer_id", "decided_at"])


def downgrade() -> None:
    """Go back."""
    op.drop_index("decisions_of_a_buyer", "decisions")
    op.drop_column("reservations", "fund")
    op.drop_table("fund_days")
