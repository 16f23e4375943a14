"""Plain values as canonical JSON: equal values give equal text, so that texts can be compared and hashed."""

import hashlib
import json
from typing import Any

__all__ = ["as_json", "digest"]


def as_json(value: Any) -> str:
    """A value of dictionaries, lists, texts and numbers as canonical JSON.

    >>> as_json({"b": 1, "a": ["店"]})
    '{"a":["店"],"b":1}'
    """
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def digest(text: str) -> str:
    """SHA-256 of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()
