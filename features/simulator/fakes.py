"""Fakes: who reports them, what comes of it, and the platform's own inspections."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from features.simulator.lot import Flags, Ints, Lot, Words
from features.simulator.scenario import DAY, NEVER
from features.simulator.trade import Life, Orders

__all__ = ["tell_fakes", "times_confirmed"]

#: Persons from this number on are no buyers: brands, competitors and those who report for money.
_STRANGERS = 2**40

_OUTCOMES_TRUE = {"confirmed": 0.70, "grey_market": 0.05, "dismissed": 0.25}
_OUTCOMES_PROVEN = {"confirmed": 0.92, "grey_market": 0.05, "dismissed": 0.03}
_OUTCOMES_FALSE = {"dismissed": 0.75, "bad_faith": 0.20, "grey_market": 0.05}


_KINDS = ("buyer", "brand", "anonymous")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Reports of fakes (k,) by one kind of reporter: about which orders' goods, filed when, by whom, on what."""

    row: Ints
    filed: Ints
    reporter: Ints
    kind: str
    evidence: Words

    def number(self, orders: Orders) -> Ints:
        """Numbers of their own; a ring reports the same goods more than once."""
        again = np.arange(len(self.row)) if self.kind == "anonymous" else 0
        return np.asarray((orders.number[self.row] * 3 + _KINDS.index(self.kind)) * 32 + again)


def tell_fakes(life: Life, orders: Orders) -> None:
    """Note reports by buyers, brands and enemies, and inspections at random and after reports."""
    filed = [_by_buyers(life, orders), _by_brands(life, orders)]
    if life.merchant.is_a("victim"):
        filed.append(_by_a_ring(life, orders))
    _inspect(life, orders, _random_checks(life), trigger="random")
    _inspect(life, orders, life.lot.later(life.lot.some(np.concatenate(filed), 0.3), days=5.0, least=2.0),
             trigger="report")  # fmt: skip


def times_confirmed(life: Life) -> Ints:
    """When fakes were confirmed, in order."""
    reports = life.diary.times_of("fake_report_resolved", outcome="confirmed")
    return np.sort(np.concatenate([
        reports, life.diary.times_of("inspection_completed", outcome="failed_counterfeit"),
    ]))  # fmt: skip


def _by_buyers(life: Life, orders: Orders) -> Ints:
    """Buyers report what they see through, and now and then what is genuine."""
    lot = life.lot
    wanting = np.where(orders.noticed, 0.35, 0.0006) * (orders.delivered < NEVER)
    rows = lot.some(np.arange(len(orders)), wanting)
    filed = lot.later(orders.delivered[rows], days=4.0, least=0.3)
    evidence = lot.pick({"photo": 0.7, "none": 0.3}, len(rows))
    reports = Reports(row=rows, filed=filed, reporter=orders.buyer[rows], kind="buyer", evidence=evidence)
    return _tell_reports(life, orders, reports)


def _by_brands(life: Life, orders: Orders) -> Ints:
    """Brands buy on trial: the more of their fakes are sold, the likelier."""
    lot = life.lot
    rows = lot.some(np.flatnonzero(orders.fake), 0.02)
    filed = lot.later(orders.placed[rows], days=6.0, least=6.0)
    reporter = _STRANGERS + np.array([len(str(one)) for one in life.merchant.listings.brand[orders.listing[rows]]], int)
    evidence = lot.pick({"test_buy": 0.7, "lab": 0.3}, len(rows))
    reports = Reports(row=rows, filed=filed, reporter=reporter, kind="brand", evidence=evidence)
    return _tell_reports(life, orders, reports)


