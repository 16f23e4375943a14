"""What cases about complaints go by."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "complaints",
        sa.Column("case_id", sa.String(), nullable=False, primary_key=True),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("complaint_id", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("topic_by", sa.String(), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("causes", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("region", sa.String()),
        sa.Column("reference", sa.String()),
        sa.Column("answer_by", sa.BigInteger(), nullable=False),
        sa.Column("accept_by", sa.BigInteger()),
        sa.Column("policy_version", sa.String(), nullable=False),
        sa.Column("model_version", sa.String()),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("complaints")
