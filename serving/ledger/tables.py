"""Tables of the ledger; times are microseconds since 1970 in UTC, days are counted from 1970."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, String, Table, literal_column, text

from features.tables import metadata
from serving.ledger.accounts import ACCOUNTS

__all__ = ["RESERVED", "held_days", "merchant_balances", "own_events", "postings", "reservations", "settlements"]

#: Every movement, a row each, never changed: what it moved on each account (`serving/ledger/accounts.py`).
#:
#: `subject` is `decision:d_1`, `refund:2:m1:r1` (the merchant's length before it) or `merchant:m1`; `about` is the
#: refund or the programme within that.
postings = Table(
    "postings",
    metadata,
    Column("subject", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("movement", String, nullable=False),
    Column("merchant_id", String, nullable=False),
    Column("about", String),
    Column("happened_at", BigInteger, nullable=False),
    Column("booked_at", BigInteger, nullable=False),
    *(Column(account, BigInteger, nullable=False) for account in ACCOUNTS),
    CheckConstraint(f"{' + '.join(ACCOUNTS)} = 0", name="entries_sum_to_zero"),
    Index("payments_by_time", "happened_at", sqlite_where=text("movement = 'pay'"),
          postgresql_where=text("movement = 'pay'")),
    # A subject's postings lie together, and there is no second tree to keep.
    sqlite_with_rowid=False,
)  # fmt: skip

#: Money promised at once by a decision, counted against the limits of its order, its buyer and its merchant.
#:
#: What its postings add up to: `cents` is what weighs, promised or paid, `state` how far it has come (reserved, paid,
#: cancelled, expired, recovered, written_off). One that is reserved weighs until `expires_at`. `fund` is what pays it
#: first, null where the merchant does by its own word.
reservations = Table(
    "reservations",
    metadata,
    Column("decision_id", String, primary_key=True),
    Column("merchant_id", String, nullable=False),
    Column("order_id", String, nullable=False),
    Column("buyer_id", String, nullable=False),
    Column("promised_cents", BigInteger, nullable=False),
    Column("cents", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("reserved_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("fund", String),
    Index("reservations_of_an_order", "merchant_id", "order_id"),
    Index("reservations_of_a_buyer", "buyer_id", "reserved_at"),
    Index("reservations_open", "expires_at", sqlite_where=text("state = 'reserved'"),
          postgresql_where=text("state = 'reserved'")),
)  # fmt: skip

#: What weighs on a fund and on a merchant, by the day (of UTC) on which it was promised: sums, so that no limit has to
#: read all promises. `holder` is `fund:fast_refund` or `merchant:m1`.
held_days = Table(
    "held_days",
    metadata,
    Column("holder", String, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("cents", BigInteger, nullable=False),
    CheckConstraint("cents >= 0", name="nothing_weighs_less_than_nothing"),
    sqlite_with_rowid=False,
)

#: What is still reserved, in a form by which the database knows that it may use the index of these.
RESERVED = literal_column("'reserved'", String)

#: What a merchant's postings add up to on the accounts that are its own affair.
merchant_balances = Table(
    "merchant_balances",
    metadata,
    Column("merchant_id", String, primary_key=True),
    *(Column(account, BigInteger, nullable=False) for account in ("advanced", "receivable", "deposit", "pledge")),
)

#: What the settlement call was told of a decision, one row for each time that it said something new.
settlements = Table(
    "settlements",
    metadata,
    Column("decision_id", String, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", String, nullable=False),
    Column("cents", BigInteger, nullable=False),
    Column("recovered_from", String),
    Column("settled_by", String, nullable=False),
    Column("settled_at", BigInteger, nullable=False),
)

#: The money events that we wrote ourselves for a settlement call, for what nobody has sent an event of.
own_events = Table(
    "own_events",
    metadata,
    Column("decision_id", String, primary_key=True),
    Column("event_id", String, primary_key=True),
)
