"""Tables of the serving floor, beside those of `features.tables`; times are microseconds since 1970 in UTC."""

from sqlalchemy import BigInteger, Column, Double, Index, Integer, String, Table, Text, text

from features.partitions import make_default_partition
from features.tables import metadata
from serving.breaker.tables import live_models, suspect_changes
from serving.ledger.tables import held_days, merchant_balances, own_events, postings, reservations, settlements
from serving.record.tables import anchor_heads, anchors, audit, audit_chains, persons

__all__ = [
    "anchor_heads",
    "anchors",
    "api_keys",
    "assessment_history",
    "assessments",
    "audit",
    "audit_chains",
    "cases",
    "complaints",
    "decisions",
    "drifts",
    "held_days",
    "idempotency",
    "live_models",
    "merchant_balances",
    "outbox",
    "own_events",
    "persons",
    "policies",
    "policies_in_force",
    "postings",
    "reservations",
    "sessions",
    "settlements",
    "shadow_assessments",
    "shadow_days",
    "shadow_decisions",
    "suspect_changes",
    "users",
]

_NUMBER = BigInteger().with_variant(Integer, "sqlite")


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
    Column("seq", _NUMBER, primary_key=True, autoincrement=True),
    Column("merchant_id", String, nullable=False),
    *_assessment_columns(),
    Index("history_of_a_merchant", "merchant_id", "seq"),
)

#: What would be thought of each merchant now if a target's challenger were its champion.
#:
#: `answer` is as in `assessments`. It stands beside the assessment of the same `assessed_at`: both were made from the
#: same facts.
shadow_assessments = Table(
    "shadow_assessments",
    metadata,
    Column("target", String, primary_key=True),
    Column("merchant_id", String, primary_key=True),
    Column("as_of", BigInteger, nullable=False),
    Column("assessed_at", BigInteger, nullable=False),
    Column("champion", String),
    Column("challenger", String, nullable=False),
    Column("answer", Text, nullable=False),
)

