"""Listings: the merchant's worst one, and how many there are that something was learned of."""

from collections.abc import Iterator
from typing import Any

from features.catalogue.feature import Feature, Total
from features.catalogue.prices import LISTINGS, RENAMED
from features.catalogue.shapes import Across
from features.measures import Crossed, Measure

__all__ = ["FEATURES"]


def _told(name: str, how: str, what: str, **people: str) -> Iterator[Feature]:
    """One feature for each window; the window is part of what crosses, so that a worst listing can be told."""
    for days in (90, 365):
        shown = f"{name}_{days}d"
        words: dict[str, Any] = {key: text.replace("{days}", str(days)) for key, text in people.items()}
        formula = Total(of=Measure(source=Crossed(by="listings", of=f"{how}:{what}:{days}")))
        yield Feature(name=shown, shows=shown, formula=formula, unit="count", riskier="higher", **words)


FEATURES: tuple[Feature, ...] = (
    *_told(
        "worst_listing_fakes_confirmed", "worst", "fakes",
        meaning="fakes confirmed in {days} days of the listing (twins of the same title counted in) with most of them",
        reason="R320",
        text="Fakes of one and the same listing were confirmed {value:,} times in the last {days} days.",
        text_zh="近 {days} 天内，同一商品有 {value:,} 次售假经核实。",
        text_none="No fakes were confirmed of any listing.",
        text_none_zh="没有商品经核实为假货。",
    ),
    *_told(
        "n_listings_with_fakes", "some", "fakes",
        meaning="listings of which fakes were confirmed in {days} days",
        reason="R321",
        text="Fakes were confirmed of {value:,} listings in the last {days} days.",
        text_zh="近 {days} 天内，有 {value:,} 件商品经核实为假货。",
        text_none="No fakes were confirmed of any listing.",
        text_none_zh="没有商品经核实为假货。",
    ),
    *_told(
        "worst_listing_fake_reports", "worst", "reports",
        meaning="reports of fakes filed in {days} days of the listing (twins of the same title counted in) with most; "
        "unverified, so no model sees them",
        reason="R322",
        text="One and the same listing was reported as fake {value:,} times in the last {days} days.",
        text_zh="近 {days} 天内，同一商品收到 {value:,} 次售假举报。",
        text_none="No listing was reported as fake.",
        text_none_zh="没有商品收到售假举报。",
    ),
    *_told(
        "n_listings_reported", "some", "reports",
        meaning="listings that were reported as fake in {days} days; unverified, so no model sees them",
        reason="R323",
        text="{value:,} listings were reported as fake in the last {days} days.",
        text_zh="近 {days} 天内，有 {value:,} 件商品收到售假举报。",
        text_none="No listing was reported as fake.",
        text_none_zh="没有商品收到售假举报。",
    ),
    *_told(
        "worst_listing_titles_changed", "worst", "titles",
        meaning="how often in {days} days the listing (twins of the same title counted in) with most changes of title "
        "got another one",
        reason="R385",
        text="One and the same listing got another title {value:,} times in the last {days} days.",
        text_zh="近 {days} 天内，同一商品更换标题 {value:,} 次。",
        text_none="No listing got another title.",
        text_none_zh="没有商品更换标题。",
    ),
    *(
        Feature(
            name=f"titles_changed_per_listing_{days}d",
            shows=f"titles_changed_per_listing_{days}d",
            meaning=f"changes of title in {days} days, by the listings that were ever put up",
            formula=Across(of=(RENAMED, days), per=(LISTINGS, None)),
            days=days,
            unit="times",
            riskier="higher",
            reason="R386",
            text=f"A listing got another title {{value:.2f}} times on average in the last {days} days.",
            text_zh=f"近 {days} 天内，平均每件商品更换标题 {{value:.2f}} 次。",
            text_none="There are no listings.",
            text_none_zh="没有商品。",
        )
        for days in (90, 365)
    ),
)  # fmt: skip
