"""How much a merchant sells, and to how many."""

from features.catalogue.feature import Feature, Since, Total, Windowed
from features.measures import Column, Distinct, Events, Happenings, Latest, Measure, Said

__all__ = ["BUYERS", "FEATURES", "ORDERS", "ORDERS_PLACED", "VALUE"]

ORDERS_PLACED = Events(event_type="order_placed")
ORDERS = Measure(source=Happenings(of=ORDERS_PLACED))
VALUE = Measure(source=Happenings(of=ORDERS_PLACED), amount=Column(column="amount_cents"))
BUYERS = Measure(source=Distinct(of=(ORDERS_PLACED,), by="buyer_id"))
_LAST = Latest(of=(ORDERS_PLACED,))
_FIRST = Latest(of=(ORDERS_PLACED,), earliest=True)

FEATURES: tuple[Feature, ...] = (
    *Windowed(
        name="n_orders",
        meaning="orders placed",
        formula=Total(of=ORDERS),
        unit="count",
        riskier="neither",
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
        unit="count",
        riskier="neither",
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
