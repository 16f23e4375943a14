"""Brands a second time: slow, plain, from the meanings of `docs/reference/features.md` alone."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median_low
from typing import Any

from tests.features.naive import Event, Value, is_reversed, of_type, ratio, recency

DAY = timedelta(days=1)
Offer = dict[str, Any]


def brands(events: Sequence[Event], merchant: str, as_of: datetime) -> dict[str, Value]:
    """Name every feature of the family brands of one merchant at midnight `as_of`, with its value."""
    live, monday = known_at(events, as_of), as_of - as_of.weekday() * DAY
    mine = [one for one in offers(live) if one["merchant_id"] == merchant]
    goods = {(one["brand"], one["category"]) for one in mine}
    bare = [one for one in goods if not authorised(live, merchant, *one, as_of)]
    before = known_at(events, monday)
    usual = norms(before)
    percents = [
        one["price_cents"] * 100 // usual[one["brand"], one["category"]]
        for one in mine
        if one["price_cents"] is not None and (one["brand"], one["category"]) in usual
    ]
    answer: dict[str, Value] = {
        "n_brands_sold": len(goods),
        "n_brands_unauthorised": len(bare),
        "brands_unauthorised_share": ratio(len(bare), len(goods)),
        "n_cheap_brand_listings": sum(one < 50 for one in percents),
        "cheap_brand_listing_share": ratio(sum(one < 50 for one in percents), len(percents)),
        "lowest_price_to_norm": min(min(percents), 1000) if percents else None,
    }
    for days in (90, 365):
        titles = learned(live, "titles", as_of - days * DAY)
        most = max((count for (whose, _), count in titles.items() if whose == merchant), default=0)
        answer[f"worst_brand_titles_changed_{days}d"] = most
    sold = {one["brand"] for one in offers(before) if one["merchant_id"] == merchant}
    for days in (90, 365):
        for what, here, there in (
            ("fakes", "worst_brand_fakes_confirmed", "brand_fakes_elsewhere"),
            ("reports", "worst_brand_fake_reports", "brand_fake_reports_elsewhere"),
        ):
            now, then = learned(live, what, as_of - days * DAY), learned(before, what, monday - days * DAY)
            answer[f"{here}_{days}d"] = max((n for (whose, _), n in now.items() if whose == merchant), default=0)
            elsewhere = Counter[str]()
            for (whose, brand), count in then.items():
                elsewhere[brand] += count if whose != merchant else 0
            answer[f"{there}_{days}d"] = max((elsewhere[one] for one in sold), default=0)
    return answer | bare_orders(events, live, merchant, as_of)


def bare_orders(events: Sequence[Event], live: Sequence[Event], merchant: str, as_of: datetime) -> dict[str, Value]:
    """Orders of a brand that the merchant might not sell, by what was known before the day of each."""
    answer: dict[str, Value] = {}
    for days in (30, 90):
        placed = [one for one in of_type(live, "order_placed") if one["event_time"] >= as_of - days * DAY]
        branded = [one for one in placed if one["merchant_id"] == merchant and one.get("brand")]
        bare = 0
        for one in branded:
            day = one["known_at"].replace(hour=0, minute=0, second=0, microsecond=0)
            bare += not authorised(known_at(events, day), merchant, one["brand"], one.get("category"), day)
        answer |= {
            f"n_orders_unauthorised_{days}d": bare,
            f"orders_unauthorised_rate_{days}d": ratio(bare, len(branded)),
        }
    return answer


def known_at(events: Sequence[Event], as_of: datetime) -> list[Event]:
    """What was known before a moment and not taken back by then, in the order in which it replaces what was said."""
    known = [one for one in events if one["known_at"] < as_of]
    by_merchant = {name: [one for one in known if one["merchant_id"] == name] for name in SHOPS}
    live = [one for one in known if not is_reversed(one, by_merchant[one["merchant_id"]])]
    return sorted(live, key=recency)


SHOPS = tuple("abcdefg")


def offers(live: Sequence[Event]) -> list[Offer]:
    """Branded listings that are up, as their changes left them."""
    told: dict[tuple[str, str], Offer] = {}
    for one in of_type(live, "listing_changed"):
        place = (one["merchant_id"], one["listing_id"])
        nothing = dict.fromkeys(("brand", "category", "price_cents", "status"))
        offer = told.setdefault(place, {"merchant_id": one["merchant_id"], **nothing})
        offer |= {name: one[name] for name in nothing if one.get(name) is not None}
    return [one for one in told.values() if one["brand"] and one["status"] not in ("off", "recalled")]


def authorised(live: Sequence[Event], merchant: str, brand: str, category: str | None, as_of: datetime) -> bool:
    """Whether an authorisation of the brand, for its category or for all, is valid on the day that begins."""
    latest = {
        (one["brand"], one.get("category")): one
        for one in of_type(live, "qualification_checked")
        if one["merchant_id"] == merchant and one["qualification"] == "brand_authorisation"
    }
    papers = [latest[place] for place in {(brand, None), (brand, category)} if place in latest]
    return any(
        one["outcome"] == "passed" and (one.get("valid_until") is None or one["valid_until"] >= as_of.date())
        for one in papers
    )


def norms(live: Sequence[Event]) -> dict[tuple[str, str], int]:
    """What a brand's goods of a category cost at the middle one of at least five merchants."""
    prices: dict[tuple[str, str], dict[str, list[int]]] = {}
    for one in offers(live):
        if one["category"] is not None and one["price_cents"] is not None:
            own = prices.setdefault((one["brand"], one["category"]), {})
            own.setdefault(one["merchant_id"], []).append(one["price_cents"])
    middles = {goods: [median_low(one) for one in own.values()] for goods, own in prices.items()}
    found = {goods: median_low(each) for goods, each in middles.items() if len(each) >= 5}
    return {goods: norm for goods, norm in found.items() if norm}


