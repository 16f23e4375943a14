"""Links: merchants that were seen with the same bank account, phone, device, address or legal entity.

Two merchants are linked while some token is known of both. A token that is known of very many merchants (the address of
a business park, the phone of a forwarder) says nothing about any two of them, and links nobody while it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.facts import Facts
from features.known import Known, Rows, days
from features.measures import Crossed, Events, Is, Measure
from features.selection import numbered, select
from features.sharing import Pairs, Sightings, distinct, not_public, pairs
from features.spells import FOREVER, Spells, intersect, match, minus, union

__all__ = ["KINDS", "MOST_WITH", "READS", "link_facts", "tokens"]

Ints = npt.NDArray[np.int64]

#: Event types that links are made from.
READS = (
    "merchant_registered", "link_observed", "penalty_applied", "reinstated", "fake_report_resolved",
    "inspection_completed",
)  # fmt: skip

#: A token of a kind that is known of more merchants than this is a public one. Own proposal: one owner seldom runs more
#: than a handful of shops, and a shared warehouse, an agency's computer or a forwarder's phone serves dozens. But an
#: account and a licence are somebody's own: a ring must not get free by opening one more shop, and only an account that
#: a payment service lends to everybody is public.
MOST_WITH = MappingProxyType({"bank_account": 200, "phone": 10, "device": 10, "address": 10, "legal_entity": 200})

KINDS = tuple(MOST_WITH)

_REMOVALS = Events(event_type="penalty_applied", where=(Is(column="penalty", words=("removal",)),))
_FAKES = (
    Events(event_type="fake_report_resolved", where=(Is(column="outcome", words=("confirmed",)),)),
    Events(event_type="inspection_completed", where=(Is(column="outcome", words=("failed_counterfeit",)),)),
)


def link_facts(market: Known, measures: Sequence[Measure]) -> list[Facts]:
    """Facts about the merchants that each is linked to; each pair counts once, through however many tokens."""
    seen, kinds = _sightings(market)
    everyone = pairs(seen)
    found = []
    for measure in measures:
        what, _, kind = _named(measure).partition(":")
        linked = pairs(seen.where(kinds == KINDS.index(kind))) if kind else everyone
        found.append(_facts(linked, _ABOUT[what](market, linked), measure))
    return found


def _named(measure: Measure) -> str:
    if not isinstance(measure.source, Crossed):
        raise TypeError(f"{measure} crosses no merchants")
    return measure.source.of


def _sightings(market: Known) -> tuple[Sightings, Ints]:
    """Which tokens are known of which merchants, while they are not public, and the kind of each sighting."""
    rows = market.of("link_observed")
    own = rows.where(~market.filled(rows, "buyer_id"))
    shown, kinds = tokens(market, own)
    most = np.array(list(MOST_WITH.values()))[kinds]
    seen = not_public(shown, own.merchant, numbered(own), most=most)
    return seen, kinds[seen.spells.key]


def tokens(market: Known, rows: Rows) -> tuple[Ints, Ints]:
    """A number for each token, and the kind of each number; a token of one kind is none of another."""
    kind = pc.index_in(market.texts(rows, "link_kind"), value_set=pa.array(KINDS)).to_numpy(zero_copy_only=False)
    text = market.texts(rows, "link_token").dictionary_encode().indices.to_numpy(zero_copy_only=False)
    named, token = distinct(np.asarray(kind).astype(np.int64), np.asarray(text).astype(np.int64))
    return token, named[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """What is told of pairs: spells by pair, and the clock (days) of each."""

    spells: Spells
    clock: Ints


def _themselves(_: Known, linked: Pairs) -> _About:
    return _About(spells=linked.spells, clock=linked.spells.start)


def _removed(market: Known, linked: Pairs) -> _About:
    """Pairs of which the other is removed, from when that is known until it is known to be reinstated."""
    removals, returns = select(market, _REMOVALS), market.of("reinstated")
    row, back = match(removals.merchant, returns.merchant)
    later = returns.time[back] >= removals.time[row]
    ended = Spells(key=row[later], start=days(returns.start)[back][later], end=days(returns.end)[back][later])
    standing = minus(removals.spells(np.arange(len(removals))), ended.where(ended.start < ended.end))
    gone = union(Spells(key=removals.merchant[standing.key], start=standing.start, end=standing.end))
    pair, stretch = match(linked.other, gone.key)
    spells = intersect(linked.spells, Spells(key=pair, start=gone.start[stretch], end=gone.end[stretch]))
    return _About(spells=spells, clock=spells.start)


def _fakes(market: Known, linked: Pairs) -> _About:
    """Fakes confirmed at the other, on the clock of the confirmation."""
    return _happened(linked, [select(market, events) for events in _FAKES])


def _registered(market: Known, linked: Pairs) -> _About:
    """Registrations of the other, on the clock of the registration."""
    return _happened(linked, [market.of("merchant_registered")])


def _happened(linked: Pairs, events: Sequence[Rows]) -> _About:
    """What happened at the other, while it and the link are known."""
    clock = np.concatenate([days(rows.time) for rows in events])
    start = np.concatenate([days(rows.start) for rows in events])
    end = np.concatenate([days(rows.end) for rows in events])
    other = linked.other[linked.spells.key]
    spell, event = match(other, np.concatenate([rows.merchant for rows in events]))
    start = np.maximum(linked.spells.start[spell], start[event])
    end = np.minimum(linked.spells.end[spell], end[event])
    lasting = start < end
    spells = Spells(key=linked.spells.key[spell], start=start, end=end).where(lasting)
    return _About(spells=spells, clock=clock[event][lasting])


_ABOUT: MappingProxyType[str, Callable[[Known, Pairs], _About]] = MappingProxyType(
    {"merchants": _themselves, "removed": _removed, "fakes": _fakes, "registered": _registered}
)


def _facts(linked: Pairs, about: _About, measure: Measure) -> Facts:
    """One for each spell while it lasts, of the pair's first merchant."""
    spells, back = about.spells, np.flatnonzero(about.spells.end < FOREVER)
    merchant, amount = linked.one[spells.key], np.ones(len(spells.key), dtype=np.int64)
    return Facts(
        merchant=np.concatenate([merchant, merchant[back]]),
        clock=np.concatenate([about.clock, about.clock[back]]),
        known=np.concatenate([spells.start, spells.end[back]]),
        amounts=np.concatenate([amount, -amount[back]])[None, :],
        measures=(measure,),
    )
