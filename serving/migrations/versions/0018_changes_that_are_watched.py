"""Which models judged when, which changes shifted the answers, and decisions by time."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Go forward; which models judged before is not known, so the next ones are no change."""
    op.create_table(
        "live_models",
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("target", "since"),
    )
    op.create_table(
        "suspect_changes",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("back_at", sa.BigInteger()),
        sa.Column("done_at", sa.BigInteger()),
        sa.Column("lifted_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("subject", "version"),
    )
    op.create_index("decisions_by_time", "decisions", ["decided_at"])


def downgrade() -> None:
    """Go back; what was gone back from judges again where its files say so."""
    op.drop_index("decisions_by_time", "decisions")
    op.drop_table("suspect_changes")
    op.drop_table("live_models")
