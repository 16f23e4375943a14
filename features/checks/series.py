"""How many events of each type and feed became known on each day, in a log and in the store before it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.checks.limits import Limits
from features.checks.loaded import DAY, Loaded

__all__ = ["Counts", "Series", "Silence", "counted", "ordinary", "silences"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_HOURS = DAY // 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One type of one feed (or, without a type, all it sends): its events on each day from the first day kept."""

    event_type: str | None
    source: str
    counts: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """All series from day `origin` on; the days `first` to `last`, both inclusive, are those to judge.

    `absent` are feeds of the store that the log has nothing of, and how many events they sent on an ordinary day.
    """

    origin: int
    first: int
    last: int
    series: tuple[Series, ...]
    absent: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Days (counted from the origin, both inclusive) without an event, and how many were to be expected."""

    first: int
    last: int
    expected: int

    def covers(self, other: "Silence") -> bool:
        """Whether the other lies within it."""
        return self.first <= other.first and other.last <= self.last


def counted(log: Loaded) -> Counts | None:
    """The counts of a log; None where there is nothing in it."""
    days = log.rows("SELECT event_type, source, day, count(*) FROM timed WHERE NOT past GROUP BY ALL")
    if not days:
        return None
    begin, end = min(row[2] for row in days), max(row[2] for row in days)
    before = _past(log, begin, end)
    first, last = _judged(log, before, begin, end)
    origin = min([begin, *(row[2] for row in before)])
    feeds = {row[1] for row in days}
    told = _told(days, before, feeds, origin=origin, length=end + 1 - origin)
    return Counts(
        origin=origin, first=first, last=last, series=tuple(told), absent=tuple(_absent(before, feeds, begin))
    )


def _past(log: Loaded, begin: int, end: int) -> list[tuple[str, str, int, int]]:
    # Where the export said when things became known, its days are not the store's.
    if log.past is None or log.clock != "known_at":
        return []
    return log.past.counts(since=begin - log.limits.past_days, before=end + 1)


def _judged(log: Loaded, before: list[tuple[str, str, int, int]], begin: int, end: int) -> tuple[int, int]:
    """The days to judge: whole ones, and those between what is stored and the log."""
    query = f"SELECT min({log.clock}), max({log.clock}), max(event_time) // {DAY} FROM timed WHERE NOT past"
    earliest, latest, happened = log.one(query)
    edge = log.limits.edge_hours * _HOURS
    first = begin if earliest < begin * DAY + edge else begin + 1
    last = end if latest >= (end + 1) * DAY - edge else end - 1
    stored = max((row[2] for row in before if row[2] < begin), default=None)
    return (first if stored is None else min(stored + 1, begin)), min(last, happened)


def _told(
    days: list[tuple[str, str, int, int]], before: list[tuple[str, str, int, int]], feeds: set[str], *, origin: int,
    length: int,
) -> Iterator[Series]:  # fmt: skip
    """A day that both the store and the log tell of has as many events as the one that tells of more, at least."""
    kept: dict[tuple[str, str], Ints] = {}
    for rows in (before, days):
        for event_type, source, day, count in rows:
            if source in feeds:
                counts = kept.setdefault((event_type, source), np.zeros(length, dtype=np.int64))
                counts[day - origin] = max(counts[day - origin], count)
    for feed in sorted(feeds):
        own = {name: counts for (name, source), counts in sorted(kept.items()) if source == feed}
        yield Series(event_type=None, source=feed, counts=np.sum(list(own.values()), axis=0))
        yield from (Series(event_type=name, source=feed, counts=counts) for name, counts in own.items())


def _absent(before: list[tuple[str, str, int, int]], feeds: set[str], begin: int) -> Iterator[tuple[str, int]]:
    for feed in sorted({row[1] for row in before} - feeds):
        per_day: dict[int, int] = {}
        for _, source, day, count in before:
            if source == feed and day < begin:
                per_day[day] = per_day.get(day, 0) + count
        if per_day:
            yield feed, int(np.median(list(per_day.values())))


def silences(series: Series, counts: Counts, limits: Limits) -> list[Silence]:
    """Runs of days without an event that chance does not explain, nor the silences before them."""
    told = np.flatnonzero(series.counts)
    ends = np.append(told[1:], counts.last - counts.origin + 1)
    found, longest = [], 0
    for before, after in zip(told.tolist(), ends.tolist(), strict=True):
        first, last = max(before + 1, counts.first - counts.origin), min(after - 1, counts.last - counts.origin)
        long = last - first + 1
        if long > 0 and before + 1 - told[0] >= limits.silence_days:
            expected = int(_rate(series.counts[told[0] : before + 1][-limits.past_days :], limits) * long)
            if expected >= limits.least_missing and long >= limits.silence_factor * longest:
                found.append(Silence(first=first, last=last, expected=expected))
        longest = max(longest, after - before - 1)
    return found


def _rate(counts: Ints, limits: Limits) -> float:
    """Events a day, as on ordinary days: days when all of a stock was told at once are no measure; 0 is not known."""
    busy = counts[counts > 0]
    return float(np.median(busy)) * len(busy) / len(counts) if len(busy) >= limits.silence_active else 0.0


def ordinary(series: Series, limits: Limits) -> tuple[Floats, Floats]:
    """What each day has ordinarily, by the same weekday of the weeks before, and how far that spreads; NaN: unknown."""
    counts = series.counts.astype(np.float64)
    counts[: int(np.flatnonzero(series.counts)[0])] = np.nan
    weeks = [np.concatenate([np.full(min(7 * back, len(counts)), np.nan), counts[: -7 * back]])
             for back in range(1, limits.past_days // 7 + 1)]  # fmt: skip
    earlier = np.stack(weeks)
    known = (~np.isnan(earlier)).sum(axis=0) >= limits.volume_weeks
    usual, spread = np.full(len(counts), np.nan), np.full(len(counts), np.nan)
    usual[known] = np.nanmedian(earlier[:, known], axis=0)
    known &= usual >= limits.least_missing
    usual[~known] = np.nan
    spread[known] = 1.4826 * np.nanmedian(np.abs(earlier[:, known] - usual[known]), axis=0)
    return usual, np.maximum(spread, np.sqrt(np.maximum(usual, 1.0)))
