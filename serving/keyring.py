"""API keys that were looked up a moment ago, so that not every request asks the store who calls."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from serving.auth import ApiKey

__all__ = ["REVOKED_WITHIN", "KeyRing"]

#: For so long a process goes on to let a key in that was revoked meanwhile.
REVOKED_WITHIN = timedelta(seconds=1)
#: A key that is in use is looked up again so soon that nobody who calls with it has to wait for that.
_AGEING = REVOKED_WITHIN / 2
#: More keys than these are nobody's habit.
_MOST = 10_000


@dataclass(slots=True)
class _Known:
    """A key, when it was looked up, and whether somebody is looking it up again."""

    key: ApiKey
    seen: datetime
    ageing: bool = False


class KeyRing:
    """Remembers keys for a second. Those that nobody knows are not noted: whoever guesses would fill the memory."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def find(self, key_id: str, now: datetime) -> ApiKey | None:
        """The key of this id, as it was looked up a moment ago."""
        known = self._known.get(key_id)
        # A clock may be put back; what was seen in its future is looked up again.
        return known.key if known and timedelta(0) <= now - known.seen < REVOKED_WITHIN else None

    def is_ageing(self, key_id: str, now: datetime) -> bool:
        """Whether a key that is in use should be looked up again; only one is told so, and looks."""
        known = self._known.get(key_id)
        if known is None or known.ageing or now - known.seen < _AGEING:
            return False
        known.ageing = True
        return True

    def note(self, key: ApiKey, now: datetime) -> None:
        """Remember a key that was looked up."""
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[key.id] = _Known(key, now)
