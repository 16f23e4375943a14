"""Tables of the features floor; times are microseconds since 1970 in UTC, days are counted from 1970."""

from types import MappingProxyType

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text, text

from features.partitions import make_default_partition

__all__ = [
    "KEYS",
    "category_sums",
    "crossed",
    "event_ids",
    "event_keys",
    "events",
    "merchants",
    "metadata",
    "norms",
    "settled",
    "tiles",
    "waiting",
    "words",
]

metadata = MetaData()

#: Ids by which events are found again, and how each is written as a key.
KEYS = MappingProxyType(
    {
        "order_id": "order",
        "buyer_id": "buyer",
        "return_id": "return",
        "refund_id": "refund",
        "dispute_id": "dispute",
        "report_id": "report",
        "complaint_id": "complaint",
        "message_id": "message",
        "service_id": "service",
        "reporter_id": "reporter",
        "link_token": "link",
        "decision_id": "decision",
        "listing_id": "listing",
        "brand": "brand",
        "reverses": "event",
    }
)

_NUMBER = BigInteger().with_variant(Integer, "sqlite")

#: Every accepted event; `body` is its canonical JSON. On PostgreSQL there is a partition for each month, by `seq`.
events = Table(
    "events",
    metadata,
    Column("seq", _NUMBER, primary_key=True, autoincrement=True),
    Column("event_id", String, nullable=False),
    Column("event_type", String, nullable=False),
    Column("merchant_id", String, nullable=False),
    Column("event_time", BigInteger, nullable=False),
    Column("known_at", BigInteger, nullable=False),
    Column("source", String),
    Column("body", Text, nullable=False),
    Index("events_of_a_merchant", "merchant_id", "event_type", "known_at"),
    postgresql_partition_by="RANGE (seq)",
)
make_default_partition(events)

#: Which event has which id, once and for all months.
event_ids = Table(
    "event_ids",
    metadata,
    Column("event_id", String, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

#: Which events say which id: one row for each id that an event carries, written `order:o1`, `buyer:b1`, and so on.
event_keys = Table(
    "event_keys",
    metadata,
    Column("key", String, primary_key=True),
    Column("merchant_id", String, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
)

#: Events that were accepted before they are known (a sender's clock is ahead); they count from `known_at` on.
waiting = Table(
    "waiting",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("merchant_id", String, nullable=False),
    Column("known_at", BigInteger, nullable=False),
    Index("waiting_by_moment", "known_at"),
)

#: A merchant's live state: the newest event, the last one that its assessment saw, and what its tiles were made by.
#:
#: It is due while `last_seq > assessed_seq`, since `due_since`; `measures` is the version of its tiles, empty while
#: they are to be made anew; `heads` are the events that stand for "the latest" of anything (JSON);
#: `set_aside` says why it could not be assessed. It is a worker's until `claimed_until`, for the time `tries` since
#: one last finished it; `reviewed_day` is when its places in programmes were last looked at. `changes` rises whenever
#: another event of it is stored, or begins to count: what was worked out of its events holds as long as it stays.
merchants = Table(
    "merchants",
    metadata,
    Column("merchant_id", String, primary_key=True),
    Column("last_seq", BigInteger, nullable=False),
    Column("assessed_seq", BigInteger, nullable=False),
    Column("assessed_day", Integer),
    Column("due_since", BigInteger),
    Column("measures", String, nullable=False),
    Column("heads", Text, nullable=False),
    Column("set_aside", Text),
    Column("claimed_until", BigInteger),
    Column("tries", Integer),
    Column("reviewed_day", Integer),
    Column("changes", BigInteger, nullable=False, server_default="0"),
    Index("due_merchants", "due_since", sqlite_where=text("due_since IS NOT NULL"),
          postgresql_where=text("due_since IS NOT NULL")),
    Index("merchants_by_day", "assessed_day"),
    Index("claimed_merchants", "claimed_until", sqlite_where=text("claimed_until IS NOT NULL"),
          postgresql_where=text("claimed_until IS NOT NULL")),
    Index("merchants_set_aside", "set_aside", sqlite_where=text("set_aside IS NOT NULL"),
          postgresql_where=text("set_aside IS NOT NULL")),
)  # fmt: skip

#: Facts of one merchant, clock day and known day added up; a known day other than the clock's is yet to come.
#:
#: `amounts` are pairs of a measure's number (uint16) and its amount (int64), little-endian.
tiles = Table(
    "tiles",
    metadata,
    Column("merchant_id", String, primary_key=True),
    Column("clock", Integer, primary_key=True, autoincrement=False),
    Column("known", Integer, primary_key=True, autoincrement=False),
    Column("amounts", LargeBinary, nullable=False),
)

#: Numbers for the texts that attributes say: facts are numbers only.
words = Table(
    "words",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("text", String, nullable=False, unique=True),
)

#: The sums of all merchants of a category as of one midnight; `body` is JSON, `measures` its version.
category_sums = Table(
    "category_sums",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("measures", String, nullable=False),
    Column("body", Text, nullable=False),
)

#: What crosses to one merchant as of one midnight: pairs as in `tiles`, of a number's place and its sum.
#:
#: A merchant to which nothing crosses has no row.
crossed = Table(
    "crossed",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("merchant_id", String, primary_key=True),
    Column("amounts", LargeBinary, nullable=False),
)

#: What a brand's goods of a category cost at most merchants, as of one midnight (`features/norms.py`).
norms = Table(
    "norms",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("brand", String, primary_key=True),
    Column("category", String, primary_key=True),
    Column("price_cents", BigInteger, nullable=False),
)

#: What was settled once for the whole store, such as its currency.
settled = Table("settled", metadata, Column("name", String, primary_key=True), Column("value", String, nullable=False))
