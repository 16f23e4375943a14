"""How often what is stored of a merchant changed; and no names for locks, which the database keeps by itself."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Go forward."""
    op.add_column("merchants", sa.Column("changes", sa.BigInteger(), nullable=False, server_default="0"))
    op.drop_table("locks")


def downgrade() -> None:
    """Go back."""
    op.create_table("locks", sa.Column("name", sa.String(), nullable=False), sa.PrimaryKeyConstraint("name"))
    op.drop_column("merchants", "changes")
