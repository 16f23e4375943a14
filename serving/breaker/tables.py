"""Tables of the circuit breaker; times are microseconds since 1970 in UTC."""

from sqlalchemy import BigInteger, Column, String, Table, Text

from features.tables import metadata

__all__ = ["live_models", "suspect_changes"]

#: Which model of a target judged from a moment on, until the next of its target.
live_models = Table(
    "live_models",
    metadata,
    Column("target", String, primary_key=True),
    Column("since", BigInteger, primary_key=True, autoincrement=False),
    Column("version", String, nullable=False),
)

#: Changes that shifted the answers: what `subject` (a kind of policy, or a target) went from which version to which.
#:
#: `back_at` is when the version before took over again, `done_at` when the registry had done so (models), `lifted_at`
#: when a person found the change right; each null until then. `figures` is JSON.
suspect_changes = Table(
    "suspect_changes",
    metadata,
    Column("subject", String, primary_key=True),
    Column("version", String, primary_key=True),
    Column("before", String, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("case_id", String, nullable=False),
    Column("figures", Text, nullable=False),
    Column("back_at", BigInteger),
    Column("done_at", BigInteger),
    Column("lifted_at", BigInteger),
)
