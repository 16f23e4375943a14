"""The ledger: every movement of money in entries that sum to zero, and what they add up to."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_ACCOUNTS = (
    "fund", "escrow", "platform", "merchant", "reserved", "advanced", "receivable", "merchant_paid", "recovered",
    "written_off", "deposit", "pledge",
)  # fmt: skip
_DAY = 86_400_000_000
_HOUR = 3_600_000_000
_PAID = 2**62
_AT_ONCE = 1000

#: What was paid on a decision and stands, by the events that say so.
_PAYMENTS = """
SELECT r.decision_id, r.merchant_id, e.event_id, e.event_time, e.body
FROM reservations r
JOIN event_keys k ON k.key = 'decision:' || r.decision_id AND k.merchant_id = r.merchant_id
JOIN events e ON e.seq = k.seq
WHERE r.state = 'paid' AND e.event_type = 'refund_paid' AND NOT EXISTS (
    SELECT 1 FROM event_keys t WHERE t.key = 'event:' || e.event_id AND t.merchant_id = e.merchant_id
)
ORDER BY e.seq
"""


def upgrade() -> None:
    """Go forward: what decisions promised, and what was paid on it, is booked; other refunds and deposits are not."""
    _make_tables()
    op.add_column("reservations", sa.Column("promised_cents", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE reservations SET promised_cents = cents")
    with op.batch_alter_table("reservations") as table:
        table.alter_column("promised_cents", server_default=None)
    op.drop_index("reservations_of_a_merchant", "reservations")
    _book_promises()
    _book_payments()
    _add_up()
    op.drop_table("fund_days")
    still = sa.text("state = 'reserved'")
    op.create_index("reservations_open", "reservations", ["expires_at"], sqlite_where=still, postgresql_where=still)


def downgrade() -> None:
    """Go back: reservations stay, and the fund's sums are made from them; the ledger goes."""
    op.drop_index("reservations_open", "reservations")
    for name in ("own_events", "settlements", "merchant_balances", "held_days", "postings"):
        op.drop_table(name)
    op.execute("UPDATE reservations SET state = 'paid' WHERE state IN ('recovered', 'written_off')")
    op.execute("UPDATE reservations SET state = 'reserved' WHERE state IN ('cancelled', 'expired')")
    op.drop_column("reservations", "promised_cents")
    op.create_index("reservations_of_a_merchant", "reservations", ["merchant_id", "reserved_at"])
    op.create_table(
        "fund_days",
        sa.Column("fund", sa.String(), nullable=False, primary_key=True),
        sa.Column("day", sa.Integer(), nullable=False, primary_key=True, autoincrement=False),
        sa.Column("until", sa.BigInteger(), nullable=False, primary_key=True, autoincrement=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("cents >= 0", name="nothing_is_owed_to_a_fund"),
    )
    until = f"CASE state WHEN 'reserved' THEN (expires_at + {_HOUR - 1}) / {_HOUR} * {_HOUR} ELSE {_PAID} END"
    op.execute(
        "INSERT INTO fund_days (fund, day, until, cents) "
        f"SELECT fund, reserved_at / {_DAY}, {until}, SUM(cents) FROM reservations WHERE fund IS NOT NULL "
        f"GROUP BY fund, reserved_at / {_DAY}, {until}"
    )


def _make_tables() -> None:
    pays = sa.text("movement = 'pay'")
    op.create_table(
        "postings",
        sa.Column("subject", sa.String(), nullable=False, primary_key=True),
        sa.Column("id", sa.String(), nullable=False, primary_key=True),
        sa.Column("movement", sa.String(), nullable=False),
        sa.Column("merchant_id", sa.String(), nullable=False),
        sa.Column("about", sa.String()),
        sa.Column("happened_at", sa.BigInteger(), nullable=False),
        sa.Column("booked_at", sa.BigInteger(), nullable=False),
        *(sa.Column(account, sa.BigInteger(), nullable=False) for account in _ACCOUNTS),
        sa.CheckConstraint(f"{' + '.join(_ACCOUNTS)} = 0", name="entries_sum_to_zero"),
        sqlite_with_rowid=False,
    )
    op.create_index("payments_by_time", "postings", ["happened_at"], sqlite_where=pays, postgresql_where=pays)
    op.create_table(
        "held_days",
        sa.Column("holder", sa.String(), nullable=False, primary_key=True),
        sa.Column("day", sa.Integer(), nullable=False, primary_key=True, autoincrement=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("cents >= 0", name="nothing_weighs_less_than_nothing"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "merchant_balances",
        sa.Column("merchant_id", sa.String(), nullable=False, primary_key=True),
        *(sa.Column(one, sa.BigInteger(), nullable=False) for one in ("advanced", "receivable", "deposit", "pledge")),
    )
    op.create_table(
        "settlements",
        sa.Column("decision_id", sa.String(), nullable=False, primary_key=True),
        sa.Column("number", sa.Integer(), nullable=False, primary_key=True, autoincrement=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("recovered_from", sa.String()),
        sa.Column("settled_by", sa.String(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "own_events",
        sa.Column("decision_id", sa.String(), nullable=False, primary_key=True),
        sa.Column("event_id", sa.String(), nullable=False, primary_key=True),
    )


def _book_promises() -> None:
    """Money that is promised and not paid; what ran out is booked as such when it is next looked at."""
    op.execute("UPDATE reservations SET state = 'expired' WHERE state = 'reserved' AND cents = 0")
    nothing = ", ".join("0" for account in _ACCOUNTS if account not in ("fund", "escrow", "reserved"))
    names = ", ".join(account for account in _ACCOUNTS if account not in ("fund", "escrow", "reserved"))
    op.execute(
        "INSERT INTO postings (subject, id, movement, merchant_id, happened_at, booked_at, fund, escrow, reserved, "
        f"{names}) SELECT 'decision:' || decision_id, 'reserve', 'reserve', merchant_id, reserved_at, reserved_at, "
        "CASE WHEN fund IS NULL THEN 0 ELSE -cents END, CASE WHEN fund IS NULL THEN -cents ELSE 0 END, cents, "
        f"{nothing} FROM reservations WHERE state = 'reserved'"
    )


def _book_payments() -> None:
    """Money that went out on a promise; a reservation weighs what its events say."""
    connection, paid = op.get_bind(), Counter[str]()
    for rows in connection.execute(sa.text(_PAYMENTS)).partitions(_AT_ONCE):
        told = [(row, json.loads(row.body)) for row in rows]
        paid.update({row.decision_id: 0 for row, _ in told})
        for row, says in told:
            paid[row.decision_id] += says["amount_cents"]
        _insert("postings", [_payment(row, says) for row, says in told])
    op.execute("UPDATE reservations SET state = 'unpaid', cents = 0 WHERE state = 'paid'")
    if paid:
        settling = sa.text("UPDATE reservations SET state = 'paid', cents = :cents WHERE decision_id = :decision_id")
        connection.execute(settling, [{"decision_id": name, "cents": cents} for name, cents in paid.items()])
    op.execute("UPDATE reservations SET state = 'expired' WHERE state = 'unpaid'")


def _payment(row: sa.Row[Any], says: Mapping[str, Any]) -> dict[str, Any]:
    claim = "receivable" if says["finally_liable"] == "merchant" else "advanced"
    source, account = ("fund", claim) if says["advanced_by"] == "platform" else ("escrow", "merchant_paid")
    return {
        "subject": f"decision:{row.decision_id}",
        "id": f"pay:{row.event_id}",
        "movement": "pay",
        "merchant_id": row.merchant_id,
        "about": says["refund_id"],
        "happened_at": row.event_time,
        "booked_at": row.event_time,
        **dict.fromkeys(_ACCOUNTS, 0),
        source: -says["amount_cents"],
        account: says["amount_cents"],
    }


def _insert(table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    told = list(rows)
    names = list(told[0])
    values = ", ".join(f":{name}" for name in names)
    op.get_bind().execute(sa.text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values})"), told)


def _add_up() -> None:
    """The sums of what was booked."""
    for holder, cents in (("'fund:fast_refund'", "p.fund"), ("'merchant:' || r.merchant_id", "p.fund + p.escrow")):
        op.execute(
            "INSERT INTO held_days (holder, day, cents) SELECT holder, day, SUM(cents) FROM "
            f"(SELECT {holder} AS holder, r.reserved_at / {_DAY} AS day, -({cents}) AS cents FROM postings p "
            "JOIN reservations r ON p.subject = 'decision:' || r.decision_id) weighs "
            "GROUP BY holder, day HAVING SUM(cents) <> 0"
        )
    op.execute(
        "INSERT INTO merchant_balances (merchant_id, advanced, receivable, deposit, pledge) SELECT merchant_id, "
        "SUM(advanced), SUM(receivable), 0, 0 FROM postings GROUP BY merchant_id "
        "HAVING SUM(advanced) <> 0 OR SUM(receivable) <> 0"
    )
