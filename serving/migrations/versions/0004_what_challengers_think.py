"""What challengers think, and would have decided, beside what was."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "shadow_assessments",
        sa.Column("target", sa.String(), nullable=False, primary_key=True),
        sa.Column("merchant_id", sa.String(), nullable=False, primary_key=True),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("assessed_at", sa.BigInteger(), nullable=False),
        sa.Column("champion", sa.String()),
        sa.Column("challenger", sa.String(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
    )
    _days()
    _decisions()


def _days() -> None:
    op.create_table(
        "shadow_days",
        sa.Column("target", sa.String(), nullable=False, primary_key=True),
        sa.Column("merchant_id", sa.String(), nullable=False, primary_key=True),
        sa.Column("day", sa.Integer(), nullable=False, primary_key=True, autoincrement=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("champion", sa.String()),
        sa.Column("challenger", sa.String(), nullable=False),
        sa.Column("live_grade", sa.String(), nullable=False),
        sa.Column("shadow_grade", sa.String(), nullable=False),
        sa.Column("live_score", sa.Integer(), nullable=False),
        sa.Column("shadow_score", sa.Integer(), nullable=False),
        sa.Column("live_p", sa.Double()),
        sa.Column("shadow_p", sa.Double()),
    )
    op.create_index("shadow_days_by_day", "shadow_days", ["target", "day"])


def _decisions() -> None:
    op.create_table(
        "shadow_decisions",
        sa.Column("target", sa.String(), nullable=False, primary_key=True),
        sa.Column("decision_id", sa.String(), nullable=False, primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("champion", sa.String()),
        sa.Column("challenger", sa.String(), nullable=False),
        sa.Column("live_outcome", sa.String(), nullable=False),
        sa.Column("shadow_outcome", sa.String(), nullable=False),
        sa.Column("cents", sa.BigInteger()),
        sa.Column("answer", sa.Text(), nullable=False),
    )
    op.create_index("shadow_decisions_by_time", "shadow_decisions", ["target", "decided_at"])


def downgrade() -> None:
    """Go back."""
    for name in ("shadow_decisions", "shadow_days", "shadow_assessments"):
        op.drop_table(name)
