"""A marketplace told to a running service as it happens, by a clock that runs faster than ours."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from glob import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from features.database import micros, moment
from features.errors import LogUnreadable, StreamFailed
from features.events import SCHEMA
from features.jsonrows import canonical
from features.progress import Watch, silently
from features.simulator.receiver import AT_ONCE, Taken

__all__ = ["Bundle", "Outbox", "Pace", "Receives", "Streamer", "Told", "opened_outbox"]

#: How often what has come due is sent.
_TICK = timedelta(seconds=1)
#: Behind by more than this is told, no more often than that.
_LATE, _TOLD_EVERY = timedelta(seconds=5), timedelta(seconds=30)

_MEMORY, _ROWS = "500MB", 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """A marketplace's clock: at `begin` when ours is at `started`, `speed` times faster, until `end`.

    It never overtakes ours, since no service takes what is known in the future: from there on both run alike.
    """

    begin: datetime
    end: datetime
    speed: float
    started: datetime

    def shows(self, now: datetime) -> datetime:
        """What it shows when ours shows `now`."""
        if now >= self.comes(self.end):
            return self.end
        run = (now - self.started).total_seconds() * self.speed
        return min(self.begin + timedelta(seconds=min(run, (self.end - self.begin).total_seconds())), now)

    def comes(self, when: datetime) -> datetime:
        """What ours shows when it reaches a moment.

        >>> day = datetime(2026, 1, 1, tzinfo=UTC)
        >>> pace = Pace(begin=day, end=day + timedelta(days=2), speed=86_400, started=day + timedelta(days=9))
        >>> str(pace.comes(day + timedelta(days=1)))
        '2026-01-10 00:00:01+00:00'
        """
        return max(self.started + (when - self.begin) / self.speed, when)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Some events (JSON texts) that are sent together; the last of them became known at `known_at`."""

    events: Sequence[str]
    known_at: datetime


class Outbox:
    """The events of a log in the order in which they became known; what is taken out does not come back."""

    def __init__(self, asked: duckdb.DuckDBPyConnection, read: duckdb.DuckDBPyConnection) -> None:
        self._asked = asked
        query = "FROM log ORDER BY known_at, event_time, event_id"
        self._chunks: Iterator[pa.RecordBatch] = iter(read.sql(query).to_arrow_reader(_ROWS))
        self._texts: list[str] = []
        self._known: list[int] = []
        self._next = 0
        begin, end = self._ask("SELECT min(epoch_us(known_at)), max(epoch_us(known_at)) FROM log")[0]
        if begin is None:
            raise StreamFailed("there are no events to send: more days or more merchants have some")
        self.begin, self.end = moment(begin), moment(end)

    def due(self, until: datetime) -> Iterator[Bundle]:
        """Take out what is known by a moment, itself included."""
        last = micros(until)
        while self._next < len(self._texts) or self._filled():
            stop = min(bisect_right(self._known, last, lo=self._next), self._next + AT_ONCE)
            if stop == self._next:
                return
            events, known, self._next = self._texts[self._next : stop], self._known[stop - 1], stop
            yield Bundle(events=events, known_at=moment(known))

    def known_by(self, until: datetime) -> int:
        """How many events are known by a moment, itself included."""
        ((count,),) = self._ask("SELECT count(*) FROM log WHERE epoch_us(known_at) <= $1", micros(until))
        return int(count)

    def busiest(self, since: datetime) -> list[str]:
        """The merchants of whom most becomes known after a moment, three at most."""
        query = """SELECT merchant_id FROM log WHERE epoch_us(known_at) > $1
                   GROUP BY 1 ORDER BY count(*) DESC, merchant_id LIMIT 3"""
        return [merchant for (merchant,) in self._ask(query, micros(since))]

    def _ask(self, query: str, *values: int) -> list[tuple[Any, ...]]:
        return self._asked.execute(query, list(values)).fetchall()

    def _filled(self) -> bool:
        """Fetch some more, if there are more."""
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        rows = pa.table(chunk)
        rows = rows.cast(pa.schema([SCHEMA.field(name) for name in rows.column_names]))
        self._texts, self._next = canonical(rows), 0
        self._known = rows.column("known_at").cast(pa.int64()).to_pylist()
        return True


@contextmanager
def opened_outbox(log: Path) -> Iterator[Outbox]:
    """The events of a Parquet log, whatever their number, in little memory. Raises `LogUnreadable`, `StreamFailed`."""
    with TemporaryDirectory(prefix="goodfaith-") as folder:
        database = duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": folder, "threads": 1})
        try:
            yield Outbox(_reading(database, log), _reading(database, log))
        except (duckdb.Error, pa.ArrowException) as error:
            raise LogUnreadable(f"{log} cannot be read in order: {error}") from error
        finally:
            database.close()


