"""The audit record: who did what, each entry sealed together with the one before it in its chain.

An entry's hash covers its own content and the hash of its predecessor, so nobody can change, drop or insert one
without changing every hash after it. Every writer has a chain of its own (`serving/record/chains.py`); anchors join
their ends (`serving/record/anchors.py`), and whoever keeps those somewhere else can prove that nothing is missing.

A person who works here is told of by a pseudonym, and a buyer not at all: the record cannot forget.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from features.database import micros
from serving.plain import as_json, digest
from serving.record import persons, store_audit
from serving.record.chains import chain_of
from serving.record.store_audit import FIRST, NOTHING, Head, Link

__all__ = ["COMMAND_LINE", "Entry", "about", "sealed", "write", "write_all"]

#: The actor of what is done on the command line: whoever may use it may use the store itself.
COMMAND_LINE = "command line"

#: How a person is named as an actor.
_USER = "user:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Who did what to what. It holds ids of ours and digests, never a buyer.

    An actor `user:NAME`, and the names in `people`, which join the body, are written as pseudonyms.
    """

    actor: str
    action: str
    subject: str
    body: Mapping[str, Any] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)


def write(tx: Connection, entry: Entry, *, now: datetime) -> None:
    """Add an entry in the caller's transaction: both are there, or neither is."""
    write_all(tx, [entry], now=now)


def write_all(tx: Connection, entries: Sequence[Entry], *, now: datetime) -> None:
    """Add entries, in their order, in the caller's transaction: it costs little more than one."""
    if not entries:
        return
    chain = chain_of(tx)
    end = store_audit.end_of(tx, chain)
    if end is None:
        store_audit.begin(tx, chain, at=micros(now))
    store_audit.add(tx, list(_links(end or Head(chain=chain, seq=0, hash=NOTHING), _nameless(tx, entries), now)))


def about(tx: Connection, subject: str) -> tuple[Link, ...]:
    """The entries about one thing, such as `case:c_1`, the first one first, with the names that we still know."""
    names = persons.names(tx)
    return tuple(replace(one, actor=_named(one.actor, names)) for one in store_audit.about(tx, subject))


def sealed(link: Link) -> str:
    """The hash of a link: over its predecessor's hash and everything that it says."""
    says = {name: getattr(link, name) for name in ("seq", "at", "actor", "action", "subject", "body")}
    if link.chain != FIRST:
        says["chain"] = link.chain
    return digest(link.previous + as_json(says))


def _links(end: Head, entries: Iterable[Entry], now: datetime) -> Iterable[Link]:
    previous = end.hash
    for seq, entry in enumerate(entries, start=end.seq + 1):
        unsealed = Link(
            chain=end.chain,
            seq=seq,
            at=micros(now),
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            body=as_json({**entry.body, **entry.people}),
            previous=previous,
            hash="",
        )
        previous = sealed(unsealed)
        yield replace(unsealed, hash=previous)


def _nameless(tx: Connection, entries: Iterable[Entry]) -> Iterable[Entry]:
    """The entries with pseudonyms in the place of names."""
    for entry in entries:
        if entry.actor.startswith(_USER):
            entry = replace(entry, actor=_USER + persons.pseudonym(tx, entry.actor.removeprefix(_USER)))
        yield replace(entry, people={part: persons.pseudonym(tx, name) for part, name in entry.people.items()})


def _named(actor: str, names: Mapping[str, str]) -> str:
    name = names.get(actor.removeprefix(_USER)) if actor.startswith(_USER) else None
    return actor if name is None else _USER + name
