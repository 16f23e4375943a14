"""Listings: what became cheaper, what is new, what was renamed, what was recalled."""

from features.catalogue.feature import Feature, Total, Windowed
from features.catalogue.levels import Furthest
from features.measures import Changed, Distinct, Events, Is, Measure, Reaches

__all__ = ["FEATURES", "LISTINGS", "RENAMED"]

_LISTED = Events(event_type="listing_changed")
_RECALLED = Events(event_type="listing_changed", where=(Is(column="status", words=("recalled",)),))
_PRICES = Changed(of=_LISTED, column="price_cents", by="listing_id")
_DROPS = tuple((percent, Measure(source=_PRICES, amount=Reaches(percent=percent))) for percent in range(10, 100, 10))
_GREAT_DROPS = dict(_DROPS)[30]
RENAMED = Measure(source=Changed(of=_LISTED, column="title", by="listing_id"))
LISTINGS = Measure(source=Distinct(of=(_LISTED,), by="listing_id"))
_NEW = Measure(source=Distinct(of=(_LISTED,), by="listing_id", earliest=True))
_TAKEN_BACK = Measure(source=Distinct(of=(_RECALLED,), by="listing_id"))

FEATURES: tuple[Feature, ...] = (
    *Windowed(
        name="n_price_drops",
        meaning="changes of a listing that put its price at least 30 % below what the change before had said",
        formula=Total(of=_GREAT_DROPS),
        unit="count",
        riskier="higher",
        reason="R270",
        text="{value:,} times a listing became at least 30% cheaper in the last {days} days.",
        text_zh="近 {days} 天内，商品降价 30% 及以上共 {value:,} 次。",
        text_none="No listing became much cheaper.",
        text_none_zh="没有商品大幅降价。",
        windows=(7, 30, 90),
    ),
    *Windowed(
        name="largest_price_drop",
        meaning="the largest drop of a listing's price below what the change before had said, in percent, "
        "rounded down to whole tens; 0 where none reached 10 %",
        formula=Furthest(levels=_DROPS),
        unit="percent",
        riskier="higher",
        reason="R271",
        text="A listing's price fell by {value:.0f}% or more in the last {days} days.",
        text_zh="近 {days} 天内，有商品降价达 {value:.0f}% 及以上。",
        text_none="No price fell.",
        text_none_zh="没有商品降价。",
        windows=(7, 30, 90),
    ),
    *Windowed(
        name="n_listings_new",
        meaning="listings of which the first known change lies in the window",
        formula=Total(of=_NEW),
        unit="count",
        riskier="neither",
        reason="R272",
        text="{value:,} listings were put up in the last {days} days.",
        text_zh="近 {days} 天新上架 {value:,} 个商品。",
        text_none="No new listings.",
        text_none_zh="没有新上架商品。",
        windows=(7, 30, 90),
    ),
    *Windowed(
        name="n_listings_recalled",
        meaning="distinct listings that were recalled",
        formula=Total(of=_TAKEN_BACK),
        unit="count",
        riskier="higher",
        reason="R273",
        text="{value:,} listings were recalled in the last {days} days.",
        text_zh="近 {days} 天有 {value:,} 个商品被召回。",
        text_none="No listing was recalled.",
        text_none_zh="没有商品被召回。",
        windows=(90, 365),
    ),
    *Windowed(
        name="n_titles_changed",
        meaning="changes of a listing that gave it another title than the change before",
        formula=Total(of=RENAMED),
        unit="count",
        riskier="higher",
        reason="R274",
        text="{value:,} times a listing got another title in the last {days} days.",
        text_zh="近 {days} 天内，商品标题更换 {value:,} 次。",
        text_none="No listing got another title.",
        text_none_zh="没有商品更换标题。",
        windows=(30, 90),
    ),
)
