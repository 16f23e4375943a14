"""Fakes: who reports them, in good faith or bad, what comes of it, and the platform's own inspections."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np

from features.simulator.life import Life, Orders, joined, where
from features.simulator.lot import Flags, Ints, Lot, Words
from features.simulator.scenario import DAY, NEVER

__all__ = ["Reports", "tell_fakes", "times_confirmed"]

#: Persons from this number on are no buyers: brands, competitors and those who report for money.
_STRANGERS = 2**40

_OUTCOMES_TRUE = {"confirmed": 0.70, "grey_market": 0.05, "dismissed": 0.25}
_OUTCOMES_PROVEN = {"confirmed": 0.92, "grey_market": 0.05, "dismissed": 0.03}
_OUTCOMES_GREY = {"grey_market": 0.75, "dismissed": 0.25}
_OUTCOMES_FALSE = {"dismissed": 0.92, "bad_faith": 0.03, "grey_market": 0.05}
_OUTCOMES_LIE = {"dismissed": 0.75, "bad_faith": 0.20, "grey_market": 0.05}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Reports of fakes (k,): about which orders' goods, filed when, by whom, on what, and whether in good faith.

    `bought` ones name the order; `attack` is the place of the attack that they are part of, -1 for none.
    """

    row: Ints
    filed: Ints
    reporter: Ints
    kind: Words
    evidence: Words
    bought: Flags
    good_faith: Flags
    attack: Ints


def tell_fakes(life: Life, orders: Orders) -> Reports:
    """Note reports by buyers, brands, claimants and enemies, and inspections at random and after reports."""
    found = joined(list(_sources(life, orders)))
    reports = where(found, np.lexsort((found.filed, found.attack >= 0)))
    _tell_reports(life, orders, reports)
    after = life.lot("inspections after reports")
    _inspect(life, orders, _random_checks(life), trigger="random")
    called = after.later(after.some(np.sort(reports.filed), 0.3), days=5.0, least=2.0)
    _inspect(life, orders, called, trigger="report")
    return reports


def _sources(life: Life, orders: Orders) -> Iterator[Reports]:
    yield _by_buyers(life, orders)
    yield _by_brands(life, orders)
    yield _by_claimants(life, orders)
    if life.merchant.is_a("victim"):
        since = life.scenario.begin + int(life.lot("victim").one(0.2, 0.95) * life.scenario.days * DAY)
        ring = _Ring(number=life.merchant.crew, since=since, size=18)
        yield _by_a_ring(life, orders, life.lot("ring"), ring)
    for hit in life.merchant.hit_by("bad_faith_ring"):
        lot = life.lot(f"ring {hit.index}")
        since = hit.since + int(lot.one(0, 0.8) * (hit.until - hit.since))
        ring = _Ring(number=2**12 + hit.index, since=since, size=4 + int(20 * hit.strength), attack=hit.index)
        yield _by_a_ring(life, orders, lot, ring)


def times_confirmed(life: Life) -> Ints:
    """When fakes were confirmed, in order."""
    reports = life.diary.times_of("fake_report_resolved", outcome="confirmed")
    return np.sort(np.concatenate([
        reports, life.diary.times_of("inspection_completed", outcome="failed_counterfeit"),
    ]))  # fmt: skip


def _reports(rows: Ints, filed: Ints, reporter: Ints, kind: str, evidence: Words) -> Reports:
    """Reports in good faith."""
    n, bought = len(rows), kind == "buyer"
    return Reports(
        row=rows, filed=filed, reporter=reporter, kind=np.full(n, kind, dtype=object), evidence=evidence,
        bought=np.full(n, bought), good_faith=np.ones(n, dtype=np.bool_), attack=np.full(n, -1),
    )  # fmt: skip


def _by_buyers(life: Life, orders: Orders) -> Reports:
    """Buyers report what they see through, and now and then what is genuine."""
    lot = life.lot("reports by buyers")
    wanting = np.where(orders.noticed, 0.35, 0.0006) * ((orders.delivered < NEVER) & (orders.scheme == 0))
    rows = lot.some(np.arange(len(orders)), wanting)
    filed = lot.later(orders.delivered[rows], days=4.0, least=0.3)
    evidence = lot.pick({"photo": 0.7, "none": 0.3}, len(rows))
    return _reports(rows, filed, orders.buyer[rows], "buyer", evidence)


def _by_brands(life: Life, orders: Orders) -> Reports:
    """Brands buy on trial: the more of their fakes are sold, the likelier; they mind grey goods, too."""
    lot, listings = life.lot("reports by brands"), life.merchant.listings
    rows = lot.some(np.flatnonzero(orders.fake | listings.grey[orders.listing]), 0.02)
    filed = lot.later(orders.placed[rows], days=6.0, least=6.0)
    brands = listings.brand[orders.listing[rows]].tolist()
    reporter = _STRANGERS + np.array([crc32(str(one).encode()) & 0xFFFF for one in brands], dtype=np.int64)
    evidence = lot.pick({"test_buy": 0.7, "lab": 0.3}, len(rows))
    return _reports(rows, filed, reporter, "brand", evidence)


