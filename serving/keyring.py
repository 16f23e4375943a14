"""API keys that were looked up a moment ago, so that not every request asks the store who calls."""

from datetime import datetime, timedelta

from serving.auth import ApiKey

__all__ = ["REVOKED_WITHIN", "KeyRing"]

#: For so long a process goes on to let a key in that was revoked meanwhile.
REVOKED_WITHIN = timedelta(seconds=1)
#: More keys than these are nobody's habit.
_MOST = 10_000


class KeyRing:
    """Remembers keys for a second. Those that nobody knows are not noted: whoever guesses would fill the memory."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[ApiKey, datetime]] = {}

    def find(self, key_id: str, now: datetime) -> ApiKey | None:
        """The key of this id, as it was looked up a moment ago."""
        known, seen = self._known.get(key_id, (None, now))
        # A clock may be put back; what was seen in its future is looked up again.
        return known if timedelta(0) <= now - seen < REVOKED_WITHIN else None

    def note(self, key: ApiKey, now: datetime) -> None:
        """Remember a key that was looked up."""
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[key.id] = key, now
