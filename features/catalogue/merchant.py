"""Who the merchant is: since when, in which category, and where."""

from features.catalogue.feature import Feature, Since, Told
from features.measures import Events, Latest, Measure, Said

__all__ = ["CATEGORY", "FEATURES"]

_REGISTERED = Events(event_type="merchant_registered")
_FIRST = Latest(of=(_REGISTERED,), earliest=True)
_CATEGORY = Latest(of=(_REGISTERED,), column="category")
#: The number that the lexicon gives to the merchant's category, and whether there is one.
CATEGORY = Told(latest=Measure(source=_CATEGORY, amount=Said()), known=Measure(source=_CATEGORY), text=True)
_REGION = Latest(of=(_REGISTERED,), column="region")

FEATURES: tuple[Feature, ...] = (
    Feature(
        name="days_since_registered",
        shows="days_since_registered",
        meaning="calendar days (UTC) from the day of the earliest registration",
        formula=Since(latest=Measure(source=_FIRST, amount=Said()), known=Measure(source=_FIRST)),
        unit="days",
        riskier="lower",
        reason="R081",
        text="Registered {value:,} days ago.",
        text_zh="注册于 {value:,} 天前。",
        text_none="When the merchant registered is not known.",
        text_none_zh="注册时间不详。",
    ),
    Feature(
        name="category",
        shows="category",
        meaning="the category that the merchant is registered in",
        formula=CATEGORY,
        unit="category",
        riskier="neither",
        reason="R082",
        text="Registered in the category {value}.",
        text_zh="注册类目为 {value}。",
        text_none="The merchant's category is not known.",
        text_none_zh="商家类目不详。",
    ),
    Feature(
        name="region",
        shows="region",
        meaning="the region that the merchant is registered in",
        formula=Told(latest=Measure(source=_REGION, amount=Said()), known=Measure(source=_REGION), text=True),
        unit="category",
        riskier="neither",
        reason="R083",
        text="Registered in the region {value}.",
        text_zh="注册地区为 {value}。",
        text_none="The merchant's region is not known.",
        text_none_zh="商家地区不详。",
    ),
)
