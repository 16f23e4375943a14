"""Compensation: what our own store knows of the order -> what the buyer is owed, and by which rule."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from features.database import moment, reading
from features.lookup import Found, events_about, live_state
from scoring.compensation import Claim, quote
from serving.decide import plain
from serving.errors import CurrencyMismatch, MerchantUnknown, OrderUnknown
from serving.policies.in_force import programmes_at
from serving.quote_schemas import QuoteAnswer, QuoteBody
from serving.service import Service

__all__ = ["quote_for"]


def quote_for(service: Service, body: QuoteBody) -> QuoteAnswer:
    """What is owed for a claim: the price, the promises and the days are the order's own where we know the order.

    A programme on the order promises what the policy in force at the purchase says. Where the order is not known, the
    caller's price is taken, and no promise is known. Raises `CurrencyMismatch`, `MerchantUnknown`, and `OrderUnknown`
    where neither the order nor a price is known.
    """
    if body.currency != service.currency:
        raise CurrencyMismatch(f"amounts of this store are in {service.currency}, not in {body.currency}")
    now = service.clock()
    with reading(service.engine) as tx:
        if live_state(tx, body.merchant_id) is None:
            raise MerchantUnknown("no event of a merchant with this id is known")
        told = _told(tx, body, now)
        placed = next((one for one in told if one.event_type == "order_placed"), None)
        bought = moment(placed.event_time) if placed else now
        then = programmes_at(tx, bought, otherwise=service.programmes)
    if placed is None and body.amount_cents is None:
        raise OrderUnknown("the order is not known as this merchant's, and no amount says what was paid for it")
    claim = _claim(body, placed, _last(told, "order_delivered"), now)
    carried = frozenset((placed.says.get("programmes") if placed else None) or ())
    promises = [one for one in then.programmes if one.id in carried]
    found = quote(claim, policy=service.compensation, promises=promises)
    said = {"merchant_id": body.merchant_id, "basis": "order" if placed else "claim", "promises_version": then.version}
    return QuoteAnswer.model_validate({**said, **plain(found)})


def _told(tx: Connection, body: QuoteBody, now: datetime) -> list[Found]:
    if body.order_id is None:
        return []
    told = events_about(tx, f"order:{body.order_id}", merchant_id=body.merchant_id)
    return [one for one in told if moment(one.known_at) <= now]


def _last(told: Iterable[Found], event_type: str) -> Found | None:
    return max((one for one in told if one.event_type == event_type), key=lambda one: one.event_time, default=None)


def _claim(body: QuoteBody, placed: Found | None, delivered: Found | None, now: datetime) -> Claim:
    """The claim as far as our own facts carry it; of what is not known the buyer's word stands."""
    return Claim(
        ground=body.ground,
        price_cents=placed.says["amount_cents"] if placed else body.amount_cents or 0,
        freight_cents=body.freight_cents,
        loss_cents=body.loss_cents,
        household_cents=body.household_cents,
        days_since_order=_days(placed, now),
        days_since_receipt=_days(delivered, now),
        categories=_categories(body, placed),
        no_return_confirmed=bool(placed and placed.says.get("no_return_confirmed")),
        buyer_deceived=body.buyer_deceived,
        label_flaw=body.label_flaw,
    )


def _categories(body: QuoteBody, placed: Found | None) -> tuple[str, ...]:
    """What the goods are: of their category, and whether they were made for this buyer."""
    category = placed.says.get("category") if placed else None
    made = ("custom_made",) if placed and placed.says.get("kind") == "custom" else ()
    return (*(one for one in (category or body.category,) if one), *made)


def _days(since: Found | None, now: datetime) -> int | None:
    return (now - moment(since.event_time)).days if since else None
