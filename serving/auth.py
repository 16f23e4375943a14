"""API keys: how one is made, how a presented one is recognised, and what it may do.

A key reads `gf_<id>_<secret>`. The id finds the row, the secret proves the right; the store keeps only the SHA-256
of the whole key. A plain hash is enough because the secret holds 256 random bits and so cannot be guessed.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from serving.errors import ScopeMissing, Unauthenticated

__all__ = [
    "REFUSAL",
    "SCOPES",
    "ApiKey",
    "Caller",
    "NewKey",
    "authenticate",
    "fingerprint",
    "id_of",
    "looks_like_key",
    "make_key",
]

#: Everything a key may be allowed; none of them includes another.
SCOPES = ("events:write", "scores:read", "refunds:decide", "programmes:decide", "cases:write", "admin")

_KEY = re.compile(r"gf_([0-9a-f]{16})_[A-Za-z0-9_-]{43}", re.ASCII)
#: What everybody is told who is not let in.
REFUSAL = "send a valid API key as 'Authorization: Bearer gf_...'"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as the store knows it; `hash` is the SHA-256 of the whole key in hex.

    `event_types` are the types of events that it may write, None for all.
    """

    id: str
    name: str
    hash: str
    scopes: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None = None
    event_types: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key just made: the only moment at which the whole of it exists on our side."""

    id: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is calling, and what they may do; `event_types` is None where they may write all types of events."""

    key_id: str
    scopes: frozenset[str]
    name: str = ""
    event_types: frozenset[str] | None = None

    def need(self, scope: str) -> None:
        """Raise `ScopeMissing` unless the caller has this very scope."""
        if scope not in self.scopes:
            raise ScopeMissing(f"this key lacks the scope {scope!r}")


def make_key() -> NewKey:
    """A new random key; 8 bytes name it, 32 bytes keep it secret."""
    key_id = secrets.token_hex(8)
    return NewKey(id=key_id, key=f"gf_{key_id}_{secrets.token_urlsafe(32)}")


def looks_like_key(header: str) -> bool:
    """Whether an `Authorization` header has the form of a key of ours; whether it is one, only the store knows."""
    scheme, _, presented = header.partition(" ")
    return scheme.lower() == "bearer" and _KEY.fullmatch(presented.strip()) is not None


def id_of(presented: str | None) -> str | None:
    """The id that a presented key names; None where it has not the form of a key of ours."""
    shape = _KEY.fullmatch(presented or "")
    return shape.group(1) if shape else None


def fingerprint(key: str) -> str:
    """SHA-256 of a key, in hex: what the store keeps instead of it."""
    return hashlib.sha256(key.encode()).hexdigest()


def authenticate(presented: str | None, find: Callable[[str], ApiKey | None]) -> Caller:
    """The caller behind a presented key; `find` looks a key up by its id.

    Raises `Unauthenticated`, always with the same words, for a key that is absent, malformed, unknown, wrong or
    revoked: what exactly is wrong would help only someone who guesses.
    """
    key_id = id_of(presented)
    if presented is None or key_id is None:
        raise Unauthenticated(REFUSAL)
    known = find(key_id)
    # An unknown id is compared too, so that the time to answer does not tell which ids exist.
    expected = known.hash if known else fingerprint("")
    genuine = hmac.compare_digest(fingerprint(presented), expected)
    if known is None or not genuine or known.revoked_at is not None:
        raise Unauthenticated(REFUSAL)
    listed = None if known.event_types is None else frozenset(known.event_types)
    return Caller(key_id=known.id, scopes=frozenset(known.scopes), name=known.name, event_types=listed)
