"""Adverts that were looked at: what they claimed that may not be claimed, and of how many listings."""

from collections.abc import Iterator

from features.catalogue.feature import Feature, Ratio, Total, Windowed
from features.measures import Distinct, Events, Flag, Happenings, Is, IsNot, Measure

__all__ = ["FEATURES"]

_CHECKED = Happenings(of=Events(event_type="advert_checked"))
_NOT_PASSED = (IsNot(column="outcome", words=("passed",)),)
_FAILED = Measure(source=_CHECKED, amount=Flag(where=_NOT_PASSED))
_LISTINGS = Measure(source=Distinct(of=(Events(event_type="advert_checked", where=_NOT_PASSED),), by="listing_id"))


def _found(claim: str, reason: str, what: str, what_zh: str) -> Iterator[Feature]:
    """How many adverts made a claim of this sort."""
    yield from Windowed(
        name=f"n_adverts_{claim}",
        meaning=f"adverts checked and found to hold a claim of the sort {claim}",
        formula=Total(of=Measure(source=_CHECKED, amount=Flag(where=(Is(column="outcome", words=(claim,)),)))),
        unit="count",
        riskier="higher",
        reason=reason,
        text=f"{{value:,}} adverts checked in the last {{days}} days {what}.",
        text_zh=f"近 {{days}} 天核查的广告中，有 {{value:,}} 条{what_zh}。",
        text_none="No advert was found at fault.",
        text_none_zh="没有违规广告。",
    )


def _listings_failed(windows: tuple[int, ...], *, seen: bool) -> Iterator[Feature]:
    """Listings with an advert at fault. Adverts that pass are cheap to add, so a share would be easy to wash."""
    yield from Windowed(
        name="n_listings_advert_failed",
        meaning="distinct listings with an advert that was found at fault",
        formula=Total(of=_LISTINGS),
        unit="count",
        riskier="higher",
        model_input=seen,
        reason="R513",
        text="Adverts of {value:,} listings were found at fault in the last {days} days.",
        text_zh="近 {days} 天内有 {value:,} 个商品的广告违规。",
        text_none="No advert was found at fault.",
        text_none_zh="没有违规广告。",
        windows=windows,
    )


FEATURES: tuple[Feature, ...] = (
    *_found("absolute_claim", "R510", "made an absolute claim", "使用绝对化用语"),
    *_found("false_promise", "R511", "made a false promise", "作出虚假承诺"),
    *Windowed(
        name="advert_failed_rate",
        meaning="adverts found at fault, of adverts checked",
        formula=Ratio(of=_FAILED, per=Measure(source=_CHECKED)),
        unit="share",
        riskier="higher",
        reason="R512",
        text="{value:.0%} of the adverts checked in the last {days} days were at fault.",
        text_zh="近 {days} 天核查的广告中，{value:.0%} 违规。",
        text_none="No adverts were checked in the last {days} days.",
        text_none_zh="近 {days} 天内没有核查过广告。",
    ),
    *_listings_failed((7, 30, 90), seen=False),
    *_listings_failed((365,), seen=True),
)
