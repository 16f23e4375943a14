"""Tables of the serving floor, beside those of `features.tables`; times are microseconds since 1970 in UTC."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from features.tables import metadata

__all__ = ["api_keys", "assessment_history", "assessments"]


def _assessment_columns() -> list[Column[int] | Column[str]]:
    return [
        Column("as_of", BigInteger, nullable=False),
        Column("assessed_at", BigInteger, nullable=False),
        Column("score", Integer),
        Column("credit_version", String),
        Column("counterfeit_version", String),
        Column("answer", Text, nullable=False),
    ]


#: The latest assessment of each merchant; `answer` is the whole body of `GET .../score` as canonical JSON.
assessments = Table(
    "assessments",
    metadata,
    Column("merchant_id", String, primary_key=True),
    *_assessment_columns(),
    Index("newest_assessments", "assessed_at"),
)

#: Every assessment that said something else than the one before it.
assessment_history = Table(
    "assessment_history",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("merchant_id", String, nullable=False),
    *_assessment_columns(),
    Index("history_of_a_merchant", "merchant_id", "seq"),
)

#: Who may call; `hash` is the SHA-256 of the key, `scopes` are separated by spaces.
api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("hash", String, nullable=False),
    Column("scopes", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)
