"""A merchant and the platform: registration, papers, listings, programmes, changes of account, penalties."""

from types import MappingProxyType
from typing import Any

import numpy as np

from features.simulator.diary import Diary
from features.simulator.fakes import times_confirmed
from features.simulator.lot import Ints, Lot
from features.simulator.market import PROGRAMMES
from features.simulator.merchants import Merchant
from features.simulator.scenario import DAY, NEVER, Scenario
from features.simulator.trade import Life

__all__ = ["join_programmes", "tell_account", "tell_penalties"]


def _at(*times: int) -> Ints:
    return np.array(times, dtype=np.int64)


class _Register:
    """Notes what the platform has on file; what is older than the log became known when the log began."""

    def __init__(self, life: Life) -> None:
        self._diary: Diary = life.diary
        self._begin = life.scenario.begin

    def add(self, event_type: str, time: Ints, **columns: Any) -> None:
        """Note entries (n,) of the register."""
        self._diary.add(event_type, time, known_at=np.maximum(time, self._begin), **columns)


def join_programmes(lot: Lot, merchant: Merchant, scenario: Scenario) -> MappingProxyType[str, int]:
    """Which programmes a merchant joins, and when: after three months of trade, crooks as gladly as others."""
    earliest = max(merchant.first_sale + 90 * DAY, scenario.begin)
    wishes = {name: (lot.one() < share, lot.rng.exponential(60.0)) for name, share in PROGRAMMES.items()}
    joined = {name: earliest + int(days * DAY) for name, (wanted, days) in wishes.items() if wanted}
    return MappingProxyType({name: time for name, time in joined.items() if time < scenario.end})


def tell_account(life: Life) -> None:
    """Note everything between a merchant and the platform that is no trade."""
    merchant, register = life.merchant, _Register(life)
    register.add("merchant_registered", _at(merchant.registered), category=merchant.category.name,
                 region=merchant.region, deposit_cents=merchant.deposit)  # fmt: skip
    _tell_papers(life, register)
    _tell_listings(life, register)
    for programme, time in life.joined.items():
        life.diary.add("programme_joined", _at(time), programme=programme)
    _tell_changes(life)
    _tell_links(life)
    _tell_adverts(life)


