"""On how few goods the trade stands: listings and categories, told apart by sixteen groups.

How often each listing was sold could be told exactly only by reading all its orders again with every new one. So
listings (and categories) are dealt into sixteen groups by a hash of their names, and the groups are compared: a group's
share is never below that of its greatest listing, and where there are few, each mostly has a group of its own.
"""

from features.catalogue.feature import Feature, Windowed
from features.catalogue.orders import ORDERS_PLACED
from features.catalogue.shapes import Fresh, Spread, TopShare
from features.measures import Dealt, Following, Happenings, Measure

__all__ = ["CATEGORIES", "FEATURES", "groups"]


_ORDERS = Happenings(of=ORDERS_PLACED)


def groups(column: str, of: Happenings | Following = _ORDERS) -> tuple[Measure, ...]:
    """Orders by the group that their text falls into."""
    dealt = (Dealt(column=column, into=16, group=group) for group in range(16))
    return tuple(Measure(source=of, amount=one) for one in dealt)


_LISTINGS = groups("listing_id")
CATEGORIES = groups("category")

FEATURES: tuple[Feature, ...] = (
    *Windowed(
        name="top_listing_share",
        meaning="of orders that name a listing, the share of the largest of sixteen groups of listings (by CRC-32)",
        formula=TopShare(of=_LISTINGS),
        unit="share",
        riskier="neither",
        reason="R285",
        text="At most {value:.0%} of the orders of the last {days} days were for one listing.",
        text_zh="近 {days} 天的订单中，单一商品占比至多为 {value:.0%}。",
        text_none="No order of the last {days} days names a listing.",
        text_none_zh="近 {days} 天的订单均未注明商品。",
        windows=(30, 90),
    ),
    *Windowed(
        name="listing_spread",
        meaning="over how many equal ones of sixteen groups of listings the orders would be as even (1 / Herfindahl)",
        formula=Spread(of=_LISTINGS),
        unit="groups",
        riskier="neither",
        reason="R286",
        text="The orders of the last {days} days are as spread as over {value:.1f} equal listings (16 at most).",
        text_zh="近 {days} 天订单的分散程度相当于 {value:.1f} 个均等商品（上限为 16）。",
        text_none="No order of the last {days} days names a listing.",
        text_none_zh="近 {days} 天的订单均未注明商品。",
        windows=(30, 90),
    ),
    *Windowed(
        name="top_category_share",
        meaning="of orders that name a category, the share of the largest of sixteen groups of categories (by CRC-32)",
        formula=TopShare(of=CATEGORIES),
        unit="share",
        riskier="neither",
        reason="R287",
        text="At most {value:.0%} of the orders of the last {days} days were in one category.",
        text_zh="近 {days} 天的订单中，单一类目占比至多为 {value:.0%}。",
        text_none="No order of the last {days} days names a category.",
        text_none_zh="近 {days} 天的订单均未注明类目。",
        windows=(90,),
    ),
    *Windowed(
        name="category_spread",
        meaning="over how many equal ones of sixteen groups of categories the orders would be as even (1 / Herfindahl)",
        formula=Spread(of=CATEGORIES),
        unit="groups",
        riskier="neither",
        reason="R288",
        text="The orders of the last {days} days are as spread as over {value:.1f} equal categories (16 at most).",
        text_zh="近 {days} 天订单的分散程度相当于 {value:.1f} 个均等类目（上限为 16）。",
        text_none="No order of the last {days} days names a category.",
        text_none_zh="近 {days} 天的订单均未注明类目。",
        windows=(90,),
    ),
    Feature(
        name="new_category_share_30d",
        shows="new_category_share_30d",
        meaning="of the last 30 days' orders that name a category, those in groups of categories (sixteen, by CRC-32) "
        "in which nothing was sold in the 335 days before; null where nothing was sold before",
        formula=Fresh(of=CATEGORIES, short=30, long=365),
        days=30,
        unit="share",
        riskier="higher",
        reason="R289",
        text="At least {value:.0%} of the orders of the last {days} days were in categories not sold in before.",
        text_zh="近 {days} 天的订单中，至少 {value:.0%} 属于此前未经营的类目。",
        text_none="No orders in the last {days} days, or none before.",
        text_none_zh="近 {days} 天内没有订单，或此前没有订单。",
    ),
)
