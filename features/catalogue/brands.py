"""Brands: which the merchant may sell, what its goods cost beside the brand's norm, and which brands are faked.

An authorisation counts for its own brand, and for the category that it names or for all (`features/authorised.py`); a
norm is what `features/norms.py` says. Brands are those of listings that are up for sale; of an order it
is the one that it names.
"""

from collections.abc import Iterator
from typing import Any

from features.catalogue.feature import Feature, Ratio, Told, Total, Windowed
from features.catalogue.papers import AUTHORISATIONS
from features.measures import Carries, Crossed, Events, Happenings, Measure, Uncovered

__all__ = ["FEATURES"]

_BRANDED = Events(event_type="order_placed", where=(Carries(column="brand"),))
_ORDERS = Measure(source=Happenings(of=_BRANDED))
_BARE_ORDERS = Measure(source=Uncovered(of=_BRANDED, papers=AUTHORISATIONS))


def _crossed(of: str) -> Measure:
    return Measure(source=Crossed(by="brands", of=of))


def _counts(name: str, how: str, what: str, **people: str) -> Iterator[Feature]:
    """One feature for each window; the window is part of what crosses, so that a worst brand can be told."""
    for days in (90, 365):
        shown = f"{name}_{days}d"
        words: dict[str, Any] = {key: text.replace("{days}", str(days)) for key, text in people.items()}
        formula = Total(of=_crossed(f"{how}:{what}:{days}"))
        yield Feature(name=shown, shows=shown, formula=formula, unit="count", riskier="higher", **words)


