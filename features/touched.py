"""Which measures new events can move at all: those that read their types, or what such events repeat of them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields, is_dataclass
from functools import cache

from features import faults, real
from features.events import EVENT_TYPES
from features.known import OPENERS, REPEATED
from features.measures import Capped, Crossed, Measure, OwnFaults

__all__ = ["touched"]


def touched(measures: Sequence[Measure], event_types: Collection[str]) -> list[Measure]:
    """Those of some measures that events of these types may move."""
    return [measure for measure in measures if not _reads(measure).isdisjoint(event_types)]


@cache
def _reads(measure: Measure) -> frozenset[str]:
    """The types of the events that a measure is made of."""
    if isinstance(measure.source, Crossed):
        return frozenset(EVENT_TYPES)
    words = set(_words(measure))
    # A time that is not said is repeated from an order, or from what was opened.
    return frozenset(words & EVENT_TYPES.keys()) | (OPENERS if words & REPEATED else frozenset())


def _words(declared: object) -> Iterator[str]:
    """Every word in a declaration, and what it reads without naming it."""
    if isinstance(declared, Capped):
        yield from real.READS
    if isinstance(declared, OwnFaults):
        yield from faults.READS
    if isinstance(declared, str):
        yield declared
    elif isinstance(declared, tuple):
        for one in declared:
            yield from _words(one)
    elif is_dataclass(declared):
        for field in fields(declared):
            yield from _words(getattr(declared, field.name))
