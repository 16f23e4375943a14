"""What is known of one listing now: the same spells that features about listings are made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from features.authorised import authorisations
from features.database import day_of
from features.known import Known, known_of
from features.listings import READS, listing_counts, twins_of
from features.midnights import midnight_of
from features.neighbours import of_types
from features.norm_rows import norm_of
from features.offers import Names
from features.spells import FOREVER, Spells
from features.tables import event_keys

__all__ = ["ListingRisk", "listing_risks"]

_WINDOWS = (90, 365)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingRisk:
    """A merchant's listing: what it says of itself, its twins, and what was learned of it and them, by days back.

    `norm_cents` is what its brand's goods usually cost in its category, None where that is not known; `authorised`
    tells whether the merchant may sell the brand there, None for a listing without a brand.
    """

    merchant_id: str
    says: Mapping[str, Any]
    twins: tuple[str, ...]
    fake_reports: Mapping[int, int]
    fakes_confirmed: Mapping[int, int]
    titles_changed: Mapping[int, int]
    norm_cents: int | None
    authorised: bool | None

    @property
    def percent_of_norm(self) -> int | None:
        """What it costs, in percent of what its brand's goods usually cost, rounded down."""
        price = self.says["price_cents"]
        return None if price is None or self.norm_cents is None else price * 100 // self.norm_cents


def listing_risks(tx: Connection, listing_id: str, *, now: datetime) -> tuple[ListingRisk, ...]:
    """What is known of a listing, at each merchant that has one of this id; empty where nobody has."""
    query = select(event_keys.c.merchant_id).distinct().where(event_keys.c.key == f"listing:{listing_id}")
    found = (_risk(tx, name, listing_id, day_of(now)) for name in sorted(tx.scalars(query)))
    return tuple(risk for risk in found if risk)


def _risk(tx: Connection, merchant_id: str, listing_id: str, day: int) -> ListingRisk | None:
    rows = of_types(tx, merchant_id, {*READS, "qualification_checked", "event_reversed"})
    market = known_of(rows, np.zeros(rows.num_rows, dtype=np.int64), live=True)
    names = _names(market)
    if listing_id not in names:
        return None
    key = names[listing_id]
    by_key = {number: name for name, number in names.items()}
    pairs = twins_of(market, np.array([key]))
    twins = {by_key[int(one)] for one in pairs.one[pairs.spells.key[pairs.spells.end == FOREVER]]}
    says = _says(market, listing_id)
    return ListingRisk(
        merchant_id=merchant_id,
        says=says,
        twins=tuple(sorted(twins)),
        fake_reports=_counts(market, "reports", key, day),
        fakes_confirmed=_counts(market, "fakes", key, day),
        titles_changed=_counts(market, "titles", key, day),
        norm_cents=_norm(tx, says, day),
        authorised=_authorised(market, says, day),
    )


def _norm(tx: Connection, says: Mapping[str, Any], day: int) -> int | None:
    """What its brand's goods usually cost, as of the last midnight that was summed up."""
    brand, category = says["brand"], says["category"]
    if brand is None or category is None:
        return None
    return norm_of(tx, midnight_of(tx, day).day, brand=brand, category=category)


def _authorised(market: Known, says: Mapping[str, Any], day: int) -> bool | None:
    if says["brand"] is None:
        return None
    names = Names()
    papers = authorisations(market, names)
    return papers.hold_for(names.number(says["brand"]), names.number(says["category"]), day=day)


def _names(market: Known) -> dict[str, int]:
    """The key of each listing of which an event stands."""
    every = [market.of(name) for name in READS]
    live = [rows.where(market.filled(rows, "listing_id") & (rows.end == FOREVER)) for rows in every]
    return {
        name: int(key)
        for rows in live
        for name, key in zip(market.texts(rows, "listing_id").to_pylist(), market.keys(rows, "listing_id"), strict=True)
    }


def _counts(market: Known, what: str, key: int, day: int) -> Mapping[int, int]:
    """Within how many days how often: windows reach from so many days before the running day to now."""
    found = {days: listing_counts(market, what, days_back=days + 1) for days in _WINDOWS}
    return MappingProxyType({days: _running(spells, key, day) for days, spells in found.items()})


def _running(spells: Spells, key: int, day: int) -> int:
    return int(((spells.key == key) & (spells.start <= day) & (day < spells.end)).sum())


def _says(market: Known, listing_id: str) -> dict[str, Any]:
    """The latest that was said in each column; what was never said is None."""
    rows = market.of("listing_changed")
    named = np.array([name == listing_id for name in market.texts(rows, "listing_id").to_pylist()], dtype=np.bool_)
    own = rows.where(named & (rows.end == FOREVER))
    order = np.lexsort((own.start, own.time))
    told: dict[str, Any] = dict.fromkeys(("title", "brand", "category", "status", "price_cents"))
    for column in told:
        said = market.texts(own, column).to_pylist() if column != "price_cents" else _prices(market, own)
        told[column] = next((said[at] for at in reversed(order) if said[at] is not None), None)
    return told


def _prices(market: Known, rows: Any) -> list[int | None]:
    filled = market.filled(rows, "price_cents")
    return [int(price) if has else None for price, has in zip(market.numbers(rows, "price_cents"), filled, strict=True)]
