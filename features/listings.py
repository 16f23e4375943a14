"""Listings: fakes are found by listing, and not only by merchant.

What was learned of a listing was learned of its goods. Two listings of a merchant that were known by the same title
(its letters and digits alone) are twins, and each carries what was learned of the other: relisting resets nothing.

A count within a window is turned into spells: each thing counts from when it is both past and known until it is too
old, or taken back. So the worst listing of a merchant is the highest of its listings' counts, a token that moves.
"""

from collections.abc import Callable, Sequence
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from features.events import OF_A_LISTING
from features.facts import Facts, changes
from features.held import held
from features.known import Known, Rows, days, once
from features.measures import Changed, Crossed, Events, Is, Measure
from features.selection import numbered, select
from features.sharing import Pairs, not_public, pairs
from features.spells import Moves, Spells, heights, intersect, joined, match, peaks, union
from features.standing import keyed, order_of_events

__all__ = ["MOST_WITH_A_TITLE", "READS", "counted", "learned", "listing_counts", "listing_facts", "twins_of"]

Ints = npt.NDArray[np.int64]

#: Event types that facts about listings are made from.
READS = tuple(sorted(OF_A_LISTING))

#: A title that more listings of one merchant share than this makes no twins, so that what they come to stays small.
#: Own proposal: who lists the same goods so often is seen by that, and fewer must not set anybody free.
MOST_WITH_A_TITLE = 300

_FILED = Events(event_type="fake_report_filed")
_RENAMED = Changed(of=Events(event_type="listing_changed"), column="title", by="listing_id")
_WHAT: MappingProxyType[str, tuple[Events, ...]] = MappingProxyType(
    {
        "reports": (_FILED,),
        "fakes": (
            Events(event_type="fake_report_resolved", where=(Is(column="outcome", words=("confirmed",)),)),
            Events(event_type="inspection_completed", where=(Is(column="outcome", words=("failed_counterfeit",)),)),
        ),
    }
)


def listing_facts(market: Known, measures: Sequence[Measure]) -> list[Facts]:
    """Facts about the listings of each merchant: `worst:WHAT:DAYS`, its worst listing's count; `some:WHAT:DAYS`."""
    return [_merchants(market, measure) for measure in measures]


def _merchants(market: Known, measure: Measure) -> Facts:
    how, what, window = measure.source.of.split(":") if isinstance(measure.source, Crossed) else ("", "", "")
    owner = _owners(market)
    if how == "worst":
        counts = heights(listing_counts(market, what, days_back=int(window)))
        top = peaks(Spells(key=owner[counts.key], start=counts.start, end=counts.end), counts.height)
        return held(top, measure)
    # A listing that was put up anew is no second one of which anything was learned.
    some = union(learned(market, what, days_back=int(window)))
    return held(Moves(key=owner[some.key], start=some.start, end=some.end, height=np.ones_like(some.key)), measure)


def listing_counts(market: Known, what: str, *, days_back: int) -> Spells:
    """Each thing that counts for a listing, its own or a twin's, within a window: spells under the listings' keys."""
    counting = learned(market, what, days_back=days_back)
    twins = twins_of(market, counting.key)
    pair, thing = match(twins.other, counting.key)
    of_twins = Spells(key=pair, start=counting.start[thing], end=counting.end[thing])
    # A pair may carry several things at once, and each of them counts: so each gets a place of its own.
    row, stretch = match(pair, twins.spells.key)
    places = Spells(key=row, start=twins.spells.start[stretch], end=twins.spells.end[stretch])
    both = intersect(places, Spells(key=np.arange(len(pair)), start=of_twins.start, end=of_twins.end))
    return joined([counting, Spells(key=twins.one[pair[both.key]], start=both.start, end=both.end)])


