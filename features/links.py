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
from features.selection import select
from features.spells import FOREVER, Spells, intersect, match, minus, union

__all__ = ["KINDS", "MOST_WITH_A_TOKEN", "READS", "link_facts"]

Ints = npt.NDArray[np.int64]

#: Event types that links are made from.
READS = (
    "merchant_registered", "link_observed", "penalty_applied", "reinstated", "fake_report_resolved",
    "inspection_completed",
)  # fmt: skip

KINDS = ("bank_account", "phone", "device", "address", "legal_entity")

#: A token known of more merchants than this is a public one. Own proposal: one owner seldom runs more than a handful
#: of shops, and a shared warehouse serves dozens.
MOST_WITH_A_TOKEN = 10

_REMOVALS = Events(event_type="penalty_applied", where=(Is(column="penalty", words=("removal",)),))
_FAKES = (
    Events(event_type="fake_report_resolved", where=(Is(column="outcome", words=("confirmed",)),)),
    Events(event_type="inspection_completed", where=(Is(column="outcome", words=("failed_counterfeit",)),)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs:
    """Linked merchants: of each pair (by key) one and the other, and while which pairs are linked."""

    one: Ints
    other: Ints
    spells: Spells


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sightings:
    """Tokens of merchants, each once: whose each is, its kind, and while it is known; spells carry the token as key."""

    merchant: Ints
    kind: Ints
    spells: Spells


def link_facts(market: Known, measures: Sequence[Measure]) -> list[Facts]:
    """Facts about the merchants that each is linked to; each pair counts once, through however many tokens."""
    seen = _sightings(market)
    everyone = _pairs(seen, KINDS)
    found = []
    for measure in measures:
        what, _, kind = _named(measure).partition(":")
        pairs = _pairs(seen, (kind,)) if kind else everyone
        found.append(_facts(pairs, _ABOUT[what](market, pairs), measure))
    return found


def _named(measure: Measure) -> str:
    if not isinstance(measure.source, Crossed):
        raise TypeError(f"{measure} crosses no merchants")
    return measure.source.of


def _sightings(market: Known) -> _Sightings:
    """Which tokens are known of which merchants, while they are not public."""
    rows = market.of("link_observed")
    own = rows.where(~market.filled(rows, "buyer_id"))
    tokens, kinds = _tokens(market, own)
    named, key = _distinct(tokens, own.merchant)
    known = union(own.spells(key))
    token, merchant = named[:, known.key]
    public = _public(Spells(key=token, start=known.start, end=known.end))
    # Each sighting keeps a place of its own, so that what is taken from it stays apart from other merchants'.
    place, stretch = match(token, public.key)
    taken = Spells(key=place, start=public.start[stretch], end=public.end[stretch])
    left = minus(Spells(key=np.arange(len(token)), start=known.start, end=known.end), taken)
    spells = Spells(key=token[left.key], start=left.start, end=left.end)
    return _Sightings(merchant=merchant[left.key], kind=kinds[spells.key], spells=spells)


def _tokens(market: Known, rows: Rows) -> tuple[Ints, Ints]:
    """A number for each token, and the kind of each number; a token of one kind is none of another."""
    kind = pc.index_in(market.texts(rows, "link_kind"), value_set=pa.array(KINDS)).to_numpy(zero_copy_only=False)
    text = market.texts(rows, "link_token").dictionary_encode().indices.to_numpy(zero_copy_only=False)
    named, token = _distinct(np.asarray(kind).astype(np.int64), np.asarray(text).astype(np.int64))
    return token, named[0]


def _distinct(one: Ints, other: Ints) -> tuple[Ints, Ints]:
    """The distinct pairs (2, k), and which of them each is."""
    named, which = np.unique(np.stack([one, other]), axis=1, return_inverse=True)
    return named, which.reshape(-1)


def _public(known: Spells) -> Spells:
    """While which tokens are known of more merchants than `MOST_WITH_A_TOKEN`."""
    crowded = np.bincount(known.key, minlength=1) > MOST_WITH_A_TOKEN
    some = known.where(crowded[known.key])
    back = some.end < FOREVER
    token = np.concatenate([some.key, some.key[back]])
    moment = np.concatenate([some.start, some.end[back]])
    step = np.repeat([1, -1], [len(some.key), int(back.sum())])
    order = np.lexsort((moment, token))
    token, moment, step = token[order], moment[order], step[order]
    first = np.append(True, token[1:] != token[:-1])[: len(token)]
    counts = np.cumsum(step)
    # What tokens before it came to at their ends is taken off again.
    begun = np.maximum.accumulate(np.where(first, np.arange(len(token)), 0))
    counts -= (counts - step)[begun]
    until = np.append(np.where(first[1:], FOREVER, moment[1:]), FOREVER)[: len(token)]
    many = (counts > MOST_WITH_A_TOKEN) & (moment < until)
    return union(Spells(key=token[many], start=moment[many], end=until[many]))


def _pairs(seen: _Sightings, kinds: Sequence[str]) -> _Pairs:
    """While which pairs of merchants share a token of some kinds."""
    chosen = np.isin(seen.kind, [KINDS.index(name) for name in kinds])
    spells, owner = seen.spells.where(chosen), seen.merchant[chosen]
    one, other = match(spells.key, spells.key)
    apart = owner[one] != owner[other]
    one, other = one[apart], other[apart]
    named, key = _distinct(owner[one], owner[other])
    start = np.maximum(spells.start[one], spells.start[other])
    end = np.minimum(spells.end[one], spells.end[other])
    return _Pairs(one=named[0], other=named[1], spells=union(Spells(key=key, start=start, end=end).where(start < end)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """What is told of pairs: spells by pair, and the clock (days) of each."""

    spells: Spells
    clock: Ints


def _themselves(_: Known, pairs: _Pairs) -> _About:
    return _About(spells=pairs.spells, clock=pairs.spells.start)


def _removed(market: Known, pairs: _Pairs) -> _About:
    """Pairs of which the other is removed, from when that is known until it is known to be reinstated."""
    removals, returns = select(market, _REMOVALS), market.of("reinstated")
    row, back = match(removals.merchant, returns.merchant)
    later = returns.time[back] >= removals.time[row]
    ended = Spells(key=row[later], start=days(returns.start)[back][later], end=days(returns.end)[back][later])
    standing = minus(removals.spells(np.arange(len(removals))), ended.where(ended.start < ended.end))
    gone = union(Spells(key=removals.merchant[standing.key], start=standing.start, end=standing.end))
    pair, stretch = match(pairs.other, gone.key)
    spells = intersect(pairs.spells, Spells(key=pair, start=gone.start[stretch], end=gone.end[stretch]))
    return _About(spells=spells, clock=spells.start)


def _fakes(market: Known, pairs: _Pairs) -> _About:
    """Fakes confirmed at the other, on the clock of the confirmation."""
    return _happened(pairs, [select(market, events) for events in _FAKES])


def _registered(market: Known, pairs: _Pairs) -> _About:
    """Registrations of the other, on the clock of the registration."""
    return _happened(pairs, [market.of("merchant_registered")])


def _happened(pairs: _Pairs, events: Sequence[Rows]) -> _About:
    """What happened at the other, while it and the link are known."""
    clock = np.concatenate([days(rows.time) for rows in events])
    start = np.concatenate([days(rows.start) for rows in events])
    end = np.concatenate([days(rows.end) for rows in events])
    other = pairs.other[pairs.spells.key]
    spell, event = match(other, np.concatenate([rows.merchant for rows in events]))
    start = np.maximum(pairs.spells.start[spell], start[event])
    end = np.minimum(pairs.spells.end[spell], end[event])
    lasting = start < end
    spells = Spells(key=pairs.spells.key[spell], start=start, end=end).where(lasting)
    return _About(spells=spells, clock=clock[event][lasting])


_ABOUT: MappingProxyType[str, Callable[[Known, _Pairs], _About]] = MappingProxyType(
    {"merchants": _themselves, "removed": _removed, "fakes": _fakes, "registered": _registered}
)


def _facts(pairs: _Pairs, about: _About, measure: Measure) -> Facts:
    """One for each spell while it lasts, of the pair's first merchant."""
    spells, back = about.spells, np.flatnonzero(about.spells.end < FOREVER)
    merchant, amount = pairs.one[spells.key], np.ones(len(spells.key), dtype=np.int64)
    return Facts(
        merchant=np.concatenate([merchant, merchant[back]]),
        clock=np.concatenate([about.clock, about.clock[back]]),
        known=np.concatenate([spells.start, spells.end[back]]),
        amounts=np.concatenate([amount, -amount[back]])[None, :],
        measures=(measure,),
    )
