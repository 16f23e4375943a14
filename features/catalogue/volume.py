"""What is sold: how dear, how many pieces, of which kind; and what was paid for and has not come yet."""

from features.catalogue.feature import Feature, Ratio, Total, Windowed
from features.catalogue.levels import Quantile
from features.catalogue.orders import ORDERS, ORDERS_PLACED, VALUE
from features.catalogue.shapes import Across
from features.measures import AtLeast, Capped, Carries, Column, Events, Flag, Happenings, Is, Measure, Orders, Ticked

__all__ = ["FEATURES", "OVERDUE_VALUE"]

_PLACED = Happenings(of=ORDERS_PLACED)
_DELIVERED = Events(event_type="order_delivered")
_CANCELLED = Events(event_type="order_cancelled")
_CONFIRMED = Events(event_type="order_confirmed")
_CENTS = Column(column="amount_cents")
_PIECES = Measure(source=_PLACED, amount=Column(column="quantity"))
_COUNTED = Measure(source=_PLACED, amount=Flag(where=(Carries(column="quantity"),)))
#: Fast refunds have their highest starting tier at 1,000 yuan (docs: scoring/policies/refunds.toml).
_DEAR = Measure(source=_PLACED, amount=Flag(where=(AtLeast(column="amount_cents", least=100_000),)))
_OF_A_KIND = Measure(source=_PLACED, amount=Flag(where=(Carries(column="kind"),)))
_FULFILLED = Measure(source=_PLACED, amount=Flag(where=(Carries(column="fulfilled_by"),)))
_BY_PLATFORM = Measure(source=_PLACED, amount=Flag(where=(Is(column="fulfilled_by", words=("platform",)),)))
_NO_RETURN = Measure(source=_PLACED, amount=Flag(where=(Ticked(column="no_return_confirmed"),)))
_UNDELIVERED = Measure(source=Orders(lacking=(_DELIVERED, _CANCELLED)), amount=_CENTS)
_IN_ESCROW = Measure(source=Orders(lacking=(_CONFIRMED, _CANCELLED)), amount=_CENTS)
OVERDUE_VALUE = Measure(source=Orders(clock="deliver_by", lacking=(_DELIVERED, _CANCELLED)), amount=_CENTS)


#: Amounts in steps of 1, 2 and 5, from 1,000 cents to 100 million.
_EDGES = (*(step * 10**power for power in range(3, 8) for step in (1, 2, 5)), 10**8)


def _above(cents: int) -> Measure:
    """Real orders, of each buyer at most three, of more than so many cents."""
    return Measure(source=Capped(of=Orders()), amount=Flag(where=(AtLeast(column="amount_cents", least=cents + 1),)))


def _kind(word: str) -> Ratio:
    """Orders of a kind, of those that say which they are of."""
    of_it = Measure(source=_PLACED, amount=Flag(where=(Is(column="kind", words=(word,)),)))
    return Ratio(of=of_it, per=_OF_A_KIND)