FEATURES: tuple[Feature, ...] = (
    Feature(
        name="n_brands_sold",
        shows="n_brands_sold",
        meaning="brands of the listings that are up for sale; a brand in two categories is two",
        formula=Total(of=_crossed("sold")),
        unit="count",
        riskier="neither",
        reason="R375",
        text="Sells {value:,} brands.",
        text_zh="在售品牌 {value:,} 个。",
        text_none="Sells no brands.",
        text_none_zh="没有在售品牌。",
    ),
    Feature(
        name="n_brands_unauthorised",
        shows="n_brands_unauthorised",
        meaning="of these, those for which no authorisation of that brand and category is valid",
        formula=Total(of=_crossed("unauthorised")),
        unit="count",
        riskier="higher",
        model_input=True,
        reason="R376",
        text="Brands sold without a valid authorisation: {value:,}.",
        text_zh="没有有效授权的在售品牌：{value:,} 个。",
        text_none="No brand is sold without an authorisation.",
        text_none_zh="没有无授权的在售品牌。",
    ),
    Feature(
        name="brands_unauthorised_share",
        shows="brands_unauthorised_share",
        meaning="brands sold without a valid authorisation, of all brands sold",
        formula=Ratio(of=_crossed("unauthorised"), per=_crossed("sold")),
        unit="share",
        riskier="higher",
        reason="R377",
        text="For {value:.0%} of the brands sold no authorisation is valid.",
        text_zh="在售品牌中，{value:.0%} 没有有效授权。",
        text_none="Sells no brands.",
        text_none_zh="没有在售品牌。",
    ),
    *Windowed(
        name="n_orders_unauthorised",
        meaning="orders that name a brand for which no authorisation of that brand and category was valid on the day "
        "on which they became known, as known before that day",
        formula=Total(of=_BARE_ORDERS),
        unit="count",
        riskier="higher",
        reason="R387",
        text="{value:,} orders of the last {days} days were of brands without a valid authorisation.",
        text_zh="近 {days} 天内，{value:,} 笔订单所属品牌没有有效授权。",
        text_none="No order was of a brand without an authorisation.",
        text_none_zh="没有无授权品牌的订单。",
        windows=(30, 90),
    ),
    *Windowed(
        name="orders_unauthorised_rate",
        meaning="the same, of the orders that name a brand",
        formula=Ratio(of=_BARE_ORDERS, per=_ORDERS),
        unit="share",
        riskier="higher",
        reason="R388",
        text="{value:.0%} of the branded orders of the last {days} days were without a valid authorisation.",
        text_zh="近 {days} 天的品牌订单中，{value:.0%} 没有有效授权。",
        text_none="No order of the last {days} days names a brand.",
        text_none_zh="近 {days} 天内没有品牌订单。",
        windows=(30, 90),
    ),
    Feature(
        name="n_cheap_brand_listings",
        shows="n_cheap_brand_listings",
        meaning="branded listings up for sale below half of the brand's norm in their category (the middle one of the "
        "merchants' middle prices, where at least five offer it, as of the last Monday)",
        formula=Total(of=_crossed("cheap")),
        unit="count",
        riskier="higher",
        model_input=True,
        reason="R378",
        text="Branded listings below half of what the brand's goods usually cost: {value:,}.",
        text_zh="售价低于品牌常价一半的品牌商品：{value:,} 件。",
        text_none="No branded listing is far below the usual price.",
        text_none_zh="没有品牌商品远低于常价。",
    ),
    Feature(
        name="cheap_brand_listing_share",
        shows="cheap_brand_listing_share",
        meaning="the same, of the branded listings that there is a norm for",
        formula=Ratio(of=_crossed("cheap"), per=_crossed("priced")),
        unit="share",
        riskier="higher",
        reason="R379",
        text="{value:.0%} of the branded listings cost less than half of what the brand's goods usually cost.",
        text_zh="{value:.0%} 的品牌商品售价低于该品牌常价的一半。",
        text_none="No branded listing can be compared with a usual price.",
        text_none_zh="没有可与常价比较的品牌商品。",
    ),
    Feature(
        name="lowest_price_to_norm",
        shows="lowest_price_to_norm",
        meaning="the lowest price of a branded listing, in percent of its brand's norm (rounded down, 1000 at most)",
        formula=Told(latest=_crossed("lowest"), known=_crossed("priced")),
        unit="percent",
        riskier="lower",
        reason="R380",
        text="The cheapest branded listing costs {value}% of what the brand's goods usually cost.",
        text_zh="最便宜的品牌商品售价为该品牌常价的 {value}%。",
        text_none="No branded listing can be compared with a usual price.",
        text_none_zh="没有可与常价比较的品牌商品。",
    ),
    *_counts(
        "worst_brand_fakes_confirmed", "own", "fakes",
        meaning="fakes confirmed in {days} days of the brand with most of them here; what names no brand is "
        "of all that its listing, or else its report, names or was known by",
        reason="R381",
        text="Fakes of one and the same brand were confirmed {value:,} times in the last {days} days.",
        text_zh="近 {days} 天内，同一品牌有 {value:,} 次售假经核实。",
        text_none="No fakes of any brand were confirmed.",
        text_none_zh="没有品牌商品经核实为假货。",
    ),
    *_counts(
        "worst_brand_fake_reports", "own", "reports",
        meaning="reports of fakes filed in {days} days of the brand with most of them here, as above; unverified, so "
        "no model sees them",
        reason="R382",
        text="Goods of one and the same brand were reported as fake {value:,} times in the last {days} days.",
        text_zh="近 {days} 天内，同一品牌收到 {value:,} 次售假举报。",
        text_none="No brand's goods were reported as fake.",
        text_none_zh="没有品牌商品收到售假举报。",
    ),
    *_counts(
        "worst_brand_titles_changed", "own", "titles",
        meaning="how often in {days} days listings of the brand with most changes of title here got another one",
        reason="R389",
        text="Listings of one and the same brand got another title {value:,} times in the last {days} days.",
        text_zh="近 {days} 天内，同一品牌的商品更换标题 {value:,} 次。",
        text_none="No branded listing got another title.",
        text_none_zh="没有品牌商品更换标题。",
    ),
    *_counts(
        "brand_fakes_elsewhere", "elsewhere", "fakes",
        meaning="of the brands sold here as of the last Monday, the fakes confirmed at other merchants of the one with "
        "most of them, in the {days} days before it",
        reason="R383",
        text="Fakes of a brand that is sold here were confirmed {value:,} times at others within {days} days.",
        text_zh="{days} 天内，本店在售的某品牌在其他商家有 {value:,} 次售假经核实。",
        text_none="No fakes of its brands were confirmed elsewhere.",
        text_none_zh="其在售品牌在其他商家没有经核实的售假。",
    ),
    *_counts(
        "brand_fake_reports_elsewhere", "elsewhere", "reports",
        meaning="of the brands sold here as of the last Monday, the reports of fakes filed against other merchants of "
        "the one with most of them, in the {days} days before it; unverified, so no model sees them",
        reason="R384",
        text="Goods of a brand that is sold here were reported as fake {value:,} times at others within {days} days.",
        text_zh="{days} 天内，本店在售的某品牌在其他商家收到 {value:,} 次售假举报。",
        text_none="None of its brands was reported as faked elsewhere.",
        text_none_zh="其在售品牌在其他商家没有售假举报。",
    ),
)  # fmt: skip
