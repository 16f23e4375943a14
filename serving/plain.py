"""Plain values as canonical JSON: equal values give equal text, so that texts can be compared and hashed."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

__all__ = ["Json", "as_json", "digest", "first_difference", "joined"]


def as_json(value: Any) -> str:
    """A value of dictionaries, lists, texts and numbers as canonical JSON.

    >>> as_json({"b": 1, "a": ["店"]})
    '{"a":["店"],"b":1}'
    """
    return _ENCODER.encode(value)


_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class Json(str):
    """A text that is canonical JSON already."""

    __slots__ = ()


def joined(parts: Mapping[str, Any]) -> str:
    """`as_json` of an object, whose values may be `Json`: these are put in as they are.

    >>> joined({"b": Json('{"c":1}'), "a": 2})
    '{"a":2,"b":{"c":1}}'
    """
    by_kind = groupby(sorted(parts.items()), key=lambda part: isinstance(part[1], Json))
    return "{" + ",".join(_texts(some) if as_is else as_json(dict(some))[1:-1] for as_is, some in by_kind) + "}"


def _texts(some: Iterable[tuple[str, str]]) -> str:
    return ",".join(f"{as_json(name)}:{text}" for name, text in some)


def first_difference(one: Any, other: Any, *, at: str = "") -> str | None:
    """Where two plain values first differ, and how; None where they are equal, and of one kind.

    >>> first_difference({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]})
    'a[1].b was 2, and is 3'
    """
    if isinstance(one, dict) and isinstance(other, dict):
        named = sorted(one.keys() | other.keys())
        pairs = [(f"{at}.{name}".lstrip("."), one.get(name, _NOTHING), other.get(name, _NOTHING)) for name in named]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(f"{at}[{place}]", *pair) for place, pair in enumerate(zip(one, other, strict=True))]
    elif type(one) is type(other) and one == other:
        return None
    else:
        return f"{at or 'all of it'} was {_told(one)}, and is {_told(other)}"
    found = (first_difference(was, now, at=place) for place, was, now in pairs)
    return next((told for told in found if told is not None), None)


#: What stands where nothing is.
_NOTHING = object()


def _told(value: Any) -> str:
    """A value in a few words."""
    text = "nothing" if value is _NOTHING else as_json(value) if not isinstance(value, datetime) else value.isoformat()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


_LONGEST = 120


def digest(text: str) -> str:
    """SHA-256 of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()
