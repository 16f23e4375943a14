"""Merchants that the platform stopped: what they would have done, nobody knows."""

import numpy as np
import numpy.typing as npt

from features.known import NO_TIME, Known, days
from features.label_windows import Windows
from features.measures import Events, Is
from features.selection import select
from features.spells import FOREVER, match

__all__ = ["closed", "first_removal"]

Ints = npt.NDArray[np.int64]

_REMOVALS = Events(event_type="penalty_applied", where=(Is(column="penalty", words=("removal",)),))
_REINSTATED = Events(event_type="reinstated")
_ORDERS = Events(event_type="order_placed")


def first_removal(known: Known, windows: Windows) -> Ints:
    """When each merchant was first removed within its window, in microseconds; `FOREVER` where it was not."""
    removals = select(known, _REMOVALS)
    window, event = windows.pairs(removals)
    first = np.full(len(windows), FOREVER)
    np.minimum.at(first, window, removals.time[event])
    return first


def closed(known: Known, windows: Windows) -> npt.NDArray[np.bool_]:
    """Which merchants were removed before their window, not reinstated before it, and not seen selling in it."""
    window, _ = windows.pairs(select(known, _ORDERS))
    selling = np.bincount(window, minlength=len(windows)) > 0
    removed = _last_before(known, windows, _REMOVALS) > _last_before(known, windows, _REINSTATED)
    return np.asarray(removed & ~selling)


def _last_before(known: Known, windows: Windows, events: Events) -> Ints:
    """When such an event last happened before each window; `NO_TIME` where none did."""
    rows = select(known, events)
    window, event = match(windows.merchant, rows.merchant)
    live = windows.knows(window, days(rows.start)[event], days(rows.end)[event])
    live &= days(rows.time)[event] < windows.start[window]
    last = np.full(len(windows), NO_TIME)
    np.maximum.at(last, window[live], rows.time[event[live]])
    return last
