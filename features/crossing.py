"""What crosses merchants: facts of one merchant that are made from the events of others.

A crossing reads few types of events, so those of all merchants are held together: the market. It makes of them facts
of the merchants they concern, in whole days, as `features.facts` makes them of a merchant's own. So the kernel,
windows, late knowledge and reversals are those of every other fact. It is asked for midnights only: what happens
during a day crosses at its end (docs/decisions/0010).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import pyarrow as pa

from features import brands, links, listings, reporters
from features.facts import Facts
from features.known import Known
from features.measures import Crossed, Measure

__all__ = ["CROSSINGS", "Crossing", "Market", "crossed", "crossing_facts", "types_read"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """One way in which merchants bear on each other: the event types it reads, and the facts it makes of them.

    `facts` takes the market and the measures (all of them `Crossed` by this crossing) and answers facts of exactly
    those, under the merchants' numbers in the market.
    """

    reads: tuple[str, ...]
    facts: Callable[[Known, Sequence[Measure]], list[Facts]]


CROSSINGS: MappingProxyType[str, Crossing] = MappingProxyType(
    {
        "brands": Crossing(reads=brands.READS, facts=brands.brand_facts),
        "links": Crossing(reads=links.READS, facts=links.link_facts),
        "listings": Crossing(reads=listings.READS, facts=listings.listing_facts),
        "reporters": Crossing(reads=reporters.READS, facts=reporters.reporter_facts),
    }
)


def crossed(measures: Iterable[Measure]) -> dict[str, list[Measure]]:
    """Those of some measures that cross merchants, by crossing."""
    found: dict[str, list[Measure]] = {}
    for measure in dict.fromkeys(measures):
        if isinstance(measure.source, Crossed):
            found.setdefault(measure.source.by, []).append(measure)
    return found


def crossing_facts(market: Known, measures: Iterable[Measure]) -> list[Facts]:
    """The facts of all merchants of a market; measures that do not cross are left out."""
    return [facts for by, asked in crossed(measures).items() for facts in CROSSINGS[by].facts(market, asked)]


def types_read(measures: Iterable[Measure]) -> frozenset[str]:
    """The event types that some measures' crossings read, what takes them back included."""
    types = {name for by in crossed(measures) for name in CROSSINGS[by].reads}
    return frozenset(types | {"event_reversed"} if types else types)


class Market:
    """The events that some measures' crossings read, gathered part by part from all merchants."""

    def __init__(self, measures: Iterable[Measure]) -> None:
        self._parts: dict[str, list[pa.Table]] = {name: [] for name in types_read(measures)}
        self._known: Known | None = None

    def take(self, known: Known) -> None:
        """Take in the events of a part's merchants."""
        for name, parts in self._parts.items():
            parts.append(known.table(name))
            self._known = None

    @property
    def known(self) -> Known | None:
        """What was taken in, all together; None before anything was."""
        if self._known is None and any(self._parts.values()):
            self._known = Known(self._events)
        return self._known

    def facts(self, measures: Iterable[Measure]) -> list[Facts]:
        """The facts of these measures; none before anything was taken in."""
        return crossing_facts(self.known, measures) if self.known else []

    def _events(self, event_type: str) -> pa.Table:
        return pa.concat_tables([pa.table({}), *self._parts.get(event_type, [])], promote_options="default")