def _tell_papers(life: Life, register: _Register) -> None:
    """Identity, licence and exam at the beginning; authorisations for some of the brands, renewed or not."""
    lot, merchant = life.lot, life.merchant
    for name, share in (("identity", 1.0), ("business_licence", 0.85), ("training_exam", 0.6)):
        time = merchant.registered + int(lot.one(0.05, 2) * DAY)
        passed = lot.one() < (0.75 if name == "training_exam" else 0.98)
        if lot.one() < share:
            register.add("qualification_checked", _at(time), qualification=name, valid_until=-1,
                         outcome="passed" if passed else "failed")  # fmt: skip
    honest = not merchant.is_a("fake_seller")
    for brand in sorted({one for one in merchant.listings.brand if one}):
        granted = merchant.registered + int(lot.one(1, 30) * DAY)
        until = granted + int(lot.one(300, 1500)) * DAY
        if lot.one() < (0.6 if honest else 0.08):
            shared = {"qualification": "brand_authorisation", "brand": brand, "category": merchant.category.name}
            register.add("qualification_checked", _at(granted), outcome="passed", valid_until=until // DAY, **shared)
            register.add(
                "qualification_checked", _at(until + DAY), outcome="expired", valid_until=until // DAY, **shared
            )


def _tell_listings(life: Life, register: _Register) -> None:
    """Offers go up soon after registration, faked ones when the faking begins; a few prices change."""
    lot, merchant, listings = life.lot, life.merchant, life.merchant.listings
    n = len(listings.number)
    since = np.where(listings.faked_from < NEVER, listings.faked_from, merchant.registered + DAY)
    up = np.minimum(since + np.floor(lot.between(0, 1, n) * DAY / 2).astype(np.int64), max(merchant.first_sale, 0))
    up = np.where(listings.faked_from < NEVER, since, up)
    shared: dict[str, Any] = {"category": merchant.category.name, "status": "on"}
    register.add("listing_changed", up, listing_id=listings.number, brand=listings.brand, price_cents=listings.price,
                 **shared)  # fmt: skip
    begin = max(merchant.first_sale, life.scenario.begin)
    changed = lot.some(np.arange(n), 0.25)
    time = begin + np.floor(lot.between(0.02, 1.0, len(changed)) * max(life.scenario.end - begin, DAY)).astype(np.int64)
    price = np.maximum(np.rint(listings.price[changed] * lot.between(0.75, 1.2, len(changed))).astype(np.int64), 1)
    life.diary.add("listing_changed", np.where(time > up[changed], time, NEVER), listing_id=listings.number[changed],
                   brand=listings.brand[changed], price_cents=price, **shared)  # fmt: skip


def _tell_changes(life: Life) -> None:
    """Changes of account: everybody's now and then, a bust-out's bank account shortly before it turns."""
    lot, merchant, scenario = life.lot, life.merchant, life.scenario
    begin = max(merchant.registered, scenario.begin)
    n = int(lot.rng.poisson((scenario.end - begin) / DAY / 365 * 0.7))
    kinds = {"password": 0.5, "device": 0.25, "address": 0.1, "bank_account": 0.12, "owner": 0.03}
    times = begin + np.floor(lot.between(0, 1, n) * (scenario.end - begin)).astype(np.int64)
    life.diary.add("account_changed", times, change=lot.pick(kinds, n))
    if merchant.is_a("bust_out") and lot.one() < 0.8:
        before = merchant.turned - int(lot.one(3, 25) * DAY)
        life.diary.add("account_changed", _at(max(before, begin)), change="bank_account")


def _tell_links(life: Life) -> None:
    """Tokens that a merchant was seen with: its own, or the ones that a crew of crooks shares."""
    lot, merchant = life.lot, life.merchant
    crooked = merchant.is_a("bust_out", "fake_seller")
    for place, kind in enumerate(("bank_account", "device", "phone")):
        shared = crooked and lot.one() < 0.35
        token = 2**40 + merchant.crew if shared else merchant.number
        seen = max(merchant.registered, life.scenario.begin) + int(lot.one(0.1, 20) * DAY)
        if lot.one() < 0.7:
            life.diary.add("link_observed", _at(seen), link_kind=kind, link_token=token * 4 + place)


def _tell_adverts(life: Life) -> None:
    """Adverts are looked at a time or two; the sloppy and the crooked promise too much."""
    lot, merchant = life.lot, life.merchant
    begin = max(merchant.first_sale, life.scenario.begin)
    if begin >= life.scenario.end:
        return
    n = int(lot.rng.poisson(1.0))
    times = begin + np.floor(lot.between(0, 1, n) * (life.scenario.end - begin)).astype(np.int64)
    bold = 0.3 if merchant.is_a("sloppy", "fake_seller") else 0.06
    outcomes = {"passed": 1 - bold, "absolute_claim": bold * 0.6, "false_promise": bold * 0.4}
    listing = merchant.listings.number[lot.rng.integers(0, len(merchant.listings.number), n)]
    life.diary.add("advert_checked", times, listing_id=listing, outcome=lot.pick(outcomes, n))


def tell_penalties(life: Life) -> int:
    """Note what the platform does about fakes and about bust-outs; answer when it removed the merchant, if ever."""
    lot, found = life.lot, times_confirmed(life)
    decided = lot.later(found, days=3.0, least=1.0)
    removed = NEVER
    for step, time in enumerate(np.sort(decided).tolist()):
        if step >= 2 and lot.one() < 0.15:
            removed = time
            break
        penalty = ("warning", "points", "demotion")[min(step, 2)]
        life.diary.add("penalty_applied", _at(time), penalty=penalty, points=(-1, 12, 24)[min(step, 2)],
                       reason="counterfeit")  # fmt: skip
    if life.merchant.is_a("bust_out") and life.merchant.turned < NEVER:
        removed = min(removed, life.merchant.turned + int(lot.one(30, 80) * DAY))
    reason = "never_delivered" if life.merchant.is_a("bust_out") else "counterfeit"
    life.diary.add("penalty_applied", _at(removed), penalty="removal", points=-1, reason=reason)
    return removed if removed < life.scenario.end else NEVER