def _by_claimants(life: Life, orders: Orders) -> Reports:
    """Who buys to claim calls what he bought a fake."""
    lot = life.lot("reports by claimants")
    rows = lot.some(np.flatnonzero(orders.part_of("claiming") & (orders.delivered < NEVER)), 0.7)
    filed = lot.later(orders.delivered[rows], days=1.0, least=0.1)
    honest = _reports(rows, filed, orders.buyer[rows], "buyer", np.full(len(rows), "photo", dtype=object))
    return _in_bad_faith(honest, orders.attack[rows])


def _in_bad_faith(reports: Reports, attack: Ints) -> Reports:
    n = len(reports.row)
    return Reports(
        row=reports.row, filed=reports.filed, reporter=reports.reporter, kind=reports.kind, evidence=reports.evidence,
        bought=reports.bought, good_faith=np.zeros(n, dtype=np.bool_), attack=attack,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ring:
    """Few strangers: the number of their ring, when they begin, about how often they report, of which attack."""

    number: int
    since: int
    size: int
    attack: int = -1


def _by_a_ring(life: Life, orders: Orders, lot: Lot, ring: _Ring) -> Reports:
    """Many reports within days, by few strangers who never bought anything."""
    count = int(lot.one(0.6, 1.4) * ring.size)
    filed = np.sort(ring.since + np.floor(lot.between(0, 8, count) * DAY).astype(np.int64))
    rows, filed = _sold_before(lot, orders, filed)
    reporter = _STRANGERS + 2**20 + ring.number * 16 + lot.whole(7, len(rows))
    evidence = lot.pick({"none": 0.6, "photo": 0.4}, len(rows))
    reports = _reports(rows, filed, reporter, "anonymous", evidence)
    return _in_bad_faith(reports, np.full(len(rows), ring.attack))


def _tell_reports(life: Life, orders: Orders, reports: Reports) -> None:
    """Note reports and what they come to."""
    lot, filed, place, n = life.lot("reports"), reports.filed, orders.listing[reports.row], len(reports.row)
    about: dict[str, Any] = {
        "since": filed, "report_id": life.merchant.number * 2**20 + np.arange(n),
        "listing_id": life.merchant.listings.number[place], "brand": life.merchant.listings.brand[place],
        "reporter_id": reports.reporter, "reporter_kind": reports.kind,
    }  # fmt: skip
    order = np.where(reports.bought, orders.number[reports.row], -1)
    life.diary.add("fake_report_filed", filed, evidence=reports.evidence, order_id=order, **about)
    outcome = _found(lot, reports, orders.fake[reports.row], life.merchant.listings.grey[place])
    found_by = lot.pick({"brand": 0.5, "lab": 0.4, "admission": 0.1}, n)
    basis = np.select([outcome == "confirmed", outcome == "dismissed"], [found_by, "default"], "brand").astype(object)
    resolved = lot.later(filed, days=7.0, least=3.0)
    life.diary.add("fake_report_resolved", resolved, outcome=outcome, basis=basis, **about)


def _found(lot: Lot, reports: Reports, fake: Flags, grey: Flags) -> Words:
    """What reports come to: evidence that proves something nearly always decides."""
    n = len(fake)
    proven = np.isin(reports.evidence, ["test_buy", "lab"])
    true = np.where(proven, lot.pick(_OUTCOMES_PROVEN, n), lot.pick(_OUTCOMES_TRUE, n))
    told, lie = lot.pick(_OUTCOMES_FALSE, n), lot.pick(_OUTCOMES_LIE, n)
    cases = [fake, grey & proven, reports.good_faith]
    return np.select(cases, [true, lot.pick(_OUTCOMES_GREY, n), told], lie).astype(object)


def _random_checks(life: Life) -> Ints:
    """When the platform looks at random: at a merchant every second or third year, at those who sell more oftener."""
    merchant, scenario, lot = life.merchant, life.scenario, life.lot("random inspections")
    open_from = max(merchant.first_sale, scenario.begin)
    until = min(merchant.silent_from, scenario.end)
    expected = max(until - open_from, 0) / DAY / 365 * min(0.4 + merchant.rate, 6.0)
    n = lot.often(expected)
    return open_from + np.floor(lot.even(n) * max(until - open_from, 0)).astype(np.int64)


def _inspect(life: Life, orders: Orders, time: Ints, *, trigger: str) -> None:
    """Note inspections of something that was sold before, unless the platform does not inspect on that trigger."""
    lot = life.lot(f"inspected {trigger}")
    rows, time = _sold_before(lot, orders, time)
    n = len(time)
    place = orders.listing[rows]
    fake = orders.fake[rows] & lot.chance(0.85, n)
    poor = orders.defective[rows] & lot.chance(0.6, n)
    life.diary.add(
        "inspection_completed", time if trigger in life.scenario.acts.inspections else np.full(n, NEVER),
        listing_id=life.merchant.listings.number[place], brand=life.merchant.listings.brand[place], trigger=trigger,
        outcome=np.select([fake, poor], ["failed_counterfeit", "failed_quality"], "passed").astype(object),
    )  # fmt: skip


def _sold_before(lot: Lot, orders: Orders, time: Ints) -> tuple[Ints, Ints]:
    """An order among the ten last before each moment, and the moments before which something was sold."""
    ordinary = orders.ordinary
    sold = np.searchsorted(orders.placed[ordinary], time)
    back = lot.whole(10, len(time))
    return ordinary[np.maximum(sold - 1 - back, 0)[sold > 0]], time[sold > 0]
