"""Who approved how another person ended a case."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Go forward; what ended before took one person."""
    op.add_column("cases", sa.Column("approved_by", sa.String()))


def downgrade() -> None:
    """Go back; who approved is no longer known."""
    op.drop_column("cases", "approved_by")
