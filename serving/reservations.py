"""What weighs on limits: money that decisions promised at once, or that went out on their promise."""

from datetime import datetime

from sqlalchemy import Connection

from scoring.refunds import Held, OrderFacts
from serving.ledger import promises
from serving.ledger.accounts import FAST_REFUND
from serving.ledger.store import BUYER_WINDOW, Reservation, hold_buyer, hold_fund
from serving.ledger.weights import Weights

__all__ = ["BUYER_WINDOW", "Reservation", "fund_of", "held_for", "hold_buyer", "hold_fund", "reserve"]


def fund_of(order: OrderFacts) -> str | None:
    """The fund that pays first for an order; None where its merchant does by its own word."""
    return FAST_REFUND if order.advanced_by == "platform" else None


def held_for(tx: Connection, *, order: tuple[str, str], buyer_id: str, now: datetime) -> Held:
    """What weighs on an order (merchant and order id), its buyer, its merchant and the fund, under their locks."""
    return Held(**Weights(tx, orders=[order], buyers=[buyer_id], now=now).held(order, buyer_id))


def reserve(tx: Connection, *new: Reservation) -> None:
    """Hold money for decisions, and have it weigh; merchants, buyers and the fund are held."""
    promises.reserve(tx, new)
