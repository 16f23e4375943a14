"""Who is calling: the API key of a request, checked before anything else is looked at."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from serving.auth import Caller, authenticate
from serving.service import Service

__all__ = ["only_with"]

_bearer = HTTPBearer(auto_error=False, scheme_name="api_key", description="An API key: `gf_...`")


def only_with(service: Service, scope: str) -> Callable[[HTTPAuthorizationCredentials | None], Caller]:
    """A dependency that lets only callers through whose key has this very scope."""

    def caller(sent: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]) -> Caller:
        found = authenticate(sent.credentials if sent else None, service.keys.find)
        found.need(scope)
        return found

    return caller