def learned(live: Sequence[Event], what: str, since: datetime) -> Counter[tuple[str, str]]:
    """How often fakes were confirmed or reported, or titles changed, since a moment: by merchant and brand."""
    filed = {(one["merchant_id"], one["report_id"]): one for one in of_type(live, "fake_report_filed")}
    counted: Counter[tuple[str, str]] = Counter()
    for one in _HAPPENED[what](live):
        if one["event_time"] < since:
            continue
        ruling = one["event_type"] == "fake_report_resolved"
        silent = ruling and not one.get("brand") and not one.get("listing_id")
        told = filed.get((one["merchant_id"], one.get("report_id")), {}) if silent else one
        for brand in brands_of(live, one["merchant_id"], told, named=what != "titles"):
            counted[one["merchant_id"], brand] += 1
    return counted


def brands_of(live: Sequence[Event], merchant: str, told: Event, *, named: bool) -> set[str]:
    """The brand that an event names, or else all by which its listing was ever known."""
    if named and told.get("brand"):
        return {told["brand"]}
    changes = [one for one in of_type(live, "listing_changed") if one["merchant_id"] == merchant]
    listing = told.get("listing_id")
    return {one["brand"] for one in changes if listing and one["listing_id"] == listing and one.get("brand")}


def fakes(live: Sequence[Event]) -> list[Event]:
    """What confirmed a fake."""
    ruled = [one for one in of_type(live, "fake_report_resolved") if one["outcome"] == "confirmed"]
    return [*ruled, *(one for one in live if one.get("outcome") == "failed_counterfeit")]


def retitled(live: Sequence[Event]) -> list[Event]:
    """The changes that gave a listing another title than the one before."""
    before: dict[tuple[str, str], str] = {}
    found = []
    for one in of_type(live, "listing_changed"):
        place = (one["merchant_id"], one["listing_id"])
        if one.get("title") and before.setdefault(place, one["title"]) != one["title"]:
            before[place] = one["title"]
            found.append(one)
    return found


_HAPPENED = {"fakes": fakes, "reports": lambda live: of_type(live, "fake_report_filed"), "titles": retitled}
