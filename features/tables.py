"""Tables of the features floor."""

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text

__all__ = ["events", "metadata", "settled"]

metadata = MetaData()

#: Every accepted event; times are microseconds since 1970 in UTC, `body` is its canonical JSON.
events = Table(
    "events",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("event_id", String, nullable=False, unique=True),
    Column("event_type", String, nullable=False),
    Column("merchant_id", String, nullable=False),
    Column("event_time", BigInteger, nullable=False),
    Column("known_at", BigInteger, nullable=False),
    Column("source", String),
    Column("body", Text, nullable=False),
    Index("events_of_a_merchant", "merchant_id", "known_at"),
)

#: What was settled once for the whole store, such as its currency.
settled = Table("settled", metadata, Column("name", String, primary_key=True), Column("value", String, nullable=False))
