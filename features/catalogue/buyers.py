"""Who buys: for the first time, again, or suspiciously often within a day or an hour."""

from features.catalogue.feature import Feature, Ratio, Total, Windowed
from features.catalogue.orders import BUYERS, ORDERS_PLACED
from features.measures import Carries, Distinct, Flag, Happenings, Measure

__all__ = ["FEATURES"]

_NEW = Measure(source=Distinct(of=(ORDERS_PLACED,), by="buyer_id", earliest=True))
_NAMED = Measure(source=Happenings(of=ORDERS_PLACED), amount=Flag(where=(Carries(column="buyer_id"),)))


def _upto(most: int, *, hours: int | None = None) -> Measure:
    """Orders, of each buyer (in each stretch of so many hours) at most so many."""
    return Measure(source=Distinct(of=(ORDERS_PLACED,), by="buyer_id", most=most, hours=hours))


FEATURES: tuple[Feature, ...] = (
    *Windowed(
        name="n_buyers_new",
        meaning="buyers whose first known order lies in the window",
        formula=Total(of=_NEW),
        unit="count",
        riskier="neither",
        reason="R240",
        text="{value:,} buyers bought for the first time in the last {days} days.",
        text_zh="近 {days} 天有 {value:,} 位首次购买的买家。",
        text_none="No new buyers.",
        text_none_zh="没有新买家。",
        windows=(7, 30, 90),
    ),
    *Windowed(
        name="new_buyer_rate",
        meaning="buyers whose first known order lies in the window, of distinct buyers",
        formula=Ratio(of=_NEW, per=BUYERS),
        unit="share",
        riskier="neither",
        reason="R241",
        text="{value:.0%} of the buyers of the last {days} days were new.",
        text_zh="近 {days} 天的买家中，{value:.0%} 为新买家。",
        text_none="No buyers in the last {days} days.",
        text_none_zh="近 {days} 天内没有买家。",
        windows=(7, 30, 90),
    ),
    *Windowed(
        name="repeat_buyer_rate",
        meaning="buyers with at least two orders in the window, of distinct buyers",
        formula=Ratio(of=_upto(2), less=BUYERS, per=BUYERS),
        unit="share",
        riskier="neither",
        reason="R242",
        text="{value:.0%} of the buyers of the last {days} days bought more than once.",
        text_zh="近 {days} 天的买家中，{value:.0%} 购买不止一次。",
        text_none="No buyers in the last {days} days.",
        text_none_zh="近 {days} 天内没有买家。",
        windows=(30, 90, 365),
    ),
    *Windowed(
        name="frequent_buyer_rate",
        meaning="buyers with at least five orders in the window, of distinct buyers",
        formula=Ratio(of=_upto(5), less=_upto(4), per=BUYERS),
        unit="share",
        riskier="higher",
        reason="R243",
        text="{value:.1%} of the buyers of the last {days} days bought five times or more.",
        text_zh="近 {days} 天的买家中，{value:.1%} 购买五次及以上。",
        text_none="No buyers in the last {days} days.",
        text_none_zh="近 {days} 天内没有买家。",
        windows=(30, 90),
    ),
    *Windowed(
        name="orders_per_buyer",
        meaning="orders that name a buyer, by distinct buyers",
        formula=Ratio(of=_NAMED, per=BUYERS),
        unit="orders per buyer",
        riskier="neither",
        reason="R244",
        text="{value:.1f} orders per buyer in the last {days} days.",
        text_zh="近 {days} 天每位买家平均下单 {value:.1f} 笔。",
        text_none="No buyers in the last {days} days.",
        text_none_zh="近 {days} 天内没有买家。",
        windows=(7, 30, 90, 365),
    ),
    *Windowed(
        name="n_crowded_buyer_days",
        meaning="pairs of buyer and day (UTC) with at least three orders; anybody can place them, so no model sees it",
        formula=Total(of=_upto(3, hours=24), less=(_upto(2, hours=24),)),
        unit="count",
        riskier="higher",
        reason="R245",
        text="{value:,} times a buyer ordered three times or more within a day, in the last {days} days.",
        text_zh="近 {days} 天内，出现 {value:,} 次同一买家一天内下单三笔及以上。",
        text_none="No buyer ordered three times within a day.",
        text_none_zh="没有买家一天内下单三笔及以上。",
        windows=(7, 30, 90),
    ),
    *Windowed(
        name="crowded_buyer_day_rate",
        meaning="pairs of buyer and day (UTC) with at least three orders, of those with any",
        formula=Ratio(of=_upto(3, hours=24), less=_upto(2, hours=24), per=_upto(1, hours=24)),
        unit="share",
        riskier="higher",
        reason="R246",
        text="On {value:.1%} of the days on which a buyer ordered it was three times or more, in the last {days} days.",
        text_zh="近 {days} 天内，买家下单当日达三笔及以上的占 {value:.1%}。",
        text_none="No buyers in the last {days} days.",
        text_none_zh="近 {days} 天内没有买家。",
        windows=(30, 90),
    ),
    *Windowed(
        name="n_crowded_buyer_hours",
        meaning="pairs of buyer and hour (UTC) with at least three orders: what Shopee takes for a hint of brushing",
        formula=Total(of=_upto(3, hours=1), less=(_upto(2, hours=1),)),
        unit="count",
        riskier="higher",
        reason="R247",
        text="{value:,} times a buyer ordered three times or more within an hour, in the last {days} days.",
        text_zh="近 {days} 天内，出现 {value:,} 次同一买家一小时内下单三笔及以上。",
        text_none="No buyer ordered three times within an hour.",
        text_none_zh="没有买家一小时内下单三笔及以上。",
        windows=(7, 30, 90),
    ),
)
