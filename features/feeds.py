"""What a feature is made of: the events that it counts, and whether there may be nothing to know of a merchant."""

import numpy as np

from features.catalogue.feature import Context, Feature
from features.measures import (
    Asked,
    Capped,
    Changed,
    Crossed,
    Events,
    Flag,
    Following,
    Is,
    Measure,
    Open,
    OwnFaults,
    Soonest,
    Source,
    Standing,
    Uncovered,
)

__all__ = ["counted", "event_types", "is_capped", "may_be_null"]

#: The events behind what other merchants' events say; of other crossings no single type is the source.
_CROSSED = {"reporters": "fake_report_filed", "links": "link_observed"}


def event_types(feature: Feature) -> frozenset[str]:
    """The types of the events that a feature counts, or divides by; empty where no single type feeds it."""
    measures = feature.evidence or tuple(measure for measure, _ in feature.numbers)
    return frozenset().union(*(counted(one.source) for one in measures))


def counted(source: Source | Events) -> frozenset[str]:
    """The types of the events that a source counts; not those that only tell which of them count."""
    if isinstance(source, Events):
        return frozenset({source.event_type})
    if isinstance(source, OwnFaults):
        return frozenset({"order_placed"})
    if isinstance(source, Crossed):
        return frozenset({_CROSSED[source.by]} if source.by in _CROSSED else ())
    if isinstance(source, Open):
        return frozenset({source.opened})
    if isinstance(source, Capped):
        return counted(source.of or source.bad or source.orders)
    if isinstance(source, Asked) and source.having:
        # What is asked for counts while one of these is known: without them there is nothing to count.
        return frozenset().union(*map(counted, source.having))
    if isinstance(source, Asked | Changed | Following | Soonest | Uncovered):
        return counted(source.of)
    return _of_several(source.being if isinstance(source, Standing) else source.of)


def _of_several(of: tuple[Events, ...] | Events) -> frozenset[str]:
    return frozenset(one.event_type for one in (of if isinstance(of, tuple) else (of,)))


def is_capped(feature: Feature) -> bool:
    """Whether nobody's volume moves what it divides by: of each buyer a few real things, or what the platform draws."""
    return all(isinstance(one.source, Capped) or _is_drawn(one) for one in feature.evidence)


def _is_drawn(measure: Measure) -> bool:
    """Whether it counts what happens at random, whatever anybody does."""
    return isinstance(measure.amount, Flag) and Is(column="trigger", words=("random",)) in measure.amount.where


def may_be_null(feature: Feature) -> bool:
    """Whether it is null of a merchant of whom nothing is known."""
    nothing = np.zeros(1, dtype=np.int64)
    context = Context(
        own=lambda _: nothing,
        category=lambda _: nothing,
        everybody=lambda _: nothing,
        strength=lambda formula: np.full(1, formula.strength),
        day=nothing,
        texts=("",),
    )
    return feature.values(context)[0].as_py() is None
