"""What is known of one listing."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI, Path

from features.brands import CHEAP_PERCENT
from features.catalogue import CATALOGUE
from features.database import reading
from features.listing_risk import ListingRisk, listing_risks
from serving.api.callers import only_with
from serving.auth import Caller
from serving.errors import ListingUnknown
from serving.problems import documented
from serving.schemas import ListingAnswer, ListingRiskAnswer, Sentence
from serving.service import Service

__all__ = ["add_to"]

#: A reason is said in the words of the feature that counts the same for the merchant.
_WORDED = {feature.name: feature for feature in CATALOGUE}


def add_to(app: FastAPI, service: Service) -> None:
    """Add the route; an id may hold slashes."""
    reader = only_with(service, "scores:read")

    @app.get("/v1/listings/{listing_id:path}/risk", tags=["listings"], responses=documented(401, 403, 404, 503))
    def risk(
        listing_id: Annotated[str, Path(description="The listing's id, percent-encoded")],
        _caller: Annotated[Caller, Depends(reader)],
    ) -> ListingRiskAnswer:
        """Tell what was learned of a listing, now; scope `scores:read`."""
        now = service.clock()
        with reading(service.engine) as tx:
            found = listing_risks(tx, listing_id, now=now)
        if not found:
            raise ListingUnknown("no event of a listing with this id is known")
        return ListingRiskAnswer(listing_id=listing_id, as_of=now, listings=[_told(one) for one in found])


def _told(risk: ListingRisk) -> ListingAnswer:
    return ListingAnswer(
        merchant_id=risk.merchant_id,
        **risk.says,
        twins=list(risk.twins),
        fakes_confirmed=dict(risk.fakes_confirmed),
        fake_reports=dict(risk.fake_reports),
        titles_changed=dict(risk.titles_changed),
        norm_cents=risk.norm_cents,
        percent_of_norm=risk.percent_of_norm,
        authorised=risk.authorised,
        reasons=list(_reasons(risk)),
    )


def _reasons(risk: ListingRisk) -> Iterator[Sentence]:
    counts = {
        "worst_listing_fakes_confirmed_365d": risk.fakes_confirmed[365],
        "worst_listing_fake_reports_90d": risk.fake_reports[90],
        "n_brands_unauthorised": int(risk.authorised is False),
        "n_cheap_brand_listings": int(risk.percent_of_norm is not None and risk.percent_of_norm < CHEAP_PERCENT),
    }
    for name, value in counts.items():
        worded = _WORDED[name]
        if value:
            text, text_zh = worded.text.format(value=value), worded.text_zh.format(value=value)
            yield Sentence(code=worded.reason, text=text, text_zh=text_zh)