def _by_a_ring(life: Life, orders: Orders) -> Ints:
    """A dozen or two reports within days, by few strangers who never bought anything."""
    lot, n = life.lot, int(life.lot.one(10, 26))
    first = life.scenario.begin + int(lot.one(0.2, 0.95) * life.scenario.days * DAY)
    filed = np.sort(first + np.floor(lot.between(0, 8, n) * DAY).astype(np.int64))
    filed = filed[filed >= life.merchant.first_sale]
    rows = lot.rng.integers(0, max(len(orders), 1), len(filed)) if len(orders) else np.zeros(0, dtype=np.int64)
    filed = filed[: len(rows)]
    reporter = _STRANGERS * 2 + life.merchant.crew * 8 + lot.rng.integers(0, 5, len(rows))
    evidence = lot.pick({"none": 0.6, "photo": 0.4}, len(rows))
    reports = Reports(row=rows, filed=filed, reporter=reporter, kind="anonymous", evidence=evidence)
    return _tell_reports(life, orders, reports)


def _tell_reports(life: Life, orders: Orders, reports: Reports) -> Ints:
    """Note reports and what they come to; answer when they were filed."""
    filed, place = reports.filed, orders.listing[reports.row]
    about: dict[str, Any] = {
        "since": filed, "report_id": reports.number(orders),
        "listing_id": life.merchant.listings.number[place], "brand": life.merchant.listings.brand[place],
        "reporter_id": reports.reporter, "reporter_kind": reports.kind,
    }  # fmt: skip
    bought: dict[str, Any] = {"order_id": orders.number[reports.row]} if reports.kind == "buyer" else {}
    life.diary.add("fake_report_filed", filed, evidence=reports.evidence, **bought, **about)
    outcome = _found(life.lot, reports, orders.fake[reports.row])
    found_by = life.lot.pick({"brand": 0.5, "lab": 0.4, "admission": 0.1}, len(filed))
    basis = np.select([outcome == "confirmed", outcome == "dismissed"], [found_by, "default"], "brand").astype(object)
    life.diary.add("fake_report_resolved", life.lot.later(filed, days=7.0, least=3.0), outcome=outcome, basis=basis,
                   **about)  # fmt: skip
    return filed


def _found(lot: Lot, reports: Reports, fake: Flags) -> Words:
    """What reports come to: evidence that proves something nearly always decides."""
    n = len(fake)
    proven = np.isin(reports.evidence, ["test_buy", "lab"])
    true = np.where(proven, lot.pick(_OUTCOMES_PROVEN, n), lot.pick(_OUTCOMES_TRUE, n))
    return np.where(fake, true, lot.pick(_OUTCOMES_FALSE, n)).astype(object)


def _random_checks(life: Life) -> Ints:
    """When the platform looks at random: at a merchant every second or third year, at those who sell more oftener."""
    merchant, scenario, lot = life.merchant, life.scenario, life.lot
    open_from = max(merchant.first_sale, scenario.begin)
    until = min(merchant.silent_from, scenario.end)
    expected = max(until - open_from, 0) / DAY / 365 * min(0.4 + merchant.rate, 6.0)
    return open_from + np.floor(lot.between(0, max(until - open_from, 0), int(lot.rng.poisson(expected)))).astype(
        np.int64
    )


def _inspect(life: Life, orders: Orders, time: Ints, *, trigger: str) -> None:
    """Note inspections of something that was sold before."""
    sold = np.searchsorted(orders.placed, time)
    time, sold = time[sold > 0], sold[sold > 0]
    lot, n = life.lot, len(time)
    rows = np.maximum(sold - 1 - _lately(lot, n), 0)
    place = orders.listing[rows]
    fake = orders.fake[rows] & lot.chance(0.85, n)
    poor = orders.defective[rows] & lot.chance(0.6, n)
    life.diary.add(
        "inspection_completed", time, listing_id=life.merchant.listings.number[place],
        brand=life.merchant.listings.brand[place], trigger=trigger,
        outcome=np.select([fake, poor], ["failed_counterfeit", "failed_quality"], "passed").astype(object),
    )  # fmt: skip


def _lately(lot: Lot, n: int) -> Ints:
    """How many orders ago the inspected goods were last sold."""
    return np.asarray(lot.rng.integers(0, 10, n))
