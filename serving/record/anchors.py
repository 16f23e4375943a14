"""Anchors of the audit record: every so often the ends of all chains are joined under one hash, chained to the last.

An anchor that is kept somewhere else proves everything up to it: a chain that was cut off or written anew does not
end as the anchor says. What has been written since the last anchor can still be cut off unseen.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Engine

from features.database import micros, written
from features.errors import FeaturesError
from serving.errors import AnchorsUnreadable
from serving.plain import as_json, digest
from serving.record import store_audit
from serving.record.store_audit import NOTHING, Anchor, Head
from serving.service import Clock

__all__ = ["Anchoring", "anchor", "anchored", "as_line", "joined", "read_anchors", "seal_of"]

#: What has been written since the last anchor can be cut off unseen.
_EVERY = timedelta(minutes=10)

log = structlog.get_logger("goodfaith.serving")


def anchor(engine: Engine, *, now: datetime) -> Anchor | None:
    """Join the ends of the chains that have grown since the last anchor; None where none has."""
    return written(engine, lambda tx: joined(tx, now=now))


def joined(tx: Connection, *, now: datetime) -> Anchor | None:
    """`anchor` within a transaction."""
    store_audit.hold(tx, "anchors")
    heads = store_audit.grown(tx)
    if not heads:
        return None
    last = store_audit.last_anchor(tx) or Head(chain="anchors", seq=0, hash=NOTHING)
    unsealed = Anchor(number=last.seq + 1, at=micros(now), heads=heads, previous=last.hash, hash="")
    made = replace(unsealed, hash=seal_of(unsealed))
    store_audit.add_anchor(tx, made)
    return made


class Anchoring:
    """Joins what has been written every ten minutes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._last: datetime | None = None

    def if_due(self, now: datetime) -> None:
        """Join it now, unless the last time is not long ago; a clock may be put back."""
        if self._last is None or not timedelta(0) <= now - self._last < _EVERY:
            self._last = now
            anchor(self._engine, now=now)


@contextmanager
def anchored(engine: Engine, clock: Clock) -> Iterator[None]:
    """Join whatever was written by the end; a store that is gone by then is written down, and holds nobody up."""
    try:
        yield
    finally:
        try:
            anchor(engine, now=clock())
        except FeaturesError as error:
            log.error("the last entries of the audit record could not be anchored", reason=str(error))


def seal_of(one: Anchor) -> str:
    """The hash of an anchor: over its predecessor's hash and everything that it says."""
    return digest(one.previous + as_json({"number": one.number, "at": one.at, "heads": _plain(one.heads)}))


def as_line(one: Anchor) -> str:
    """An anchor as it is written to a file: one line of JSON."""
    told: dict[str, Any] = {name: getattr(one, name) for name in ("number", "at", "previous", "hash")}
    return as_json({**told, "heads": _plain(one.heads)})


def read_anchors(path: Path) -> tuple[Anchor, ...]:
    """Anchors that were written to a file, each sealed as it says. Raises `AnchorsUnreadable`."""
    try:
        return tuple(_read(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise AnchorsUnreadable(f"{path} holds no anchors of an audit record: {error}") from error


def _read(line: str) -> Anchor:
    told = json.loads(line)
    heads = tuple(Head(chain=chain, seq=seq, hash=end) for chain, seq, end in told.pop("heads"))
    found = Anchor(**told, heads=heads)
    if seal_of(found) != found.hash:
        raise ValueError(f"anchor {found.number} is not what was written")
    return found


def _plain(heads: tuple[Head, ...]) -> list[list[Any]]:
    return [[one.chain, one.seq, one.hash] for one in heads]
