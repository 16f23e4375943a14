"""One audit chain for each writer, anchors that join them, and salts without which nobody is known by name.

What was written before stays as it was, to the byte: it is the chain without a name.

Back there is one chain again: all entries are sealed anew in the order of their moments, with names in the place of
pseudonyms, and decisions as that version seals them. So `goodfaith audit verify` belongs before going back.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_NOTHING = "0" * 64
_AT_ONCE = 1000
_TEXTS = ("actor", "action", "subject", "body", "previous", "hash")


def upgrade() -> None:
    """Go forward."""
    op.rename_table("audit", "audit_before")
    op.drop_index("audit_of_a_subject", "audit_before")
    op.create_table("audit", sa.Column("chain", sa.String(), nullable=False), *_entry(), _key("chain", "seq"))
    op.execute(f"INSERT INTO audit (chain, seq, at, {', '.join(_TEXTS)}) "
               f"SELECT '', seq, at, {', '.join(_TEXTS)} FROM audit_before")  # fmt: skip
    op.drop_table("audit_before")
    op.create_index("audit_of_a_subject", "audit", ["subject"])
    _make_chains()
    op.execute("INSERT INTO audit_chains (chain, begun_at, anchored_seq, dropped_seq, dropped_hash) "
               f"SELECT '', min(at), 0, 0, '{_NOTHING}' FROM audit HAVING count(*) > 0")  # fmt: skip
    op.create_table("persons", sa.Column("name", sa.String(), nullable=False), _text("salt"), _key("name"))
    op.add_column("decisions", sa.Column("salt", sa.String()))


def _make_chains() -> None:
    numbers = (_number(name) for name in ("begun_at", "anchored_seq", "dropped_seq"))
    op.create_table("audit_chains", _text("chain"), *numbers, _text("dropped_hash"), _key("chain"))
    op.create_table("anchors", _number("number"), _number("at"), _text("previous"), _text("hash"), _key("number"))
    op.create_table(
        "anchor_heads", _number("number"), _text("chain"), _number("seq"), _text("hash"), _key("number", "chain")
    )


def downgrade() -> None:
    """Go back."""
    tx = op.get_bind()
    op.rename_table("audit", "audit_chained")
    op.drop_index("audit_of_a_subject", "audit_chained")
    op.create_table("audit", *_entry(), _key("seq"))
    _name_buyers(tx)
    _chain_anew(tx, _names(tx))
    op.create_index("audit_of_a_subject", "audit", ["subject"])
    for name in ("audit_chained", "audit_chains", "anchors", "anchor_heads", "persons"):
        op.drop_table(name)
    op.drop_column("decisions", "salt")


def _name_buyers(tx: sa.Connection) -> None:
    """Put buyers back into the requests that they stand apart from."""
    asked = sa.text("SELECT id, buyer_id, request FROM decisions WHERE salt IS NOT NULL")
    put = sa.text("UPDATE decisions SET request = :request WHERE id = :id")
    for row in tx.execute(asked).all():
        request = json.loads(row.request)
        if isinstance(request.get("buyer"), dict):
            request["buyer"]["id"] = row.buyer_id
            tx.execute(put, {"id": row.id, "request": _json(request)})


def _chain_anew(tx: sa.Connection, names: Mapping[str, str]) -> None:
    add = sa.text(f"INSERT INTO audit (seq, at, {', '.join(_TEXTS)}) "
                  f"VALUES (:seq, :at, {', '.join(f':{name}' for name in _TEXTS)})")  # fmt: skip
    previous = _NOTHING
    for seq, row in enumerate(_in_time(tx), start=1):
        body = {name: names.get(said, said) if name == "to" else said for name, said in json.loads(row.body).items()}
        says = {"seq": seq, "at": row.at, "actor": _named(row.actor, names), "action": row.action}
        says |= {"subject": row.subject, "body": _json(_resealed(tx, row, body))}
        seal = _digest(previous + _json(says))
        tx.execute(add, {**says, "previous": previous, "hash": seal})
        previous = seal


def _in_time(tx: sa.Connection) -> Iterator[Any]:
    """Every entry, in the order of their moments."""
    page = sa.text(
        "SELECT * FROM audit_chained WHERE (at, chain, seq) > (:at, :chain, :seq) "
        f"ORDER BY at, chain, seq LIMIT {_AT_ONCE}"
    )
    last: dict[str, Any] = {"at": -(2**62), "chain": "", "seq": 0}
    while rows := tx.execute(page, last).all():
        yield from rows
        last = {name: getattr(rows[-1], name) for name in last}


def _resealed(tx: sa.Connection, row: Any, body: dict[str, Any]) -> dict[str, Any]:
    """What that version seals a decision by."""
    if row.action != "decided" or "seal" not in body:
        return body
    found = tx.execute(
        sa.text("SELECT request, answer, trace FROM decisions WHERE id = :id"),
        {"id": row.subject.removeprefix("decision:")},
    ).one_or_none()
    seal = _digest(_json([found.request, found.answer, found.trace])) if found else body["seal"]
    return {"kind": body["kind"], "outcome": body["outcome"], "digest": seal}


def _names(tx: sa.Connection) -> dict[str, str]:
    """Who stands behind each pseudonym."""
    rows = tx.execute(sa.text("SELECT name, salt FROM persons"))
    return {f"p_{_digest(row.salt + row.name)[:24]}": row.name for row in rows}


def _named(actor: str, names: Mapping[str, str]) -> str:
    called = actor.removeprefix("user:")
    return f"user:{names[called]}" if actor.startswith("user:") and called in names else actor


def _entry() -> list[sa.Column[Any]]:
    return [_number("seq"), _number("at"), *(_text(name) for name in _TEXTS if name not in ("body",)), _body()]


def _body() -> sa.Column[Any]:
    return sa.Column("body", sa.Text(), nullable=False)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False, autoincrement=False)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=False)


def _key(*names: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*names)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
