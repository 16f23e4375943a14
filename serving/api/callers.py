"""Who is calling: the API key of a request, checked before anything else is looked at."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Annotated

from fastapi import Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from features.errors import FeaturesError
from serving.auth import ApiKey, Caller, authenticate, id_of
from serving.errors import Unauthenticated
from serving.service import Service

__all__ = ["caller_of", "known_caller", "only_with"]

_bearer = HTTPBearer(auto_error=False, scheme_name="api_key", description="An API key: `gf_...`")


def known_caller(service: Service, presented: str) -> Caller | None:
    """The caller behind a presented key, where it was looked up a moment ago and is good."""
    key_id = id_of(presented)
    key = _remembered(service, key_id, service.clock()) if key_id else None
    try:
        return authenticate(presented, lambda _: key) if key else None
    except Unauthenticated:
        return None


async def caller_of(service: Service, presented: str | None) -> Caller:
    """The caller behind a presented key. Raises `Unauthenticated`."""
    key_id, now = id_of(presented), service.clock()
    key = _remembered(service, key_id, now) if key_id else None
    if key_id and key is None:
        key = await run_in_threadpool(_looked_up, service, key_id, now)
    return authenticate(presented, lambda _: key)


def _remembered(service: Service, key_id: str, now: datetime) -> ApiKey | None:
    """A key that was looked up a moment ago; while it is in use it is looked up again beside what is asked with it."""
    if service.ring.is_ageing(key_id, now):
        asyncio.get_running_loop().run_in_executor(None, _looked_up_again, service, key_id, now)
    return service.ring.find(key_id, now)


def _looked_up(service: Service, key_id: str, now: datetime) -> ApiKey | None:
    key = service.keys.find(key_id)
    if key:
        service.ring.note(key, now)
    return key


def _looked_up_again(service: Service, key_id: str, now: datetime) -> None:
    # Where there is no store, whoever calls next is told so.
    with suppress(FeaturesError):
        _looked_up(service, key_id, now)


def only_with(service: Service, scope: str) -> Callable[[HTTPAuthorizationCredentials | None], Awaitable[Caller]]:
    """A dependency that lets only callers through whose key has this very scope."""

    async def caller(sent: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]) -> Caller:
        found = await caller_of(service, sent.credentials if sent else None)
        found.need(scope)
        return found

    return caller
