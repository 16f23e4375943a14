"""The report on an incoming log: everything that its checks found, what to do, and what it cannot feed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from features.checks import again, amounts, clashes, clocks, columns, orphans, rejects, volumes
from features.checks.declared import Check, Finding, Severity
from features.checks.limits import Limits, shipped_limits
from features.checks.loaded import Loaded, loaded
from features.checks.past import Past
from features.checks.starved import Starved, starving
from features.database import moment
from features.log import FileLog
from features.progress import Watch, silently

__all__ = ["CHECKS", "Absence", "Report", "check_log"]

#: Kind of check -> what is declared there and how it is looked for.
_KINDS: MappingProxyType[str, tuple[tuple[Check, ...], Callable[[Loaded], Iterator[Finding]]]] = MappingProxyType(
    {
        "rows": (rejects.CHECKS, rejects.find),
        "gaps and volumes": (volumes.CHECKS, volumes.find),
        "clocks": (clocks.CHECKS, clocks.find),
        "times that contradict each other": (clashes.CHECKS, clashes.find),
        "orphans": (orphans.CHECKS, orphans.find),
        "columns": (columns.CHECKS, columns.find),
        "amounts": (amounts.CHECKS, amounts.find),
        "told twice": (again.CHECKS, again.find),
    }
)

#: Every check, by kind.
CHECKS: MappingProxyType[str, tuple[Check, ...]] = MappingProxyType(
    {kind: checks for kind, (checks, _) in _KINDS.items()}
)

_ORDER = list(Severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """An event type, or a column of one, that neither the log nor the store's newest events have, and who reads it."""

    event_type: str
    column: str
    starved: Starved

    def plain(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {"event_type": self.event_type, "column": self.column or None, "starves": self.starved.plain()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found, the gravest first; the span of what became known; what the log was compared with."""

    rows: int
    accepted: int
    duplicates: int
    rejected: dict[str, int]
    since: datetime | None
    until: datetime | None
    stored: int | None
    findings: tuple[Finding, ...]
    absences: tuple[Absence, ...]

    @property
    def stops(self) -> bool:
        """Whether the log should not be taken in as it is."""
        return any(one.severity is Severity.STOP for one in self.findings)

    def plain(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {
            "rows": self.rows,
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "rejected": self.rejected,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "compared_with_stored_events": self.stored,
            "stops": self.stops,
            "findings": [one.plain() for one in self.findings],
            "absent": [one.plain() for one in self.absences],
        }


def check_log(
    log: FileLog, *, clock: datetime | None = None, past: Past | None = None, limits: Limits | None = None,
    watch: Watch = silently,
) -> Report:  # fmt: skip
    """Look at a log before it is taken in; `past` is the store that it would go into, where there is one.

    `clock` is the moment that nothing may be known after. Nothing is written anywhere.
    """
    stored = past.events() if past else None
    with loaded(
        log, limits=limits or shipped_limits(), clock=clock, past=past if stored else None, watch=watch
    ) as read:
        kinds = watch(_KINDS.values(), title="checking", total=len(_KINDS))
        found = [finding for _, find in kinds for finding in find(read)]
        since, until = read.one("SELECT min(known_at), max(known_at) FROM log WHERE NOT past")
        return Report(
            rows=read.outcome.rows,
            accepted=read.outcome.accepted,
            duplicates=read.outcome.duplicates,
            rejected=dict(sorted(read.outcome.rejected.items())),
            since=_moment(since),
            until=_moment(until),
            stored=stored,
            findings=tuple(sorted(found, key=lambda one: _ORDER.index(one.severity))),
            absences=tuple(_absences(read)),
        )


def _moment(kept: int | None) -> datetime | None:
    return None if kept is None else moment(kept).astimezone(UTC)


def _absences(log: Loaded) -> Iterator[Absence]:
    """What features read and nobody tells, types before columns, those that starve most first."""
    present = {row[0] for row in log.rows("SELECT DISTINCT event_type FROM timed")}
    asked = starving().asked()
    columns: dict[str, list[str]] = {}
    for event_type, column in asked:
        columns.setdefault(event_type, []).append(column)
    types = [(name, "") for name in columns if name not in present]
    empty = [(name, column) for name in columns if name in present for column in _empty(log, name, columns[name])]
    for missing in (types, empty):
        found = [Absence(event_type=name, column=column, starved=_starved(name, column)) for name, column in missing]
        yield from sorted(found, key=lambda one: (-one.starved.inputs, -one.starved.features))


def _empty(log: Loaded, event_type: str, columns: list[str]) -> list[str]:
    named = [column for column in columns if column]
    if not named:
        return []
    counts = log.one(
        f"SELECT {', '.join(f'count({name})' for name in named)} FROM timed WHERE event_type = ?", event_type
    )
    return [name for name, count in zip(named, counts, strict=True) if not count]


def _starved(event_type: str, column: str) -> Starved:
    return starving().column(event_type, column) if column else starving().types([event_type])
