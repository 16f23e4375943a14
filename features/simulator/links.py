"""Links: accounts, devices and telephones that a merchant was seen with, and whom it shares them with."""

from collections.abc import Iterator

import numpy as np

from features.simulator.life import Life, Orders
from features.simulator.lot import Ints
from features.simulator.scenario import DAY
from features.simulator.schemes import pool

__all__ = ["tell_links"]

_KINDS = ("bank_account", "device", "phone")

#: Numbers of tokens from these on are a crew's, one attack's crew's, a ring's.
_CREWS, _HOPPERS, _RINGS = 2**40, 2**41, 2**42


def tell_links(life: Life, orders: Orders) -> None:
    """Note tokens of a merchant, and of buyers who were seen with one of them."""
    lot, merchant = life.lot("links"), life.merchant
    begin = max(merchant.registered, life.scenario.begin)
    for place, kind in enumerate(_KINDS):
        shared, seen = lot.one() < _sharing(life), begin + int(lot.one(0.1, 20) * DAY)
        told = lot.one() < (0.95 if merchant.kind.vanishes else 0.7)
        token = _shared_with(life) if shared else merchant.number
        if told:
            life.diary.add("link_observed", np.array([seen]), link_kind=kind, link_token=token * 4 + place)
    for persons, token in _circles(life):
        _tell_buyers(life, orders, persons=persons, token=token)


def _sharing(life: Life) -> float:
    """How likely a token is not the merchant's alone."""
    merchant = life.merchant
    if merchant.predecessor is not None or merchant.hit_by("identity_hop"):
        return 0.6
    crooked = merchant.kind.fakes is not None or merchant.is_a("bust_out")
    return 0.35 if crooked else 0.0


def _shared_with(life: Life) -> int:
    """The number that the merchant's shared tokens have: its predecessor's, its attack's or its crew's."""
    merchant = life.merchant
    if merchant.predecessor is not None:
        return merchant.predecessor
    for hit in merchant.hit_by("identity_hop"):
        return _HOPPERS + hit.index * 2**20 + (merchant.number - hit.place)
    return _CREWS + merchant.crew


def _circles(life: Life) -> Iterator[tuple[Ints, int]]:
    """Whose buyers were seen on a device of their circle's: the persons, and the circle's number."""
    if life.merchant.is_a("brusher"):
        yield pool(life.merchant.number, 256), life.merchant.number
    for hit in (*life.merchant.hit_by("brushing_ring"), *life.merchant.hit_by("collusion")):
        yield pool(2**20 + hit.index, 256), _RINGS + hit.index


def _tell_buyers(life: Life, orders: Orders, *, persons: Ints, token: int) -> None:
    """A third of a circle's buyers were once careless, and so was the merchant."""
    lot = life.lot(f"seen together {token}")
    rows = np.flatnonzero(np.isin(orders.buyer, persons))
    buyers, first = np.unique(orders.buyer[rows], return_index=True)
    seen = lot.chance(0.35, len(buyers))
    time = lot.later(orders.placed[rows[first]], days=0.01)[seen]
    about = {"link_kind": "device", "link_token": np.full(len(time), token * 4 + 1)}
    life.diary.add("link_observed", time, since=orders.placed[rows[first]][seen], buyer_id=buyers[seen], **about)
    if len(time):
        life.diary.add("link_observed", np.array([time.min()]), link_kind="device", link_token=token * 4 + 1)
