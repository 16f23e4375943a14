"""Signs of orders that were never real: parcels nobody scanned, praise before anything came."""

from features.catalogue.feature import Feature, Ratio, Windowed
from features.measures import Asked, AtLeast, Carries, Events, Flag, Happenings, Is, Measure, Ticked

__all__ = ["CARRIED", "FEATURES"]

_SHIPMENTS = Happenings(of=Events(event_type="order_shipped"))
_TOLD = Measure(source=_SHIPMENTS, amount=Flag(where=(Carries(column="tracked"),)))
_UNTRACKED = Measure(source=_SHIPMENTS, amount=Flag(where=(Ticked(column="tracked", yes=False),)))
#: What a carrier says of the way out.
CARRIED = (
    Events(event_type="order_shipped", where=(Ticked(column="tracked"),)),
    Events(event_type="parcel_scanned", where=(Is(column="leg", words=("out",)),)),
)
_DELIVERED = Events(event_type="order_delivered")
_OF_ORDERS = (Carries(column="order_id"),)
_REVIEWS = Events(event_type="review_posted", where=_OF_ORDERS)
_BEST = Events(event_type="review_posted", where=(*_OF_ORDERS, AtLeast(column="stars", least=5)))
_CONFIRMED = Events(event_type="order_confirmed")
_UNTRACKED_REVIEWS = Measure(source=Asked(of=_REVIEWS, by="order_id", lacking=CARRIED))
_HASTY = Measure(source=Asked(of=_BEST, by="order_id", lacking=(_DELIVERED,), in_time=True, ahead=24 * 3600))
_UNSEEN = Measure(source=Asked(of=_CONFIRMED, by="order_id", lacking=CARRIED))

FEATURES: tuple[Feature, ...] = (
    *Windowed(
        name="untracked_shipment_rate",
        meaning="shipments that no carrier scanned, of those that say whether one did",
        formula=Ratio(of=_UNTRACKED, per=_TOLD),
        unit="share",
        riskier="higher",
        reason="R260",
        text="No carrier scanned {value:.0%} of the parcels of the last {days} days.",
        text_zh="近 {days} 天发出的包裹中，{value:.0%} 没有物流扫描记录。",
        text_none="No shipment of the last {days} days says whether it was scanned.",
        text_none_zh="近 {days} 天的发货均未注明是否有物流扫描。",
        windows=(7, 30, 90, 365),
    ),
    *Windowed(
        name="untracked_review_rate",
        meaning="reviews of orders for which no carrier's scan on the way out is known, of reviews of orders",
        formula=Ratio(of=_UNTRACKED_REVIEWS, per=Measure(source=Happenings(of=_REVIEWS))),
        unit="share",
        riskier="higher",
        reason="R261",
        text="{value:.0%} of the reviews of the last {days} days are of parcels that no carrier scanned.",
        text_zh="近 {days} 天的评价中，{value:.0%} 对应的包裹没有物流扫描记录。",
        text_none="No reviews of orders in the last {days} days.",
        text_none_zh="近 {days} 天内没有订单评价。",
        windows=(30, 90, 365),
    ),
    *Windowed(
        name="hasty_praise_rate",
        meaning="five stars without a known delivery at least 24 hours before them, of five-star reviews of orders",
        formula=Ratio(of=_HASTY, per=Measure(source=Happenings(of=_BEST))),
        unit="share",
        riskier="higher",
        reason="R262",
        text="{value:.0%} of five-star reviews of the last {days} days came within a day of delivery or without any.",
        text_zh="近 {days} 天的五星评价中，{value:.0%} 在送达后一天内或未送达时作出。",
        text_none="No five-star reviews of orders in the last {days} days.",
        text_none_zh="近 {days} 天内没有五星订单评价。",
        windows=(30, 90, 365),
    ),
    *Windowed(
        name="unscanned_confirmation_rate",
        meaning="orders confirmed for which no carrier's scan on the way out is known, of orders confirmed",
        formula=Ratio(of=_UNSEEN, per=Measure(source=Happenings(of=_CONFIRMED))),
        unit="share",
        riskier="higher",
        reason="R263",
        text="{value:.0%} of the orders confirmed in the last {days} days had no parcel that a carrier scanned.",
        text_zh="近 {days} 天确认收货的订单中，{value:.0%} 没有物流扫描记录。",
        text_none="No orders were confirmed in the last {days} days.",
        text_none_zh="近 {days} 天内没有确认收货的订单。",
        windows=(30, 90, 365),
    ),
)
