"""Links: merchants that were seen with the same bank account, phone, device, address or legal entity."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from features.facts import Facts
from features.known import Known, Rows, days
from features.measures import Crossed, Measure
from features.spells import FOREVER, Spells, match, union

__all__ = ["link_facts", "tokens"]

Ints = npt.NDArray[np.int64]


def link_facts(market: Known, measures: Sequence[Measure]) -> list[Facts]:
    """Facts about the merchants that each is linked to, while a link is known."""
    owner, spells = _neighbours(market)
    return [_counted(owner, spells, measure) for measure in measures if _named(measure) == "merchants"]


def _named(measure: Measure) -> str:
    return measure.source.of if isinstance(measure.source, Crossed) else ""


def _neighbours(market: Known) -> tuple[Ints, Spells]:
    """While which pairs of merchants share a token: the first merchant of each pair by key, and the spells."""
    seen = market.of("link_observed")
    own = seen.where(~market.filled(seen, "buyer_id"))
    shown = tokens(market, own)
    one, other = match(shown, shown)
    apart = own.merchant[one] != own.merchant[other]
    one, other = one[apart], other[apart]
    pairs = np.stack([own.merchant[one], own.merchant[other]])
    named, key = np.unique(pairs, axis=1, return_inverse=True)
    start = np.maximum(days(own.start)[one], days(own.start)[other])
    end = np.minimum(days(own.end)[one], days(own.end)[other])
    return named[0], union(Spells(key=key.reshape(-1), start=start, end=end).where(start < end))


def tokens(market: Known, rows: Rows) -> Ints:
    """A number for each token; a token of one kind is none of another."""
    named = pc.binary_join_element_wise(market.texts(rows, "link_kind"), market.texts(rows, "link_token"), ":")
    return np.asarray(named.dictionary_encode().indices.to_numpy()).astype(np.int64)


def _counted(owner: Ints, spells: Spells, measure: Measure) -> Facts:
    """One for each pair while it lasts; it has no clock."""
    back = np.flatnonzero(spells.end < FOREVER)
    merchant, known = owner[spells.key], np.concatenate([spells.start, spells.end[back]])
    amount = np.ones(len(spells.key), dtype=np.int64)
    return Facts(
        merchant=np.concatenate([merchant, merchant[back]]),
        clock=np.concatenate([spells.start, spells.start[back]]),
        known=known,
        amounts=np.concatenate([amount, -amount[back]])[None, :],
        measures=(measure,),
    )
