"""What a buyer is owed, and what an advert may say."""

from typing import Annotated

from fastapi import Depends, FastAPI

from serving.advert_schemas import AdvertAnswer, AdvertBody
from serving.adverts import advert_found
from serving.api.callers import only_with
from serving.auth import Caller
from serving.problems import documented
from serving.quote_schemas import QuoteAnswer, QuoteBody
from serving.quotes import quote_for
from serving.service import Service

__all__ = ["add_to"]


def add_to(app: FastAPI, service: Service) -> None:
    """Add the routes; both answer and keep nothing."""
    refunds, programmes = only_with(service, "refunds:decide"), only_with(service, "programmes:decide")

    @app.post("/v1/compensation/quotes", tags=["refunds"], responses=documented(401, 403, 404, 413, 422, 503))
    def compensation(body: QuoteBody, _caller: Annotated[Caller, Depends(refunds)]) -> QuoteAnswer:
        """Tell what a buyer is owed, with the law or the programme behind each amount; scope `refunds:decide`."""
        return quote_for(service.current(), body)

    @app.post("/v1/adverts/check", tags=["programmes"], responses=documented(401, 403, 404, 413, 422, 503))
    def advert(body: AdvertBody, _caller: Annotated[Caller, Depends(programmes)]) -> AdvertAnswer:
        """Read an advert for absolute claims and false promises; scope `programmes:decide`."""
        return advert_found(service.current(), body)
