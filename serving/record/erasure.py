"""Erasing a person: nobody can say any more who it was, and every record is as sealed, and counts as much, as before.

A buyer is called otherwise in events, decisions and promises, and the salts under which decisions sealed them go. Of
somebody who works here the salt goes that ties the name to the pseudonym of the audit record, and the log-in.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Engine

from features.database import written
from features.forgetting import forget_buyer, merchants_of_buyer
from features.live import lock_merchants
from serving import store_decisions
from serving.errors import AuditBroken, PersonUnknown
from serving.ledger.store import hold_buyer
from serving.record import audit, persons, seals, store_erasure
from serving.record.audit import COMMAND_LINE, Entry
from serving.store_decisions import Decision

__all__ = ["Erased", "erase_buyer", "erase_user"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What was found of a person, and what stands in their place."""

    called: str
    events: int = 0
    decisions: int = 0
    cases: int = 0


def erase_buyer(engine: Engine, buyer_id: str, *, now: datetime) -> Erased:
    """Forget who a buyer was, in one transaction.

    Raises `PersonUnknown`, and `AuditBroken` where one of their decisions is not what was sealed: to seal it anew
    would hide that.
    """
    called = f"erased-{secrets.token_hex(8)}"
    return written(engine, lambda tx: _buyer(tx, buyer_id, called, now))


def erase_user(engine: Engine, name: str, *, now: datetime) -> Erased:
    """Forget who somebody was that worked here, in one transaction. Raises `PersonUnknown`."""
    return written(engine, lambda tx: _user(tx, name, now))


def _buyer(tx: Connection, buyer_id: str, called: str, now: datetime) -> Erased:
    lock_merchants(tx, sorted({*merchants_of_buyer(tx, buyer_id), *store_erasure.decided_for(tx, buyer_id)}))
    hold_buyer(tx, buyer_id)
    theirs = store_decisions.of_buyer(tx, buyer_id)
    found = Erased(called=called, events=forget_buyer(tx, buyer_id, called=called), decisions=len(theirs))
    if not (found.events or found.decisions):
        raise PersonUnknown("nothing is known of a buyer with this id")
    store_erasure.rename_in_promises(tx, buyer_id, to=called)
    audit.write_all(tx, [*_resealed(tx, theirs, called), _told(found, "buyer")], now=now)
    return found


def _resealed(tx: Connection, theirs: Sequence[Decision], called: str) -> list[Entry]:
    """Call the buyer of some decisions otherwise, and tell what the rows say now."""
    entries = []
    for made in theirs:
        if not seals.is_whole(tx, made):
            raise AuditBroken(f"the decision {made.id} is not what the audit chain has sealed")
        nameless = replace(made, buyer_id=called, salt=None, request=seals.request_without_buyer(made.request))
        store_erasure.rename_in_decision(tx, nameless)
        told = seals.seal(nameless)
        entries.append(Entry(actor=COMMAND_LINE, action=seals.ERASED, subject=f"decision:{made.id}", body=told))
    return entries


def _user(tx: Connection, name: str, now: datetime) -> Erased:
    if not store_erasure.is_known(tx, name):
        raise PersonUnknown("nobody of this name works here, or ever did")
    called = persons.pseudonym(tx, name)
    cases = store_erasure.rename_in_cases(tx, name, to=called)
    store_erasure.drop_user(tx, name)
    found = Erased(called=called, cases=cases)
    audit.write(tx, _told(found, "user"), now=now)
    return found


def _told(found: Erased, kind: str) -> Entry:
    said = {"events": found.events, "decisions": found.decisions, "cases": found.cases}
    return Entry(actor=COMMAND_LINE, action="erased", subject=f"{kind}:{found.called}", body=said)
