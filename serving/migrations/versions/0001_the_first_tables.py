"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Go forward."""
    _api_keys()
    _assessment_history()
    _assessments()
    _audit()
    _cases()
    _category_sums()
    _decisions()
    _event_keys()
    _events()
    _idempotency()
    _locks()
    _merchants()
    _reservations()
    _sessions()
    _settled()
    _tiles()
    _users()
    _waiting()
    _words()


def downgrade() -> None:
    """Go back."""
    for table in _TABLES:
        op.drop_table(table)


_TABLES = (
    "api_keys",
    "assessment_history",
    "assessments",
    "audit",
    "cases",
    "category_sums",
    "decisions",
    "event_keys",
    "events",
    "idempotency",
    "locks",
    "merchants",
    "reservations",
    "sessions",
    "settled",
    "tiles",
    "users",
    "waiting",
    "words",
)


def _api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )


def _assessment_history() -> None:
    op.create_table(
        "assessment_history",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("assessed_at", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("credit_version", sa.String(), nullable=True),
        sa.Column("counterfeit_version", sa.String(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("history_of_a_merchant", "assessment_history", ["merchant_id", "seq"], unique=False)


def _assessments() -> None:
    op.create_table(
        "assessments",
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("assessed_at", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("credit_version", sa.String(), nullable=True),
        sa.Column("counterfeit_version", sa.String(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id"),
    )
    op.create_index("newest_assessments", "assessments", ["assessed_at"], unique=False)


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("audit_of_a_subject", "audit", ["subject"], unique=False)


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("decision_id", sa.String(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("assigned_to", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("resolved_by", sa.String(), nullable=True),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("cases_of_a_merchant", "cases", ["merchant_id", "opened_at"], unique=False)
    op.create_index(
        "one_open_case",
        "cases",
        ["about"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("queue_of_cases", "cases", ["state", "priority", "due_at"], unique=False)


def _category_sums() -> None:
    op.create_table(
        "category_sums",
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("measures", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("day"),
    )


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=True),
        sa.Column("buyer_id", sa.String(), nullable=True),
        sa.Column("programme", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_seq", sa.BigInteger(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("decisions_of_a_merchant", "decisions", ["merchant_id", "decided_at"], unique=False)


def _event_keys() -> None:
    op.create_table(
        "event_keys",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("key", "merchant_id", "seq"),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("event_type", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("event_time", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("event_id"),
    )
    op.create_index("events_of_a_merchant", "events", ["merchant_id", "event_type", "known_at"], unique=False)


def _idempotency() -> None:
    op.create_table(
        "idempotency",
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_hash", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", "route", "key"),
    )
    op.create_index("idempotency_by_age", "idempotency", ["created_at"], unique=False)


def _locks() -> None:
    op.create_table("locks", sa.Column("name", sa.String(), nullable=False), sa.PrimaryKeyConstraint("name"))


def _merchants() -> None:
    op.create_table(
        "merchants",
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("assessed_seq", sa.BigInteger(), nullable=False),
        sa.Column("assessed_day", sa.Integer(), nullable=True),
        sa.Column("due_since", sa.BigInteger(), nullable=True),
        sa.Column("measures", sa.String(), nullable=False),
        sa.Column("heads", sa.Text(), nullable=False),
        sa.Column("set_aside", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("merchant_id"),
    )
    op.create_index(
        "due_merchants",
        "merchants",
        ["due_since"],
        unique=False,
        sqlite_where=sa.text("due_since IS NOT NULL"),
        postgresql_where=sa.text("due_since IS NOT NULL"),
    )
    op.create_index("merchants_by_day", "merchants", ["assessed_day"], unique=False)


def _reservations() -> None:
    op.create_table(
        "reservations",
        sa.Column("decision_id", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("buyer_id", sa.String(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reserved_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id"),
    )
    op.create_index("reservations_of_a_buyer", "reservations", ["buyer_id", "reserved_at"], unique=False)
    op.create_index("reservations_of_a_merchant", "reservations", ["merchant_id", "reserved_at"], unique=False)
    op.create_index("reservations_of_an_order", "reservations", ["merchant_id", "order_id"], unique=False)


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("csrf", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _settled() -> None:
    op.create_table(
        "settled",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _tiles() -> None:
    op.create_table(
        "tiles",
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("clock", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("known", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("amounts", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "clock", "known"),
    )


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("password", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )


def _waiting() -> None:
    op.create_table(
        "waiting",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("waiting_by_moment", "waiting", ["known_at"], unique=False)


def _words() -> None:
    op.create_table(
        "words",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("text"),
    )