FEATURES: tuple[Feature, ...] = (
    *Windowed(
        name="mean_order_value_cents",
        meaning="mean amount of orders placed",
        formula=Ratio(of=VALUE, per=ORDERS),
        unit="cents per order",
        riskier="neither",
        reason="R200",
        text="Orders were worth {money} on average in the last {days} days.",
        text_zh="近 {days} 天平均每单金额为 {money}。",
        text_none="No orders in the last {days} days.",
        text_none_zh="近 {days} 天内没有订单。",
    ),
    *Windowed(
        name="n_items",
        meaning="pieces ordered, as far as orders say how many",
        formula=Total(of=_PIECES),
        unit="count",
        riskier="neither",
        reason="R201",
        text="{value:,} pieces were ordered in the last {days} days.",
        text_zh="近 {days} 天共售出 {value:,} 件商品。",
        text_none="Nothing was ordered.",
        text_none_zh="没有售出商品。",
        windows=(30, 90, 365),
    ),
    *Windowed(
        name="items_per_order",
        meaning="mean pieces of an order, of orders that say how many",
        formula=Ratio(of=_PIECES, per=_COUNTED),
        unit="items per order",
        riskier="neither",
        reason="R202",
        text="{value:.1f} pieces per order in the last {days} days.",
        text_zh="近 {days} 天平均每单 {value:.1f} 件。",
        text_none="No order of the last {days} days says how many pieces.",
        text_none_zh="近 {days} 天的订单均未注明件数。",
        windows=(30, 90),
    ),
    *Windowed(
        name="high_value_order_rate",
        meaning="orders of at least 100,000 cents, of orders placed",
        formula=Ratio(of=_DEAR, per=ORDERS),
        unit="share",
        riskier="neither",
        reason="R203",
        text="{value:.1%} of the orders of the last {days} days were worth 1,000 or more.",
        text_zh="近 {days} 天的订单中，{value:.1%} 金额不低于 1,000。",
        text_none="No orders in the last {days} days.",
        text_none_zh="近 {days} 天内没有订单。",
        windows=(7, 30, 90, 365),
    ),
    *Windowed(
        name="large_order_cents",
        meaning="the first amount of 1,000, 2,000, 5,000, 10,000 and so on up to 100,000,000 cents that 95% of the "
        "real orders placed, of each buyer at most three, do not exceed; the last where none is",
        formula=Quantile(
            levels=tuple((edge, _above(edge)) for edge in _EDGES), every=Measure(source=Capped(of=Orders())), beyond=5
        ),
        unit="cents",
        riskier="neither",
        reason="R214",
        text="95% of the orders of the last {days} days were worth at most {money}.",
        text_zh="近 {days} 天 95% 的订单金额不超过 {money}。",
        text_none="No orders in the last {days} days.",
        text_none_zh="近 {days} 天内没有订单。",
        windows=(90,),
    ),
    *Windowed(
        name="presale_rate",
        meaning="presales, of orders that say of which kind they are",
        formula=_kind("presale"),
        unit="share",
        riskier="higher",
        reason="R204",
        text="{value:.0%} of the orders of the last {days} days were presales.",
        text_zh="近 {days} 天的订单中，{value:.0%} 为预售。",
        text_none="No order of the last {days} days says of which kind it is.",
        text_none_zh="近 {days} 天的订单均未注明类型。",
        windows=(7, 30, 90, 365),
    ),
    *Windowed(
        name="custom_rate",
        meaning="custom-made goods, of orders that say of which kind they are",
        formula=_kind("custom"),
        unit="share",
        riskier="neither",
        reason="R205",
        text="{value:.0%} of the orders of the last {days} days were custom-made.",
        text_zh="近 {days} 天的订单中，{value:.0%} 为定制商品。",
        text_none="No order of the last {days} days says of which kind it is.",
        text_none_zh="近 {days} 天的订单均未注明类型。",
        windows=(90,),
    ),
    *Windowed(
        name="service_rate",
        meaning="services, of orders that say of which kind they are",
        formula=_kind("service"),
        unit="share",
        riskier="neither",
        reason="R206",
        text="{value:.0%} of the orders of the last {days} days were services.",
        text_zh="近 {days} 天的订单中，{value:.0%} 为服务。",
        text_none="No order of the last {days} days says of which kind it is.",
        text_none_zh="近 {days} 天的订单均未注明类型。",
        windows=(90,),
    ),
    *Windowed(
        name="platform_fulfilled_rate",
        meaning="orders that the platform fulfils, of orders that say who does",
        formula=Ratio(of=_BY_PLATFORM, per=_FULFILLED),
        unit="share",
        riskier="lower",
        cause="platform",
        reason="R207",
        text="The platform fulfils {value:.0%} of the orders of the last {days} days.",
        text_zh="近 {days} 天的订单中，{value:.0%} 由平台履约。",
        text_none="No order of the last {days} days says who fulfils it.",
        text_none_zh="近 {days} 天的订单均未注明履约方。",
        windows=(30, 90),
    ),
    *Windowed(
        name="no_return_confirmed_rate",
        meaning="orders for which the buyer confirmed that the goods cannot be returned, of orders placed",
        formula=Ratio(of=_NO_RETURN, per=ORDERS),
        unit="share",
        riskier="higher",
        reason="R208",
        text="In {value:.0%} of the orders of the last {days} days the buyer gave up the right to return.",
        text_zh="近 {days} 天的订单中，{value:.0%} 经买家确认不支持退货。",
        text_none="No orders in the last {days} days.",
        text_none_zh="近 {days} 天内没有订单。",
        windows=(90,),
    ),
    *Windowed(
        name="undelivered_value_cents",
        meaning="amounts of orders placed in the window for which no delivery or cancellation is known",
        formula=Total(of=_UNDELIVERED),
        unit="cents",
        riskier="higher",
        reason="R209",
        text="Orders of the last {days} days worth {money} are still to be delivered.",
        text_zh="近 {days} 天的订单中，尚有价值 {money} 的商品未送达。",
        text_none="Nothing is to be delivered.",
        text_none_zh="没有待送达的订单。",
        windows=(30, 90, 365),
    ),
    *Windowed(
        name="undelivered_value_rate",
        meaning="of the value of orders placed in the window, that for which no delivery or cancellation is known",
        formula=Ratio(of=_UNDELIVERED, per=VALUE),
        unit="share",
        riskier="higher",
        reason="R210",
        text="{value:.0%} of what was paid in the last {days} days is still to be delivered.",
        text_zh="近 {days} 天成交金额中，{value:.0%} 对应的商品尚未送达。",
        text_none="No orders in the last {days} days.",
        text_none_zh="近 {days} 天内没有订单。",
        windows=(30, 90, 365),
    ),
    Feature(
        name="overdue_value_cents",
        shows="overdue_value_cents",
        meaning="amounts of orders due for delivery in the last 365 days with no known delivery or cancellation",
        formula=Total(of=OVERDUE_VALUE),
        days=365,
        unit="cents",
        riskier="higher",
        clock="the order's own deliver_by",
        reason="R211",
        text="Overdue orders are worth {money}.",
        text_zh="逾期未送达订单的金额合计 {money}。",
        text_none="Nothing is overdue.",
        text_none_zh="没有逾期订单。",
    ),
    Feature(
        name="overdue_value_rate",
        shows="overdue_value_rate",
        meaning="the value of overdue orders (of 365 days) by the value of orders placed in the last 90 days",
        formula=Across(of=(OVERDUE_VALUE, 365), per=(VALUE, 90)),
        unit="share",
        riskier="higher",
        clock="the order's own deliver_by; event_time",
        reason="R212",
        text="What is overdue comes to {value:.0%} of what was sold in the last 90 days.",
        text_zh="逾期未送达订单金额为近 90 天成交额的 {value:.0%}。",
        text_none="Nothing was sold in the last 90 days.",
        text_none_zh="近 90 天内没有成交。",
    ),
    *Windowed(
        name="unconfirmed_value_cents",
        meaning="amounts of orders placed in the window that are neither confirmed nor cancelled: money in escrow",
        formula=Total(of=_IN_ESCROW),
        unit="cents",
        riskier="neither",
        reason="R213",
        text="{money} paid in the last {days} days is not released to the merchant yet.",
        text_zh="近 {days} 天的成交款中，{money} 尚未结算给商家。",
        text_none="Nothing is in escrow.",
        text_none_zh="没有待结算款项。",
        windows=(90, 365),
    ),
)
