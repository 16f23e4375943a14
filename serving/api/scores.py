"""What is thought about a merchant, and why."""

from typing import Annotated

from fastapi import Depends, FastAPI, Path, Query, Response
from pydantic import BaseModel, ConfigDict

from serving.answers import ScoreAnswer
from serving.api.callers import only_with
from serving.auth import Caller
from serving.problems import documented
from serving.service import Service
from serving.unassessed import answer_unassessed

__all__ = ["add_to"]


class NoParameters(BaseModel):
    """Nothing may be asked for in the query: a parameter that is not understood must not be passed over in silence."""

    model_config = ConfigDict(extra="forbid")


def add_to(app: FastAPI, service: Service) -> None:
    """Add the routes."""
    reader = only_with(service, "scores:read")

    # The id may hold slashes: ids are other people's strings.
    @app.get(
        "/v1/merchants/{merchant_id:path}/score",
        tags=["scores"],
        response_model=ScoreAnswer,
        responses=documented(401, 403, 404, 422, 503),
    )
    def score(
        merchant_id: Annotated[str, Path(description="The merchant's id, percent-encoded")],
        _caller: Annotated[Caller, Depends(reader)],
        _query: Annotated[NoParameters, Query()],
    ) -> Response:
        """Answer with the latest assessment of a merchant; scope `scores:read`.

        A merchant that is known and was never assessed gets the fallback policy's answer.
        """
        answer = service.assessments.latest(merchant_id) or answer_unassessed(service, merchant_id)
        return Response(answer, media_type="application/json")
