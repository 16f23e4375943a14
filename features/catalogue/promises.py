"""Kept promises: was it shipped, was it delivered, by when the merchant said it would be."""

from dataclasses import replace

from features.catalogue.feature import Feature, Ratio, Total, Windowed
from features.catalogue.orders import ORDERS, capped_kept, capped_rate
from features.measures import After, Capped, Carries, Events, Flag, Happenings, Is, Late, Measure, Orders

__all__ = ["DELIVERED", "EXCUSED", "FEATURES", "by_then", "by_then_capped"]

_SHIPPED = Events(event_type="order_shipped")
DELIVERED = Events(event_type="order_delivered")
_CANCELLED = Events(event_type="order_cancelled")
EXCUSED = Events(event_type="order_cancelled", where=(Is(column="actor", words=("buyer", "platform")),))
_BY_MERCHANT = Events(event_type="order_cancelled", where=(Is(column="actor", words=("merchant",)),))


def by_then(clock: str, *by: Events) -> Ratio:
    """Of the orders whose own promise falls due, but for those that buyer or platform cancelled by then, those kept."""
    due = Orders(clock=clock, lacking=(EXCUSED,), in_time=True)
    return Ratio(of=Measure(source=replace(due, having=by)), per=Measure(source=due))


def by_then_capped(clock: str, *by: Events) -> Ratio:
    """The same of each buyer's real and broken ones, at most three."""
    due = Orders(clock=clock, lacking=(EXCUSED,), in_time=True)
    return capped_kept(replace(due, lacking=(EXCUSED, *by)), of=due)


_SHIPMENTS = Happenings(of=_SHIPPED)
_DELIVERIES = Happenings(of=DELIVERED)
_SHIPMENTS_PROMISED = Measure(source=_SHIPMENTS, amount=Flag(where=(Carries(column="ship_by"),)))
_SHIPMENTS_LATE = Measure(source=_SHIPMENTS, amount=Flag(where=(After(column="ship_by"),)))
_DELIVERIES_PROMISED = Measure(source=_DELIVERIES, amount=Flag(where=(Carries(column="deliver_by"),)))
_DELIVERIES_LATE = Measure(source=_DELIVERIES, amount=Flag(where=(After(column="deliver_by"),)))
_SECONDS_LATE = Measure(source=_DELIVERIES, amount=Late(column="deliver_by"))
_CANCELLED_BY_MERCHANT = Measure(source=Happenings(of=_BY_MERCHANT))
_OVERDUE = Orders(clock="deliver_by", lacking=(DELIVERED, _CANCELLED))

