"""A name for every request, by which its caller, our log and our traces find each other."""

import random
import re
from collections.abc import Iterable

__all__ = ["HEADER", "request_id"]

HEADER = b"x-request-id"

#: A caller's own name is taken where it can only be a number: anything else might tell of a person, and is logged.
_PLAIN = re.compile(rb"[0-9a-f]{16,32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The caller's name for its request, where it sent a plain hexadecimal number or a UUID; else a new one.

    >>> request_id([(b"x-request-id", b"0af7651916cd43dd8448eb211c80319c")])
    '0af7651916cd43dd8448eb211c80319c'
    >>> len(request_id([(b"x-request-id", b"anna@example.com")]))
    16
    """
    sent = next((value for name, value in headers if name == HEADER), b"")
    # It names, and opens nothing: the system's own source of randomness is not needed for it.
    return sent.decode() if _PLAIN.fullmatch(sent) else f"{random.getrandbits(64):016x}"