#: What champion (live) and challenger (shadow) thought of a merchant, the last time of each day.
#:
#: `champion` is null where none was promoted. Grades are bands for credit, levels for counterfeit; `p` is the
#: target's own probability.
shadow_days = Table(
    "shadow_days",
    metadata,
    Column("target", String, primary_key=True),
    Column("merchant_id", String, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("as_of", BigInteger, nullable=False),
    Column("champion", String),
    Column("challenger", String, nullable=False),
    Column("live_grade", String, nullable=False),
    Column("shadow_grade", String, nullable=False),
    Column("live_score", Integer, nullable=False),
    Column("shadow_score", Integer, nullable=False),
    Column("live_p", Double),
    Column("shadow_p", Double),
    Index("shadow_days_by_day", "target", "day"),
)

#: What would have been decided if a target's challenger had been its champion, beside what was; nothing was done by it.
#:
#: `cents` is the amount that was asked for, null where none was; `answer` is what the caller would have got.
shadow_decisions = Table(
    "shadow_decisions",
    metadata,
    Column("target", String, primary_key=True),
    Column("decision_id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Column("champion", String),
    Column("challenger", String, nullable=False),
    Column("live_outcome", String, nullable=False),
    Column("shadow_outcome", String, nullable=False),
    Column("cents", BigInteger),
    Column("answer", Text, nullable=False),
    Index("shadow_decisions_by_time", "target", "decided_at"),
)

#: What nightly looks at the champions found; `alarms`, `figures` and `told` are JSON.
drifts = Table(
    "drifts",
    metadata,
    Column("target", String, primary_key=True),
    Column("looked_at", BigInteger, primary_key=True, autoincrement=False),
    Column("version", String, nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("advice", String, nullable=False),
    Column("alarms", Text, nullable=False),
    Column("figures", Text, nullable=False),
    Column("told", Text, nullable=False),
)

#: Who may call; `hash` is the SHA-256 of the key, `scopes` and `event_types` are separated by spaces.
#:
#: `event_types` is null where the key may write events of every type.
api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("hash", String, nullable=False),
    Column("scopes", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("event_types", Text),
)

#: Every answer that was given for good: what was asked, what was answered, and everything that it was judged from.
#:
#: `request`, `answer` and `trace` are canonical JSON; `answer` is the body that the caller got. The audit record seals
#: who the buyer is under `salt`: it is null where there is none, or nobody may know any more who it was.
decisions = Table(
    "decisions",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("merchant_id", String, nullable=False),
    Column("order_id", String),
    Column("buyer_id", String),
    Column("programme", String),
    Column("outcome", String, nullable=False),
    Column("decided_at", BigInteger, primary_key=True, autoincrement=False),
    Column("decided_by", String, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("seen_seq", BigInteger, nullable=False),
    Column("request", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("trace", Text, nullable=False),
    Column("salt", String),
    Index("decisions_of_a_merchant", "merchant_id", "decided_at"),
    Index("decisions_of_a_buyer", "buyer_id", "decided_at"),
    Index("decisions_by_time", "decided_at"),
    postgresql_partition_by="RANGE (decided_at)",
)
make_default_partition(decisions)

#: Every policy that decisions were made by, for good, so that they can be made again; `hash` is that of `body`.
#:
#: `body` is the policy's canonical JSON.
policies = Table(
    "policies",
    metadata,
    Column("hash", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("version", String, nullable=False),
    Column("body", Text, nullable=False),
)

#: Answers that a repeated request gets again, per key and route.
idempotency = Table(
    "idempotency",
    metadata,
    Column("key_id", String, primary_key=True),
    Column("route", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("request_hash", String, nullable=False),
    Column("status", Integer, nullable=False),
    Column("answer", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index("idempotency_by_age", "created_at"),
)

#: Which policy of a kind was in force from a moment on, until the next one of its kind; `hash` is that of a kept one.
policies_in_force = Table(
    "policies_in_force",
    metadata,
    Column("kind", String, primary_key=True),
    Column("since", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", String, nullable=False),
)

#: Work for reviewers; `about` names what the case is about, so that one matter has one open case.
cases = Table(
    "cases",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("merchant_id", String, nullable=False),
    Column("about", String, nullable=False),
    Column("decision_id", String),
    Column("summary", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("assigned_to", String),
    Column("state", String, nullable=False),
    Column("outcome", String),
    Column("reason", Text),
    Column("resolved_by", String),
    Column("resolved_at", BigInteger),
    Column("approved_by", String),
    Index("queue_of_cases", "state", "priority", "due_at"),
    Index("cases_of_a_merchant", "merchant_id", "opened_at"),
    Index("one_open_case", "about", unique=True, sqlite_where=text("state = 'open'"),
          postgresql_where=text("state = 'open'")),
)  # fmt: skip

#: What a case about a complaint goes by; what was written stands in the event, and nowhere else.
#:
#: `causes` are separated by spaces; `reference` is the sender's own number, such as the regulator's.
complaints = Table(
    "complaints",
    metadata,
    Column("case_id", String, primary_key=True),
    Column("merchant_id", String, nullable=False),
    Column("complaint_id", String, nullable=False),
    Column("topic", String, nullable=False),
    Column("topic_by", String, nullable=False),
    Column("tier", Integer, nullable=False),
    Column("causes", String, nullable=False),
    Column("route", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("region", String),
    Column("reference", String),
    Column("answer_by", BigInteger, nullable=False),
    Column("accept_by", BigInteger),
    Column("policy_version", String, nullable=False),
    Column("model_version", String),
)

#: What others are told of; `says` is JSON. It is due at `next_at`, which is null once it was handed on (`sent_at`).
#:
#: `failure` says why it could not be the last time, of `tries`.
outbox = Table(
    "outbox",
    metadata,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("topic", String, nullable=False),
    Column("says", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("next_at", BigInteger),
    Column("tries", Integer, nullable=False),
    Column("sent_at", BigInteger),
    Column("failure", Text),
    Index("outbox_waiting", "next_at", sqlite_where=text("next_at IS NOT NULL"),
          postgresql_where=text("next_at IS NOT NULL")),
    Index("outbox_by_age", "created_at"),
)  # fmt: skip

#: People who use the console; `password` is an Argon2 hash.
users = Table(
    "users",
    metadata,
    Column("name", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("password", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", BigInteger),
)

#: Who is logged in; `id` is the SHA-256 of the cookie's token.
sessions = Table(
    "sessions",
    metadata,
    Column("id", String, primary_key=True),
    Column("user", String, nullable=False),
    Column("csrf", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
