"""Adverts: what a merchant carries and is authorised for -> what it may say."""

from datetime import date

from features.database import reading
from features.lookup import live_state
from scoring.adverts import Advertiser, check_advert
from scoring.gate import Paper
from serving.advert_schemas import AdvertAnswer, AdvertBody
from serving.decide import plain
from serving.errors import MerchantUnknown
from serving.service import Service
from serving.standing import membership, papers_of

__all__ = ["advert_found"]

_AUTHORISATION = "brand_authorisation"


def advert_found(service: Service, body: AdvertBody) -> AdvertAnswer:
    """Read a merchant's advert; nothing is kept, least of all its text. Raises `MerchantUnknown`.

    Whoever publishes it tells what became of it by an event (`advert_checked`).
    """
    day = service.clock().date()
    with reading(service.engine) as tx:
        if live_state(tx, body.merchant_id) is None:
            raise MerchantUnknown("no event of a merchant with this id is known")
        carried = membership(tx, body.merchant_id)
        authorised = any(_covers(one, body, day) for one in papers_of(tx, body.merchant_id))
    who = Advertiser(programmes=[name for name, one in carried.items() if one.joined], authorised=authorised)
    found = check_advert(body.text, who, policy=service.adverts, programmes=service.programmes)
    told = plain(found)
    return AdvertAnswer.model_validate({"merchant_id": body.merchant_id, **told, "outcome": told["verdict"]})


def _covers(paper: Paper, body: AdvertBody, day: date) -> bool:
    """Whether a paper is the brand's word for these goods; goods without a brand have nobody to give it."""
    named = paper.qualification == _AUTHORISATION and paper.brand is not None and paper.brand == body.brand
    return named and paper.category in (None, body.category) and paper.valid(day)