FEATURES: tuple[Feature, ...] = (
    *Windowed(
        name="dispatch_kept_rate",
        meaning="of the orders due for dispatch, those shipped by the promised time",
        formula=by_then("ship_by", _SHIPPED),
        capped=by_then_capped("ship_by", _SHIPPED),
        unit="share",
        riskier="lower",
        clock="the order's own ship_by",
        prior=0.9,
        reason="R021",
        text="Shipped {value:.0%} of orders by the promised time in the last {days} days.",
        text_zh="近 {days} 天内，{value:.0%} 的订单按承诺时间发货。",
        text_none="No order was due for dispatch in the last {days} days.",
        text_none_zh="近 {days} 天内没有到期应发货的订单。",
    ),
    *Windowed(
        name="delivery_kept_rate",
        meaning="of the orders due for delivery, those delivered by the promised time",
        formula=by_then("deliver_by", DELIVERED),
        capped=by_then_capped("deliver_by", DELIVERED),
        unit="share",
        riskier="lower",
        clock="the order's own deliver_by",
        prior=0.9,
        reason="R022",
        text="Delivered {value:.0%} of orders by the promised time in the last {days} days.",
        text_zh="近 {days} 天内，{value:.0%} 的订单按承诺时间送达。",
        text_none="No order was due for delivery in the last {days} days.",
        text_none_zh="近 {days} 天内没有到期应送达的订单。",
    ),
    *Windowed(
        name="late_dispatch_rate",
        meaning="shipments after the ship_by they carry, of those that carry one",
        formula=Ratio(of=_SHIPMENTS_LATE, per=_SHIPMENTS_PROMISED),
        unit="share",
        riskier="higher",
        reason="R023",
        text="Shipped {value:.0%} of parcels late in the last {days} days.",
        text_zh="近 {days} 天内，{value:.0%} 的包裹发货超时。",
        text_none="No parcel with a promised time was shipped in the last {days} days.",
        text_none_zh="近 {days} 天内没有带承诺时间的发货。",
    ),
    *Windowed(
        name="late_delivery_rate",
        meaning="deliveries after the deliver_by they carry, of those that carry one",
        formula=Ratio(of=_DELIVERIES_LATE, per=_DELIVERIES_PROMISED),
        unit="share",
        riskier="higher",
        reason="R024",
        text="{value:.0%} of deliveries came late in the last {days} days.",
        text_zh="近 {days} 天内，{value:.0%} 的包裹送达超时。",
        text_none="No delivery with a promised time in the last {days} days.",
        text_none_zh="近 {days} 天内没有带承诺时间的送达。",
    ),
    *Windowed(
        name="mean_hours_late",
        meaning="mean hours by which deliveries that carry a deliver_by missed it; in time counts as 0",
        formula=Ratio(of=_SECONDS_LATE, per=_DELIVERIES_PROMISED, unit=3600),
        unit="hours",
        riskier="higher",
        reason="R025",
        text="Deliveries were {value:.1f} hours late on average in the last {days} days.",
        text_zh="近 {days} 天内，送达平均超时 {value:.1f} 小时。",
        text_none="No delivery with a promised time in the last {days} days.",
        text_none_zh="近 {days} 天内没有带承诺时间的送达。",
    ),
    *Windowed(
        name="merchant_cancel_rate",
        meaning="orders cancelled by the merchant, by orders placed",
        formula=Ratio(of=_CANCELLED_BY_MERCHANT, per=ORDERS),
        meaning_capped="of the real orders placed in the window, at most three of a buyer, those that it cancelled",
        capped=capped_rate(Orders(having=(_BY_MERCHANT,))),
        unit="share",
        riskier="higher",
        prior=0.01,
        reason="R026",
        text="Cancelled {value:.1%} of orders in the last {days} days.",
        text_zh="近 {days} 天内，商家主动取消了 {value:.1%} 的订单。",
        text_none="No orders in the last {days} days.",
        text_none_zh="近 {days} 天内没有订单。",
    ),
    Feature(
        name="n_orders_overdue",
        shows="n_orders_overdue",
        meaning="orders due for delivery in the last 365 days for which no delivery or cancellation is known",
        formula=Total(of=Measure(source=_OVERDUE)),
        days=365,
        unit="count",
        riskier="higher",
        clock="the order's own deliver_by",
        reason="R027",
        text="{value:,} orders are overdue: neither delivered nor cancelled.",
        text_zh="有 {value:,} 笔订单逾期：既未送达，也未取消。",
        text_none="No orders are overdue.",
        text_none_zh="没有逾期订单。",
    ),
    Feature(
        name="n_orders_overdue_capped",
        shows="n_orders_overdue_capped",
        meaning="the same, of each buyer at most three",
        formula=Total(of=Measure(source=Capped(bad=_OVERDUE))),
        days=365,
        unit="count",
        riskier="higher",
        clock="the order's own deliver_by",
        model_input=True,
        reason="R027",
        text="{value:,} orders are overdue, neither delivered nor cancelled, counting at most three of each buyer.",
        text_zh="有 {value:,} 笔订单逾期，既未送达，也未取消（每位买家最多计三笔）。",
        text_none="No orders are overdue.",
        text_none_zh="没有逾期订单。",
    ),
)
