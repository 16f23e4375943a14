"""Events as JSON: rows of a request or lines of a file, checked; and the one canonical text of an event."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from features.columns import Coerced, coerce_values
from features.events import COLUMNS, EVENT_TYPES
from features.validation import REJECTIONS, Checked, Rejection, check

__all__ = ["canonical", "check_rows", "parse_line"]

#: Columns that are no part of an event's content: the store has but one currency.
_NOT_CONTENT = frozenset({"currency"})


def parse_line(line: bytes) -> Any:
    """The JSON value of a line, or None where it has none."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _fault(row: Any) -> tuple[str, str] | None:
    """What keeps a row from being looked at: (code, detail)."""
    if not isinstance(row, dict):
        return "bad_json", REJECTIONS["bad_json"]
    unknown = sorted(name for name in row if name not in COLUMNS)
    if unknown:
        return "unknown_column", f"{unknown[0][:100]!r}: {REJECTIONS['unknown_column']}"
    return None


def _set_aside(rows: Sequence[Any], first: int) -> tuple[list[int], list[Rejection]]:
    """Positions of the rows to check, and the rejections of the others."""
    kept: list[int] = []
    rejected: list[Rejection] = []
    for position, row in enumerate(rows):
        fault = _fault(row)
        if fault is None:
            kept.append(position)
            continue
        event_id = row.get("event_id") if isinstance(row, dict) else None
        named = event_id if isinstance(event_id, str) else None
        rejected.append(Rejection(index=first + position, code=fault[0], detail=fault[1], event_id=named))
    return kept, rejected


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, Coerced]:
    names = {name for row in rows for name in row}
    return {
        name: coerce_values([row.get(name) for row in rows], column.kind)
        for name, column in COLUMNS.items()
        if name in names
    }


def _as_sent(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, Coerced]) -> pa.Table:
    """The rows as texts, to quote from in a rejection."""
    return pa.table(
        {
            name: pa.array([None if row.get(name) is None else ascii(row[name])[:100] for row in rows], pa.string())
            for name in columns
        }
    )


def check_rows(rows: Sequence[Any], *, currency: str, first: int = 0, clock: datetime | None = None) -> Checked:
    """Validate events that came as JSON values; `first` is the position of the first row in its file.

    `Checked.good` holds positions within `rows`; rejections count from `first`.
    """
    kept, rejected = _set_aside(rows, first)
    if not kept:
        return Checked(good=np.array([], dtype=np.int64), rows=pa.table({}), rejected=tuple(rejected))
    looked_at = [rows[position] for position in kept]
    columns = _columns(looked_at)
    checked = check(columns, _as_sent(looked_at, columns), currency=currency, clock=clock)
    rejected += [
        Rejection(index=first + kept[r.index], code=r.code, detail=r.detail, event_id=r.event_id)
        for r in checked.rejected
    ]
    good = np.array(kept, dtype=np.int64)[checked.good]
    return Checked(good=good, rows=checked.rows, rejected=tuple(sorted(rejected, key=lambda r: r.index)))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, date) else value


def canonical(event: Mapping[str, Any]) -> str:
    """The one text of an event's content: its type's columns only, sorted, without nulls.

    >>> canonical({"event_type": "deposit_changed", "deposit_cents": 5, "stars": 4, "event_id": "e"})
    '{"deposit_cents":5,"event_id":"e","event_type":"deposit_changed"}'
    """
    used = {"event_id", "event_type", "merchant_id", "event_time", "known_at", "source"}
    used |= set(EVENT_TYPES[event["event_type"]].columns)
    content = {name: _plain(event[name]) for name in used - _NOT_CONTENT if event.get(name) is not None}
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
