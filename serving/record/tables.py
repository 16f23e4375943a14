"""Tables of the audit record; times are microseconds since 1970 in UTC."""

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from features.tables import metadata

__all__ = ["anchor_heads", "anchors", "audit", "audit_chains", "persons"]

#: Who did what, each entry chained by its hash to the one before it; written in the transaction of what it tells of.
#:
#: A chain has one writer at a time. What was written before there was more than one is the chain without a name.
audit = Table(
    "audit",
    metadata,
    Column("chain", String, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("previous", String, nullable=False),
    Column("hash", String, nullable=False),
    Index("audit_of_a_subject", "subject"),
)

#: Every chain that was ever begun, how much of it an anchor holds, and how much of it was dropped since it is old.
#:
#: `dropped_hash` is that of the last entry that was dropped, or what the first entry has before it.
audit_chains = Table(
    "audit_chains",
    metadata,
    Column("chain", String, primary_key=True),
    Column("begun_at", BigInteger, nullable=False),
    Column("anchored_seq", BigInteger, nullable=False),
    Column("dropped_seq", BigInteger, nullable=False),
    Column("dropped_hash", String, nullable=False),
)

#: What joins the chains: each anchor holds the ends of those that have grown since the one before, whose hash it has.
anchors = Table(
    "anchors",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("previous", String, nullable=False),
    Column("hash", String, nullable=False),
)

#: The ends of chains that an anchor holds.
anchor_heads = Table(
    "anchor_heads",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("chain", String, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String, nullable=False),
)

#: By which salt a person who works here is told of in the audit record; without its row nobody can say who it was.
persons = Table("persons", metadata, Column("name", String, primary_key=True), Column("salt", String, nullable=False))
