"""Which types of events a key may write."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Go forward; keys that were made before go on writing every type."""
    op.add_column("api_keys", sa.Column("event_types", sa.Text()))


def downgrade() -> None:
    """Go back; keys that list types end, since without their list they could write all."""
    op.execute("UPDATE api_keys SET revoked_at = created_at WHERE event_types IS NOT NULL AND revoked_at IS NULL")
    op.drop_column("api_keys", "event_types")
