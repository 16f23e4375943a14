"""How trade moves: the last week against the last quarter, yesterday against the month, and how even the weeks were.

No model sees them: a buyer who orders much, or dear, moves them as far as he likes, and what is left out of the quarter
makes the week look greater.
"""

from features.catalogue import disputes, fakes, promises
from features.catalogue.feature import Feature, Ratio
from features.catalogue.orders import BUYERS, ORDERS, VALUE
from features.catalogue.shapes import Busiest, Change, Product, Trend, Volatility
from features.catalogue.volume import OVERDUE_VALUE

__all__ = ["FEATURES", "MISSED"]

#: So many orders as expected are thought to have come beside the real ones, so that little evidence is like none.
_STEADY = 10.0
_MORE_ORDERS = Trend(of=ORDERS, short=7, long=90, steady=_STEADY)
_DECLARED = {one.name: one for family in (disputes, fakes, promises) for one in family.FEATURES}
(_REPORTS, _), *_ = _DECLARED["n_fake_reports_7d"].numbers


def _rate(name: str) -> Ratio:
    """A rate that is declared elsewhere, whatever its window."""
    formula = _DECLARED[f"{name}_7d"].formula
    if not isinstance(formula, Ratio):
        raise TypeError(f"{name} is no rate")
    return formula


_KEPT = _rate("dispatch_kept_rate")
#: Promises of dispatch that were not kept.
MISSED = Ratio(of=_KEPT.per, less=_KEPT.of, per=_KEPT.per)