def learned(market: Known, what: str, *, days_back: int) -> Spells:
    """Each thing that was learned of a listing itself."""
    if what == "titles":
        rows, spells = changes(market, _RENAMED)
        return _within(days(rows.time)[spells.key], market.keys(rows, "listing_id")[spells.key], spells, days_back)
    return counted(market, what, lambda rows: market.keys(rows, "listing_id"), days_back=days_back)


def counted(market: Known, what: str, number: Callable[[Rows], Ints], *, days_back: int) -> Spells:
    """Each thing that counts within a window, under the number of what it names; one that names nothing for none.

    `number` tells what events name themselves, -1 for nothing.
    """
    found = []
    for events in _WHAT[what]:
        rows = select(market, events)
        named, spells = _named(market, rows, number)
        found.append(_within(days(rows.time)[spells.key], named, spells, days_back))
    return joined(found)


def _within(clock: Ints, key: Ints, spells: Spells, days_back: int) -> Spells:
    """From when until when each thing counts (under its key): while it is past, known, and not too old."""
    start = np.maximum(clock, spells.start)
    end = np.minimum(np.maximum(clock + days_back, start), spells.end)
    lasting = (start < end) & (key >= 0)
    return Spells(key=key[lasting], start=start[lasting], end=end[lasting])


def _named(market: Known, rows: Rows, number: Callable[[Rows], Ints]) -> tuple[Ints, Spells]:
    """What each thing names, itself or by its report, and while that is known; spells carry the thing's place.

    Of several reports filed under one id it is the latest known that tells, as it is of all that is told twice.
    """
    own, known = number(rows), numbered(rows)
    if rows.event_type != "fake_report_resolved":
        return own[known.key], known
    reports, filed = _reported(market)
    told = number(filed)[reports.height]
    asks = known.where((own < 0)[known.key])
    spell, report = match(market.keys(rows, "report_id")[asks.key], reports.key)
    start = np.maximum(asks.start[spell], reports.start[report])
    end = np.minimum(asks.end[spell], reports.end[report])
    by_report = Spells(key=asks.key[spell], start=start, end=end)
    named, lasting = known.where(own[known.key] >= 0), start < end
    return np.append(own[named.key], told[report][lasting]), joined([named, by_report.where(lasting)])


@once
def _reported(market: Known) -> tuple[Moves, Rows]:
    """While which of the reports as filed, by place, is the latest known of its id."""
    filed = select(market, _FILED)
    place = order_of_events(market, [filed])
    spells, row = keyed([filed], market.keys(filed, "report_id"))
    moves = peaks(spells, place[row])
    at = np.argsort(place)[moves.height]
    return Moves(key=moves.key, start=moves.start, end=moves.end, height=at), filed


def twins_of(market: Known, of: Ints) -> Pairs:
    """Listings of one merchant that were known by the same title, the other of each pair one of these (keys)."""
    rows = market.of("listing_changed")
    titled = rows.where(market.filled(rows, "title"))
    goods = pc.replace_substring_regex(pc.utf8_lower(market.texts(titled, "title")), r"[^\p{L}\p{N}]", "")
    text = np.asarray(goods.dictionary_encode().indices.to_numpy(zero_copy_only=False)).astype(np.int64)
    told = pc.greater(pc.utf8_length(goods), 0).to_numpy(zero_copy_only=False)
    titled, text = titled.where(told), text[told]
    # The same words at another merchant are other goods.
    title = titled.merchant * (int(text.max(initial=0)) + 1) + text
    number = np.unique(title, return_inverse=True)[1].reshape(-1)
    seen = not_public(number, market.keys(titled, "listing_id"), numbered(titled), most=MOST_WITH_A_TITLE)
    return pairs(seen, of=of)


def _owners(market: Known) -> Ints:
    """The merchant of each listing, by the listing's key."""
    every = [market.of(name) for name in READS]
    keys = np.concatenate([market.keys(rows, "listing_id") for rows in every])
    owner = np.full(int(keys.max(initial=-1)) + 2, -1)
    owner[keys] = np.concatenate([rows.merchant for rows in every])
    return owner
