"""Guarantee programmes: what they ask, and applications for them."""

from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Response

from scoring.programmes import Programme
from serving.api.callers import only_with
from serving.applications import apply, programme_of
from serving.auth import Caller
from serving.idempotency import Asked, checked
from serving.plain import as_json
from serving.problems import documented
from serving.schemas import ApplicationAnswer, ApplicationBody, Catalogue, ProgrammeAnswer
from serving.service import Service

__all__ = ["IdempotencyKey", "add_to"]

IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="Required; a repeat with the same key gets the same answer (30 days)"),
]


def add_to(app: FastAPI, service: Service) -> None:
    """Add the routes."""
    reader, decider = only_with(service, "scores:read"), only_with(service, "programmes:decide")

    @app.get("/v1/programmes", tags=["programmes"], responses=documented(401, 403, 503))
    def catalogue(_caller: Annotated[Caller, Depends(reader)]) -> Catalogue:
        """List every programme with its conditions, in English and Chinese; scope `scores:read`."""
        policy = service.current().programmes
        return Catalogue(policy_version=policy.version, programmes=[_told(one) for one in policy.programmes])

    @app.get("/v1/programmes/{programme}", tags=["programmes"], responses=documented(401, 403, 404, 503))
    def one(programme: str, _caller: Annotated[Caller, Depends(reader)]) -> ProgrammeAnswer:
        """Describe one programme with its conditions; scope `scores:read`."""
        return _told(programme_of(service.current(), programme))

    @app.post(
        "/v1/programmes/{programme}/applications",
        tags=["programmes"],
        response_model=ApplicationAnswer,
        responses=documented(401, 403, 404, 409, 413, 422, 429, 503),
    )
    def application(
        programme: str,
        body: ApplicationBody,
        caller: Annotated[Caller, Depends(decider)],
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Decide whether a merchant may carry a programme; scope `programmes:decide`.

        The answer names every condition, what is not proven yet, and the way to qualify. It is recorded for good.
        """
        route = f"/v1/programmes/{programme}/applications"
        asked = Asked(caller=caller.key_id, route=route, key=checked(idempotency_key), body=_text(body))
        answer = apply(service.current(), programme, body, asked)
        return Response(answer.body, answer.status, media_type="application/json")


def _told(programme: Programme) -> ProgrammeAnswer:
    return ProgrammeAnswer.model_validate(programme)


def _text(body: ApplicationBody) -> str:
    plain: dict[str, Any] = body.model_dump(mode="json")
    return as_json(plain)
