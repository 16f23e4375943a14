"""What is thought about a merchant, and why."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Annotated

from fastapi import Depends, FastAPI, Path, Query, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from serving.answers import ScoreAnswer
from serving.api.callers import only_with
from serving.auth import Caller
from serving.judging import Judges
from serving.problems import documented
from serving.service import Service
from serving.together import Together
from serving.unassessed import answer_as_of, answer_fresh, answer_unassessed

__all__ = ["ROUTE", "add_to"]

#: Where a merchant's score is; the id may hold slashes: ids are other people's strings.
ROUTE = "/v1/merchants/{merchant_id:path}/score"


class ScoreQuery(BaseModel):
    """What may be asked for: a parameter that is not understood must not be passed over in silence."""

    model_config = ConfigDict(extra="forbid")

    as_of: AwareDatetime | None = Field(None, description="A moment with its offset: from what was known before it")
    fresh: bool = Field(False, description="Judge now instead of answering from the latest assessment")


class ScoresWanted(BaseModel):
    """Up to 1,000 merchants."""

    model_config = ConfigDict(extra="forbid")

    merchant_ids: list[Annotated[str, Field(min_length=1, max_length=1000)]] = Field(max_length=1000)


class ScoresFound(BaseModel):
    """The scores of those that are known, in the order in which they were asked for; the others by id."""

    scores: list[ScoreAnswer]
    unknown: list[str]


def add_to(app: FastAPI, service: Service, judges: Judges) -> Together[str, str | None]:
    """Add the routes; answers who reads what is asked for at the same time, to be closed at the end."""
    reader, together = only_with(service, "scores:read"), Together(partial(_latest, service))

    @app.get(
        ROUTE,
        tags=["scores"],
        response_model=ScoreAnswer,
        responses=documented(401, 403, 404, 422, 503),
    )
    async def score(
        merchant_id: Annotated[str, Path(description="The merchant's id, percent-encoded")],
        _caller: Annotated[Caller, Depends(reader)],
        query: Annotated[ScoreQuery, Query()],
    ) -> Response:
        """Answer with the latest assessment of a merchant; scope `scores:read`.

        A merchant that is known and was never assessed gets the fallback policy's answer.
        """
        plainly = query.as_of is None and not query.fresh
        answer = await together.ask(merchant_id) if plainly else None
        if answer is None:
            answer = await run_in_threadpool(_worked_out, service, judges, merchant_id, query)
        return Response(answer, media_type="application/json")

    @app.post(
        "/v1/merchants/scores",
        tags=["scores"],
        response_model=ScoresFound,
        responses=documented(401, 403, 413, 422, 503),
    )
    def scores(wanted: ScoresWanted, _caller: Annotated[Caller, Depends(reader)]) -> Response:
        """Answer with the latest assessments of many merchants; scope `scores:read`."""
        ids = list(dict.fromkeys(wanted.merchant_ids))
        held = service.assessments.latest_of(ids)
        unjudged = service.events.known_of([one for one in ids if one not in held])
        held |= {one: answer_unassessed(service.current(), one) for one in unjudged}
        found = ",".join(held[one] for one in ids if one in held)
        unknown = json.dumps([one for one in ids if one not in held], ensure_ascii=False)
        return Response(f'{{"scores":[{found}],"unknown":{unknown}}}', media_type="application/json")

    return together


def _latest(service: Service, merchant_ids: Sequence[str]) -> list[str | None]:
    """The latest assessments of merchants that are asked for at the same time."""
    held = service.assessments.latest_of(list(dict.fromkeys(merchant_ids)))
    return [held.get(one) for one in merchant_ids]


def _worked_out(service: Service, judges: Judges, merchant_id: str, query: ScoreQuery) -> str:
    """What has to be worked out, since no assessment that is stored will do."""
    if query.as_of is not None:
        return answer_as_of(service, judges, merchant_id, as_of=query.as_of)
    if query.fresh:
        return answer_fresh(service, judges, merchant_id)
    return answer_unassessed(service.current(), merchant_id)
