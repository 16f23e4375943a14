"""A merchant's diary: what happens to it, noted as small columns, in no order; sheets make event tables of it."""

from typing import Any

import numpy as np

from features.events import EVENT_TYPES
from features.simulator.lot import Flags, Ints
from features.simulator.scenario import NEVER

__all__ = ["Diary", "Notes"]

#: Columns (n,) of some events of one type.
Notes = dict[str, np.ndarray[Any, Any]]


class Diary:
    """Events of one merchant before an end; times in seconds, ids as numbers, -1 and None where there is nothing."""

    def __init__(self, number: int, *, end: int) -> None:
        self.number = number
        self._end = end
        self._notes: dict[str, list[Notes]] = {}

    def add(self, event_type: str, time: Ints, *, since: Ints | None = None, **columns: Any) -> None:
        """Note events (n,); a column is one value for all, or (n,). Those at or after the end are left out.

        `since` is when what they follow from began (the order was placed, the report filed); else the events' own
        time.
        """
        kept = time < self._end
        if kept.any():
            given = {"time": time, "since": time if since is None else since, **columns}
            self._notes.setdefault(event_type, []).append(
                {name: _spread(value, len(time))[kept] for name, value in given.items()}
            )

    def times_of(self, event_type: str, **where: str) -> Ints:
        """When events of a type happened in which columns say something."""
        found = [notes["time"][_says(notes, where)] for notes in self._notes.get(event_type, ())]
        return np.sort(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)

    def close(self, removed: int = NEVER) -> dict[str, list[Notes]]:
        """All notes by event type, less those of trade that a removal prevented; events are numbered."""
        kept: dict[str, list[Notes]] = {}
        count = 0
        for event_type in EVENT_TYPES:
            for notes in self._notes.get(event_type, ()):
                live = notes["since"] <= removed
                left = {name: values[live] for name, values in notes.items()}
                left["event_id"] = self.number * 2**24 + count + np.arange(int(live.sum()))
                count += int(live.sum())
                kept.setdefault(event_type, []).append(left)
        return kept


def _spread(value: Any, n: int) -> np.ndarray[Any, Any]:
    if isinstance(value, np.ndarray):
        return value
    return np.full(n, value, dtype=object if isinstance(value, str) or value is None else None)


def _says(notes: Notes, where: dict[str, str]) -> Flags:
    said = np.ones(len(notes["time"]), dtype=np.bool_)
    for column, word in where.items():
        said &= notes[column] == word
    return said
