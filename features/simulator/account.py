"""A merchant and the platform: registration, papers, listings, programmes, changes of account, penalties."""

from types import MappingProxyType
from typing import Any

import numpy as np

from features.simulator.diary import Diary
from features.simulator.fakes import times_confirmed
from features.simulator.life import Life
from features.simulator.lot import Ints, Lot
from features.simulator.market import PROGRAMMES
from features.simulator.merchants import Merchant
from features.simulator.scenario import DAY, NEVER, Scenario

__all__ = ["join_programmes", "tell_account", "tell_penalties"]


#: What a thief and a shop's buyer change.
_CHANGES = {
    "hijacked": ("password", "device", "bank_account"),
    "sold_shop": ("owner", "legal_entity", "bank_account", "password"),
}


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
    wishes = {name: (lot.one() < share, float(lot.exponential(1)[0]) * 60) for name, share in PROGRAMMES.items()}
    if merchant.is_a("refuser"):
        wishes["seven_day_return"] = (True, wishes["seven_day_return"][1])
    joined = {name: earliest + int(days * DAY) for name, (wanted, days) in wishes.items() if wanted}
    if not scenario.acts.programmes:
        joined = {}
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
    _tell_adverts(life)


def _tell_papers(life: Life, register: _Register) -> None:
    """Identity, licence and exam at the beginning; authorisations for some of the brands, renewed or not."""
    lot, merchant = life.lot("papers"), life.merchant
    for name, share in (("identity", 1.0), ("business_licence", 0.85), ("training_exam", 0.6)):
        time = merchant.registered + int(lot.one(0.05, 2) * DAY)
        passed = lot.one() < (0.75 if name == "training_exam" else 0.98)
        if lot.one() < share:
            register.add("qualification_checked", _at(time), qualification=name, valid_until=-1,
                         outcome="passed" if passed else "failed")  # fmt: skip
    unauthorised = merchant.kind.fakes is not None or merchant.is_a("grey_market")
    for brand in sorted({one for one in merchant.listings.brand if one}):
        granted = merchant.registered + int(lot.one(1, 30) * DAY)
        until = granted + int(lot.one(300, 1500)) * DAY
        if lot.one() < (0.08 if unauthorised else 0.6):
            shared = {"qualification": "brand_authorisation", "brand": brand, "category": merchant.category.name}
            register.add("qualification_checked", _at(granted), outcome="passed", valid_until=until // DAY, **shared)
            register.add(
                "qualification_checked", _at(until + DAY), outcome="expired", valid_until=until // DAY, **shared
            )


def _tell_listings(life: Life, register: _Register) -> None:
    """Offers go up soon after registration, faked ones when the faking begins; a few prices change."""
    lot, merchant, listings = life.lot("listings"), life.merchant, life.merchant.listings
    n = len(listings.number)
    new = (listings.faked_from < NEVER) & (listings.fake_share == 1)
    first = merchant.registered + DAY + np.floor(lot.even(n) * DAY / 2).astype(np.int64)
    up = np.where(new, listings.faked_from, np.minimum(first, max(merchant.first_sale, 0)))
    shared: dict[str, Any] = {"category": merchant.category.name, "status": "on"}
    register.add("listing_changed", up, listing_id=listings.number, brand=listings.brand, price_cents=listings.price,
                 **shared)  # fmt: skip
    begin = max(merchant.first_sale, life.scenario.begin)
    changed = lot.some(np.arange(n), 0.25)
    span = max(life.scenario.end - begin, DAY)
    time = begin + np.floor(lot.between(0.02, 1.0, len(changed)) * span).astype(np.int64)
    price = _cents(listings.price[changed] * lot.between(0.75, 1.2, len(changed)))
    life.diary.add("listing_changed", np.where(time > up[changed], time, NEVER), listing_id=listings.number[changed],
                   brand=listings.brand[changed], price_cents=price, **shared)  # fmt: skip
    for time_of_all, prices in _new_hands(merchant):
        life.diary.add("listing_changed", np.full(n, time_of_all), listing_id=listings.number, brand=listings.brand,
                       price_cents=prices, **shared)  # fmt: skip


def _cents(prices: Any) -> Ints:
    return np.asarray(np.maximum(np.rint(prices).astype(np.int64), 1))


def _new_hands(merchant: Merchant) -> list[tuple[int, Ints]]:
    """When all prices change: a thief and a shop's buyer sell cheap, and an owner who is back does not."""
    if merchant.turned >= NEVER or not merchant.is_a("hijacked", "sold_shop"):
        return []
    cheap = (merchant.turned + DAY // 2, _cents(merchant.listings.price * 0.6))
    return [cheap, (merchant.restored, merchant.listings.price)] if merchant.is_a("hijacked") else [cheap]


def _tell_changes(life: Life) -> None:
    """Changes of account: everybody's now and then, a bust-out's bank account, all of a new owner's."""
    lot, merchant, scenario = life.lot("changes"), life.merchant, life.scenario
    begin = max(merchant.registered, scenario.begin)
    n = lot.often(max(scenario.end - begin, 0) / DAY / 365 * 0.7)
    kinds = {"password": 0.5, "device": 0.25, "address": 0.1, "bank_account": 0.12, "owner": 0.03}
    times = begin + np.floor(lot.even(n) * (scenario.end - begin)).astype(np.int64)
    life.diary.add("account_changed", times, change=lot.pick(kinds, n))
    wanted, before = lot.one() < 0.8, merchant.turned - int(lot.one(3, 25) * DAY)
    if merchant.is_a("bust_out", "phoenix") and wanted:
        life.diary.add("account_changed", _at(max(before, begin)), change="bank_account")
    for change in _CHANGES.get(merchant.archetype, ()):
        life.diary.add("account_changed", _at(merchant.turned - int(lot.one(0.05, 2) * DAY)), change=change)
        if merchant.is_a("hijacked") and change != "device":
            life.diary.add("account_changed", _at(merchant.restored - int(lot.one(0.01, 0.5) * DAY)), change=change)


def _tell_adverts(life: Life) -> None:
    """Adverts are looked at a time or two; the sloppy and the crooked promise too much."""
    lot, merchant = life.lot("adverts"), life.merchant
    begin = max(merchant.first_sale, life.scenario.begin)
    if begin >= life.scenario.end:
        return
    n = lot.often(1.0)
    times = begin + np.floor(lot.even(n) * (life.scenario.end - begin)).astype(np.int64)
    bold, which = life.share("bold", times), lot.even(n)
    outcome = np.where(lot.chance(bold, n), np.where(which < 0.6, "absolute_claim", "false_promise"), "passed")
    listing = merchant.listings.number[lot.whole(len(merchant.listings.number), n)]
    life.diary.add("advert_checked", times, listing_id=listing, outcome=outcome.astype(object))


def tell_penalties(life: Life) -> int:
    """Note what the platform does about fakes and those who vanish; answer when it removed the merchant, if ever."""
    if not life.scenario.acts.penalties:
        return NEVER
    lot, merchant = life.lot("penalties"), life.merchant
    decided = np.sort(lot.later(times_confirmed(life), days=3.0, least=1.0))
    removed = _warn(life, lot, decided)
    removed = min(removed, merchant.caught)
    reason = "never_delivered" if removed == merchant.caught else "counterfeit"
    life.diary.add("penalty_applied", _at(removed), penalty="removal", points=-1, reason=reason)
    if merchant.is_a("hijacked") and merchant.turned < NEVER:
        stopped = (merchant.turned + merchant.restored) // 2
        life.diary.add("penalty_applied", _at(stopped), penalty="suspension", points=-1, reason="account_taken_over")
        life.diary.add("reinstated", _at(merchant.restored), reason="account_recovered")
    return removed if removed < life.scenario.end else NEVER


def _warn(life: Life, lot: Lot, decided: Ints) -> int:
    """Note a penalty for each fake found, each harder than the last; answer when the hardest came, if it did."""
    for step, time in enumerate(decided.tolist()):
        if step >= 2 and lot.one() < 0.15:
            return int(time)
        penalty = ("warning", "points", "demotion")[min(step, 2)]
        life.diary.add("penalty_applied", _at(time), penalty=penalty, points=(-1, 12, 24)[min(step, 2)],
                       reason="counterfeit")  # fmt: skip
    return NEVER
