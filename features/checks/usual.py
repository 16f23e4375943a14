"""What a share, a median or a profile is usually: by the store's newest events and a log's own earlier periods."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np

from features.checks.loaded import Loaded

__all__ = ["PERIODS_BACK", "Period", "compared", "gathered", "grouped"]

#: A period is compared with at most so many before it.
PERIODS_BACK = 56


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One period of a type and feed: how many rows, what was measured of them, and where it lies in time."""

    event_type: str
    source: str
    past: bool
    period: int
    rows: int
    values: tuple[Any, ...]


def grouped(log: Loaded, measured: str, *, where: str = "true") -> Iterator[list[Period]]:
    """What is measured (SQL) of each type's and feed's periods, the store's before the log's own, in order."""
    query = f"""SELECT event_type, source, past, period, count(*) AS n, {measured} FROM timed WHERE {where}
                GROUP BY event_type, source, past, period ORDER BY event_type, source, NOT past, period"""
    for _, rows in groupby(log.rows(query), key=lambda row: row[:2]):
        yield [
            Period(event_type=row[0], source=row[1], past=row[2], period=row[3], rows=row[4], values=row[5:])
            for row in rows
        ]


def compared(
    periods: Sequence[Period], log: Loaded, *, least: int | None = None
) -> Iterator[tuple[Period, Sequence[Period]]]:
    """Each period of the log itself that has enough rows, with those before it, where they are enough."""
    for place, one in enumerate(periods):
        before = periods[max(place - PERIODS_BACK, 0) : place]
        if not one.past and one.rows >= (least or log.limits.least_rows) and _enough(before, log):
            yield one, before


def gathered(periods: Sequence[Period], least: int) -> list[Period]:
    """Counts of neighbouring periods added up until there are enough rows; the last ones may be too few."""
    found: list[Period] = []
    for one in periods:
        if found and found[-1].rows < least and found[-1].past == one.past:
            last = found.pop()
            added = tuple(np.add(last.values, one.values).tolist())
            found.append(replace(last, rows=last.rows + one.rows, values=added))
        else:
            found.append(one)
    return found


def _enough(before: Sequence[Period], log: Loaded) -> bool:
    several = len(before) >= log.limits.least_past_periods or any(one.past for one in before)
    return several and sum(one.rows for one in before) >= log.limits.least_past_rows
