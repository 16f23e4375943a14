"""Forgetting who a buyer was: another id takes the place of theirs in every event, and what they wrote is left out.

Who is whom among buyers stays as it was, and so does every feature but those that deal buyers into groups by their id.
"""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, select, update

from features.database import insert_new, some
from features.jsonrows import changed
from features.live import put_off
from features.tables import event_keys, events

__all__ = ["forget_buyer", "merchants_of_buyer"]

#: As what an event may name a buyer.
_AS = ("buyer_id", "reporter_id")


def merchants_of_buyer(tx: Connection, buyer_id: str) -> list[str]:
    """The merchants any of whose events names this buyer."""
    query = select(event_keys.c.merchant_id).distinct().where(event_keys.c.key.in_(_keys(buyer_id)))
    return sorted(tx.scalars(query))


def forget_buyer(tx: Connection, buyer_id: str, *, called: str) -> int:
    """Have every event call this buyer otherwise; answer how many there were.

    The merchants are locked; their tiles are made anew before they are next needed. The same event from a sender
    who still knows the buyer contradicts what is stored from now on.
    """
    keys = event_keys.c
    told = tx.execute(select(event_keys).where(keys.key.in_(_keys(buyer_id)))).all()
    seqs = sorted({row.seq for row in told})
    for part in some(seqs):
        _rewrite(tx, part, buyer_id, called)
    insert_new(tx, event_keys, [{**row._mapping, "key": _key(row.key, called)} for row in told])
    tx.execute(delete(event_keys).where(keys.key.in_(_keys(buyer_id))))
    put_off(tx, sorted({row.merchant_id for row in told}))
    return len(seqs)


def _rewrite(tx: Connection, seqs: Sequence[int], buyer_id: str, called: str) -> None:
    rows = tx.execute(select(events.c.seq, events.c.body).where(events.c.seq.in_(seqs))).all()
    writing = update(events).where(events.c.seq == bindparam("of")).values(body=bindparam("text"))
    tx.execute(writing, [{"of": row.seq, "text": _nameless(row.body, buyer_id, called)} for row in rows])


def _nameless(body: str, buyer_id: str, called: str) -> str:
    says = json.loads(body)
    theirs: dict[str, str | None] = {column: called for column in _AS if says.get(column) == buyer_id}
    # What a buyer wrote may say who they are.
    return changed(body, {**theirs, "text": None} if "buyer_id" in theirs else theirs)


def _keys(buyer_id: str) -> list[str]:
    return [f"buyer:{buyer_id}", f"reporter:{buyer_id}"]


def _key(key: str, called: str) -> str:
    return f"{key.partition(':')[0]}:{called}"
