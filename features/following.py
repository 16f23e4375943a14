"""What follows what: while something is known that happened a short while before."""

import numpy as np
import numpy.typing as npt

from features.known import Known, Rows, days
from features.measures import Following
from features.selection import select
from features.spells import Spells, union

__all__ = ["followed"]

Ints = npt.NDArray[np.int64]

#: Microseconds.
_DAY = 86_400_000_000


def followed(known: Known, merchant: Ints, time: Ints, source: Following) -> Spells:
    """While anything that each of some things (merchant and time, (n,)) follows is known, under their places."""
    after = select(known, source.after)
    thing, event = _shortly_before(merchant, time, after, source.days * _DAY)
    start, end = days(after.start)[event], days(after.end)[event]
    return union(Spells(key=thing, start=start, end=end).where(start < end))


def _shortly_before(merchant: Ints, time: Ints, events: Rows, length: int) -> tuple[Ints, Ints]:
    """Pairs of a thing and an event of its merchant, no later than it and less than a length before it."""
    # Few merchants have any such event, so that few things are looked at.
    things = np.flatnonzero(np.isin(merchant, events.merchant))
    order = np.lexsort((events.time, events.merchant))
    moments = np.unique(np.concatenate([events.time, time[things], time[things] - length]))

    def place(owner: Ints, moment: Ints) -> Ints:
        return owner * (len(moments) + 1) + np.searchsorted(moments, moment)

    places = place(events.merchant, events.time)[order]
    first = np.searchsorted(places, place(merchant[things], time[things] - length), side="right")
    count = np.searchsorted(places, place(merchant[things], time[things]), side="right") - first
    shift = np.repeat(first - (np.cumsum(count) - count), count)
    return np.repeat(things, count), order[shift + np.arange(len(shift))]
