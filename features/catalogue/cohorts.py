"""What became of orders of one age: young ones have not had the time to go wrong, so old ones are looked at apart."""

from dataclasses import replace

from features.catalogue.disputes import DEFECT_REFUNDS, DEFECTIVE, FAULTY
from features.catalogue.feature import Feature, Ratio, Windowed
from features.catalogue.orders import ORDERS, capped_rate
from features.catalogue.promises import DELIVERED, EXCUSED
from features.catalogue.shapes import Difference, Matured
from features.measures import Measure, Orders

__all__ = ["FEATURES"]

#: After so many days most of what goes wrong with an order is known.
_AGE = 30
_DEFECTS = Ratio(of=DEFECTIVE, per=ORDERS)
_OWN_FAULTS = Ratio(of=FAULTY, per=ORDERS)
_REFUNDS = Ratio(of=Measure(source=Orders(having=(DEFECT_REFUNDS,))), per=ORDERS)

#: Two weeks past their promised time; what buyer or platform gave up meanwhile is told by other features.
_LONG_DUE = Orders(clock="deliver_by", later=14 * 86_400, lacking=(EXCUSED,))
_NEVER_CAME = replace(_LONG_DUE, lacking=(EXCUSED, DELIVERED))

FEATURES: tuple[Feature, ...] = (
    *Windowed(
        name="matured_defect_rate",
        meaning="of the orders placed in the window's length before the last 30 days, those with at least one defect "
        "known by now",
        formula=Matured(rate=_DEFECTS, age=_AGE),
        unit="share",
        riskier="higher",
        clock="event_time of the order",
        reason="R420",
        text="Of the orders placed in {days} days until 30 days ago, {value:.1%} went wrong.",
        text_zh="30 天前的 {days} 天内下单的订单中，{value:.1%} 出现问题。",
        text_none="No orders are old enough to tell.",
        text_none_zh="没有足够久的订单可供判断。",
    ),
    *Windowed(
        name="matured_own_fault_rate",
        meaning="of the orders placed in the window's length before the last 30 days, those with at least one fault of "
        "the merchant's own known by now",
        formula=Matured(rate=_OWN_FAULTS, age=_AGE),
        unit="share",
        riskier="higher",
        clock="event_time of the order",
        reason="R421",
        text="Of the orders placed in {days} days until 30 days ago, {value:.1%} failed by the merchant's own fault.",
        text_zh="30 天前的 {days} 天内下单的订单中，{value:.1%} 因商家自身原因出现问题。",
        text_none="No orders are old enough to tell.",
        text_none_zh="没有足够久的订单可供判断。",
    ),
    *Windowed(
        name="defect_turn",
        meaning="defect rate of the orders placed in the window, less that of those placed in as many days before the "
        "last 30; above 0, young orders are worse already than old ones ever became",
        formula=Difference(of=_DEFECTS, less=Matured(rate=_DEFECTS, age=_AGE)),
        unit="share",
        riskier="higher",
        clock="event_time of the order",
        reason="R422",
        text="The last {days} days' orders have a defect rate {value:+.1%} beside that of orders a month older.",
        text_zh="近 {days} 天订单的问题率与早一个月的订单相比变化 {value:+.1%}。",
        text_none="There are no orders of both ages to compare.",
        text_none_zh="没有两个时段的订单可供比较。",
    ),
    *Windowed(
        name="never_delivered_rate",
        meaning="of the orders whose promised delivery was 14 days before a day of the window, those of which no "
        "delivery is known by now; not those that buyer or platform cancelled",
        formula=Ratio(of=Measure(source=_NEVER_CAME), per=Measure(source=_LONG_DUE)),
        capped=capped_rate(_NEVER_CAME, of=_LONG_DUE),
        unit="share",
        riskier="higher",
        clock="14 days after the order's own deliver_by",
        prior=0.03,
        drawn=(90, 365),
        reason="R423",
        text="{value:.1%} of the orders that were two weeks overdue in the last {days} days never came.",
        text_zh="近 {days} 天内超过承诺送达时间满两周的订单中，{value:.1%} 从未送达。",
        text_none="No order came to be two weeks past its promised delivery in the last {days} days.",
        text_none_zh="近 {days} 天内没有超过承诺送达时间满两周的订单。",
    ),
    *Windowed(
        name="fault_refund_rate",
        meaning="of the orders placed in the window, those with a refund paid for what makes an order defective, that "
        "is finally the merchant's, whoever paid it first",
        formula=_REFUNDS,
        meaning_capped="the same of each buyer's real orders, at most three",
        capped=capped_rate(Orders(having=(DEFECT_REFUNDS,))),
        unit="share",
        riskier="higher",
        clock="event_time of the order",
        reason="R424",
        text="{value:.1%} of the orders of the last {days} days were refunded for the merchant's fault.",
        text_zh="近 {days} 天的订单中，{value:.1%} 因商家责任退款。",
        text_none="No orders in the last {days} days.",
        text_none_zh="近 {days} 天内没有订单。",
    ),
    *Windowed(
        name="matured_fault_refund_rate",
        meaning="of the orders placed in the window's length before the last 30 days, those with such a refund by now",
        formula=Matured(rate=_REFUNDS, age=_AGE),
        unit="share",
        riskier="higher",
        clock="event_time of the order",
        reason="R425",
        text="Of the orders placed in {days} days until 30 days ago, {value:.1%} were refunded as its fault.",
        text_zh="30 天前的 {days} 天内下单的订单中，{value:.1%} 因商家责任退款。",
        text_none="No orders are old enough to tell.",
        text_none_zh="没有足够久的订单可供判断。",
    ),
)
