"""A merchant over time, and its standing with every programme."""

from typing import Annotated

from fastapi import Depends, FastAPI, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from features.database import reading
from features.lookup import live_state
from serving import decisions, store_decisions
from serving.answers import ScoreAnswer
from serving.api.callers import only_with
from serving.applications import standings
from serving.auth import Caller
from serving.errors import MerchantUnknown
from serving.problems import documented
from serving.schemas import DecisionSummary, HistoryAnswer, StandingAnswer, StandingsAnswer
from serving.service import Service

__all__ = ["add_to"]

MerchantId = Annotated[str, Path(description="The merchant's id, percent-encoded")]


class Newest(BaseModel):
    """How many of each are shown."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=1000)] = 100


def add_to(app: FastAPI, service: Service) -> None:
    """Add the routes; an id may hold slashes: ids are other people's strings."""
    reader = only_with(service, "scores:read")

    @app.get(
        "/v1/merchants/{merchant_id:path}/history", tags=["merchants"], responses=documented(401, 403, 404, 422, 503)
    )
    def history(
        merchant_id: MerchantId, _caller: Annotated[Caller, Depends(reader)], newest: Annotated[Newest, Query()]
    ) -> HistoryAnswer:
        """Show what was thought of a merchant and decided about it, the newest first; scope `scores:read`."""
        return _history(service, merchant_id, newest.limit)

    @app.get(
        "/v1/merchants/{merchant_id:path}/programmes", tags=["merchants"], responses=documented(401, 403, 404, 503)
    )
    def programmes(merchant_id: MerchantId, _caller: Annotated[Caller, Depends(reader)]) -> StandingsAnswer:
        """Show which programmes a merchant carries, and what each one's gate would say now; scope `scores:read`."""
        found = [StandingAnswer.model_validate(one) for one in standings(service.current(), merchant_id)]
        return StandingsAnswer(merchant_id=merchant_id, programmes=found)


def _history(service: Service, merchant_id: str, limit: int) -> HistoryAnswer:
    with reading(service.engine) as tx:
        thought = store_decisions.past_answers(tx, merchant_id, limit)
        decided = decisions.decisions_of(tx, merchant_id, limit)
        if not thought and live_state(tx, merchant_id) is None:
            raise MerchantUnknown("no event of a merchant with this id is known")
    return HistoryAnswer(
        merchant_id=merchant_id,
        assessments=[ScoreAnswer.model_validate_json(one) for one in thought],
        decisions=[DecisionSummary.model_validate(one) for one in decided],
    )
