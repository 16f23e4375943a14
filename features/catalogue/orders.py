"""How much a merchant sells, and to how many."""

from features.catalogue.feature import Feature, Ratio, Since, Total, Windowed
from features.measures import (
    Asked,
    Capped,
    Column,
    Distinct,
    Events,
    Happenings,
    Latest,
    Measure,
    Orders,
    OwnFaults,
    Said,
)

__all__ = ["BUYERS", "FEATURES", "ORDERS", "ORDERS_PLACED", "VALUE", "capped_kept", "capped_rate", "moved_at_most"]

ORDERS_PLACED = Events(event_type="order_placed")
ORDERS = Measure(source=Happenings(of=ORDERS_PLACED))
VALUE = Measure(source=Happenings(of=ORDERS_PLACED), amount=Column(column="amount_cents"))
BUYERS = Measure(source=Distinct(of=(ORDERS_PLACED,), by="buyer_id"))
_REAL = Measure(source=Capped(of=Orders()))
_REAL_BUYERS = Measure(source=Capped(of=Orders(), most=1))
_LAST = Latest(of=(ORDERS_PLACED,))
_FIRST = Latest(of=(ORDERS_PLACED,), earliest=True)


def capped_rate(bad: Asked | OwnFaults, *, of: Asked | None = None) -> Ratio:
    """Of each buyer's real and bad orders (at most three), those that are bad; `of` has the clock of `bad`."""
    every = Orders() if of is None else of
    return Ratio(of=Measure(source=Capped(bad=bad)), per=Measure(source=Capped(bad=bad, of=every)))


def moved_at_most(k: int, *, per: float, strength: float = 0.0) -> float:
    """B(k): how far k buyers move a capped rate at most, whatever they do and whatever comes of it.

    `per` is the evidence of all other buyers; what the category's rate weighs (`strength`) counts beside it.

    >>> moved_at_most(1, per=27, strength=10.0), moved_at_most(10, per=300)
    (0.075, 0.09090909090909091)
    """
    theirs = Capped().most * k
    return theirs / (theirs + per + strength)


def capped_kept(broken: Asked, *, of: Asked) -> Ratio:
    """The share of promises kept: all but the broken ones, so that kept ones wash none away."""
    rate = capped_rate(broken, of=of)
    return Ratio(of=rate.of, per=rate.per, rest=True)


FEATURES: tuple[Feature, ...] = (
    *Windowed(
        name="n_orders",
        meaning="orders placed",
        formula=Total(of=ORDERS),
        meaning_capped="real orders placed, of each buyer at most three",
        capped=Total(of=_REAL),
        unit="count",
        riskier="lower",
        model_input=True,
        reason="R001",
        text="{value:,} orders in the last {days} days.",
        text_zh="近 {days} 天共 {value:,} 笔订单。",
        text_none="No orders yet.",
        text_none_zh="尚无订单。",
    ),
    *Windowed(
        name="order_value_cents",
        meaning="sum of the amounts of orders placed",
        formula=Total(of=VALUE),
        unit="cents",
        riskier="neither",
        reason="R002",
        text="Orders worth {money} in the last {days} days.",
        text_zh="近 {days} 天订单金额合计 {money}。",
        text_none="No orders yet.",
        text_none_zh="尚无订单。",
    ),
    *Windowed(
        name="n_buyers",
        meaning="distinct buyers among orders placed",
        formula=Total(of=BUYERS),
        meaning_capped="buyers with a real order; an order whose buyer is not known is one of a buyer of its own",
        counting=("only those with a real order", "仅计有真实订单的买家"),
        capped=Total(of=_REAL_BUYERS),
        unit="count",
        riskier="lower",
        model_input=True,
        reason="R003",
        text="{value:,} different buyers in the last {days} days.",
        text_zh="近 {days} 天共有 {value:,} 位不同买家。",
        text_none="No buyers yet.",
        text_none_zh="尚无买家。",
    ),
    Feature(
        name="days_since_last_order",
        shows="days_since_last_order",
        meaning="calendar days (UTC) from the day of the latest order",
        formula=Since(latest=Measure(source=_LAST, amount=Said()), known=Measure(source=_LAST)),
        unit="days",
        riskier="higher",
        reason="R004",
        text="The last order was {value:,} days ago.",
        text_zh="最近一笔订单在 {value:,} 天前。",
        text_none="Never sold anything yet.",
        text_none_zh="从未售出任何商品。",
    ),
    Feature(
        name="days_since_first_order",
        shows="days_since_first_order",
        meaning="calendar days (UTC) from the day of the first order",
        formula=Since(latest=Measure(source=_FIRST, amount=Said()), known=Measure(source=_FIRST)),
        unit="days",
        riskier="lower",
        reason="R005",
        text="The first order was {value:,} days ago.",
        text_zh="首笔订单在 {value:,} 天前。",
        text_none="Never sold anything yet.",
        text_none_zh="从未售出任何商品。",
    ),
)