def _reading(database: duckdb.DuckDBPyConnection, path: Path) -> duckdb.DuckDBPyConnection:
    """A connection of its own for a query of its own, to which the file is a view `log`."""
    connection = database.cursor()
    known = "* REPLACE (coalesce(known_at, event_time) AS known_at)"
    connection.read_parquet(escape(str(path))).project(known).create_view("log", replace=True)
    return connection


@dataclass(slots=True, kw_only=True)
class Told:
    """What a service has been told so far: up to which moment, what became of it, and how late at the worst."""

    accepted: int = 0
    duplicates: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    until: datetime | None = None
    behind: timedelta = timedelta(0)

    def take(self, taken: Taken) -> None:
        """Add what became of some events."""
        self.accepted += taken.accepted
        self.duplicates += taken.duplicates
        self.rejected.update(code for code, _ in taken.rejected)

    def sentence(self) -> str:
        """What became of all of them, in words."""
        codes = ", ".join(f"{code} {count:,}" for code, count in sorted(self.rejected.items()))
        rejected = f"{self.rejected.total():,} rejected{f' ({codes})' if codes else ''}"
        return f"{self.accepted:,} events accepted, {self.duplicates:,} duplicates, {rejected}"


class Receives(Protocol):
    """Whoever events can be sent to."""

    def send(self, events: Sequence[str]) -> Taken:
        """Send some, at most `AT_ONCE`."""


@dataclass(slots=True, kw_only=True)
class Streamer:
    """Sends a log by the clock; `told` says how far it came, also when it was stopped."""

    receiver: Receives
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    say: Callable[[str], None]
    watch: Watch = silently
    told: Told = field(default_factory=Told)
    _said: datetime = field(default=datetime.min.replace(tzinfo=UTC), init=False)

    def run(self, outbox: Outbox, *, speed: float, live: timedelta) -> None:
        """Send what is older than the last `live` before the log's end (or now) at once, and the rest at `speed`.

        Raises `StreamFailed` when the service fails for good, or takes nothing of the first request.
        """
        since = max(min(outbox.end, self.clock()) - live, outbox.begin - timedelta(microseconds=1))
        if count := outbox.known_by(since):
            title = f"Sending {count:,} events of before {since:%Y-%m-%d %H:%M} at once"
            for bundle in self.watch(outbox.due(since), title=title, total=-(-count // AT_ONCE)):
                self._send(bundle)
        self.say(f"most will become known of {', '.join(outbox.busiest(since))}")
        self._run_live(outbox, Pace(begin=since, end=outbox.end, speed=speed, started=self.clock()))

    def _run_live(self, outbox: Outbox, pace: Pace) -> None:
        ticks = max(-(-(pace.comes(pace.end) - pace.started) // _TICK), 1)
        title = f"{pace.begin:%Y-%m-%d %H:%M} to {pace.end:%Y-%m-%d %H:%M} at {pace.speed:,.10g}x"
        day = pace.begin.date()
        for tick in self.watch(range(1, ticks + 1), title=title, total=ticks):
            self._wait_for(pace.started + tick * _TICK)
            # Of a clock that we fell behind, everything that is due by now goes out together.
            for bundle in outbox.due(pace.shows(self.clock())):
                self._send(bundle)
                self._mind(pace, bundle)
                if bundle.known_at.date() != day:
                    day = bundle.known_at.date()
                    self.say(f"{day}: {self.told.sentence()}")

    def _wait_for(self, when: datetime) -> None:
        while (left := when - self.clock()) > timedelta(0):
            self.sleep(left.total_seconds())

    def _send(self, bundle: Bundle) -> None:
        taken = self.receiver.send(bundle.events)
        self.told.take(taken)
        self.told.until = bundle.known_at
        if not self.told.accepted and not self.told.duplicates:
            code, detail = taken.rejected[0]
            raise StreamFailed(f"the service takes none of the first {len(bundle.events):,} events: {code}: {detail}")

    def _mind(self, pace: Pace, bundle: Bundle) -> None:
        """Tell when the service is slower than the clock."""
        now = self.clock()
        behind = now - pace.comes(bundle.known_at)
        self.told.behind = max(self.told.behind, behind)
        if behind > _LATE and now - self._said >= _TOLD_EVERY:
            self._said = now
            self.say(
                f"the service is slower than the clock: {_long(behind)} behind, {_long(behind * pace.speed)} of it"
            )


def _long(time: timedelta) -> str:
    """A length of time in words.

    >>> _long(timedelta(seconds=90)), _long(timedelta(seconds=12)), _long(timedelta(days=3))
    ('1.5 min', '12 s', '3 days')
    """
    seconds = time.total_seconds()
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