FEATURES: tuple[Feature, ...] = (
    Feature(
        name="orders_trend_7d",
        shows="orders_trend_7d",
        meaning="orders a day in the last 7 days, by orders a day in the last 90",
        formula=Trend(of=ORDERS, short=7, long=90),
        days=7,
        unit="times",
        riskier="neither",
        reason="R220",
        text="Orders of the last week came to {value:.1f} times the quarter's pace.",
        text_zh="近 7 天日均订单为近 90 天日均的 {value:.1f} 倍。",
        text_none="No orders in the last 90 days.",
        text_none_zh="近 90 天内没有订单。",
    ),
    Feature(
        name="order_value_trend_7d",
        shows="order_value_trend_7d",
        meaning="order value a day in the last 7 days, by order value a day in the last 90",
        formula=Trend(of=VALUE, short=7, long=90),
        days=7,
        unit="times",
        riskier="higher",
        reason="R221",
        text="The value of the last week's orders came to {value:.1f} times the quarter's pace.",
        text_zh="近 7 天日均成交额为近 90 天日均的 {value:.1f} 倍。",
        text_none="No orders in the last 90 days.",
        text_none_zh="近 90 天内没有订单。",
    ),
    Feature(
        name="buyers_trend_7d",
        shows="buyers_trend_7d",
        meaning="distinct buyers of the last 7 days, by a 90th part of seven times those of the last 90",
        formula=Trend(of=BUYERS, short=7, long=90),
        days=7,
        unit="times",
        riskier="neither",
        reason="R222",
        text="The buyers of the last week came to {value:.1f} times the quarter's pace.",
        text_zh="近 7 天买家数为近 90 天均值的 {value:.1f} 倍。",
        text_none="No buyers in the last 90 days.",
        text_none_zh="近 90 天内没有买家。",
    ),
    Feature(
        name="mean_order_value_trend_7d",
        shows="mean_order_value_trend_7d",
        meaning="mean order value of the last 7 days, by that of the last 90",
        formula=Trend(of=VALUE, per=ORDERS, short=7, long=90),
        days=7,
        unit="times",
        riskier="neither",
        reason="R223",
        text="An order of the last week was worth {value:.2f} times one of the last quarter.",
        text_zh="近 7 天平均客单价为近 90 天的 {value:.2f} 倍。",
        text_none="No orders in the last 7 days.",
        text_none_zh="近 7 天内没有订单。",
    ),
    Feature(
        name="orders_burst_1d",
        shows="orders_burst_1d",
        meaning="orders of the last day, by orders a day in the last 30",
        formula=Trend(of=ORDERS, short=1, long=30),
        days=1,
        unit="times",
        riskier="higher",
        reason="R224",
        text="Orders of the last day came to {value:.1f} times the month's pace.",
        text_zh="最近一天的订单为近 30 天日均的 {value:.1f} 倍。",
        text_none="No orders in the last 30 days.",
        text_none_zh="近 30 天内没有订单。",
    ),
    Feature(
        name="fake_reports_burst_1d",
        shows="fake_reports_burst_1d",
        meaning="reports of fakes of the last day, by reports a day in the last 30; unverified, so no model sees them",
        formula=Trend(of=_REPORTS, short=1, long=30),
        days=1,
        unit="times",
        riskier="higher",
        reason="R225",
        text="Reports of fakes of the last day came to {value:.1f} times the month's pace.",
        text_zh="最近一天的售假举报为近 30 天日均的 {value:.1f} 倍。",
        text_none="No reports of fakes in the last 30 days.",
        text_none_zh="近 30 天内没有售假举报。",
    ),
    Feature(
        name="late_dispatch_change_7d",
        shows="late_dispatch_change_7d",
        meaning="the share of shipments after the ship_by they carry: last 7 days less last 90",
        formula=Change(rate=_rate("late_dispatch_rate"), short=7, long=90),
        days=7,
        unit="difference of shares",
        riskier="higher",
        reason="R226",
        text="Late dispatch moved by {value:+.1%} in the last week, against the quarter.",
        text_zh="近 7 天发货超时率较近 90 天变化 {value:+.1%}。",
        text_none="No parcel with a promised time was shipped in the last 7 days.",
        text_none_zh="近 7 天内没有带承诺时间的发货。",
    ),
    Feature(
        name="dispatch_kept_change_7d",
        shows="dispatch_kept_change_7d",
        meaning="the share of orders due for dispatch that were shipped by the promised time: last 7 days less last 90",
        formula=Change(rate=_KEPT, short=7, long=90),
        days=7,
        unit="difference of shares",
        riskier="lower",
        clock="the order's own ship_by",
        reason="R227",
        text="Dispatch in time moved by {value:+.1%} in the last week, against the quarter.",
        text_zh="近 7 天按时发货率较近 90 天变化 {value:+.1%}。",
        text_none="No order was due for dispatch in the last 7 days.",
        text_none_zh="近 7 天内没有到期应发货的订单。",
    ),
    Feature(
        name="defect_change_7d",
        shows="defect_change_7d",
        meaning="the share of orders with a defect known: those of the last 7 days less those of the last 90",
        formula=Change(rate=_rate("defect_rate"), short=7, long=90),
        days=7,
        unit="difference of shares",
        riskier="higher",
        reason="R228",
        text="The share of orders that went wrong moved by {value:+.1%} in the last week, against the quarter.",
        text_zh="近 7 天问题订单占比较近 90 天变化 {value:+.1%}。",
        text_none="No orders in the last 7 days.",
        text_none_zh="近 7 天内没有订单。",
    ),
    Feature(
        name="own_fault_change_7d",
        shows="own_fault_change_7d",
        meaning="the share of orders with a fault of the merchant's own: of the last 7 days less of the last 90",
        formula=Change(rate=_rate("own_fault_rate"), short=7, long=90),
        days=7,
        unit="difference of shares",
        riskier="higher",
        reason="R229",
        text="Orders the merchant failed: their share moved by {value:+.1%} in the last week, against the quarter.",
        text_zh="近 7 天商家责任问题订单占比较近 90 天变化 {value:+.1%}。",
        text_none="No orders in the last 7 days.",
        text_none_zh="近 7 天内没有订单。",
    ),
    Feature(
        name="orders_volatility_84d",
        shows="orders_volatility_84d",
        meaning="standard deviation of orders a week by their mean, over the last twelve weeks",
        formula=Volatility(of=ORDERS, weeks=12),
        days=84,
        unit="times",
        riskier="higher",
        reason="R230",
        text="Weekly orders swung by {value:.0%} of their mean over twelve weeks.",
        text_zh="近十二周每周订单量的波动幅度为均值的 {value:.0%}。",
        text_none="No orders in the last twelve weeks.",
        text_none_zh="近十二周内没有订单。",
    ),
    Feature(
        name="busiest_week_share_84d",
        shows="busiest_week_share_84d",
        meaning="the share of the busiest week in the orders of the last twelve weeks",
        formula=Busiest(of=ORDERS, weeks=12),
        days=84,
        unit="share",
        riskier="higher",
        reason="R231",
        text="One week brought {value:.0%} of the orders of twelve.",
        text_zh="近十二周的订单中，{value:.0%} 集中在一周内。",
        text_none="No orders in the last twelve weeks.",
        text_none_zh="近十二周内没有订单。",
    ),
    Feature(
        name="cash_out_7d",
        shows="cash_out_7d",
        meaning="the last week's orders by the quarter's pace (drawn to 1 by ten orders), times the share of orders "
        "due for dispatch in the last 7 days that were not shipped in time: selling more and sending less",
        formula=Product(of=(_MORE_ORDERS, MISSED)),
        days=7,
        unit="times",
        riskier="higher",
        clock="event_time; the order's own ship_by",
        reason="R232",
        text="Sells more and sends less: growth times unkept dispatch came to {value:.2f} in the last week.",
        text_zh="销量上升而发货下降：近 7 天增长倍数与未按时发货率之积为 {value:.2f}。",
        text_none="No order was due for dispatch in the last 7 days.",
        text_none_zh="近 7 天内没有到期应发货的订单。",
    ),
    Feature(
        name="overdue_trend_30d",
        shows="overdue_trend_30d",
        meaning="the value of overdue orders due in the last 30 days, by a 365th part of thirty times the year's",
        formula=Trend(of=OVERDUE_VALUE, short=30, long=365),
        days=30,
        unit="times",
        riskier="higher",
        clock="the order's own deliver_by",
        reason="R233",
        text="What became overdue in the last month came to {value:.1f} times the year's pace.",
        text_zh="近 30 天新增逾期金额为近一年月均的 {value:.1f} 倍。",
        text_none="Nothing is overdue.",
        text_none_zh="没有逾期订单。",
    ),
)
