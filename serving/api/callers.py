"""Who is calling: the API key of a request, checked before anything else is looked at."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from serving.auth import ApiKey, Caller, authenticate, id_of
from serving.service import Service

__all__ = ["Callers", "only_with"]

_bearer = HTTPBearer(auto_error=False, scheme_name="api_key", description="An API key: `gf_...`")

#: For so long a process goes on to let a key in that was revoked meanwhile.
REVOKED_WITHIN = timedelta(seconds=1)
#: More keys than these are nobody's habit.
_MOST = 10_000


class Callers:
    """Recognises callers; a key is looked up again a second after it was, so that a revoked one is soon shut out."""

    def __init__(self, service: Service) -> None:
        self._find, self._clock = service.keys.find, service.clock
        self._known: dict[str, tuple[ApiKey, datetime]] = {}

    async def recognise(self, presented: str | None) -> Caller:
        """The caller behind a presented key. Raises `Unauthenticated`."""
        key_id, now = id_of(presented), self._clock()
        known = self._lately(key_id, now) if key_id else None
        if key_id and known is None:
            known = await run_in_threadpool(self._find, key_id)
            self._note(known, now)
        return authenticate(presented, lambda _: known)

    def _lately(self, key_id: str, now: datetime) -> ApiKey | None:
        known, seen = self._known.get(key_id, (None, now))
        # A clock may be put back; what was seen in its future is looked up again.
        return known if timedelta(0) <= now - seen < REVOKED_WITHIN else None

    def _note(self, known: ApiKey | None, now: datetime) -> None:
        # Unknown keys are not noted: whoever guesses would fill the memory.
        if known:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[known.id] = known, now


def only_with(service: Service, scope: str) -> Callable[[HTTPAuthorizationCredentials | None], Awaitable[Caller]]:
    """A dependency that lets only callers through whose key has this very scope."""
    callers = Callers(service)

    async def caller(sent: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]) -> Caller:
        found = await callers.recognise(sent.credentials if sent else None)
        found.need(scope)
        return found

    return caller
