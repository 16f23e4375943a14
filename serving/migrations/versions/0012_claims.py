"""Which worker is at which merchant, and when places were last looked at."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_KEPT = {"claimed_merchants": "claimed_until", "merchants_set_aside": "set_aside"}


def upgrade() -> None:
    """Go forward; nobody is claimed, and all places are looked at anew."""
    op.add_column("merchants", sa.Column("claimed_until", sa.BigInteger()))
    op.add_column("merchants", sa.Column("tries", sa.Integer()))
    op.add_column("merchants", sa.Column("reviewed_day", sa.Integer()))
    for name, column in _KEPT.items():
        there = sa.text(f"{column} IS NOT NULL")
        op.create_index(name, "merchants", [column], sqlite_where=there, postgresql_where=there)


def downgrade() -> None:
    """Go back."""
    for name in _KEPT:
        op.drop_index(name, "merchants")
    for column in ("reviewed_day", "tries", "claimed_until"):
        op.drop_column("merchants", column)
